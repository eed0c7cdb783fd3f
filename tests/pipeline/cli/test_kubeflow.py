"""Runs, status and help of the command line, against a fake API, and a server that is down."""

import json
import socket

import pytest

from pipeline.cli import main
from pipeline.kubeflow.api import deploy as deploying
from support import ROOT

THREE, FOUR = "0 0 3 * * *", "0 0 4 * * *"


def test_run_passes_typed_parameters_and_where_and_as_whom(api, deploy, kubeflow):
    deploy(api)
    status, said, _ = kubeflow(api, "run", "--version", "v1", "--parameter", "epochs=7")
    assert status == main.OK
    state = api.state()
    (run,) = state["runs"]
    assert run["runtime_config"] == {
        "parameters": {"epochs": 7},
        "pipeline_root": "minio://mlpipeline/v2/artifacts/movielens-dev",
    }
    assert run["service_account"] == "movielens-pipeline"
    version = next(v for v in state["versions"] if v["display_name"] == "v1")
    assert (
        run["pipeline_version_reference"]["pipeline_version_id"] == version["pipeline_version_id"]
    )
    assert said.splitlines()[-1] == f"{api.host}/#/runs/details/{run['run_id']}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--version", "v9"], "Version 'v9' of movielens-test is not on the server (latest: v1"),
        (
            ["--version", "v1", "--parameter", "epoch=1"],
            "no parameter 'epoch'; there are: data, epochs, sp",
        ),
        (["--version", "v1", "--parameter", "epochs=many"], "must be of type NUMBER_INTEGER"),
    ],
    ids=["version-not-deployed", "unknown-parameter", "wrong-type"],
)
@pytest.mark.parametrize("command", ["run", "schedule"])
def test_what_cannot_run_is_refused_before_anything_is_done(
    api, deploy, kubeflow, command, arguments, message
):
    deploy(api)
    status, _, error = kubeflow(api, command, *arguments)
    assert status == main.FAILED
    assert message in error
    state = api.state()
    assert state["runs"] == state["recurring"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--parameter", "epochs"], "must look like NAME=VALUE, got 'epochs'"),
        (["schedule", "--parameter", "epochs"], "must look like NAME=VALUE, got 'epochs'"),
        (["schedule", "--cron", "0 3 * * *"], "cron must have 6 fields"),
        (["run", "--env", "prud"], "No environment 'prud'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_needs_no_server(capsys, arguments, message):
    command, *more = arguments
    folder = ["--env", "dev", "--environments", str(ROOT / "kubeflow" / "environments")]
    assert main.main(["kubeflow", command, *folder, *more]) == main.USAGE
    assert message in " ".join(capsys.readouterr().err.split())


def test_status(api, deploy, kubeflow):
    assert kubeflow(api, "status")[1] == (
        "Nothing is deployed; `movielens kubeflow deploy --env test` does.\n"
    )
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    kubeflow(api, "run", "--version", "v1")
    _, said, _ = kubeflow(api, "status")
    assert "Pipeline movielens-test" in said and f"  {THREE}  on  " in said and "PENDING" in said
    state = json.loads(kubeflow(api, "status", "--json")[1])
    assert [v["name"] for v in state["versions"]] == ["v1", "movielens-test"]
    assert [(s["on"], s["version"]) for s in state["schedules"]] == [(True, "v1")]
    assert [r["version"] for r in state["runs"]] == ["v1"]


def test_status_names_the_version_of_a_schedule_however_old(api, deploy, kubeflow):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    for number in range(2, 8):
        deploy(api, f"v{number}")
    state = json.loads(kubeflow(api, "status", "--json")[1])
    assert [v["name"] for v in state["versions"]] == ["v7", "v6", "v5", "v4", "v3"]
    assert [s["version"] for s in state["schedules"]] == ["v1"]


def test_namespaces_of_a_multi_user_installation_are_kept_apart(multi_user_api, deploy, kubeflow):
    deploy(multi_user_api, namespace="team-a")
    kubeflow(multi_user_api, "schedule", "--version", "v1", namespace="team-a")
    deploy(multi_user_api, namespace="team-b")
    assert "no schedule" in kubeflow(multi_user_api, "unschedule", namespace="team-b")[1]
    state = multi_user_api.state()
    assert sorted(e["namespace"] for e in state["experiments"]) == ["team-a", "team-b"]
    assert sorted(p["namespace"] for p in state["pipelines"]) == ["team-a", "team-b"]
    assert len(state["recurring"]) == 1


@pytest.mark.parametrize("command", ["deploy", "run", "schedule", "status", "unschedule"])
def test_server_that_is_down(kubeflow, package, command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://localhost:{free.getsockname()[1]}"
    more = [] if command in ("status", "unschedule") else ["--version", "v1"]
    more += ["--package", package()] if command == "deploy" else []
    status, _, error = kubeflow(host, command, *more)
    assert status == main.FAILED
    assert f"{host} can't be reached" in error and "Traceback" not in error


def test_server_that_goes_down_in_the_middle(mortal_api, deploy, kubeflow, monkeypatch):
    deploy(mortal_api)
    find = deploying.find

    def find_and_stop(server, name):
        version = find(server, name)
        mortal_api.stop()
        return version

    monkeypatch.setattr(deploying, "find", find_and_stop)
    status, _, error = kubeflow(mortal_api, "schedule", "--version", "v1")
    assert status == main.FAILED and "can't be reached" in error


@pytest.mark.parametrize(
    "command", ["deploy", "run", "backfill", "schedule", "status", "unschedule"]
)
def test_every_command_has_help_that_says_how_to_authenticate(command, capsys):
    assert main.main(["kubeflow", command, "--help"]) == main.OK
    assert "KF_PIPELINES_TOKEN_FILE" in capsys.readouterr().out
