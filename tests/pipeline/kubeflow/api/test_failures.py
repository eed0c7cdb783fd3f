"""Runs that failed or hang, as `status` explains them. Tasks are listed as KFP 2.17 lists them."""

import json

import pytest

from pipeline.kubeflow.api import failures

POD = "movielens-test-w4mwz-system-container-impl-4112576746"
LOG = """\
I1128 23:20:39.706389      61 main.go:67] Setting log level to: '1'
Traceback (most recent call last):
  File "/opt/venv/lib/python3.10/site-packages/components/ingestion/tables.py", line 1
ValueError: /data/ml-100k/u.data, line 7: rating 'x' is no number
F1128 23:21:00.000000      61 main.go:54] failed to execute component: exit status 1
time=2026-11-28T23:21:00.100Z level=INFO msg="sub-process exited" argo=true error="exit status 1"
Error: exit status 1
"""


def task(name, state, children=(), message=""):
    history = [{"state": state, **({"error": {"message": message}} if message else {})}]
    children = [{"pod_name": child} for child in children]
    return {
        "display_name": name,
        "state": state,
        "state_history": history,
        "child_tasks": children,
    }


def details(state, message=""):
    """Returns the tasks of a run whose TimelinesExampleGen is in a state."""
    return [
        task("movielens-test-w4mwz", state),
        task("root-driver", "SUCCEEDED"),
        task("root", state),
        task("ItemsExampleGen-driver", "SUCCEEDED"),
        task("ItemsExampleGen", "SUCCEEDED", ["movielens-test-w4mwz-1"]),
        task("TimelinesExampleGen-driver", "SUCCEEDED"),
        task("TimelinesExampleGen", state, ["movielens-test-w4mwz-4112576746"], message),
        task("executor", state),
    ]


@pytest.fixture
def run(api, deploy, kubeflow):
    """A function that gives a run a state and tasks, and returns its id."""
    deploy(api)
    kubeflow(api, "run", "--version", "v1")
    (started,) = api.state()["runs"]

    def run(state, tasks):
        fields = {"run_details": {"task_details": tasks}}
        api.control("end", run=started["run_id"], state=state, fields=fields)

    return run


def status(api, kubeflow):
    (state,) = json.loads(kubeflow(api, "status", "--json")[1])["runs"]
    return state, kubeflow(api, "status")[1]


def test_failed_run_names_component_error_last_line_and_where_to_look(api, run, kubeflow):
    run("FAILED", details("FAILED", "main: Error (exit code 1)"))
    api.control("set", logs={POD: LOG})
    state, table = status(api, kubeflow)
    assert state["component"] == "TimelinesExampleGen"
    assert state["error"] == "main: Error (exit code 1)"
    assert state["log"] == "ValueError: /data/ml-100k/u.data, line 7: rating 'x' is no number"
    assert state["look"] == f"kubectl -n movielens-dev logs {POD} -c main"
    for told in ("TimelinesExampleGen: main: Error (exit code 1)", state["log"], state["look"]):
        assert told in table


def test_attempt_of_a_retried_task_is_found(api, run, kubeflow):
    """As Kubeflow's stock configuration of Argo has it: an executor with one attempt."""
    tasks = details("FAILED", "main: Error (exit code 1)")
    tasks[-2]["child_tasks"] = [{"pod_name": "movielens-test-w4mwz-1"}]
    tasks[-1]["child_tasks"] = [{"pod_name": "movielens-test-w4mwz-4112576746"}]
    run("FAILED", [*tasks, task("executor(0)", "FAILED")])
    api.control("set", logs={POD: LOG})
    assert status(api, kubeflow)[0]["log"].startswith("ValueError: /data/ml-100k/u.data, line 7")


def test_failed_driver_is_the_component_s(api, run, kubeflow):
    tasks = [task("root-driver", "SUCCEEDED"), task("Pusher-driver", "FAILED", message="forbidden")]
    run("FAILED", tasks)
    state, table = status(api, kubeflow)
    assert (state["component"], state["error"]) == ("Pusher", "forbidden")
    assert "Pusher: forbidden" in table and "look" not in state


def test_list_of_tasks_that_froze(api, run, kubeflow):
    run("FAILED", [task("root-driver", "SUCCEEDED"), task("root", "FAILED")])
    state, _ = status(api, kubeflow)
    assert "may be incomplete" in state["error"]


def test_run_whose_pod_is_gone_is_said_to_be_dead(api, run, kubeflow):
    run("RUNNING", details("RUNNING"))
    state, table = status(api, kubeflow)
    assert f"nothing runs it any more: {POD} is gone" in table
    assert state["state"] == "RUNNING"


def test_run_whose_pod_is_there_is_left_in_peace(api, run, kubeflow):
    run("RUNNING", details("RUNNING"))
    api.control("set", logs={POD: "working"})
    state, _ = status(api, kubeflow)
    assert state["error"] == ""


@pytest.mark.parametrize(
    ("log", "line"),
    [("", ""), (LOG, "ValueError: /data/ml-100k/u.data, line 7: rating 'x' is no number")],
    ids=["empty", "between-lines-of-kubeflow"],
)
def test_last_line_is_the_component_s_own(log, line):
    assert failures.last_line(log) == line
