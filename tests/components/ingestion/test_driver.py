import os
import pathlib

import pytest
from ml_metadata.metadata_store import metadata_store
from tfx import v1 as tfx
from tfx.types import standard_artifacts

from components.ingestion import spans
from components.ingestion.driver import FOLDER, look_at_data
from components.ingestion.items_example_gen import ItemsExampleGen
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS).to_json()


@pytest.fixture
def data(tmp_path, write_checkerboard):
    """Two spans; the later one has one movie more."""
    for span, movies in ((7, 4), (8, 5)):
        write_checkerboard(tmp_path / "data" / f"span-{span}", users=4, movies=movies)
    return str(tmp_path / "data" / "span-{SPAN}")


@pytest.mark.parametrize(
    ("requested", "span", "movies"), [("newest", 8, 5), ("7", 7, 4)], ids=["newest", "asked-for"]
)
def test_span_is_read_and_noted(data, generate, read_examples, requested, span, movies):
    artifact = generate(ItemsExampleGen(data, MOVIELENS, span=requested))

    assert len(read_examples(artifact, "catalogue")) == movies
    assert spans.of(artifact) == span
    assert artifact.get_string_custom_property(FOLDER) == data.replace("{SPAN}", str(span))
    fingerprint = artifact.get_string_custom_property("input_fingerprint")
    assert "num_files:3" in fingerprint  # of this span alone


def test_plain_folder_has_tfx_s_span(data, generate):
    folder = data.replace("{SPAN}", "7")
    artifact = generate(ItemsExampleGen(folder, MOVIELENS))
    assert spans.of(artifact) == 0
    assert artifact.get_string_custom_property(FOLDER) == folder


def test_timelines_follow_the_catalogue(data, generate, read_examples, write_checkerboard):
    items = generate(ItemsExampleGen(data, MOVIELENS))
    write_checkerboard(pathlib.Path(data.replace("{SPAN}", "9")), users=6, movies=6)  # meanwhile

    timelines = generate(TimelinesExampleGen(data, MOVIELENS, SplitConfig()), {"items": [items]})

    assert spans.of(timelines) == 8
    assert len(read_examples(timelines, "test")) == 4


def test_version_is_noted_and_followed(tmp_path, write_checkerboard):
    write_checkerboard(tmp_path / "7" / "2", users=4, movies=4)
    pattern = str(tmp_path / "{SPAN}" / "{VERSION}")
    component = ItemsExampleGen(pattern, MOVIELENS)
    items, timelines = standard_artifacts.Examples(), standard_artifacts.Examples()

    look_at_data(dict(component.exec_properties), {}, items.mlmd_artifact)
    look_at_data(dict(component.exec_properties), {"items": [items]}, timelines.mlmd_artifact)

    for artifact in (items, timelines):
        assert artifact.get_int_custom_property("version") == 2
        assert artifact.get_string_custom_property(FOLDER) == str(tmp_path / "7" / "2")


def test_span_that_is_not_there(data, generate):
    with pytest.raises(ValueError, match=r"Span 6 of .* is not there, or empty; there are: 8, 7\."):
        generate(ItemsExampleGen(data, MOVIELENS, span="6"))


@pytest.mark.parametrize(
    ("folder", "span", "message"),
    [("/data/{DAY}", "newest", r"\{DAY\} means nothing"), ("/data", "seven", "got 'seven'")],
    ids=["pattern", "span"],
)
def test_what_can_not_be_found_is_refused_before_it_runs(folder, span, message):
    with pytest.raises(ValueError, match=message):
        ItemsExampleGen(folder, MOVIELENS, span=span)
    with pytest.raises(ValueError, match=message):
        TimelinesExampleGen(folder, MOVIELENS, SplitConfig(), span=span)


class Nights:
    """Runs both ExampleGens under LocalDagRunner, with caching, as every night."""

    def __init__(self, folder, data):
        self.folder, self.data = folder, data
        self.connection = tfx.orchestration.metadata.sqlite_metadata_connection_config(
            str(folder / "metadata.sqlite")
        )

    def run(self):
        items = ItemsExampleGen(self.data, MOVIELENS)
        timelines = TimelinesExampleGen(
            self.data, MOVIELENS, SplitConfig(), items=items.outputs["examples"]
        )
        tfx.orchestration.LocalDagRunner().run(
            tfx.dsl.Pipeline(
                "nights",
                str(self.folder / "root"),
                components=[items, timelines],
                enable_cache=True,
                metadata_connection_config=self.connection,
            )
        )

    def found(self):
        """Returns the spans of what was made, in order, and what was asked for."""
        store = metadata_store.MetadataStore(self.connection)
        examples = store.get_artifacts_by_type("Examples")
        return [artifact.custom_properties["span"].int_value for artifact in examples]


def test_a_new_span_is_noticed_and_an_old_one_reused(tmp_path, data, write_checkerboard):
    nights = Nights(tmp_path, data)
    nights.run()
    assert nights.found() == [8, 8]
    nights.run()
    assert nights.found() == [8, 8]  # taken from the cache
    write_checkerboard(tmp_path / "data" / "span-9", users=4, movies=5)  # the same files, later
    nights.run()
    assert nights.found() == [8, 8, 9, 9]


@pytest.mark.parametrize("name", ["d [2024]", "d [x", "what?", "star*"])
def test_a_change_is_noticed_whatever_the_folder_is_called(tmp_path, write_checkerboard, name):
    folder = write_checkerboard(tmp_path / name, users=4, movies=4)
    before = fingerprint(folder)
    assert fingerprint(folder) == before
    with (folder / "u.data").open("a") as file:
        file.write("1\t2\t5\t1000000000\n")
    assert fingerprint(folder) != before


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path, write_checkerboard):
    folder = write_checkerboard(tmp_path, users=4, movies=4)
    file = folder / "u.data"
    before, status, text = fingerprint(folder), file.stat(), file.read_text()
    changed = text.replace("\t1\t9", "\t5\t9")
    assert changed != text
    file.write_text(changed)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint(folder) != before


def test_files_that_are_not_read_change_nothing(tmp_path, write_checkerboard):
    folder = write_checkerboard(tmp_path, users=4, movies=4)
    before = fingerprint(folder)
    (folder / "README").write_text("new")
    assert fingerprint(folder) == before


def test_a_folder_without_files_is_refused(tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)):
        fingerprint(tmp_path)


def fingerprint(folder):
    properties = dict(ItemsExampleGen(str(folder), MOVIELENS).exec_properties)
    artifact = standard_artifacts.Examples()
    resolved = look_at_data(properties, {}, artifact.mlmd_artifact)
    assert artifact.get_string_custom_property("input_fingerprint") == resolved["input_fingerprint"]
    return resolved["input_fingerprint"]
