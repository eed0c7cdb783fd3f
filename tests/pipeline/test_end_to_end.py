"""The whole pipeline on a checkerboard, through the command line, as a user would run it."""

import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks import ours, quality
from components.canary.requests import PROBE
from components.ingestion.splits import SplitConfig
from pipeline.runs import records, report
from pipeline.runs.progress import Lines
from pipeline.runs.records import RunRecord
from serving.client import query_inputs
from support import ROOT
from transform import datasets

pytestmark = pytest.mark.slow

MOVIELENS = (sys.executable, "-m", "pipeline.cli")
SMALL = (
    "--set",
    "model.history=mean",
    "--set",
    "model.event_features=true",
    "--set",
    "model.gaps=true",
    "--set",
    "model.embedding_dim=8",
    "--set",
    "model.batch_size=10",
    "--set",
    "model.learning_rate=0.02",
    "--epochs",
    "60",
    "--set",
    "model.patience=0",
    "--set",
    "serving.trend.weight=0.1",
)


def movielens(*arguments):
    return subprocess.run(
        [*MOVIELENS, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def ask(bundle, *requests):
    """Asks a bundle in a bare process, as the canary does."""
    done = subprocess.run(
        [sys.executable, "-I", str(PROBE), bundle],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_checkerboard):
    # 0.6 of the own parity is rated, so that unseen movies of both parities are left
    return write_checkerboard(
        tmp_path_factory.mktemp("data") / "checkerboard", users=40, movies=40, share=0.6
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """A folder whose name is as hard as one may be."""
    return tmp_path_factory.mktemp("runs") / "jürgen" / "his 'runs' {SPAN} %41 : , ; $HOME #1"


@pytest.fixture(scope="module")
def first(data, output):
    done = movielens("run", "--data", data, "--output", output, *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_run_is_blessed_and_beats_popular(first):
    assert first["status"] == "blessed"
    overall = first["metrics"][""]
    assert overall["hit@10"] > overall["popular hit@10"]
    assert overall["example_count"] == 40
    assert {"gender:F", "gender:M", "activity:1-19"} <= set(first["metrics"])


def test_the_comparison_of_models_counts_what_the_evaluator_counts(first, data):
    frozen = ours.freeze(data, SplitConfig())
    lists = ours.lists_of_bundle(first["pushed"], frozen)
    found, told = quality.measures(lists, frozen.ratings), first["metrics"][""]
    assert found["masked hit@10"] == pytest.approx(told["hit@10"], abs=1e-6)
    assert found["masked ndcg@10"] == pytest.approx(told["ndcg@10"], abs=1e-6)


def test_people_are_shown_what_is_recommended_and_programs_are_not(first):
    record = RunRecord(**first)
    for as_json in (False, True):
        terminal = io.StringIO()
        assert report.tell(record, Lines(terminal), as_json, output=None) == 0
        assert ("Recommended to user" in terminal.getvalue()) is not as_json
        assert "to user nobody" in terminal.getvalue() or as_json


def test_even_users_get_even_movies_from_the_pushed_bundle(first):
    (answer,) = ask(first["pushed"], ["serving_default", {"user_id": ["2", "3", "nobody"]}])
    assert answer["known_user"] == [True, True, False]
    for user, parity in ((0, 0), (1, 1)):
        unseen_of_own_parity = [int(movie) for movie in answer["item_ids"][user][:7]]
        assert all(movie % 2 == parity for movie in unseen_of_own_parity)
    assert all(answer["titles"][2])  # popular movies, and none is left out for a stranger


def test_every_signature_answers(first):
    history = query_inputs.build(
        datasets.load(datasets.MOVIELENS), ["", "2", "4", "", "6", "8"], {}, exclude=["10"]
    )  # padded on the left, and a gap
    history = {name: np.array(value, object).tolist() for name, value in history.items()}
    recommended, similar = ask(
        first["pushed"], ["recommend", history], ["similar", {"item_id": ["2", "no movie"]}]
    )
    best = recommended["item_ids"][0][:5]
    assert all(int(movie) % 2 == 0 for movie in best)
    assert not {"2", "4", "6", "8", "10"}.intersection(recommended["item_ids"][0])
    assert all(int(movie) % 2 == 0 for movie in similar["item_ids"][0][:5])
    assert not any(similar["item_ids"][1])


def test_commands_see_the_run(first, output):
    runs = output.parent
    metrics = json.loads(movielens("metrics", "--runs", runs, "--json").stdout)
    assert metrics["hit@10"] == first["metrics"][""]["hit@10"]
    assert first["run_id"] in movielens("runs", "--runs", runs).stdout
    answer = json.loads(movielens("recommend", "2", "-k", "3", "--runs", runs, "--json").stdout)
    assert [int(movie["item_id"]) % 2 for movie in answer["recommendations"]] == [0, 0, 0]
    near = json.loads(
        movielens("similar", "movie 4 (1934)", "-k", "3", "--runs", runs, "--json").stdout
    )
    assert [int(movie["item_id"]) % 2 for movie in near["similar"]] == [0, 0, 0]
    many = movielens("similar", "movie", "--runs", runs)
    assert many.returncode == 1
    assert "name an id" in many.stderr
    stranger = movielens("recommend", "--history", "2,nothing", "--runs", runs)
    assert stranger.returncode == 1
    assert "Not in the catalogue: nothing" in stranger.stderr


def test_second_run_reuses_and_compares_with_what_is_served(first, data, output):
    done = movielens("run", "--data", data, "--output", output, *SMALL, "--json")
    second = json.loads(done.stdout)
    reused = {name for name, entry in second["components"].items() if entry["cached"]}
    assert set(second["components"]) - reused == {"Baseline", "Evaluator", "Pusher"}
    assert second["status"] == "blessed"
    assert second["pushed"] == ""  # nothing changed, so the same bundle is served already
    assert second["same_as"] == second["served"] == first["pushed"]
    assert "the same bundle is there" in done.stderr
    assert second["metrics"][""]["hit@10"] == first["metrics"][""]["hit@10"]


def test_refresh_of_nothing_but_a_pushed_bundle_serves_a_new_movie_and_not_a_withdrawn_one(
    first, data, output, tmp_path
):
    elsewhere = tmp_path / "elsewhere"  # as on another machine, or once all artifacts are removed
    shutil.copytree(output / "serving", elsewhere / "serving")
    more = shutil.copytree(data, tmp_path / "more")
    flags = "|".join(str(int(flag == 5)) for flag in range(19))  # a comedy, as even movies are
    with (more / "u.item").open("a") as file:
        file.write(f"42|Movie 42 (1995)|01-Jan-1995||http://|{flags}\n")
    arguments = ("--data", more, "--output", elsewhere, "--withdraw", "2")
    done = movielens("refresh", *arguments, "--set", "gates.max_drop=1", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert "ServedTowers" in record["components"]
    assert "TwoTowerTrainer" not in record["components"]
    assert record["pushed"].startswith(str(elsewhere))
    before, told = (
        json.loads(pathlib.Path(bundle, "assets.extra/manifest.json").read_text())
        for bundle in (first["pushed"], record["pushed"])
    )
    assert told["towers"] == before["towers"]
    assert told["towers"]["run"] == first["run_id"]
    assert told["counts"]["items"] == 40  # one more, one less
    assert told["settings"]["withdrawn"] == ["2"]
    assert told["settings"]["trend"] == {"days": 30, "weight": 0.1}  # as it was served
    (answer,) = ask(record["pushed"], ["similar", {"item_id": ["42", "2"]}])
    assert all(int(movie) % 2 == 0 for movie in answer["item_ids"][0][:5])
    assert not any(answer["item_ids"][1])
    everything = ask(record["pushed"], ["serving_default", {"user_id": ["4", "nobody"]}])
    assert "2" not in {movie for row in everything[0]["item_ids"] for movie in row}


def test_warm_start_begins_where_the_served_bundle_ended(first, data, output):
    done = movielens(
        *("run", "--data", data, "--output", output, *SMALL, "--epochs", "1", "--json"),
        *("--set", "model.warm_start=true", "--set", "model.learning_rate=0.000001"),
    )
    record = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (
        f"Training starts from {record['output']}/artifacts/WarmStart"
        in pathlib.Path(record["log"]).read_text()
    )
    assert record["metrics"][""]["hit@10"] == pytest.approx(
        first["metrics"][""]["hit@10"], abs=0.05
    )


def test_failing_gate_pushes_nothing(first, data, output):
    before = sorted((output / "serving" / "movielens").iterdir())
    done = movielens(
        "run", "--data", data, "--output", output, *SMALL, "--set", "gates.min_lift=1", "--json"
    )
    record = json.loads(done.stdout)
    assert done.returncode == 3
    assert record["status"] == "not blessed"
    assert record["pushed"] == ""
    assert "below the threshold 1.0000" in record["reasons"][0]
    assert "NOT BLESSED" in done.stderr
    assert sorted((output / "serving" / "movielens").iterdir()) == before


def test_bundle_is_pushed_again_where_serving_was_emptied(first, data, output):
    shutil.rmtree(output / "serving")
    done = movielens("run", "--data", data, "--output", output, *SMALL, "--json")
    record = json.loads(done.stdout)
    assert pathlib.Path(record["pushed"], "saved_model.pb").exists()
    assert record["components"]["TwoTowerTrainer"]["cached"]


def test_bad_data_stops_the_run_and_names_the_line(data, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for path in data.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "u.data").open("a") as file:
        file.write("1\t2\t7\t978300000\n")
    lines = len((folder / "u.data").read_text().splitlines())
    done = movielens("run", "--data", folder, "--output", tmp_path / "out", *SMALL)
    assert done.returncode == 1
    assert "ItemsExampleGen failed" in done.stderr
    assert f"line {lines}" in done.stderr
    # nothing but the gauges, which tell of the failure
    assert not any(path.is_dir() for path in (tmp_path / "out" / "serving").iterdir())


def begun(*arguments):
    """Starts `movielens`, and returns its process, which takes Ctrl-C."""
    return subprocess.Popen(
        [*MOVIELENS, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A shell's background jobs ignore Ctrl-C, and so would all that they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def test_terminated_run_is_recorded_and_can_be_run_again(data, tmp_path):
    arguments = ("run", "--data", data, "--output", tmp_path / "out", *SMALL, "--json")
    process = begun(*arguments)
    deadline = time.monotonic() + 300
    artifacts = tmp_path / "out" / "artifacts" / "ItemsTransform"
    while not artifacts.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Run the same command again" in said
    (stopped,) = records.read_all(tmp_path)
    assert (stopped.status, stopped.reasons) == ("interrupted", ["Interrupted by SIGTERM."])
    again = movielens(*arguments)
    assert again.returncode == 0, again.stderr
    record = json.loads(again.stdout)
    assert record["components"]["TimelinesExampleGen"]["cached"]
    assert not record["components"]["ItemsTransform"]["cached"]
    assert record["settings"]["model.embedding_dim"] == 8
    assert record["counts"]["users"] == 40


def test_tuning_that_is_interrupted_goes_on_where_it_stopped(data, tmp_path):
    output = tmp_path / "out"
    small = ("--set", "model.history=mean", "--set", "model.epochs=2")
    arguments = ("tune", "--data", data, "--output", output, "--trials", "2", *small, "--json")
    process = begun(*arguments)
    for line in process.stderr:
        if "trial 1 of 2" in line:
            break
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Run the same command again" in said

    second = movielens(*arguments)
    assert second.returncode == 0, second.stderr
    assert "1 of 2 trials are in" in second.stderr
    assert "trial 2 of 2" in second.stderr
    assert "trial 1 of 2" not in second.stderr
    found = json.loads(second.stdout)
    figures = [trial["metrics"]["val_ndcg@10"] for trial in found["trials"]]
    assert figures == sorted(figures, reverse=True)
    assert found["best"] == found["trials"][0]["values"]
    assert found["command"].split()[1:3] == ["run", "--preset"]
    (best,) = (output / "artifacts" / "TwoTowerTuner" / "best_hyperparameters").glob("*/*.txt")
    assert json.loads(best.read_text())["values"] == found["best"]

    third = movielens(*arguments)
    assert third.returncode == 0, third.stderr
    assert "All 2 trials were there already" in third.stderr
    assert json.loads(third.stdout) == found
