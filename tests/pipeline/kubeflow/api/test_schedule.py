"""Schedules: the only one, replaced without a moment with two, and mended by repeating."""

import pytest

from pipeline.cli import main

THREE, FOUR = "0 0 3 * * *", "0 0 4 * * *"


def test_schedule(api, deploy, kubeflow):
    deploy(api)
    assert kubeflow(api, "schedule", "--version", "v1")[0] == main.OK  # cron of the environment
    (recurring,) = api.state()["recurring"]
    assert recurring["trigger"] == {"cron_schedule": {"cron": THREE}}
    assert (recurring["mode"], recurring["max_concurrency"], recurring["no_catchup"]) == (
        "ENABLE",
        1,
        True,
    )
    assert recurring["display_name"] == "movielens-test"
    assert recurring["service_account"] == "movielens-pipeline"
    assert recurring["runtime_config"]["pipeline_root"].startswith("minio://")


def test_replaced_schedule_never_has_two_that_are_on(api, deploy, kubeflow):
    deploy(api)
    deploy(api, "v2")
    kubeflow(api, "schedule", "--version", "v1")
    (old,) = api.state()["recurring"]
    status, said, _ = kubeflow(api, "schedule", "--version", "v2", "--cron", FOUR)
    assert status == main.OK
    assert [line.split()[0:2] for line in said.splitlines()] == [
        ["create", "the"],
        ["switch", "off"],
        ["switch", "on"],
        ["delete", "the"],
    ]
    state = api.state()
    (new,) = state["recurring"]
    assert new["trigger"]["cron_schedule"]["cron"] == FOUR
    assert new["mode"] == "ENABLE" and new["recurring_run_id"] != old["recurring_run_id"]
    assert max(entry["on"] for entry in state["history"]) == 1


def test_the_same_schedule_again_is_left_alone(api, deploy, kubeflow):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1", "--parameter", "epochs=3")
    before = api.state()["recurring"]
    status, said, _ = kubeflow(api, "schedule", "--version", "v1", "--parameter", "epochs=3")
    assert (status, said) == (main.OK, f'Version v1 is scheduled "{THREE}" already.\n')
    assert api.state()["recurring"] == before
    assert kubeflow(api, "schedule", "--version", "v1")[0] == main.OK  # other parameters
    assert api.state()["recurring"] != before


@pytest.mark.parametrize(
    "broken",
    [
        "POST recurringruns",
        "POST recurringruns/.*:disable",
        "POST recurringruns/.*:enable",
        "DELETE recurringruns/.*",
    ],
    ids=["create", "switch-off", "switch-on", "delete"],
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_replacement_that_breaks_off_anywhere_is_mended_by_repeating(
    api, deploy, kubeflow, broken, after
):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    api.fail(broken, after=after)
    status, _, error = kubeflow(api, "schedule", "--version", "v1", "--cron", FOUR)
    assert status == main.FAILED
    assert ("No schedule of movielens-test is on now" in error) == broken.endswith(":enable")
    assert kubeflow(api, "schedule", "--version", "v1", "--cron", FOUR)[0] == main.OK
    state = api.state()
    (left,) = state["recurring"]
    assert (left["mode"], left["trigger"]["cron_schedule"]["cron"]) == ("ENABLE", FOUR)
    assert max(entry["on"] for entry in state["history"]) == 1


@pytest.mark.parametrize(
    "cron", ["0 3 * * *", "0 0 3 * * * *", "0 0 24 * * *"], ids=["five", "seven", "no-such-hour"]
)
def test_bad_cron_is_refused_before_the_server_is_asked(api, kubeflow, cron):
    status, _, error = kubeflow(api, "schedule", "--version", "v1", "--cron", cron)
    assert status == main.USAGE
    assert repr(cron) in error
    assert api.state()["history"] == []


def test_no_cron_anywhere(api, kubeflow):
    status, _, error = kubeflow(api, "schedule", "--version", "v1", cron="")
    assert status == main.USAGE and "--cron" in error


def test_unschedule(api, deploy, kubeflow):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    assert kubeflow(api, "unschedule")[0] == main.OK
    assert api.state()["recurring"] == []
    assert kubeflow(api, "unschedule")[:2] == (main.OK, "movielens-test has no schedule.\n")


def test_more_leftovers_than_a_page_are_all_cleared_up(api, deploy, kubeflow, monkeypatch):
    monkeypatch.setattr("pipeline.kubeflow.api.server.PAGE", 2)
    deploy(api)
    for _ in range(5):
        api.fail("POST recurringruns/.*:enable")
        kubeflow(api, "schedule", "--version", "v1")
    assert len(api.state()["recurring"]) == 5
    assert kubeflow(api, "unschedule")[0] == main.OK
    assert api.state()["recurring"] == []


def test_dry_run_changes_nothing_and_says_what_it_would_do(api, deploy, kubeflow):
    assert deploy(api, "v1", "--dry-run")[1].count("would ") == 3
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    before = api.state()
    assert "would upload the version v2" in deploy(api, "v2", "--dry-run")[1]
    assert "would start a run" in kubeflow(api, "run", "--version", "v1", "--dry-run")[1]
    said = kubeflow(api, "schedule", "--version", "v1", "--cron", FOUR, "--dry-run")[1]
    assert said.count("would ") == 4
    assert "would delete" in kubeflow(api, "unschedule", "--dry-run")[1]
    after = api.state()
    assert all(
        entry["request"].startswith("GET") for entry in after["history"][len(before["history"]) :]
    )
    assert {k: v for k, v in after.items() if k != "history"} == {
        k: v for k, v in before.items() if k != "history"
    }


@pytest.mark.parametrize("command", ["schedule", "unschedule"])
def test_run_that_is_under_way_outlives_its_schedule(api, deploy, kubeflow, command):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    (old,) = api.state()["recurring"]
    (run,) = api.control("trigger", identity=old["recurring_run_id"])["workflows"]
    more = ["--version", "v1", "--cron", FOUR] if command == "schedule" else []
    status, _, error = kubeflow(api, command, *more)
    assert status == main.OK, error
    state = api.state()
    assert old["recurring_run_id"] not in {r["recurring_run_id"] for r in state["recurring"]}
    assert state["workflows"] == [run]


@pytest.mark.parametrize("tag", ["2.15.0", "unknown"])
@pytest.mark.parametrize("command", ["schedule", "unschedule"])
def test_older_server_keeps_a_schedule_until_its_run_has_ended(api, deploy, kubeflow, command, tag):
    api.control("set", tag=tag)
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    (old,) = api.state()["recurring"]
    api.control("trigger", identity=old["recurring_run_id"], state="SUCCEEDED")
    api.control("trigger", identity=old["recurring_run_id"])
    running = api.state()["runs"][-1]["run_id"]
    more = ["--version", "v1", "--cron", FOUR] if command == "schedule" else []
    status, said, _ = kubeflow(api, command, *more)
    assert status == main.OK
    assert f"stays, switched off: this server would kill its run {running}" in said
    state = api.state()
    modes = {r["recurring_run_id"]: r["mode"] for r in state["recurring"]}
    assert modes.pop(old["recurring_run_id"]) == "DISABLE"
    assert set(modes.values()) == ({"ENABLE"} if command == "schedule" else set())
    assert running in state["workflows"]

    api.control("end", run=running)
    assert kubeflow(api, command, *more)[0] == main.OK
    left = {r["recurring_run_id"] for r in api.state()["recurring"]}
    assert left == set(modes)


@pytest.mark.parametrize("command", ["schedule", "unschedule"])
def test_schedule_whose_kubernetes_object_is_gone_is_replaced(api, deploy, kubeflow, command):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    (old,) = api.state()["recurring"]
    api.control("lose", schedule=old["recurring_run_id"])
    more = ["--version", "v1", "--cron", FOUR] if command == "schedule" else []
    status, said, error = kubeflow(api, command, *more)
    assert status == main.OK, error
    assert "its Kubernetes object is gone" in said
    left = [r["mode"] for r in api.state()["recurring"]]
    assert left == (["ENABLE"] if command == "schedule" else [])


def test_the_same_schedule_is_made_anew_where_its_kubernetes_object_is_gone(api, deploy, kubeflow):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    (old,) = api.state()["recurring"]
    api.control("lose", schedule=old["recurring_run_id"])
    assert kubeflow(api, "schedule", "--version", "v1")[0] == main.OK
    (new,) = api.state()["recurring"]
    assert new["mode"] == "ENABLE" and new["recurring_run_id"] != old["recurring_run_id"]
