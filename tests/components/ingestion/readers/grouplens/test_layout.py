import dataclasses
import subprocess
import sys

import pytest

from components.ingestion.faults import DataErrors
from components.ingestion.readers.grouplens import detect

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_detects_each_layout(tmp_path, write_checkerboard, layout):
    found = detect(write_checkerboard(tmp_path, layout=layout))

    assert found.name == layout
    assert all(path.is_file() for path in found.files)
    assert (found.users is not None) == (layout in ("ml-100k", "ml-1m"))


def test_takes_a_path_as_text(tmp_path, write_checkerboard):
    write_checkerboard(tmp_path)

    assert detect(str(tmp_path)) == detect(tmp_path)


def test_a_layout_cannot_be_changed(tmp_path, write_checkerboard):
    layout = detect(write_checkerboard(tmp_path))

    with pytest.raises(dataclasses.FrozenInstanceError):
        layout.name = "another"


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        ("ml-100k", "u.item"),
        ("ml-100k", "u.user"),
        ("ml-1m", "movies.dat"),
        ("ml-10m", "movies.dat"),
        ("csv", "movies.csv"),
    ],
)
def test_names_the_missing_file(tmp_path, write_checkerboard, layout, name):
    (write_checkerboard(tmp_path, layout=layout) / name).unlink()

    with pytest.raises(DataErrors, match=rf"{name}: missing, but {layout} has it\. Unpack"):
        detect(tmp_path)


def test_refuses_a_missing_folder(tmp_path):
    with pytest.raises(
        DataErrors, match=r"nowhere: no such folder\. Give the folder of an unpacked"
    ):
        detect(tmp_path / "nowhere")


def test_refuses_a_folder_without_ratings_and_says_what_is_there(tmp_path):
    (tmp_path / "ml-1m.zip").touch()

    with pytest.raises(
        DataErrors,
        match=r"nor a ratings file .*u\.data, ratings\.dat, ratings\.csv.*found ml-1m\.zip",
    ):
        detect(tmp_path)


def test_refuses_two_releases_in_one_folder(tmp_path, write_checkerboard):
    write_checkerboard(tmp_path, layout="ml-100k")
    write_checkerboard(tmp_path, layout="csv")

    with pytest.raises(DataErrors, match=r"several layouts: u\.data, ratings\.csv\. Keep each"):
        detect(tmp_path)


def test_reading_and_splitting_need_no_tensorflow():
    code = (
        "import sys, components.ingestion.guess, components.ingestion.tables\n"
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'tensorflow_transform'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
