import pytest

from serving import engine
from serving.stand_in import configuration, flags


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
