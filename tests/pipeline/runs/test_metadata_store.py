import re
import sqlite3
import subprocess
import sys

import ml_metadata
import pytest
from tfx import v1 as tfx

from pipeline.runs import clean, lineage, local_runner, metadata_store

HOLD = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """A store as runs leave it."""
    path = tmp_path / "my runs ä" / "metadata.sqlite"
    ml_metadata.MetadataStore(metadata_store.connection(path))
    return path


def test_a_sound_store_and_one_that_is_not_there_yet_are_fine(path, tmp_path):
    assert metadata_store.problem(path) == ""
    metadata_store.check(path)
    metadata_store.check(tmp_path / "none.sqlite")


def cut_short(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwritten(path):
    path.write_bytes(b"some text that is no database at all" * 100)


def of_later_code(path):
    with sqlite3.connect(path) as store:
        store.execute("UPDATE MLMDEnv SET schema_version = 99")
    store.close()


OPENING = {
    "run": lambda path: local_runner.run(tfx.dsl.Pipeline("p", str(path.parent)), path, "a"),
    "record": lambda path: lineage.outputs(path, "a"),
    "clean": lambda path: clean.clean(path.parent, 0),
}


@pytest.mark.parametrize("opening", OPENING.values(), ids=OPENING)
@pytest.mark.parametrize("damage", [cut_short, overwritten, of_later_code])
def test_what_opens_a_damaged_store_names_it_and_says_what_to_do(path, damage, opening):
    damage(path)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}.*move it away: the next run"):
        opening(path)


def test_where_a_store_is_damaged_nothing_is_forgotten_with_clean(path):
    overwritten(path)
    with pytest.raises(ValueError, match="metadata store can't be used"):
        clean.check_is_free(path.parent)


def test_a_folder_in_its_place_is_named(tmp_path):
    assert f"{tmp_path} is no file" in metadata_store.problem(tmp_path)


def test_a_store_that_another_process_holds_is_named(path, monkeypatch):
    monkeypatch.setattr(metadata_store, "SECONDS_TO_WAIT", 0.0)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        told = metadata_store.problem(path)
        holder.stdin.close()
    assert f"{path} is locked by another process" in told and "wait" in told


def test_what_fails_while_it_is_used_names_the_file(path):
    with (
        pytest.raises(ValueError, match=f"metadata store failed: {re.escape(str(path))} is damag"),
        metadata_store.told_of(path),
    ):
        overwritten(path)
        raise ml_metadata.errors.InternalError("database disk image is malformed")
