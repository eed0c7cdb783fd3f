import pathlib

import pytest

from pipeline.runs import record_paths

ABSOLUTE = {
    "run_id": "1",
    "output": "/a/runs/shop",
    "data": "/data/shop",
    "log": "/a/runs/shop/logs/1.log",
    "pushed": "/a/runs/shop/serving/shop/7",
    "same_as": "",
    "served": "/elsewhere/serving/shop/6",
}


def test_paths_under_the_output_folder_are_relative_to_it():
    assert record_paths.to_relative(ABSOLUTE) == {
        "run_id": "1",
        "output": ".",
        "data": "/data/shop",
        "log": "logs/1.log",
        "pushed": "serving/shop/7",
        "same_as": "",
        "served": "/elsewhere/serving/shop/6",
    }


@pytest.mark.parametrize("old", [False, True], ids=["relative", "older-absolute"])
def test_where_the_record_lies_decides(old):
    written = ABSOLUTE if old else record_paths.to_relative(ABSOLUTE)
    assert record_paths.to_absolute(written, pathlib.Path("/b/copy")) == {
        "run_id": "1",
        "output": "/b/copy",
        "data": "/data/shop",
        "log": "/b/copy/logs/1.log",
        "pushed": "/b/copy/serving/shop/7",
        "same_as": "",
        "served": "/elsewhere/serving/shop/6",
    }
    assert record_paths.to_absolute(written, pathlib.Path("/a/runs/shop")) == ABSOLUTE


@pytest.mark.parametrize(
    ("data", "moved"),
    [
        ("/a/runs/data/ml-100k", "/b/runs/data/ml-100k"),
        ("/a/runs/shop/data/{SPAN}", "/b/runs/shop/data/{SPAN}"),
        ("/a/runs-of-mine/data", "/a/runs-of-mine/data"),
        ("/a/runs/shopping", "/a/runs/shopping"),
    ],
    ids=["fetched-beside", "inside", "alike-by-prefix", "another-folder-beside"],
)
def test_data_that_moves_along(data, moved):
    written = record_paths.to_relative({**ABSOLUTE, "data": data})
    assert record_paths.to_absolute(written, pathlib.Path("/b/runs/shop"))["data"] == moved


def test_a_field_that_an_older_record_lacks_stays_away():
    old = {name: ABSOLUTE[name] for name in ("output", "data", "log")}
    assert record_paths.to_absolute(old, pathlib.Path("/b"))["log"] == "/b/logs/1.log"
