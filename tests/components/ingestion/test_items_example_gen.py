import dataclasses

import pytest
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion.faults import DataErrors
from components.ingestion.items_example_gen import ItemsExampleGen
from transform import datasets

MOVIELENS = datasets.load(datasets.MOVIELENS).to_json()
LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_the_catalogue(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, movies=3)

    artifact = generate(ItemsExampleGen(str(folder), MOVIELENS))

    assert artifact.split_names == '["catalogue"]'
    assert sorted(read_examples(artifact, "catalogue"), key=lambda item: item["item_id"]) == [
        {
            "item_id": [b"1"],
            "title": ["Misérables, Les (1995)".encode()],
            "genres": [b"Drama"],
            "year": [1995.0],
            "title_words": ["Misérables, Les".encode()],
        },
        {
            "item_id": [b"2"],
            "title": [b'Three "Quoted" Words: The Movie (1982)'],
            "genres": [b"Comedy", b"Film-Noir"],
            "year": [1982.0],
            "title_words": [b'Three "Quoted" Words: The Movie'],
        },
        {"item_id": [b"3"], "title": [b"Without a Year"], "title_words": [b"Without a Year"]},
    ]


def test_bad_data_stops_the_run_and_says_where(tmp_path, write_checkerboard, generate):
    folder = write_checkerboard(tmp_path / "data", layout="csv", movies=3)
    with (folder / "movies.csv").open("a") as file:
        file.write("3,Heat (1995),Action\n")

    with pytest.raises(DataErrors, match=r"movies\.csv, line 5: movie 3 is already on line 4"):
        generate(ItemsExampleGen(str(folder), MOVIELENS))


def test_the_code_version_is_part_of_the_cache_key():
    configs = {
        ItemsExampleGen("data", MOVIELENS, version).exec_properties["custom_config"]
        for version in "12"
    }

    assert len(configs) == 2


def test_the_folder_may_be_chosen_at_run_time():
    folder = RuntimeParameter(name="data", ptype=str)

    assert ItemsExampleGen(folder, MOVIELENS).exec_properties["input_base"] is folder


def test_the_definition_is_part_of_the_cache_key():
    other = dataclasses.replace(datasets.load(datasets.MOVIELENS), name="other").to_json()
    first, second = (ItemsExampleGen("data", text) for text in (MOVIELENS, other))
    assert first.exec_properties["custom_config"] != second.exec_properties["custom_config"]


def test_what_is_no_definition_is_refused_before_it_runs():
    with pytest.raises(ValueError, match="item"):
        ItemsExampleGen("data", "{}")
