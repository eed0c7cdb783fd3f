import dataclasses
import pathlib

import pytest
from ml_metadata.metadata_store import metadata_store
from tfx import v1 as tfx
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from components.ingestion.items_example_gen import ItemsExampleGen
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS).to_json()
LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_every_event_once(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, users=6, movies=9)

    artifact = generate(TimelinesExampleGen(str(folder), MOVIELENS, SplitConfig()))

    timelines = read_examples(artifact, "test")
    columns = ("item_id", "rating", "time")
    rows = [
        (timeline["user_id"][0].decode(), item.decode(), rating, time)
        for timeline in timelines
        for prefix in ("", "label_")
        for item, rating, time in zip(*(timeline[prefix + name] for name in columns), strict=True)
    ]
    events = tables.read(folder, datasets.load(datasets.MOVIELENS)).events
    expected = (events.column(name).to_pylist() for name in ("user_id", *columns))
    assert sorted(rows) == sorted(zip(*expected, strict=True))
    known_users = layout in ("ml-100k", "ml-1m")
    assert all(("zip" in timeline) == known_users for timeline in timelines)
    assert all("label_item_id" not in timeline for timeline in read_examples(artifact, "train"))
    assert [len(read_examples(artifact, split)) for split in ("train", "eval", "test")] == [6] * 3


def test_one_user_one_item_one_event(tmp_path, write_checkerboard, generate, read_examples):
    folder = write_checkerboard(tmp_path / "data", users=1, movies=1)

    artifact = generate(TimelinesExampleGen(str(folder), MOVIELENS, SplitConfig()))

    (timeline,) = read_examples(artifact, "test")
    assert (timeline["user_id"], timeline["item_id"]) == ([b"1"], [b"1"])
    assert "label_item_id" not in timeline


def test_bad_data_stops_the_run_and_says_where(tmp_path, write_checkerboard, generate):
    folder = write_checkerboard(tmp_path / "data")
    with (folder / "u.data").open("a") as file:
        file.write("1\t1\tfive\t978300760\n")

    with pytest.raises(DataErrors, match=r"u\.data, line 201: rating 'five' is not a number"):
        generate(TimelinesExampleGen(str(folder), MOVIELENS, SplitConfig()))


def test_the_split_and_the_code_version_are_part_of_the_cache_key():
    first = TimelinesExampleGen("data", MOVIELENS, SplitConfig(), code_version="1")
    others = (
        TimelinesExampleGen("data", MOVIELENS, SplitConfig(), code_version="2"),
        TimelinesExampleGen("data", MOVIELENS, SplitConfig("random"), code_version="1"),
    )

    for other in others:
        assert other.exec_properties["custom_config"] != first.exec_properties["custom_config"]


def test_the_folder_may_be_chosen_at_run_time():
    folder = RuntimeParameter(name="data", ptype=str)

    assert (
        TimelinesExampleGen(folder, MOVIELENS, SplitConfig()).exec_properties["input_base"]
        is folder
    )


@pytest.fixture
def page(tmp_path):
    """Three users, two of whom did all they did in one second, and one of them only once."""
    rows = [
        "1,1,4,978300900",
        "1,2,4,978300900",
        "1,3,4,978300900",
        "2,1,4,978300900",
        "3,1,4,978300900",
        "3,2,4,978300901",
    ]
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "ratings.csv").write_text(
        "\n".join(["userId,movieId,rating,timestamp", *rows, ""])
    )
    (tmp_path / "page" / "movies.csv").write_text(
        "movieId,title,genres\n1,A (1990),Drama\n2,B (1990),Drama\n3,C (1990),Drama\n"
    )
    return tmp_path / "page"


def test_users_of_one_moment_are_told_and_noted(page, generate, caplog):
    artifact = generate(TimelinesExampleGen(str(page), MOVIELENS, SplitConfig()))

    assert artifact.get_int_custom_property("users_of_one_moment") == 1
    told = [record.getMessage() for record in caplog.records if "same time" in record.getMessage()]
    assert told == [
        "1 of 3 users have all their events at the same time: which one is held out as their last "
        "is decided by the order of the files."
    ]


@pytest.mark.parametrize("method", ["temporal", "random"])
def test_users_of_one_moment_matter_only_to_the_last_item(page, generate, caplog, method):
    artifact = generate(TimelinesExampleGen(str(page), MOVIELENS, SplitConfig(method)))

    assert not artifact.has_custom_property("users_of_one_moment")
    assert "same time" not in caplog.text


@dataclasses.dataclass(frozen=True)
class Runs:
    """Runs of a pipeline of both ExampleGens, cached."""

    data: pathlib.Path
    root: pathlib.Path

    def connection(self):
        return tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(self.root / "metadata.sqlite")
        )

    def executions(self, code_version="1"):
        """Runs once more and returns how many executions were not answered from the cache."""
        tfx.orchestration.LocalDagRunner().run(
            tfx.dsl.Pipeline(
                pipeline_name="ingestion",
                pipeline_root=str(self.root),
                components=[
                    TimelinesExampleGen(str(self.data), MOVIELENS, SplitConfig(), code_version),
                    ItemsExampleGen(str(self.data), MOVIELENS, code_version),
                ],
                enable_cache=True,
                metadata_connection_config=self.connection(),
            )
        )
        store = metadata_store.MetadataStore(self.connection())
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


def test_counts_are_in_ml_metadata(tmp_path, page):
    runs = Runs(data=page, root=tmp_path / "runs")
    runs.executions()

    store = metadata_store.MetadataStore(runs.connection())
    artifacts = store.get_artifacts_by_type("Examples")
    noted = [a.custom_properties for a in artifacts if "users_of_one_moment" in a.custom_properties]
    assert [properties["users_of_one_moment"].int_value for properties in noted] == [1]


def test_later_events_than_the_stated_moment_are_in_no_timeline(page, generate, read_examples):
    artifact = generate(
        TimelinesExampleGen(str(page), MOVIELENS, SplitConfig(), as_of="2000-12-31T22:15:00Z")
    )

    assert artifact.get_int_custom_property("set_aside") == 1
    times = [each["time"] for each in read_examples(artifact, "test")]
    assert {time for each in times for time in each} == {978300900}
    stated = TimelinesExampleGen(str(page), MOVIELENS, SplitConfig(), as_of="2000-12-31")
    assert stated.exec_properties["as_of"] == "2000-12-31"  # a part of the cache key


def test_a_moment_without_a_meaning_is_refused_where_the_component_is_made():
    with pytest.raises(ValueError, match="'soon' is no moment"):
        TimelinesExampleGen("data", MOVIELENS, SplitConfig(), as_of="soon")
