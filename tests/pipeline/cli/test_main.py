"""The command line without a pipeline run: help, misuse, and what earlier runs left."""

import importlib.metadata
import io
import json
import os
import pathlib
import subprocess
import sys

import pytest

from pipeline.cli import main, run_options
from pipeline.runs import progress, recorded_run, report
from pipeline.runs.records import RunRecord


@pytest.fixture
def runs(tmp_path):
    """A folder of runs with one that was evaluated and pushed."""
    metrics = {"": {"hit@10": 0.2, "popular hit@10": 0.1, "recent hit@10": 0.1, "ndcg@10": 0.1}}
    RunRecord(
        "2026-01-01T00-00-00",
        "ml-100k",
        "/data",
        "/out",
        "/log",
        status="blessed",
        metrics={**metrics, "gender:F": metrics[""]},
        pushed=str(tmp_path / "gone"),
    ).write(tmp_path / "ml-100k" / "records")
    return tmp_path


@pytest.mark.parametrize(
    "command", ["fetch", "run", "tune", "recommend", "similar", "metrics", "runs"]
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main.main([command, "--help"])
    assert done.value.code == 0
    assert len(capsys.readouterr().out) > 200


def test_unknown_command_is_misuse(capsys):
    with pytest.raises(SystemExit) as done:
        main.main(["train"])
    assert done.value.code == main.USAGE
    assert "invalid choice: 'train'" in capsys.readouterr().err


def test_metrics_as_json(runs, capsys):
    assert main.main(["metrics", "--runs", str(runs), "--json"]) == main.OK
    values = json.loads(capsys.readouterr().out)
    assert (values["hit@10"], values["ndcg@10"]) == (0.2, 0.1)


def test_metrics_for_people(runs, capsys):
    assert main.main(["metrics", "--runs", str(runs), "--slices"]) == main.OK
    shown = capsys.readouterr().out
    assert "recently popular" in shown
    assert "gender:F" in shown


def test_runs(runs, capsys):
    assert main.main(["runs", "--runs", str(runs)]) == main.OK
    assert "2026-01-01T00-00-00  ml-100k  blessed" in capsys.readouterr().out
    assert main.main(["runs", "--runs", str(runs), "--json"]) == main.OK
    assert json.loads(capsys.readouterr().out)[0]["status"] == "blessed"


def test_nobody_reads_on(runs):
    command = [sys.executable, "-u", "-m", "pipeline.cli", "runs", "--runs", str(runs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == main.FAILED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--preset", "ml-2k"], "Unknown preset 'ml-2k'"),
        (["run", "--set", "model.depth=3"], "Unknown option 'model.depth'"),
        (["run", "--epochs", "0"], "epochs must be at least 1, got 0"),
        (["run", "--data", "nowhere"], "nowhere: no such folder"),
        (["run", "--data", "{SPAN}"], "is not there, or empty; there are: none"),
        (["run", "--data", "{span}"], "{span} means nothing; a pattern is made of {SPAN}"),
        (["run", "--data", ".", "--span", "7"], "Span 7 is asked for, but"),
        (["run", "--span", "7"], "Span 7 is asked for, but no --data"),
        (["run", "--data", "{SPAN}", "--span", "x"], "span must be a number, a date"),
        (["recommend"], "Say whom to recommend to"),
        (["recommend", "42", "--history", "50"], "not both"),
        (["recommend", "42", "-k", "0"], "-k must be from 1 to 100, got 0"),
        (["recommend", "42", "--runs", "nowhere"], "No run under nowhere was pushed yet"),
        (["similar", "Toy Story", "-k", "101"], "-k must be from 1 to 100, got 101"),
        (["similar", "Toy Story", "--runs", "nowhere"], "No run under nowhere was pushed yet"),
        (["metrics", "--runs", "nowhere"], "start one with `movielens run`"),
        (["metrics", "2020"], "No run '2020'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_says_what_is_right(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == main.FAILED
    assert message in capsys.readouterr().err


def test_bundle_that_was_removed(runs, capsys):
    assert main.main(["recommend", "42", "--runs", str(runs)]) == main.FAILED
    assert "was it removed?" in capsys.readouterr().err


def test_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match=r"Can't write to the output folder .*--output"):
        run_options.check_writable(tmp_path / "out")


def test_next_commands_name_an_unusual_output_and_ask_only_what_was_pushed(tmp_path):
    record = RunRecord("1", "ml-100k", "/data", str(tmp_path), "/log", pushed="/p/1")
    usual, unusual = (report.next_commands(record, output) for output in (None, tmp_path))
    assert "--runs" not in usual
    assert unusual.count(f"--runs {tmp_path}") == 4
    record.pushed = ""
    assert "recommend" not in report.next_commands(record, None)


def test_tensorboard_is_pointed_to_where_something_was_trained(tmp_path):
    record = RunRecord("1", "ml-100k", "/data", str(tmp_path), "/log", pushed="/p/1")
    assert "tensorboard" not in report.next_commands(record, None)
    training = tmp_path / "artifacts" / "TwoTowerTrainer"
    training.mkdir(parents=True)
    logdir = f"tensorboard --logdir {os.path.relpath(training)} "
    assert logdir in report.next_commands(record, None)


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_record_that_cannot_be_written_does_not_hide_the_failure(tmp_path, status):
    (tmp_path / "records").write_text("a file where the folder should be")
    record = RunRecord("1", "ml-100k", "/data", "/out", "/log", status=status)
    stream = io.StringIO()
    recorded_run._write_at_the_end(record, tmp_path / "records", progress.Lines(stream))
    assert "could not be written" in stream.getvalue()
    record.status = "blessed"
    with pytest.raises(OSError, match="records"):
        recorded_run._write_at_the_end(record, tmp_path / "records", progress.Lines(stream))


def test_tensorboard_that_a_run_points_to_starts():
    command = pathlib.Path(sys.executable).with_name("tensorboard")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == importlib.metadata.version("tensorboard")
