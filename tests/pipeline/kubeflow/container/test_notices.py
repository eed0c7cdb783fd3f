"""What a container tells of its task."""

import json

import pytest

from components.bundle import manifest
from pipeline.config import Notify
from pipeline.kubeflow.container.notices import Task
from pipeline.monitoring import gauges
from support.canned_server import answering

RUN = "870e4206-0f64-436d-ab09-d7e6020aecb9"
BASE = "push_destination.filesystem.base_directory"


@pytest.fixture
def server():
    with answering((200, b"")) as server:
        yield server


@pytest.fixture
def task(server, tmp_path):
    """A function that returns a task of a component."""

    def task(name, blessed=1, environ=None):
        blessing = {"uri": "minio://b", "metadata": {"blessed": float(blessed)}}
        logs = {"uri": f"minio://mlpipeline/movielens/{RUN}/{name}/1f1f/executor-logs"}
        sent = {
            "inputs": {
                "parameterValues": {BASE: str(tmp_path / "serving" / "shop")},
                "artifacts": {"model_blessing": {"artifacts": [blessing]}},
            },
            "outputs": {"artifacts": {"executor-logs": {"artifacts": [logs]}}},
        }
        environ = {"HOOK": server.url} if environ is None else environ
        return Task(name, "shop", Notify(webhook_env="HOOK"), sent, environ)

    return task


def bodies(server):
    return [json.loads(body) for _, body in server.requests]


def run_gauges(tmp_path):
    found = gauges.read(tmp_path / "serving" / "shop.prom")
    return [found[f"movielens_last_run_{name}"] for name in ("blessed", "failed")]


@pytest.mark.parametrize(
    ("name", "kind"), [("ItemsGate", "anomaly"), ("TwoTowerTrainer", "failure")]
)
def test_failed_task(task, server, name, kind):
    task(name).failed(ValueError("Mend it:\n  a"))
    (told,) = bodies(server)
    assert (told["kind"], told["run_id"], told["data_set"]) == (kind, RUN, "shop")
    assert told["reasons"] == [f"{name} failed: Mend it:", "a"]


@pytest.mark.parametrize(
    ("blessed", "told", "gauged"),
    [(1, ["failure"], [0, 1]), (0, [], [0, 0])],
    ids=["no-space", "not-blessed"],
)
def test_failed_pusher(task, server, tmp_path, blessed, told, gauged):
    task("Pusher", blessed).failed(ValueError("x"))
    assert [body["kind"] for body in bodies(server)] == told
    assert run_gauges(tmp_path) == gauged


def test_pushed_version(task, server, tmp_path):
    folder = tmp_path / "serving" / "shop" / "7"
    described = manifest.Manifest({}, {}, {}, {}, {}, {}, push={"metrics": {"hit@10": 0.5}})
    manifest.write(str(folder), described)
    metadata = {"pushed": 1.0, "pushed_version": "7", "pushed_destination": str(folder)}
    made = {"artifacts": {"pushed_model": {"artifacts": [{"uri": "/x", "metadata": metadata}]}}}
    task("Pusher").ended(made)
    (told,) = bodies(server)
    assert (told["kind"], told["version"], told["metrics"]) == ("pushed", "7", {"hit@10": 0.5})
    assert told["paths"] == {"pushed": str(folder)}
    assert run_gauges(tmp_path) == [1, 0]


def test_nothing_to_tell(task, server):
    pushed = {"uri": "/x", "metadata": {"pushed": 0.0}}
    task("Pusher").ended({"artifacts": {"pushed_model": {"artifacts": [pushed]}}})
    blessing = {"uri": "/x", "metadata": {"blessed": 1.0}}
    artifacts = {"blessing": {"artifacts": [blessing]}, "evaluation": {"artifacts": [{}]}}
    task("Evaluator").ended({"artifacts": artifacts})
    task("ItemsSchema").ended({"artifacts": {}})
    assert bodies(server) == []


def test_what_can_not_be_told_is_logged_and_fails_nothing(task, server, tmp_path, caplog):
    (tmp_path / "serving" / "shop.prom").mkdir(parents=True)
    task("Pusher", environ={}).failed(ValueError("x"))
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("GAUGES NOT WRITTEN to ")
    assert second == (
        "NOBODY WAS TOLD (failure): notify.webhook_env=HOOK: there is no such environment variable"
    )
