"""`movielens forget` and `movielens clean`, as people call them."""

import json

import pytest

from components.bundle import manifest
from components.registry import models_config
from pipeline.cli import main
from pipeline.runs import in_use
from pipeline.runs.records import BLESSED, RunRecord
from support import remembering_towers

PERSON = "zz-person-4711"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return remembering_towers.save_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def runs(bundle, tmp_path):
    import shutil

    output = tmp_path / "runs" / "ml"
    version = output / "serving" / "movielens" / "10"
    shutil.copytree(bundle, version)
    record = RunRecord(
        "1", "ml", "/data/ml", str(output), str(output / "logs" / "1.log"), status=BLESSED
    )
    record.pushed = str(version)
    record.write(output / "records")
    for name in ("artifacts/Trainer/model/1/file", "logs/1.log"):
        (output / name).parent.mkdir(parents=True)
        (output / name).write_text(PERSON)
    return tmp_path / "runs"


def base(runs):
    return runs / "ml" / "serving" / "movielens"


def forget(runs, *arguments):
    return main.main(["forget", *arguments, "--runs", str(runs)])


def test_a_user_is_erased_and_then_unknown(runs, capsys):
    assert forget(runs, PERSON) == 0
    out = capsys.readouterr().out
    assert f"{PERSON}: erased from 10" in out
    assert (
        "/data/ml: runs that push here leave them out" in out and "movielens clean --keep 0" in out
    )
    assert manifest.problems(str(base(runs) / "11")) == []
    assert main.main(["serving", "verify", "--runs", str(runs)]) == 0
    capsys.readouterr()
    assert main.main(["recommend", PERSON, "--runs", str(runs)]) == 0
    assert "Nothing is known" in capsys.readouterr().out
    assert forget(runs, PERSON) == main.NOTHING_LEFT
    assert f"{PERSON}: nothing left" in capsys.readouterr().out


def test_users_come_from_a_file_too(runs, tmp_path, capsys):
    (tmp_path / "users.txt").write_text(f"{PERSON}\n\n2\n")
    assert forget(runs, "--users-file", str(tmp_path / "users.txt"), "10", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["found"] == {"10": [10], PERSON: [10], "2": [10]}
    assert told["replaced"] == {"10": 11} and told["data"] == ["/data/ml"]


def test_cleaning_removes_artifacts_and_logs_too(runs, capsys):
    assert forget(runs, PERSON, "--clean") == 0
    assert "movielens clean" not in capsys.readouterr().out
    left = [p for p in runs.rglob("*") if p.is_file() and PERSON.encode() in p.read_bytes()]
    assert left == []


def test_while_a_run_is_in_progress_nothing_is_forgotten_with_clean(runs, capsys):
    with in_use.by_a_run(runs / "ml"):
        assert forget(runs, PERSON, "--clean") == 1
    assert "A run is in progress" in capsys.readouterr().err
    assert (base(runs) / "10").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say who is to be forgotten"),
        ([PERSON], "one of --server --no-server is required"),
        ([PERSON, "--no-server", "--server", "http://localhost:1"], "not both"),
    ],
)
def test_misuse(runs, capsys, arguments, message):
    models_config.write(str(base(runs)), {10}, {"stable": 10})
    assert forget(runs, *arguments) == 2
    assert message in capsys.readouterr().err
    assert (base(runs) / "10").exists()


def test_labels_follow_where_no_server_runs(runs):
    models_config.write(str(base(runs)), {10}, {"stable": 10})
    assert forget(runs, PERSON, "--no-server") == 0
    assert models_config.labels(str(base(runs))) == {"stable": 11}


def test_clean_tells_bytes(runs, capsys):
    clean = ["clean", "--keep", "0", "--runs", str(runs), "--json"]
    assert main.main([*clean, "--dry-run"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == [
        {"output": str(runs / "ml"), "kept": [], "freed": 2 * len(PERSON), "dry_run": True}
    ]
    assert main.main(["clean", "--keep", "0", "--runs", str(runs)]) == 0
    assert "(28 bytes), kept no run" in capsys.readouterr().out
    assert not (runs / "ml" / "logs" / "1.log").exists()


def test_clean_of_nothing(tmp_path, capsys):
    assert main.main(["clean", "--runs", str(tmp_path)]) == 1
    assert "No run under" in capsys.readouterr().err


def test_later_runs_are_told_who_is_left_out(runs):
    from components.ingestion import forgotten

    assert forget(runs, PERSON, "nobody") == 0
    listed = forgotten.read(str(base(runs)))
    assert len(listed.users) == 2 and listed.add([PERSON]) == listed
