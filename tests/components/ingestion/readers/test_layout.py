import pytest

from components.ingestion.faults import DataErrors
from components.ingestion.readers.layout import detect, is_source


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["items.csv", "events.csv"], "csv"),
        (["items.csv.gz", "users.csv", "events.csv"], "csv"),
        (["items.jsonl", "events.parquet"], "jsonl and parquet"),
        (["items.csv", "events/b.csv", "events/a.csv.gz", "events/_SUCCESS"], "csv"),
        (["items.csv", "events.csv", "notes.txt", "images/1.png"], "csv"),
        (["u.data", "u.item", "u.user"], "ml-100k"),
    ],
)
def test_the_layout_is_told_from_names(tmp_path, names, layout):
    assert detect(touch(tmp_path, *names)).name == layout


def test_shards_are_sorted_by_name(tmp_path):
    touch(tmp_path, "items.csv", "events/part-2.csv", "events/part-10.csv", "events/.part-1.crc")

    events = detect(tmp_path).shards["events"]

    assert [path.name for path in events] == ["part-10.csv", "part-2.csv"]


def test_brackets_in_the_path_are_no_pattern(tmp_path):
    folder = touch(tmp_path / "d [2024]", "items.csv", "events/a [1].csv")

    assert [path.name for path in detect(folder).files] == ["items.csv", "a [1].csv"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["items.csv", "items.parquet", "events.csv"], "several sources of items: items.csv, item"),
        (["items.csv", "items/a.csv", "events.csv"], "several sources of items: items, items.csv"),
        (["items.csv", "events.csv", "u.data"], "files of several layouts: .*u.data"),
        (["items.csv"], "no events; found items.csv"),
        (["events.csv", "users.csv"], "no items; found"),
        (["events/a.csv", "events/b.parquet", "items.csv"], "several formats: csv, parquet"),
        (["events/date=1/a.csv", "items.csv"], "a folder within a folder of shards"),
        (["events/_SUCCESS", "items.csv"], "no shards in the folder"),
        (["events", "items.csv"], "is a file without an extension"),
        (["products.csv"], "neither items and events nor .* found products.csv"),
    ],
)
def test_other_folders_are_refused(tmp_path, names, message):
    with pytest.raises(DataErrors, match=message):
        detect(touch(tmp_path, *names))


def test_what_is_not_read_is_told(tmp_path):
    touch(tmp_path, "items.csv", "events/a.csv", "events/notes.txt")

    assert "notes.txt is not read" in detect(tmp_path).warnings[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("items.csv", True),
        ("events", True),
        ("users.jsonl.gz", True),
        ("u.data", True),
        ("movies.csv", True),
        ("items.xlsx", False),
        ("item.csv", False),
    ],
)
def test_sources_are_known_by_name(name, expected):
    assert is_source(name) == expected
