import pytest
from components.ingestion.movies_example_gen import MoviesExampleGen
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion.readers.grouplens import DataError

LAYOUTS = ("ml-100k", "ml-1m", "ml-10m", "csv")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_writes_the_catalogue(tmp_path, write_checkerboard, generate, read_examples, layout):
    folder = write_checkerboard(tmp_path / "data", layout=layout, movies=3)

    artifact = generate(MoviesExampleGen(str(folder)))

    assert artifact.split_names == '["catalogue"]'
    assert sorted(read_examples(artifact, "catalogue"), key=lambda movie: movie["movie_id"]) == [
        {
            "movie_id": [b"1"],
            "title": ["Misérables, Les (1995)".encode()],
            "genres": [b"Drama"],
            "year": [1995],
        },
        {
            "movie_id": [b"2"],
            "title": [b'Three "Quoted" Words: The Movie (1982)'],
            "genres": [b"Comedy", b"Film-Noir"],
            "year": [1982],
        },
        {"movie_id": [b"3"], "title": [b"Without a Year"]},
    ]


def test_bad_data_stops_the_run_and_says_where(tmp_path, write_checkerboard, generate):
    folder = write_checkerboard(tmp_path / "data", layout="csv", movies=3)
    with (folder / "movies.csv").open("a") as file:
        file.write("3,Heat (1995),Action\n")

    with pytest.raises(DataError, match=r"movies\.csv, line 5: movie 3 is already on line 4"):
        generate(MoviesExampleGen(str(folder)))


def test_the_code_version_is_part_of_the_cache_key():
    configs = {
        MoviesExampleGen("data", version).exec_properties["custom_config"] for version in "12"
    }

    assert len(configs) == 2


def test_the_folder_may_be_chosen_at_run_time():
    folder = RuntimeParameter(name="data", ptype=str)

    assert MoviesExampleGen(folder).exec_properties["input_base"] is folder
