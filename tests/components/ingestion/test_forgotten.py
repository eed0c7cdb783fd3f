import pytest
from tfx.types import standard_artifacts

from components.ingestion import driver, forgotten, settings, tables
from components.ingestion.forgotten import Forgotten
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS)


def test_a_list_recognises_users_and_holds_no_id(tmp_path):
    base = str(tmp_path / "shop")
    forgotten.write(base, Forgotten().add(["zz-person-4711"]))
    forgotten.write(base, forgotten.read(base).add(["zz-person-4711", "zz-person-4712"]))
    found = forgotten.read(base)
    assert len(found.users) == 2 and found.add(["zz-person-4712"]) == found
    assert "zz-person" not in (tmp_path / "shop.forgotten.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["shop.forgotten.json"]


def test_without_a_list_nobody_is_on_it(tmp_path):
    assert forgotten.read(str(tmp_path)) == Forgotten() == forgotten.from_json("")
    assert Forgotten().to_json() == ""


@pytest.mark.parametrize("text", ["{", "[]", '{"salt": "a"}'])
def test_a_broken_list_is_named(tmp_path, text):
    (tmp_path / "shop.forgotten.json").write_text(text)
    with pytest.raises(ValueError, match=r"shop\.forgotten\.json: it is no list of forgotten"):
        forgotten.read(str(tmp_path / "shop"))


@pytest.mark.parametrize("layout", ["ml-100k", "csv"])
def test_they_are_in_no_timeline(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, users=6, movies=9)
    base = str(tmp_path / "serving")
    forgotten.write(base, Forgotten().add(["2", "5", "nobody"]))
    component = TimelinesExampleGen(
        str(folder), MOVIELENS.to_json(), SplitConfig(), serving_base=base
    )
    artifact = generate(component)
    for split in ("train", "eval", "test"):
        users = [each["user_id"][0] for each in read_examples(artifact, split)]
        assert users == [b"1", b"3", b"4", b"6"]


def test_the_list_is_a_part_of_the_cache_key(tmp_path, write_checkerboard):
    folder = write_checkerboard(tmp_path / "data", users=6, movies=9)
    base = str(tmp_path / "serving")
    component = TimelinesExampleGen(
        str(folder), MOVIELENS.to_json(), SplitConfig(), serving_base=base
    )

    def key():
        artifact = standard_artifacts.Examples()
        given = dict(component.exec_properties)
        return driver.look_at_data(given, {}, artifact.mlmd_artifact)[settings.FORGOTTEN]

    assert key() == ""
    forgotten.write(base, Forgotten().add(["2"]))
    assert key() == forgotten.read(base).to_json() != ""


def test_where_all_are_forgotten_nothing_is_left(tmp_path, write_checkerboard):
    read = tables.read(write_checkerboard(tmp_path / "data", users=2), MOVIELENS)
    assert forgotten.leave_out(read, Forgotten().add(["3"])) is read
    with pytest.raises(ValueError, match="All users of the data were forgotten"):
        forgotten.leave_out(read, Forgotten().add(["1", "2"]))


def test_a_list_at_its_earlier_place_is_not_passed_over(tmp_path):
    (tmp_path / "forgotten.json").write_text("{}")
    base = tmp_path / "serving" / "shop"
    with pytest.raises(ValueError, match=r"is a list .* move it to .*shop\.forgotten"):
        forgotten.read(str(base))
