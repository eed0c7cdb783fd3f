"""Who is told, how often it is tried, and that the URL stays a secret."""

import json
import logging

import pytest

from pipeline.config import Notify
from pipeline.monitoring import webhook
from pipeline.monitoring.webhook import DeliveryError, Webhook
from support.canned_server import answering
from support.ports import free_ports

SECRET = "services/T0/s3cr3t"
BODY = {"kind": "pushed", "version": "7"}
PATIENCE = 0.6


@pytest.fixture
def refuse():
    """A function that sends to a URL that refuses, and returns what is said."""

    def refuse(url):
        with pytest.raises(DeliveryError) as refused:
            Webhook("notify.webhook_env=HOOK", url).send(BODY, PATIENCE)
        assert refused.value.__cause__ is None
        return str(refused.value)

    return refuse


def test_body_is_posted_once():
    with answering((200, b"ok")) as server:
        Webhook("here", f"{server.url}/{SECRET}").send(BODY)
        assert [(path, json.loads(body)) for path, body in server.requests] == [
            (f"/{SECRET}", BODY)
        ]


@pytest.mark.parametrize("status", [503, 429])
def test_what_passes_is_tried_again(status):
    with answering((status, b""), (status, b""), (204, b"")) as server:
        Webhook("here", server.url).send(BODY, PATIENCE)
        assert len(server.requests) == 3


def test_it_gives_up(refuse):
    with answering((503, b"")) as server:
        said = refuse(f"{server.url}/{SECRET}")
        tries = len(server.requests)
    assert tries > 1
    assert said == f"notify.webhook_env=HOOK: it answered HTTP 503, after {tries} attempts"


@pytest.mark.parametrize("status", [404, 302])
def test_what_does_not_pass_is_tried_once(refuse, status):
    with answering((status, b"")) as server:
        assert refuse(server.url).endswith(f"HTTP {status}, after 1 attempt")
        assert len(server.requests) == 1


def test_nobody_listens(refuse):
    (port,) = free_ports(1)
    assert "can't be reached (ConnectionRefusedError)" in refuse(f"http://127.0.0.1:{port}/")


def test_url_that_python_refuses(refuse):
    assert SECRET not in refuse(f"http://[{SECRET}/")


def test_secret_is_never_shown(refuse, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with answering((503, b"")) as server:
        hook = Webhook("here", f"{server.url}/{SECRET}")
        said = refuse(hook.url)
    shown = [said, repr(hook), caplog.text, *capfd.readouterr()]
    assert not any("s3cr3t" in text for text in shown)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"https://example.com/{SECRET}\n", ""),
        (f"file:///{SECRET}", "what it holds is no URL"),
        (f"https://example.com/{SECRET} and more", "what it holds is no URL"),
        ("", "what it holds is no URL"),
        (None, "can't be read (FileNotFoundError)"),
    ],
    ids=["url", "other-scheme", "several-words", "empty", "no-file"],
)
def test_secret_of_a_file(tmp_path, content, problem):
    path = tmp_path / "hook"
    if content is not None:
        path.write_text(content)
    found = webhook.find(Notify(webhook_file=str(path)), {})
    assert problem in found.problem and bool(problem) == bool(found.problem)
    assert found.url == ("" if problem else f"https://example.com/{SECRET}")
    assert SECRET not in found.problem


def test_secret_of_an_environment_variable():
    notify = Notify(webhook_env="HOOK")
    assert webhook.find(notify, {"HOOK": "http://h/"}).url == "http://h/"
    missing = webhook.find(notify, {})
    with pytest.raises(DeliveryError, match="webhook_env=HOOK: there is no such environment var"):
        missing.send(BODY)


def test_no_webhook():
    assert webhook.find(Notify(), {"HOOK": "http://h/"}) is None
