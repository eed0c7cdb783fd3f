import stat

import pytest

from serving import engine
from serving.stand_in import flags

ADDRESS = engine.Address("127.0.0.1", 1500, 1501)


def test_both_engines_get_the_same_configuration():
    local = engine.command("local", "/runs/serving", ADDRESS)
    docker = engine.command("docker", "/runs/serving", ADDRESS, container="ours")
    assert "--name=ours" in docker
    shared = [flag for flag in local if flag in docker and flag.startswith("--")]
    assert "--model_config_file=/runs/serving/models.config" in shared
    assert "--model_config_file_poll_wait_seconds=1" in shared
    assert len(shared) == 4
    assert "--publish=127.0.0.1:1500:8500" in docker  # not on every address of the machine
    assert "--volume=/runs/serving:/runs/serving:ro" in docker
    assert docker[docker.index(engine.IMAGE) - 1] == "--entrypoint=tensorflow_model_server"


def test_the_local_command_is_understood_by_the_stand_in():
    command = engine.command("local", "/runs/serving", ADDRESS)
    options = flags.parser().parse_args(command[command.index("serving.stand_in") + 1 :])
    assert (options.host, options.port, options.rest_api_port) == ("127.0.0.1", 1500, 1501)
    settings = flags.settings(options)
    assert settings.model_config_file_poll_wait_seconds == 1
    assert settings.allow_version_labels_for_unavailable_models is True


def write_docker(folder, monkeypatch, script):
    docker = folder / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def test_a_container_runs_once_docker_says_so(tmp_path, monkeypatch):
    for script, runs in (
        ("echo false", False),
        ("echo No such container >&2; exit 1", False),
        ('[ "$*" = "container inspect --format={{.State.Running}} ours" ] && echo true', True),
    ):
        write_docker(tmp_path, monkeypatch, script)
        assert engine.container_runs("ours") is runs


@pytest.mark.parametrize(
    ("script", "works"),
    [("exit 0", True), ("exit 1", False), (None, False)],
    ids=["daemon", "command-without-daemon", "no-command"],
)
def test_docker_works_only_where_a_daemon_answers(tmp_path, monkeypatch, script, works):
    if script:
        docker = tmp_path / "docker"
        docker.write_text(f"#!/bin/sh\n{script}\n")
        docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert engine.docker_works() is works


def test_monitoring_is_configured_once(tmp_path):
    engine.write_monitoring(str(tmp_path))
    monitoring = tmp_path / "monitoring.config"
    options = flags.parser().parse_args([f"--monitoring_config_file={monitoring}"])
    assert flags.metrics_path(options) == engine.METRICS_PATH
    monitoring.write_text("of somebody else")
    engine.write_monitoring(str(tmp_path))
    assert monitoring.read_text() == "of somebody else"
    assert [path.name for path in tmp_path.iterdir()] == ["monitoring.config"]


@pytest.mark.parametrize(
    ("engine_", "works", "chosen"),
    [
        ("auto", True, "docker"),
        ("auto", False, "local"),
        ("docker", False, "docker"),
        ("local", True, "local"),
    ],
)
def test_only_auto_looks_for_docker(monkeypatch, engine_, works, chosen):
    monkeypatch.setattr(engine, "docker_works", lambda: works)
    assert engine.choose(engine_) == chosen
