import stat

import pytest

from serving import engine
from serving.stand_in import configuration, flags

ADDRESS = engine.Address("127.0.0.1", 1500, 1501)


def test_both_engines_get_the_same_configuration():
    local = engine.command("local", "/runs/serving", ADDRESS)
    docker = engine.command("docker", "/runs/serving", ADDRESS)
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


def test_configuration_is_written_once(tmp_path):
    base = tmp_path / "movielens"
    engine.write_configuration(str(base))
    (model,) = configuration.read(str(tmp_path / "models.config"))
    assert model == configuration.Model("movielens", str(base))
    monitoring = tmp_path / "monitoring.config"
    options = flags.parser().parse_args([f"--monitoring_config_file={monitoring}"])
    assert flags.metrics_path(options) == engine.METRICS_PATH
    (tmp_path / "models.config").write_text("of somebody else")
    engine.write_configuration(str(base))
    assert (tmp_path / "models.config").read_text() == "of somebody else"
    assert {path.name for path in tmp_path.iterdir()} == {"models.config", "monitoring.config"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("prometheus_config { enable: false }", None),
        ("prometheus_config { enable: true }", engine.METRICS_PATH),
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics"),
    ],
)
def test_monitoring_file(tmp_path, text, path):
    file = tmp_path / "monitoring.config"
    file.write_text(text)
    options = flags.parser().parse_args([f"--monitoring_config_file={file}"])
    assert flags.metrics_path(options) == path


def test_monitoring_file_that_is_none(tmp_path):
    file = tmp_path / "monitoring.config"
    options = flags.parser().parse_args([f"--monitoring_config_file={file}"])
    with pytest.raises(configuration.ConfigurationError, match=r"monitoring\.config"):
        flags.metrics_path(options)
    file.write_text("{}")
    with pytest.raises(configuration.ConfigurationError, match="expected prometheus_config"):
        flags.metrics_path(options)


@pytest.mark.parametrize("arguments", [[], ["--model_config_file=a", "--model_base_path=/b"]])
def test_what_to_serve_is_named_once(arguments):
    with pytest.raises(configuration.ConfigurationError, match="either"):
        flags.models(flags.parser().parse_args(arguments))


@pytest.mark.parametrize("text", ["yes", "1", ""])
def test_flags_are_true_or_false(text):
    with pytest.raises(SystemExit):
        flags.parser().parse_args([f"--enable_model_warmup={text}"])
