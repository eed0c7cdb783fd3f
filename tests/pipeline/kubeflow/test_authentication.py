"""Who may talk to the server: tokens, cookies, and what is said where there are none."""

import pytest

from pipeline.cli import main
from pipeline.kubeflow.api import connection


@pytest.mark.parametrize("variable", ["KF_PIPELINES_TOKEN_FILE", "KF_PIPELINES_SA_TOKEN_PATH"])
def test_token_is_sent_and_never_shown(api, deploy, kubeflow, monkeypatch, tmp_path, variable):
    api.control("set", token="today's-secret")
    token = tmp_path / "token"
    token.write_text("today's-secret\n")
    monkeypatch.setenv(variable, str(token))
    outputs = deploy(api)
    assert outputs[0] == main.OK
    api.control("set", token="tomorrow's-secret")  # ours has expired
    expired = kubeflow(api, "status")
    assert expired[0] == main.FAILED
    assert "refuses the token in" in expired[2] and "Has it expired?" in expired[2]
    shown = "".join(map(str, outputs + expired))
    assert "secret" not in shown  # neither ours nor the server's cookie


def test_token_that_expires_between_two_requests(api, deploy, monkeypatch, tmp_path):
    token = tmp_path / "token"
    token.write_text("today's-secret")
    monkeypatch.setenv("KF_PIPELINES_TOKEN_FILE", str(token))
    api.fail("POST pipelines/upload_version", 401, "token expired")
    status, _, error = deploy(api)
    assert status == main.FAILED
    assert "401: token expired" in error and "secret" not in error
    assert deploy(api)[0] == main.OK


def test_cookie_is_sent_and_never_shown(api, deploy, kubeflow, monkeypatch):
    api.control("set", cookie="authservice_session=today's-secret")
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=today's-secret")
    outputs = deploy(api)
    assert outputs[0] == main.OK
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=yesterday's-secret")
    expired = kubeflow(api, "status")
    assert expired[0] == main.FAILED
    assert "refuses the cookie in KF_PIPELINES_COOKIE" in expired[2]
    assert "secret" not in "".join(map(str, outputs + expired))


def test_no_token_where_one_is_needed(api, kubeflow):
    api.control("set", token="secret")
    status, _, error = kubeflow(api, "status")
    assert status == main.FAILED and "refuses no secret (a port-forward)" in error


@pytest.mark.parametrize("variable", ["KF_PIPELINES_TOKEN_FILE", "KF_PIPELINES_COOKIE"])
def test_nothing_goes_over_plain_http_to_another_machine(kubeflow, monkeypatch, tmp_path, variable):
    (tmp_path / "token").write_text("secret")
    monkeypatch.setenv(variable, str(tmp_path / "token"))
    status, said, error = kubeflow("http://kubeflow.invalid/pipeline", "status")
    assert status == main.FAILED
    assert "http://kubeflow.invalid/pipeline is not https" in error and "nothing was sent" in error
    assert variable in error and "secret" not in said + error


def test_login_page_is_not_taken_for_an_empty_server(api, deploy, monkeypatch):
    api.control("set", login_page=True)
    monkeypatch.setenv("KF_PIPELINES_COOKIE", "authservice_session=secret")
    status, said, error = deploy(api)
    assert status == main.FAILED
    assert "login page" in error and "the cookie in KF_PIPELINES_COOKIE" in error
    assert "secret" not in said + error


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
    assert status == main.FAILED and message in error


@pytest.mark.parametrize(
    ("health", "release"),
    [
        ({"tag_name": "2.17.0"}, (2, 17)),
        ({"apiServerTagName": "v2.16.1"}, (2, 16)),
        ({"tag_name": "unknown"}, ()),
        ({}, ()),
    ],
    ids=["api", "behind-the-ui", "own-build", "silent"],
)
def test_release_of_a_server(health, release):
    assert connection.release_of(health) == release
