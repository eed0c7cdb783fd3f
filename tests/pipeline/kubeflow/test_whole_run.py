"""The whole compiled pipeline through `kfp.local`, each container through our entrypoint.

Driver and launcher are emulated (`driver_shaped.py`); no cluster is involved.
"""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from components.bundle import towers
from components.bundle.manifest import checksums, fingerprint
from components.canary.requests import PROBE
from pipeline.kubeflow.compiler import compile as kubeflow_compile
from support import ROOT

KFP = ROOT / ".venv-kubeflow" / "bin" / "python"
SETTINGS = (
    "model.history=mean",
    "model.embedding_dim=8",
    "model.batch_size=10",
    "model.learning_rate=0.02",
    "model.epochs=60",
    "model.patience=0",
)
RUNS_AGAIN = {"ItemsExampleGen", "TimelinesExampleGen", "Baseline", "Evaluator", "Pusher"}
USERS = ["1", "2", "3", "40", "nobody"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KFP.exists(), reason="no .venv-kubeflow: `make test` makes it"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kubeflow")


@pytest.fixture(scope="module")
def data(folder, write_checkerboard):
    """A folder of spans, as somebody has it who retrains every night."""
    write_checkerboard(folder / "data" / "1", users=40, movies=40, share=0.6)
    return folder / "data"


@pytest.fixture(scope="module")
def run(environment, folder, data):
    """A function that runs the compiled pipeline, and returns what each task gave by its name."""

    def run(name, reused=None, settings=(), fails=False):
        package = folder / f"{name}.yaml"
        settings = (*SETTINGS, *settings)
        kubeflow_compile.compile_to(dataclasses.replace(environment, settings=settings), package)
        settings = {
            "pipeline": str(package),
            "python": sys.executable,
            "folder": str(folder),
            "run": name,
            "reused": reused or {},
            "parameters": {
                "data": f"{data}/{{SPAN}}",
                "serving_base": str(folder / "kubeflow-serving"),
            },
        }
        script = ROOT / "tests" / "support" / "run_in_kfp_local.py"
        done = subprocess.run(
            [KFP, script, json.dumps(settings)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert (done.returncode != 0) == fails, done.stderr[-3000:]
        return {
            path.stem: json.loads(path.read_text()).get("artifacts", {})
            for path in (folder / name).glob("*.json")
        }

    return run


@pytest.fixture(scope="module")
def first(run):
    return run("first")


@pytest.fixture(scope="module")
def second(run, first, data):
    """A run after a new span, of one rating more; what looks neither at data nor at serving is
    taken over."""
    shutil.copytree(data / "1", data / "2")
    with (data / "2" / "u.data").open("a") as file:
        file.write("1\t2\t5\t1700000000\n")
    return run("second", {task: "first" for task in first if task not in RUNS_AGAIN})


def metadata(made, task, output):
    return made[task][output]["artifacts"][0]["metadata"]


def pushed(made):
    return metadata(made, "Pusher", "pushed_model")["pushed_destination"]


def manifest(made):
    return json.loads(pathlib.Path(pushed(made), "assets.extra", "manifest.json").read_text())


def ask(bundle):
    """Asks a bundle in a bare process, as the canary does."""
    requests = [
        ["serving_default", {"user_id": USERS}],
        ["similar", {"item_id": ["2", "3"]}],
    ]
    done = subprocess.run(
        [sys.executable, "-I", str(PROBE), bundle],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_task_ran(first, documents):
    assert set(first) == set(documents[0]["root"]["dag"]["tasks"])


def test_bundle_is_blessed_and_pushed_to_the_mounted_folder(first, folder):
    assert metadata(first, "Evaluator", "blessing")["blessed"] == 1
    assert pathlib.Path(pushed(first)).parent == folder / "kubeflow-serving"


def test_answers_equal_those_of_a_run_on_one_machine(first, folder, data):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pipeline.cli", "run", "--json"),
            *("--data", f"{data}/{{SPAN}}", "--span", "1", "--output", str(folder / "local")),
            *(part for setting in SETTINGS for part in ("--set", setting)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    local = json.loads(done.stdout)
    assert local["span"] == 1
    assert f"{data}/1: 3 files of MovieLens, span 1" in done.stderr
    assert ask(pushed(first)) == ask(local["pushed"])


def test_bundle_names_its_data_and_the_run(first):
    told = manifest(first)
    assert told["data"]["span"] == 1
    assert told["push"]["run"] == told["towers"]["run"]
    assert told["push"]["run"].isalnum()  # the id that `kfp.local` gave


def test_manifest_is_as_one_that_a_run_on_one_machine_writes(first):
    told = manifest(first)
    assert told["evaluation"]["exclude_seen"] is True
    assert type(told["settings"]["k"]) is int


def test_bundle_holds_its_towers_so_that_it_can_be_refreshed_anywhere(first, tmp_path):
    towers.unpack(pushed(first), str(tmp_path / "towers"))
    files = checksums(str(tmp_path / "towers"))
    assert "saved_model.pb" in files
    assert fingerprint(files) == manifest(first)["towers"]["sha256"]


def test_metrics_are_of_the_same_bundle(first):
    blessing = metadata(first, "Evaluator", "blessing")
    canary = metadata(first, "Canary", "blessing")
    assert canary["blessed"] == 1
    assert blessing["current_model_id"].isdecimal()  # the driver's name of it, kept intact


def test_second_run_sees_the_first_as_its_baseline(first, second):
    assert "served_version" not in metadata(first, "Baseline", "model")
    served = metadata(second, "Baseline", "model")["served_version"]
    assert served == pathlib.Path(pushed(first)).name
    assert "baseline_model_id" in metadata(second, "Evaluator", "blessing")
    assert "baseline_model_id" not in metadata(first, "Evaluator", "blessing")


def test_a_run_that_is_not_blessed_fails_and_names_its_threshold_in_the_last_line(
    run, first, folder
):
    """Nobody is better than popular by a hit for every user."""
    versions = list((folder / "kubeflow-serving").glob("[0-9]*"))
    reused = {task: "first" for task in first if task not in ("Evaluator", "Pusher")}
    made = run("refused", reused, ("gates.min_lift=1.0",), fails=True)
    assert not metadata(made, "Evaluator", "blessing").get("blessed")
    for task in ("Evaluator", "Pusher"):
        last = (folder / "refused" / f"{task}.log").read_text().splitlines()[-1]
        assert re.search(
            r"NOT BLESSED.*: hit@10 over popular \(all users\) is 0\.\d{4}, 0\.\d{4} below the "
            r"threshold 1\.0000 \(hit@10 \d\.\d{4}, popular hit@10 0\.\d{4}\)",
            last,
        )
    assert list((folder / "kubeflow-serving").glob("[0-9]*")) == versions


@pytest.mark.parametrize("task", ["ItemsExampleGen", "TimelinesExampleGen"])
def test_second_run_reads_the_new_span(first, second, task):
    before, after = (metadata(made, task, "examples") for made in (first, second))
    assert (before["custom:span"], after["custom:span"]) == (1, 2)
    assert before["input_fingerprint"] != after["input_fingerprint"]
