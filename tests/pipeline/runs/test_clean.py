"""What is left of runs, and what a later run may reuse of it."""

import pathlib

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx

from pipeline.runs import clean, in_use, lineage, local_runner, metadata_store
from pipeline.runs.records import BLESSED, FAILED, NOT_BLESSED, RunRecord


@tfx.dsl.components.component
def Write(  # noqa: N802
    text: tfx.dsl.components.Parameter[str],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
) -> None:
    pathlib.Path(model.uri).mkdir(parents=True, exist_ok=True)
    pathlib.Path(model.uri, "text").write_text(text)


@pytest.fixture
def run(tmp_path):
    """A function that runs a component with a record and a log; returns whether it was reused."""

    def run(run_id, text, status=BLESSED):
        cached = []
        pipeline = tfx.dsl.Pipeline(
            "test", str(tmp_path / "artifacts"), components=[Write(text=text)], enable_cache=True
        )
        local_runner.run(
            pipeline,
            tmp_path / "metadata.sqlite",
            run_id,
            on_end=lambda node, seconds, reused: cached.append(reused),
        )
        log = tmp_path / "logs" / f"{run_id}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(text)
        RunRecord(run_id, "p", f"/data/{text}", str(tmp_path), str(log), status=status).write(
            tmp_path / "records"
        )
        return cached == [True]

    return run


def texts(folder):
    """Returns what is in the files that components wrote, and in logs."""
    return sorted(path.read_text() for path in folder.rglob("text")), sorted(
        path.stem for path in folder.glob("logs/*")
    )


def states(folder):
    store = local_runner.ml_metadata.MetadataStore(
        metadata_store.connection(folder / "metadata.sqlite")
    )
    return {
        pathlib.Path(each.uri).name: metadata_store_pb2.Artifact.State.Name(each.state)
        for each in store.get_artifacts()
    }


def test_the_last_runs_that_ended_stay_and_what_they_reused(run, tmp_path):
    run("1", "shared")
    run("2", "old", NOT_BLESSED)
    assert run("3", "shared", NOT_BLESSED)
    run("4", "failed", FAILED)
    cleaned = clean.clean(tmp_path, keep=1)
    assert cleaned.kept == ["3"] and cleaned.freed > 0
    assert texts(tmp_path) == (["shared"], ["3"])
    assert sorted(states(tmp_path).values()) == ["DELETED", "DELETED", "LIVE"]
    assert len(list((tmp_path / "records").iterdir())) == 4


def test_nothing_deleted_is_reused_and_what_stays_is(run, tmp_path):
    run("1", "old")
    run("2", "new")
    clean.clean(tmp_path, keep=1)
    assert run("3", "new")
    assert not run("4", "old")
    path = lineage.outputs(tmp_path / "metadata.sqlite", "4")["Write"]["model"].uri
    assert pathlib.Path(path, "text").read_text() == "old"


def test_with_none_kept_the_trials_go_too(run, tmp_path):
    run("1", "a")
    for name in ("tuning/trial", "serving/movielens/1/saved_model.pb"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    clean.clean(tmp_path, keep=1)
    assert (tmp_path / "tuning" / "trial").exists()
    clean.clean(tmp_path, keep=0)
    assert texts(tmp_path) == ([], []) and not (tmp_path / "tuning" / "trial").exists()
    assert (tmp_path / "serving" / "movielens" / "1" / "saved_model.pb").exists()
    assert not run("2", "a")


def test_a_dry_run_tells_the_same_and_removes_nothing(run, tmp_path):
    run("1", "a")
    run("2", "b")
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    told = clean.clean(tmp_path, 1, dry_run=True)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert states(tmp_path) == dict.fromkeys(states(tmp_path), "LIVE")
    assert clean.clean(tmp_path, 1).freed == told.freed > 0


def test_a_run_in_progress_is_never_cleaned(run, tmp_path):
    run("1", "a")
    with in_use.by_a_run(tmp_path), pytest.raises(ValueError, match="A run is in progress"):
        clean.clean(tmp_path, 0)
    assert texts(tmp_path) == (["a"], ["1"]) and set(states(tmp_path).values()) == {"LIVE"}


def test_folders_of_data_are_told_once(run, tmp_path):
    run("1", "a")
    run("2", "a")
    assert clean.data_folders(tmp_path) == ["/data/a"]
    assert clean.output_folders(tmp_path) == [tmp_path]
