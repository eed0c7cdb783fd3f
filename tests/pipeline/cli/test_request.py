"""Which of command line, file and preset wins."""

import pathlib

import click
import pytest

from pipeline.cli import main
from pipeline.cli.request_options import request_options

FILE = """
preset: ml-1m
data: /data/{SPAN}
span: 7
output: there
withdraw: ["007", "8"]
model: {epochs: 7, learning_rate: 1e-2}
serving:
  trend: {weight: 2}
"""


@pytest.fixture
def asked():
    """Returns the request that arguments are."""

    @click.command()
    @request_options("settings", "record", "fetch")
    def command(asked):
        return asked

    return lambda *arguments: command.main([*arguments], standalone_mode=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(FILE)
    return str(path)


def test_without_a_file_there_are_the_defaults(asked):
    given = asked()
    assert (given.preset.name, given.data, given.span) == ("ml-100k", None, "newest")
    assert (given.output, given.withdrawn, given.as_json) == (None, (), False)
    assert given.settings() == given.preset.settings


def test_a_file_says_all_that_options_do(asked, file):
    given = asked("--config", file)
    assert (given.preset.name, given.data, given.span) == ("ml-1m", "/data/{SPAN}", "7")
    assert (given.output, given.withdrawn) == (pathlib.Path("there"), ("007", "8"))
    settings = given.settings()
    assert (settings.model.epochs, settings.model.learning_rate) == (7, 0.01)
    assert (settings.serving.trend.weight, settings.serving.trend.days) == (2.0, 30)
    assert settings.model.blocks == 2  # of the preset


def test_options_win_over_the_file(asked, file):
    given = asked(
        *("--config", file, "--preset", "blog", "--data", "here", "--span", "newest"),
        *("--output", "o", "--withdraw", "9, 10", "--set", "model.epochs=2"),
    )
    assert (given.preset.name, given.data, given.span) == ("blog", "here", "newest")
    assert (given.output, given.withdrawn) == (pathlib.Path("o"), ("9", "10"))
    settings = given.settings()
    assert (settings.model.epochs, settings.model.learning_rate) == (2, 0.01)
    assert settings.model.embedding_dim == 32


def test_only_the_named_sections_of_a_file_count(asked, file):
    settings = asked("--config", file).settings(None, "gates", "serving")
    assert (settings.model.epochs, settings.serving.trend.weight) == (32, 2.0)


@pytest.mark.parametrize("command", ["run", "tune", "refresh"])
def test_mistake_in_a_file_is_misuse(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("run.yaml").write_text("model: {epoch: 3}\n")
    assert main.main([command, "--config", "run.yaml"]) == main.USAGE
    assert capsys.readouterr().err == (
        "movielens: run.yaml: model.epoch: there is no such setting; did you mean 'model.epochs'?\n"
    )


def test_graphs_are_told_who_is_forgotten_and_as_of_when(asked, tmp_path):
    from pipeline.stages import ingest

    given = asked("--as-of", "2026-01-31")
    config = given.pipeline_config(tmp_path, tmp_path, given.settings())
    made = ingest(config)
    assert made.timelines.exec_properties["serving_base"] == config.serving_base
    for each in (made.items, made.timelines):
        assert each.exec_properties["as_of"] == "2026-01-31T23:59:59+00:00"


def test_a_file_states_a_moment_and_an_option_wins(asked, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("as_of: 2026-01-31\n")
    assert asked().as_of == ""
    assert asked("--config", str(path)).as_of == "2026-01-31T23:59:59+00:00"
    stated = asked("--config", str(path), "--as-of", "2026-01-30T08:00:00Z")
    assert stated.as_of == "2026-01-30T08:00:00+00:00"


def test_a_moment_that_is_none_is_misuse(tmp_path, capsys):
    path = tmp_path / "run.yaml"
    path.write_text("as_of: soon\n")
    assert main.main(["run", "--config", str(path)]) == main.USAGE
    assert "as_of: 'soon' is no moment" in capsys.readouterr().err
    assert main.main(["run", "--as-of", "2093-08-01"]) == main.USAGE
    assert "'2093-08-01' is later than now" in capsys.readouterr().err
