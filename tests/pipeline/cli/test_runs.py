"""`movielens runs`, `show`, `metrics` and `--version`."""

import json

import pytest

from pipeline.cli import main
from pipeline.runs.records import RunRecord


@pytest.fixture
def runs(tmp_path):
    for number, status in enumerate(("not blessed", "blessed"), 1):
        RunRecord(
            run_id=f"2026-01-0{number}T03-00-00Z",
            preset="ml-100k",
            data="/data",
            output=str(tmp_path / "ml"),
            log=str(tmp_path / "ml" / "logs" / "a.log"),
            status=status,
            reasons=["hit@10 is too low"] if status == "not blessed" else [],
            settings={"model.epochs": number},
            metrics={"": {"hit@10": number / 10}},
        ).write(tmp_path / "ml" / "records")
    return str(tmp_path)


def test_one_run_is_shown(runs, capsys):
    assert main.main(["show", "2026-01-01T03-00-00Z", "--runs", runs]) == main.OK
    assert "hit@10 is too low" in capsys.readouterr().out
    assert main.main(["show", "2026-01-01T03-00-00Z", "--runs", runs, "--json"]) == main.OK
    assert json.loads(capsys.readouterr().out)["settings"] == {"model.epochs": 1}


def test_a_run_that_is_not_there_is_named(runs, capsys):
    assert main.main(["show", "yesterday", "--runs", runs]) == main.FAILED
    assert "No run 'yesterday'" in capsys.readouterr().err


def test_two_runs_are_compared(runs, capsys):
    both = ["2026-01-01T03-00-00Z", "2026-01-02T03-00-00Z"]
    assert main.main(["runs", "--compare", *both, "--runs", runs]) == main.OK
    assert ["model.epochs", "1", "2"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]
    assert main.main(["runs", "--compare", *both, "--runs", runs, "--json"]) == main.OK
    assert [record["run_id"] for record in json.loads(capsys.readouterr().out)] == both


def test_metrics_say_why_a_run_was_not_blessed(runs, capsys):
    assert main.main(["metrics", "2026-01-01T03-00-00Z", "--runs", runs]) == main.OK
    assert "hit@10 is too low" in capsys.readouterr().out


def test_versions_are_printed_without_tensorflow(capsys):
    assert main.main(["--version"]) == main.OK
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert {"movielens-tfx", "tfx", "tensorflow", "python"} <= printed.keys()


def test_a_report_of_the_last_run_is_written(runs, tmp_path, capsys):
    assert main.main(["report", "--runs", runs]) == main.OK
    path = tmp_path / "ml" / "reports" / "2026-01-02T03-00-00Z.html"
    assert capsys.readouterr().out == f"{path}\n"
    assert "Blessed" in path.read_text()
    assert "Settings that differ" not in path.read_text()  # the run before was not blessed
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_report_of_a_run_beside_another(runs, tmp_path):
    out = tmp_path / "a" / "report.html"
    named = ["2026-01-02T03-00-00Z", "--compare", "2026-01-01T03-00-00Z"]
    assert main.main(["report", *named, "--out", str(out), "--runs", runs]) == main.OK
    assert "model.epochs" in out.read_text() and "0.1000" in out.read_text()


def test_no_report_without_a_run(tmp_path, capsys):
    assert main.main(["report", "--runs", str(tmp_path)]) == main.FAILED
    assert "No run under" in capsys.readouterr().err
