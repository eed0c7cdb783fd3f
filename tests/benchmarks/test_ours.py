"""The frozen split is the pipeline's, and what a bundle is asked never holds a label."""

import contextlib
import io
import sys
import types

import numpy as np
import tensorflow as tf

from benchmarks import ours
from benchmarks.protocols import EVAL, TEST, TRAIN
from components.ingestion.splits import SplitConfig
from pipeline.cli import main
from pipeline.runs import recorded_run
from pipeline.runs.records import RunRecord
from transform import features


def values(example, name):
    return list(tf.train.Example.FromString(example).features.feature[name].bytes_list.value)


def test_frozen_split_is_in_order_of_users_and_times(tmp_path, write_checkerboard):
    data = write_checkerboard(tmp_path, users=6, movies=12)
    frozen = ours.freeze(data, SplitConfig())
    split = frozen.ratings
    catalogue = [values(movie, features.ITEM_ID)[0] for movie in frozen.movies]
    assert catalogue == frozen.movie_ids.tolist() == sorted(b"%d" % n for n in range(1, 13))
    assert np.bincount(split.part).tolist() == [6 * 4, 6, 6]
    for user, timeline in enumerate(frozen.timelines):
        own = split.user == user
        assert values(timeline, features.USER_ID) == [b"%d" % (user + 1)]
        assert split.part[own].tolist() == [TRAIN] * 4 + [EVAL, TEST]
        watched = [catalogue[movie] for movie in split.movie[own]]
        assert values(timeline, features.ITEM_ID) == watched[:-1]
        assert {int(movie) % 2 for movie in watched} == {(user + 1) % 2}


def test_the_pipeline_runs_as_asked_with_open_gates(tmp_path, write_checkerboard, monkeypatch):
    """What starts as a process runs here, up to where TFX would be imported."""
    asked = []

    def run_and_record(config, preset, paths, *others):
        asked.append((config, preset, paths))
        record = RunRecord("1", preset, config.data, str(tmp_path), "log", status="blessed")
        record.metrics[""] = {"hit@10": 0.5}
        return record

    def here(command, **options):
        assert command[:3] == [sys.executable, "-m", "pipeline.cli"]
        assert options["check"]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            assert main.main(command[3:]) == 0
        return types.SimpleNamespace(stdout=out.getvalue())

    monkeypatch.setattr(recorded_run, "run_and_record", run_and_record)
    monkeypatch.setattr(ours, "subprocess", types.SimpleNamespace(run=here, PIPE=None))
    data = write_checkerboard(tmp_path / "data")
    split = SplitConfig(test_fraction=0.2)
    record = ours.run(data, tmp_path / "out", "ml-1m", split, ["model.seed=3"])
    assert record["status"] == "blessed"
    ((config, preset, paths),) = asked
    assert (config.data, preset, config.settings.split) == (str(data), "ml-1m", split)
    assert paths["records"].parent == tmp_path / "out"
    assert config.settings.model.seed == 3
    assert config.settings.gates.min_lift == -1
