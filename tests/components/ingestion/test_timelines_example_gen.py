import dataclasses
import pathlib

import pytest
from components.ingestion.movies_example_gen import MoviesExampleGen
from components.ingestion.ratings_example_gen import RatingsExampleGen
from ml_metadata.metadata_store import metadata_store
from tfx import v1 as tfx
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion.readers.grouplens import DataError, detect, read_ratings
from components.ingestion.splits import SplitConfig

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_every_rating_once(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, users=6, movies=9)

    artifact = generate(RatingsExampleGen(str(folder), SplitConfig()))

    timelines = read_examples(artifact, "test")
    rows = {
        (int(timeline["user_id"][0]), int(movie), rating, timestamp)
        for timeline in timelines
        for kind in ("", "label_")
        for movie, rating, timestamp in zip(
            timeline[f"{kind}movie_id"],
            timeline[f"{kind}rating"],
            timeline[f"{kind}timestamp"],
            strict=True,
        )
    }
    ratings = read_ratings(detect(folder))
    assert rows == set(
        zip(
            ratings.user_id.tolist(),
            ratings.movie_id.tolist(),
            ratings.rating.tolist(),
            ratings.timestamp.tolist(),
            strict=True,
        )
    )
    assert len(rows) == len(ratings.rating)
    known_profile = layout in ("ml-100k", "ml-1m")
    assert all(("zip" in timeline) == known_profile for timeline in timelines)
    assert all("label_movie_id" not in timeline for timeline in read_examples(artifact, "train"))
    assert [len(read_examples(artifact, split)) for split in ("train", "eval", "test")] == [6] * 3


def test_one_user_one_movie_one_rating(tmp_path, write_checkerboard, generate, read_examples):
    folder = write_checkerboard(tmp_path / "data", users=1, movies=1)

    artifact = generate(RatingsExampleGen(str(folder), SplitConfig()))

    (timeline,) = read_examples(artifact, "test")
    assert (timeline["user_id"], timeline["movie_id"]) == ([b"1"], [b"1"])
    assert "label_movie_id" not in timeline


def test_bad_data_stops_the_run_and_says_where(tmp_path, write_checkerboard, generate):
    folder = write_checkerboard(tmp_path / "data")
    with (folder / "u.data").open("a") as file:
        file.write("1\t1\tfive\t978300760\n")

    with pytest.raises(DataError, match=r"u\.data, line 201: rating 'five' is not a number"):
        generate(RatingsExampleGen(str(folder), SplitConfig()))


def test_the_split_and_the_code_version_are_part_of_the_cache_key():
    first = RatingsExampleGen("data", SplitConfig(), code_version="1")
    others = (
        RatingsExampleGen("data", SplitConfig(), code_version="2"),
        RatingsExampleGen("data", SplitConfig("random"), code_version="1"),
    )

    for other in others:
        assert other.exec_properties["custom_config"] != first.exec_properties["custom_config"]


def test_the_folder_may_be_chosen_at_run_time():
    folder = RuntimeParameter(name="data", ptype=str)

    assert RatingsExampleGen(folder, SplitConfig()).exec_properties["input_base"] is folder


@dataclasses.dataclass(frozen=True)
class Runs:
    """Runs of a pipeline of both ExampleGens, cached."""

    data: pathlib.Path
    root: pathlib.Path

    def executions(self, code_version="1"):
        """Runs once more and returns how many executions were not answered from the cache."""
        metadata = str(self.root / "metadata.sqlite")
        tfx.orchestration.LocalDagRunner().run(
            tfx.dsl.Pipeline(
                pipeline_name="ingestion",
                pipeline_root=str(self.root),
                components=[
                    RatingsExampleGen(str(self.data), SplitConfig(), code_version),
                    MoviesExampleGen(str(self.data), code_version),
                ],
                enable_cache=True,
                metadata_connection_config=(
                    tfx.orchestration.metadata.sqlite_metadata_connection_config(metadata)
                ),
            )
        )
        store = metadata_store.MetadataStore(
            tfx.orchestration.metadata.sqlite_metadata_connection_config(metadata)
        )
        complete = 3  # Execution.State.COMPLETE; CACHED is another one
        return sum(
            execution.last_known_state == complete and execution.type_id in _example_gens(store)
            for execution in store.get_executions()
        )


def _example_gens(store):
    return {kind.id for kind in store.get_execution_types() if kind.name.endswith("ExampleGen")}


def test_runs_again_when_a_rating_is_appended_or_the_code_changes(tmp_path, write_checkerboard):
    runs = Runs(data=write_checkerboard(tmp_path / "data", users=4), root=tmp_path / "runs")

    assert runs.executions() == 2
    assert runs.executions() == 2, "nothing changed: both come from the cache"
    with (runs.data / "u.data").open("a") as file:
        file.write("1\t2\t5\t1000000000\n")
    assert runs.executions() == 4
    assert runs.executions(code_version="2") == 6
