import pytest

from components.ingestion import forgotten, tables
from components.ingestion.forgotten import Forgotten
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS)


def test_a_list_recognises_users_and_holds_no_id(tmp_path):
    forgotten.write(tmp_path, Forgotten().add(["zz-person-4711"]))
    forgotten.write(tmp_path, forgotten.read(tmp_path).add(["zz-person-4711", "zz-person-4712"]))
    found = forgotten.read(tmp_path)
    assert len(found.users) == 2 and found.add(["zz-person-4712"]) == found
    assert "zz-person" not in (tmp_path / forgotten.NAME).read_text()
    assert [path.name for path in tmp_path.iterdir()] == [forgotten.NAME]


def test_without_a_list_nobody_is_on_it(tmp_path):
    assert forgotten.read(tmp_path) == Forgotten() == forgotten.from_json("")
    assert Forgotten().to_json() == ""


@pytest.mark.parametrize("text", ["{", "[]", '{"salt": "a"}'])
def test_a_broken_list_is_named(tmp_path, text):
    (tmp_path / forgotten.NAME).write_text(text)
    with pytest.raises(ValueError, match=r"forgotten\.json: it is no list of forgotten users"):
        forgotten.read(tmp_path)


@pytest.mark.parametrize("layout", ["ml-100k", "csv"])
def test_they_are_in_no_timeline(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, users=6, movies=9)
    listed = Forgotten().add(["2", "5", "nobody"]).to_json()
    component = TimelinesExampleGen(
        str(folder), MOVIELENS.to_json(), SplitConfig(), forgotten_users=listed
    )
    artifact = generate(component)
    for split in ("train", "eval", "test"):
        users = [each["user_id"][0] for each in read_examples(artifact, split)]
        assert users == [b"1", b"3", b"4", b"6"]


def test_where_all_are_forgotten_nothing_is_left(tmp_path, write_checkerboard):
    read = tables.read(write_checkerboard(tmp_path / "data", users=2), MOVIELENS)
    assert forgotten.leave_out(read, Forgotten().add(["3"])) is read
    with pytest.raises(ValueError, match="All users of the data were forgotten"):
        forgotten.leave_out(read, Forgotten().add(["1", "2"]))
