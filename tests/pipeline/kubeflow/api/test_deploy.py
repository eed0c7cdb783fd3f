"""Deploying by the command line and the official client, against a fake API."""

import pytest

from pipeline.cli import main


def test_first_deploy_brings_experiment_pipeline_and_version(api, deploy):
    status, said, error = deploy(api)
    assert status == main.OK, error
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
    assert status == main.OK
    assert said.startswith("upload the version v2") and said.count("\n") == 1
    state = api.state()
    assert len(state["pipelines"]) == len(state["experiments"]) == 1
    assert [v["display_name"] for v in state["versions"]] == ["movielens-test", "v1", "v2"]


def test_deploying_again_changes_nothing(api, deploy):
    deploy(api)
    before = api.state()
    assert deploy(api)[:2] == (main.OK, "Version v1 of movielens-test is there already.\n")
    after = api.state()
    assert all(after[name] == before[name] for name in ("experiments", "pipelines", "versions"))


def test_same_name_with_other_content_is_refused(api, deploy, kubeflow, package):
    deploy(api)
    status, _, error = kubeflow(
        api, "deploy", "--version", "v1", "--package", package(executor="python3")
    )
    assert status == main.FAILED
    assert "'v1' is on the server with other content" in error and "--version" in error
    assert len(api.state()["versions"]) == 2


@pytest.mark.slow
def test_the_graph_itself_is_compiled_and_taken(api, kubeflow):
    status, said, error = kubeflow(api, "deploy", "--version", "v1")
    assert status == main.OK, error
    assert f"upload the version v1 (image registry.test/movielens@sha256:{12 * 'a'}," in said
    spec = api.state()["versions"][-1]["pipeline_spec"]["pipeline_spec"]
    assert "TwoTowerTrainer" in spec["root"]["dag"]["tasks"]
    status, _, error = kubeflow(api, "schedule", "--version", "v1", "--parameter", "epochs=3")
    assert status == main.OK, error


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
    assert status == main.FAILED
    assert "500: lost the database" in error
    assert deploy(api)[0] == main.OK
    state = api.state()
    assert len(state["experiments"]) == len(state["pipelines"]) == 1
    assert [v["display_name"] for v in state["versions"]] == ["movielens-test", "v1"]


@pytest.mark.parametrize("status", [409, 500], ids=["todays-servers", "older-servers"])
def test_somebody_else_uploads_the_same_meanwhile(api, deploy, status):
    api.fail("POST pipelines/upload_version", status, "already exists", after=True)
    assert deploy(api)[0] == main.OK


def test_conflict_with_something_else_is_told(api, deploy):
    api.fail("POST pipelines/upload_version", 409, "The name v1 already exists")
    status, _, error = deploy(api)
    assert status == main.FAILED
    assert "409: The name v1 already exists" in error


def test_server_refuses_the_specification(api, kubeflow, package):
    status, _, error = kubeflow(
        api, "deploy", "--version", "v1", "--package", package(schema="2.0.0")
    )
    assert status == main.FAILED
    assert "KFP only supports schema version 2.1.0" in error


@pytest.mark.parametrize(
    ("text", "held"),
    [("pipelineInfo: {name: movielens-prod}", "['movielens-prod']"), ("a: 1", "[]")],
    ids=["of-another-environment", "no-pipeline"],
)
def test_package_that_is_not_of_this_environment(api, kubeflow, tmp_path, text, held):
    (tmp_path / "p.yaml").write_text(text)
    status, _, error = kubeflow(api, "deploy", "--version", "v1", "--package", tmp_path / "p.yaml")
    assert status == main.FAILED
    assert f"p.yaml holds the pipelines {held}, not 'movielens-test'" in error
    assert api.state()["experiments"] == []


def test_placeholder_image_is_not_deployed(api, deploy):
    status, _, error = deploy(api, image="registry.test/movielens@sha256:" + 64 * "0")
    assert status == main.FAILED
    assert "make image" in error
    assert api.state()["pipelines"] == []
