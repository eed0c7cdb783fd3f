"""What is told of a run on this machine, and that telling never fails it."""

import io
import json
import pathlib

import pytest

from components.registry import models_config
from pipeline.config import Gates, Notify, PipelineConfig, Settings
from pipeline.monitoring import gauges
from pipeline.monitoring.webhook import Webhook
from pipeline.runs import outcome, recorded_run, report
from pipeline.runs.progress import Lines
from pipeline.runs.recorded_run import ComponentError
from pipeline.runs.records import RunRecord
from support.canned_server import answering


@pytest.fixture
def config(tmp_path):
    return PipelineConfig(
        name="shop",
        data=str(tmp_path / "data"),
        pipeline_root=str(tmp_path / "artifacts"),
        serving_base=str(tmp_path / "serving" / "movielens"),
        settings=Settings(notify=Notify(metrics_file=str(tmp_path / "shop.prom"))),
    )


def run(status, **fields):
    return RunRecord("1", "ml-100k", "/data", "/runs", "/log", status=status, **fields)


@pytest.mark.parametrize(
    ("record", "failed", "kind", "blessed_failed"),
    [
        (run("blessed", pushed="/s/7"), "", "pushed", (1, 0)),
        (run("blessed", same_as="/s/7"), "", None, (1, 0)),
        (run("not blessed", reasons=["low"]), "", "not_blessed", (0, 0)),
        (run("failed", reasons=["a\n  b"]), "ItemsGate", "anomaly", (0, 1)),
        (run("failed", reasons=["a"]), "Canary", "failure", (0, 1)),
        (run("failed", reasons=["a"]), "", "failure", (0, 1)),
    ],
    ids=["pushed", "same", "not-blessed", "anomaly", "canary", "no-component"],
)
def test_webhook_and_gauges(config, tmp_path, record, failed, kind, blessed_failed):
    terminal = io.StringIO()
    with answering((200, b"")) as server:
        outcome.tell(record, failed, config, Webhook("here", server.url), Lines(terminal))
        told = [json.loads(body) for _, body in server.requests]
    assert [each["kind"] for each in told] == ([kind] if kind else [])
    assert all(each["data_set"] == "movielens" and each["run_id"] == "1" for each in told)
    found = gauges.read(tmp_path / "shop.prom")
    names = ("movielens_last_run_blessed", "movielens_last_run_failed")
    assert tuple(found[name] for name in names) == blessed_failed
    assert terminal.getvalue() == ""


def test_notification_of_a_pushed_version():
    record = run("blessed", pushed="/s/7", metrics={"": {"hit@10": 0.2}, "gender:F": {}})
    told = outcome.of(record)
    assert (told.version, told.metrics) == ("7", {"hit@10": 0.2})
    assert told.paths == {"output": "/runs", "log": "/log", "pushed": "/s/7"}


def test_who_interrupts_knows(config, tmp_path):
    outcome.tell(run("interrupted"), "", config, Webhook("here", problem="x"), Lines(io.StringIO()))
    assert not (tmp_path / "shop.prom").exists()


def test_what_can_not_be_told_is_said_once(config, tmp_path):
    (tmp_path / "shop.prom").mkdir()
    terminal = io.StringIO()
    webhook = Webhook("notify.webhook_env=HOOK", problem="there is no such environment variable")
    outcome.tell(run("not blessed", reasons=["low"]), "", config, webhook, Lines(terminal))
    gauges_line, webhook_line = terminal.getvalue().splitlines()
    assert gauges_line.startswith(f"GAUGES NOT WRITTEN to {tmp_path}/shop.prom")
    assert webhook_line == (
        "NOBODY WAS TOLD that this run is not blessed: notify.webhook_env=HOOK: there is no such "
        "environment variable"
    )


def test_registry_that_can_not_be_read_fails_no_run(config):
    terminal = io.StringIO()
    path = pathlib.Path(models_config.path_of(config.serving_base))
    path.parent.mkdir()
    path.write_text("no configuration {")
    outcome.tell(run("blessed", pushed="/s/7"), "", config, None, Lines(terminal))
    assert "GAUGES NOT WRITTEN" in terminal.getvalue()


def test_failed_component_is_told_and_raised_again(config, tmp_path, monkeypatch, capsys):
    def fail(*_):
        recorded_run.fail("ItemsGate", ValueError("Mend it:\n  a"), "the log")

    monkeypatch.setattr(recorded_run, "_run_graph", fail)
    terminal = (tmp_path / "terminal").open("w")
    paths = {"logs": tmp_path / "logs", "records": tmp_path / "records", "metadata": tmp_path}
    with answering((200, b"")) as server:
        with pytest.raises(ComponentError, match="ItemsGate failed"):
            recorded_run.run_and_record(
                config, "p", paths, Lines(terminal), None, Webhook("here", server.url)
            )
        (told,) = [json.loads(body) for _, body in server.requests]
    assert told["kind"] == "anomaly"
    assert told["reasons"][:2] == ["ItemsGate failed: Mend it:", "a"]
    log = capsys.readouterr().err  # which pytest has put in the place of the log's file
    assert log.splitlines()[-1] == "ItemsGate failed: ValueError: Mend it: | a"


@pytest.mark.parametrize(("on_failure", "status"), [("fail", 3), ("warn", 0)])
def test_exit_status_of_what_is_not_blessed(on_failure, status):
    assert Gates(on_failure=on_failure)
    record = run("not blessed", reasons=["low"], metrics={"": {}})
    terminal = io.StringIO()
    assert report.tell(record, Lines(terminal), True, None, on_failure) == status
    assert "NOT BLESSED" in terminal.getvalue()
