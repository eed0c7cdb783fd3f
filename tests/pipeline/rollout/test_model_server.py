"""Waiting for a server; `follow` starts one that follows models.config."""

import pytest

from components.registry import models_config
from pipeline.rollout import model_server
from pipeline.rollout.model_server import ModelServer
from support.ports import free_ports


@pytest.mark.parametrize("url", ["127.0.0.1:8501", "ftp://host", "http://", "file:///etc/passwd"])
def test_what_is_no_server(url):
    with pytest.raises(ValueError, match="A server looks like"):
        ModelServer(url, "movielens", 5)


def test_it_waits_until_the_version_is_loaded_and_the_label_has_moved(base, follow, monkeypatch):
    monkeypatch.setattr(model_server, "POLL_SECONDS", 0.01)
    server, model = follow()
    models_config.write(str(base), {2, 3}, {"stable": 2})
    model.await_version(2)
    model.await_label("stable", 2)
    assert server.available == {2, 3}


def test_version_that_can_not_be_loaded_is_not_waited_for(base, follow):
    models_config.write(str(base), {1}, {"stable": 1})
    _, model = follow(cannot_load=(3,))
    with pytest.raises(ValueError, match="could not load version 3: Data loss: corrupted record"):
        model.await_version(3)


@pytest.mark.parametrize(
    ("wait", "goal"),
    [
        (lambda model: model.await_version(1), "version 1 to be loaded"),
        (lambda model: model.await_label("stable", 1), "stable to mean version 1"),
    ],
    ids=["version", "label"],
)
def test_patience_ends_and_the_last_answer_is_told(base, follow, wait, goal):
    server, _ = follow()
    impatient = ModelServer(f"http://127.0.0.1:{server.server_port}", "movielens", 0.1)
    with pytest.raises(
        ValueError,
        match=rf"Waited 0\.1 s for {goal} .*its last answer was .*(Could not find|Unrec)",
    ):
        wait(impatient)


def answers(**bodies):
    """Answers of TensorFlow Serving 2.16: the status by a label is that of all versions."""
    states = [{"version": "101", "state": "AVAILABLE"}, {"version": "100", "state": "AVAILABLE"}]
    return {
        "/labels/stable": {"model_version_status": states},
        "/labels/stable/metadata": {"model_spec": {"name": "movielens", "version": "100"}},
        **bodies,
    }


def test_a_status_that_ignores_labels_proves_nothing(monkeypatch):
    def fetch(path):
        asked.append(path)
        return answers()[path]

    asked = []
    model = ModelServer("http://127.0.0.1:1", "movielens", 0.05)
    monkeypatch.setattr(model, "_fetch", fetch)
    monkeypatch.setattr(model_server, "POLL_SECONDS", 0.01)
    model.await_label("stable", 100)
    with pytest.raises(ValueError, match=r'stable to mean version 101 .*"version": "100"'):
        model.await_label("stable", 101)
    assert set(asked) == {"/labels/stable/metadata"}


def test_nobody_answers():
    (port,) = free_ports(1)
    model = ModelServer(f"http://127.0.0.1:{port}", "movielens", 60)
    with pytest.raises(ValueError, match=rf"No answer from http://127\.0\.0\.1:{port} .*refused"):
        model.await_version(1)


def test_what_is_no_model_server(follow, monkeypatch):
    server, model = follow()
    monkeypatch.setattr(server, "status", lambda path: (200, ["<html>"]))
    with pytest.raises(ValueError, match="does not answer as TensorFlow Serving does"):
        model.await_version(1)
