"""Deploying and scheduling, by the command line and the official client, against a fake API."""

import json
import pathlib
import re
import shlex
import socket

import pytest

from pipeline import cli
from pipeline.kubeflow import deploy as deploying

THREE, FOUR = "0 0 3 * * *", "0 0 4 * * *"


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch, tmp_path):
    """Nothing of whoever runs the tests: no variables, no settings that kfp keeps at home."""
    for name in ("TOKEN_FILE", "SA_TOKEN_PATH", "COOKIE", "CA_FILE", "ENDPOINT"):
        monkeypatch.delenv(f"KF_PIPELINES_{name}", raising=False)
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))


@pytest.fixture
def kubeflow(environments, capsys):
    """Runs `movielens kubeflow …`, and returns its status, output and errors."""

    def run(api, *arguments, **changes):
        folder = environments(host=getattr(api, "host", api), **changes)
        words = [str(argument) for argument in arguments]
        status = cli.main(
            ["kubeflow", words[0], "--env", "test", "--environments", str(folder), *words[1:]]
        )
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def deploy(kubeflow, package):
    def run(api, version="v1", *arguments, **changes):
        return kubeflow(
            api, "deploy", "--version", version, "--package", package(), *arguments, **changes
        )

    return run


def test_first_deploy_brings_experiment_pipeline_and_version(api, deploy):
    status, said, error = deploy(api)
    assert status == cli.OK, error
    assert [line.split(" (")[0] for line in said.splitlines()] == [
        "create the experiment movielens-dev",
        "create the pipeline movielens-test",
        "upload the version v1",
    ]
    state = api.state()
    assert [e["display_name"] for e in state["experiments"]] == ["movielens-dev"]
    assert [v["display_name"] for v in state["versions"]] == ["movielens-test", "v1"]
    assert "platform_spec" in state["versions"][1]["pipeline_spec"]


def test_second_version_joins_the_first(api, deploy):
    deploy(api)
    status, said, _ = deploy(api, "v2")
    assert status == cli.OK
    assert said.startswith("upload the version v2") and said.count("\n") == 1
    state = api.state()
    assert len(state["pipelines"]) == len(state["experiments"]) == 1
    assert [v["display_name"] for v in state["versions"]] == ["movielens-test", "v1", "v2"]


def test_deploying_again_changes_nothing(api, deploy):
    deploy(api)
    before = api.state()
    assert deploy(api)[:2] == (cli.OK, "Version v1 of movielens-test is there already.\n")
    after = api.state()
    assert all(after[name] == before[name] for name in ("experiments", "pipelines", "versions"))


def test_same_name_with_other_content_is_refused(api, deploy, kubeflow, package):
    deploy(api)
    status, _, error = kubeflow(
        api, "deploy", "--version", "v1", "--package", package(executor="python3")
    )
    assert status == cli.FAILED
    assert "'v1' is on the server with other content" in error and "--version" in error
    assert len(api.state()["versions"]) == 2


@pytest.mark.slow
def test_the_graph_itself_is_compiled_and_taken(api, kubeflow):
    status, said, error = kubeflow(api, "deploy", "--version", "v1")
    assert status == cli.OK, error
    assert f"upload the version v1 (image registry.test/movielens@sha256:{12 * 'a'}," in said
    spec = api.state()["versions"][-1]["pipeline_spec"]["pipeline_spec"]
    assert "TwoTowerTrainer" in spec["root"]["dag"]["tasks"]
    status, _, error = kubeflow(api, "schedule", "--version", "v1", "--parameter", "epochs=3")
    assert status == cli.OK, error


@pytest.mark.parametrize(
    ("request_", "after"),
    [
        ("POST experiments", False),
        ("POST experiments", True),
        ("POST pipelines/upload", False),
        ("POST pipelines/upload", True),
        ("POST pipelines/upload_version", False),
    ],
    ids=[
        "before-the-experiment",
        "after-the-experiment",
        "before-the-pipeline",
        "after-the-pipeline",
        "before-the-version",
    ],
)
def test_half_done_deploy_goes_on_where_it_broke_off(api, deploy, request_, after):
    api.fail(request_, message="lost the database", after=after)
    status, _, error = deploy(api)
    assert status == cli.FAILED
    assert "500: lost the database" in error
    assert deploy(api)[0] == cli.OK
    state = api.state()
    assert len(state["experiments"]) == len(state["pipelines"]) == 1
    assert [v["display_name"] for v in state["versions"]] == ["movielens-test", "v1"]


@pytest.mark.parametrize("status", [409, 500], ids=["todays-servers", "older-servers"])
def test_somebody_else_uploads_the_same_meanwhile(api, deploy, status):
    api.fail("POST pipelines/upload_version", status, "already exists", after=True)
    assert deploy(api)[0] == cli.OK


def test_conflict_with_something_else_is_told(api, deploy):
    api.fail("POST pipelines/upload_version", 409, "The name v1 already exists")
    status, _, error = deploy(api)
    assert status == cli.FAILED
    assert "409: The name v1 already exists" in error


def test_server_refuses_the_specification(api, kubeflow, package):
    status, _, error = kubeflow(
        api, "deploy", "--version", "v1", "--package", package(schema="2.0.0")
    )
    assert status == cli.FAILED
    assert "KFP only supports schema version 2.1.0" in error


@pytest.mark.parametrize(
    ("text", "held"),
    [("pipelineInfo: {name: movielens-prod}", "['movielens-prod']"), ("a: 1", "[]")],
    ids=["of-another-environment", "no-pipeline"],
)
def test_package_that_is_not_of_this_environment(api, kubeflow, tmp_path, text, held):
    (tmp_path / "p.yaml").write_text(text)
    status, _, error = kubeflow(api, "deploy", "--version", "v1", "--package", tmp_path / "p.yaml")
    assert status == cli.FAILED
    assert f"p.yaml holds the pipelines {held}, not 'movielens-test'" in error
    assert api.state()["experiments"] == []


def test_placeholder_image_is_not_deployed(api, deploy):
    status, _, error = deploy(api, image="registry.test/movielens@sha256:" + 64 * "0")
    assert status == cli.FAILED
    assert "make image" in error
    assert api.state()["pipelines"] == []


def test_run_passes_typed_parameters_and_where_and_as_whom(api, deploy, kubeflow):
    deploy(api)
    status, said, _ = kubeflow(api, "run", "--version", "v1", "--parameter", "epochs=7")
    assert status == cli.OK
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
            "no parameter 'epoch'; there are: data, ep",
        ),
        (["--version", "v1", "--parameter", "epochs=many"], "must be of type NUMBER_INTEGER"),
        (["--version", "v1", "--parameter", "epochs"], "must look like NAME=VALUE"),
    ],
    ids=["version-not-deployed", "unknown-parameter", "wrong-type", "no-value"],
)
@pytest.mark.parametrize("command", ["run", "schedule"])
def test_what_cannot_run_is_refused_before_anything_is_done(
    api, deploy, kubeflow, command, arguments, message
):
    deploy(api)
    status, _, error = kubeflow(api, command, *arguments)
    assert status == cli.FAILED
    assert message in error
    state = api.state()
    assert state["runs"] == state["recurring"] == []


def test_schedule(api, deploy, kubeflow):
    deploy(api)
    assert kubeflow(api, "schedule", "--version", "v1")[0] == cli.OK  # cron of the environment
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
    assert status == cli.OK
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
    assert (status, said) == (cli.OK, f'Version v1 is scheduled "{THREE}" already.\n')
    assert api.state()["recurring"] == before
    assert kubeflow(api, "schedule", "--version", "v1")[0] == cli.OK  # other parameters
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
    assert status == cli.FAILED
    assert ("No schedule of movielens-test is on now" in error) == broken.endswith(":enable")
    assert kubeflow(api, "schedule", "--version", "v1", "--cron", FOUR)[0] == cli.OK
    state = api.state()
    (left,) = state["recurring"]
    assert (left["mode"], left["trigger"]["cron_schedule"]["cron"]) == ("ENABLE", FOUR)
    assert max(entry["on"] for entry in state["history"]) == 1


@pytest.mark.parametrize(
    "cron", ["0 3 * * *", "0 0 3 * * * *", "0 0 24 * * *"], ids=["five", "seven", "no-such-hour"]
)
def test_bad_cron_is_refused_before_the_server_is_asked(api, kubeflow, cron):
    status, _, error = kubeflow(api, "schedule", "--version", "v1", "--cron", cron)
    assert status == cli.FAILED
    assert repr(cron) in error
    assert api.state()["history"] == []


def test_no_cron_anywhere(api, kubeflow):
    status, _, error = kubeflow(api, "schedule", "--version", "v1", cron="")
    assert status == cli.FAILED and "--cron" in error


def test_unschedule(api, deploy, kubeflow):
    deploy(api)
    kubeflow(api, "schedule", "--version", "v1")
    assert kubeflow(api, "unschedule")[0] == cli.OK
    assert api.state()["recurring"] == []
    assert kubeflow(api, "unschedule")[:2] == (cli.OK, "movielens-test has no schedule.\n")


def test_more_leftovers_than_a_page_are_all_cleared_up(api, deploy, kubeflow, monkeypatch):
    monkeypatch.setattr("pipeline.kubeflow.server.PAGE", 2)
    deploy(api)
    for _ in range(5):
        api.fail("POST recurringruns/.*:enable")
        kubeflow(api, "schedule", "--version", "v1")
    assert len(api.state()["recurring"]) == 5
    assert kubeflow(api, "unschedule")[0] == cli.OK
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


@pytest.mark.parametrize("variable", ["KF_PIPELINES_TOKEN_FILE", "KF_PIPELINES_SA_TOKEN_PATH"])
def test_token_is_sent_and_never_shown(api, deploy, kubeflow, monkeypatch, tmp_path, variable):
    api.control("set", token="today's-secret")
    token = tmp_path / "token"
    token.write_text("today's-secret\n")
    monkeypatch.setenv(variable, str(token))
    outputs = deploy(api)
    assert outputs[0] == cli.OK
    api.control("set", token="tomorrow's-secret")  # ours has expired
    expired = kubeflow(api, "status")
    assert expired[0] == cli.FAILED
    assert "refuses the token in" in expired[2] and "Has it expired?" in expired[2]
    shown = "".join(map(str, outputs + expired))
    assert "secret" not in shown  # neither ours nor the server's cookie


def test_token_that_expires_between_two_requests(api, deploy, monkeypatch, tmp_path):
    token = tmp_path / "token"
    token.write_text("today's-secret")
    monkeypatch.setenv("KF_PIPELINES_TOKEN_FILE", str(token))
    api.fail("POST pipelines/upload_version", 401, "token expired")
    status, _, error = deploy(api)
    assert status == cli.FAILED
    assert "401: token expired" in error and "secret" not in error
    assert deploy(api)[0] == cli.OK


def test_cookie_is_sent_and_never_shown(api, deploy, kubeflow, monkeypatch):
    api.control("set", cookie="authservice_session=today's-secret")
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=today's-secret")
    outputs = deploy(api)
    assert outputs[0] == cli.OK
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=yesterday's-secret")
    expired = kubeflow(api, "status")
    assert expired[0] == cli.FAILED
    assert "refuses the cookie in KF_PIPELINES_COOKIE" in expired[2]
    assert "secret" not in "".join(map(str, outputs + expired))


def test_no_token_where_one_is_needed(api, kubeflow):
    api.control("set", token="secret")
    status, _, error = kubeflow(api, "status")
    assert status == cli.FAILED and "refuses no secret (a port-forward)" in error


def test_login_page_is_not_taken_for_an_empty_server(api, deploy, monkeypatch):
    api.control("set", login_page=True)
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=secret")
    status, said, error = deploy(api)
    assert status == cli.FAILED
    assert "login page" in error and "the cookie in KF_PIPELINES_COOKIE" in error
    assert "secret" not in said + error


@pytest.mark.parametrize("command", ["deploy", "run", "schedule", "status", "unschedule"])
def test_server_that_is_down(kubeflow, package, command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://localhost:{free.getsockname()[1]}"
    more = [] if command in ("status", "unschedule") else ["--version", "v1"]
    more += ["--package", package()] if command == "deploy" else []
    status, _, error = kubeflow(host, command, *more)
    assert status == cli.FAILED
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
    assert status == cli.FAILED and "can't be reached" in error


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"KF_PIPELINES_TOKEN_FILE": "/t", "KF_PIPELINES_COOKIE": "c"},
            "KF_PIPELINES_TOKEN_FILE and KF_PIPELINES_COOKIE are both set",
        ),
        ({"KF_PIPELINES_TOKEN_FILE": "/nowhere/token"}, "'/nowhere/token': no such file"),
        ({"KF_PIPELINES_CA_FILE": "/nowhere/ca.pem"}, "'/nowhere/ca.pem': no such file"),
    ],
    ids=["two-ways", "no-token-file", "no-ca-file"],
)
def test_authentication_that_cannot_be(kubeflow, monkeypatch, variables, message):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    status, _, error = kubeflow("http://localhost:1", "status")
    assert status == cli.FAILED and message in error


@pytest.mark.parametrize("command", ["deploy", "run", "schedule", "status", "unschedule"])
def test_every_command_has_help_that_says_how_to_authenticate(command, capsys):
    with pytest.raises(SystemExit) as done:
        cli.main(["kubeflow", command, "--help"])
    assert done.value.code == 0
    assert "KF_PIPELINES_TOKEN_FILE" in capsys.readouterr().out


@pytest.mark.parametrize("readme", ["README.md", "kubeflow/README.md"])
def test_commands_of_the_readme_are_commands(readme):
    root = pathlib.Path(__file__).resolve().parents[3]
    typed = re.findall(r"^ +(?:\$ )?movielens (kubeflow .*)$", (root / readme).read_text(), re.M)
    assert len(typed) >= 3
    for line in typed:
        assert cli._parser().parse_args(shlex.split(line, comments=True)).env in ("dev", "prod")
