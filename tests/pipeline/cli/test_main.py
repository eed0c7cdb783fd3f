"""The command line without a pipeline run: help, misuse, and what earlier runs left."""

import importlib.metadata
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys

import pytest

from pipeline import presets
from pipeline.cli import main, request
from pipeline.runs import progress, recorded_run, records, report
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


def test_help_lists_every_command_in_order(capsys):
    assert main.main(["--help"]) == main.OK
    listed = capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed if line.strip()][: len(main.COMMANDS)] == [
        *main.COMMANDS
    ]


@pytest.mark.parametrize("command", main.COMMANDS)
def test_every_command_has_help(command, capsys):
    assert main.main([command, "--help"]) == main.OK
    assert len(capsys.readouterr().out) > 200


def test_help_of_run_names_the_presets(capsys):
    assert main.main(["run", "--help"]) == main.OK
    shown = capsys.readouterr().out.partition("Presets:\n")[2]
    assert all(name in shown for name in presets.names())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train"], "There is no command 'train'"),
        (["runn"], "There is no command 'runn'; did you mean 'run'?"),
        (["serving", "promot"], "There is no command 'promot'; did you mean 'promote'?"),
        (["kubeflow", "deplay"], "There is no command 'deplay'; did you mean 'deploy'?"),
        (["run", "--prest", "ml-1m"], "No such option '--prest'. (Did you mean one of: '--preset'"),
        (["recommend", "--histroy", "5"], "No such option '--histroy'. Did you mean '--history'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misspelt_is_misuse_and_guessed(capsys, arguments, message):
    assert main.main(arguments) == main.USAGE
    assert message in capsys.readouterr().err


def test_a_shell_completes_commands_presets_and_settings():
    program = pathlib.Path(sys.executable).with_name("movielens")

    def completed(*words):
        done = subprocess.run(
            [program],
            env={
                **os.environ,
                "_MOVIELENS_COMPLETE": "bash_complete",
                "COMP_WORDS": " ".join(("movielens", *words)),
                "COMP_CWORD": str(len(words)),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.partition(",")[2] for line in done.stdout.splitlines()]

    assert completed("re") == ["recommend", "report", "refresh"]
    assert completed("run", "--preset", "ml-1") == ["ml-100k", "ml-1m"]
    assert completed("run", "--set", "serving.trend.") == [
        "serving.trend.days=",
        "serving.trend.weight=",
    ]
    assert completed("fetch", "ml-l") == ["ml-latest-small"]


def test_interrupted_command_says_how_to_go_on(monkeypatch, runs, capsys):
    def interrupted(runs):
        raise KeyboardInterrupt

    monkeypatch.setattr(records, "read_all", interrupted)
    assert main.main(["runs", "--runs", str(runs)]) == main.INTERRUPTED
    assert "Run the same command again" in capsys.readouterr().out


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
        (["run", "--config", "none.yaml"], "File 'none.yaml' does not exist"),
        (["run", "--set", "model.depth=3"], "There is no setting 'model.depth'"),
        (["run", "--set", "serving.trend_weight=8"], "did you mean 'serving.trend.weight'?"),
        (["run", "--set", "model.dropout=2"], "model.dropout must be a number in [0, 1), got 2.0"),
        (["run", "--set", "model.heads=3"], "heads must divide embedding_dim, got 3 and 64"),
        (["run", "--epochs", "0"], "Invalid value for '--epochs': 0 is not in the range x>=1"),
        (["run", "--seed", "many"], "Invalid value for '--seed': 'many' is not a valid integer"),
        (["run", "--data", "{span}"], "{span} means nothing; a pattern is made of {SPAN}"),
        (["run", "--span", "7"], "Span 7 is asked for, but no --data"),
        (["run", "--data", "{SPAN}", "--span", "x"], "span must be a number, a date"),
        (["run", "surplus"], "Got unexpected extra argument (surplus)"),
        (["fetch", "ml-10k"], "Unknown dataset 'ml-10k'; there are: ml-100k, ml-1m,"),
        (["recommend"], "Say whom to recommend to"),
        (["recommend", "42", "--history", "50"], "not both"),
        (["recommend", "42", "-k", "0"], "Invalid value for '-k': 0 is not in the range 1<=x<=100"),
        (["similar", "Toy Story", "-k", "101"], "'-k': 101 is not in the range 1<=x<=100"),
        (["similar"], "Missing argument 'ITEM'"),
        (["batch"], "Missing option '--out'"),
        (["batch", "--out", "x", "-k", "0"], "Invalid value for '-k'"),
        (["serve", "--engine", "podman"], "'podman' is not one of 'auto', 'docker', 'local'"),
        (["serve", "--web-port", "70000"], "Invalid value for '--web-port'"),
        (["settings", "--preset", "ml-1M"], "did you mean 'ml-1m'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_says_what_is_right(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == main.USAGE
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--data", "nowhere"], "nowhere: no such folder"),
        (["run", "--data", "{SPAN}"], "is not there, or empty; there are: none"),
        (["run", "--data", ".", "--span", "7"], "Span 7 is asked for, but"),
        (["recommend", "42", "--runs", "nowhere"], "No run under nowhere was pushed yet"),
        (["similar", "Toy Story", "--runs", "nowhere"], "No run under nowhere was pushed yet"),
        (["metrics", "--runs", "nowhere"], "start one with `movielens run`"),
        (["metrics", "2020"], "No run '2020'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_failure_says_what_to_do(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main.main(arguments) == main.FAILED
    assert message in capsys.readouterr().err


def test_bundle_that_was_removed(runs, capsys):
    assert main.main(["recommend", "42", "--runs", str(runs)]) == main.FAILED
    assert "was it removed?" in capsys.readouterr().err


def test_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match=r"Can't write to the output folder .*--output"):
        request.check_writable(tmp_path / "out")


def test_a_file_that_tensorflow_can_not_read_is_told_without_a_trace(runs, capsys, monkeypatch):
    import tensorflow as tf

    path = "/runs/serving/movielens/7/variables/variables.data-00000-of-00001"

    def read(*_):
        raise tf.errors.DataLossError(None, None, f"{{{{function_node x}}}} {path}: truncated")

    monkeypatch.setattr(records, "find", read)
    assert main.main(["metrics", "--runs", str(runs)]) == main.FAILED
    said = capsys.readouterr().err
    assert f"DataLossError: {path}: truncated" in said
    assert "movielens serving verify" in said and "Traceback" not in said


@pytest.mark.parametrize(
    "name",
    [
        "my runs ä",
        "jürgen/Runs Jürgens",
        "{x} {SPAN} %41 : ; , & $HOME #1 ~ = + @ !",
        "'quoted' \"twice\"",
        "日本語",
        "-rf",
        "n" * 255,
    ],
    ids=["blank-umlaut", "home", "signs", "quotes", "kanji", "dash", "long"],
)
def test_output_folders_of_any_name(tmp_path, name):
    from pipeline.config import check_root

    check_root(str(tmp_path / name))
    request.check_writable(tmp_path / name)
    assert (tmp_path / name).is_dir()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("runs [v1]", "'[' in it, which TFX takes for a pattern of files"),
        ("what?", "'?' in it"),
        ("a*", "'*' in it"),
        ("back\\slash", "'\\\\' in it"),
        ("two\nlines", "'\\n' in it"),
        ("\udcff", "not written in UTF-8"),
        ("n" * 256, "File name too long"),
        ("/".join(["n" * 250] * 15), "3,500 are fine"),
    ],
    ids=["brackets", "question", "star", "backslash", "newline", "bytes", "long", "deep"],
)
@pytest.mark.parametrize("command", ["run", "tune"])
def test_output_folders_that_are_refused_at_once(tmp_path, name, why, command, capsys):
    output = str(tmp_path / name)
    assert main.main([command, "--data", str(tmp_path), "--output", output]) == main.FAILED
    said = capsys.readouterr().err
    assert why in said and "--output" in said
    assert not list(tmp_path.iterdir())


def test_next_commands_name_the_output_and_ask_only_what_was_pushed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = tmp_path / "runs" / "a shop's"
    record = RunRecord("1", "ml-100k", "/data", str(output), "/log", pushed="/p/1")
    usual, typed = (report.next_commands(record, each) for each in (None, output))
    assert usual.count(f"--runs {shlex.quote(os.path.join('runs', output.name))}") == 4
    assert typed.count(f"--runs {shlex.quote(str(output))}") == 4
    record.pushed = ""
    assert "recommend" not in report.next_commands(record, None)


@pytest.mark.parametrize("label", ["", "stable"])
def test_summary_says_what_is_served_instead_and_how_to_change_it(tmp_path, label):
    record = RunRecord("1", "ml-100k", "/data", str(tmp_path), "/log", label=label)
    record.status, record.metrics = "blessed", {"": {"hit@10": 0.2}}
    record.pushed, record.served = "/my runs/serving/shop/2", "/my runs/serving/shop/3"
    said = report.summary(record)
    assert ("labelled stable" in said) == bool(label)
    assert "serving promote 2 --base '/my runs/serving/shop' --no-server" in said
    record.served = record.pushed
    assert "promote" not in report.summary(record)


def test_tensorboard_is_pointed_to_where_something_was_trained(tmp_path):
    record = RunRecord("1", "ml-100k", "/data", str(tmp_path), "/log", pushed="/p/1")
    assert "--logdir" not in report.next_commands(record, None)
    training = tmp_path / "tensorboard"
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
