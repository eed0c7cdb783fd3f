"""Both Transforms on six rows, and the pure functions by tables."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata

from transform import features, preprocessing, schemas


def transform(tmp_path, record, preprocessing_fn, rows, more=()):
    """Analyzes `rows`, and returns `rows` and `more` transformed, with the transform output."""
    metadata = dataset_metadata.DatasetMetadata(schemas.load(record))
    with tft_beam.Context(temp_dir=str(tmp_path / "temp")):
        (data, _), fn = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocessing_fn)
        later, _ = ((list(more) or rows, metadata), fn) | tft_beam.TransformDataset()
        fn | tft_beam.WriteTransformFn(str(tmp_path / "out"))
    return data, later, tft.TFTransformOutput(str(tmp_path / "out"))


def timeline(user, movies, labels=(), **profile):
    return {
        features.USER_ID: user,
        features.AGE: [profile["age"]] if "age" in profile else [],
        features.GENDER: [profile["gender"]] if "gender" in profile else [],
        features.OCCUPATION: [],
        features.ZIP: [profile["zip"]] if "zip" in profile else [],
        features.MOVIE_ID: list(movies),
        features.RATING: [4.0] * len(movies),
        features.TIMESTAMP: list(range(10, 10 + len(movies))),
        features.LABEL_MOVIE_ID: list(labels),
        features.LABEL_RATING: [5.0] * len(labels),
        features.LABEL_TIMESTAMP: [99] * len(labels),
    }


@pytest.fixture(scope="module")
def timelines(tmp_path_factory):
    rows = [
        timeline(b"1", [b"a", b"b"], age=24, gender=b"M", zip=b"85711"),
        timeline(b"2", [b"a", b"c"], age=53, gender=b"F", zip=b"94043"),
        timeline(b"3", [b"a", b"b"], gender=b"M", zip=b"T8H1N"),
        timeline(b"4", [b"a"]),
        timeline(b"5", [b"b"]),
        timeline(b"6", []),
    ]
    later = [timeline(b"nobody", [b"a", b"new"], labels=[b"c", b"new"], zip=b"9")]
    return transform(
        tmp_path_factory.mktemp("timelines"),
        schemas.TIMELINES,
        preprocessing.timelines,
        rows,
        later,
    )


def test_movies_are_rows_by_how_often_they_were_rated(timelines):
    data, _, output = timelines
    assert output.vocabulary_by_name(features.MOVIE_ID) == [b"4 a", b"3 b", b"1 c"]
    assert data[1][features.MOVIE_ID].tolist() == [0, 2]
    assert data[1][features.MOVIE_ID].dtype == np.int64


def test_what_training_never_saw_is_the_row_after_the_last(timelines):
    _, (later,), output = timelines
    assert later[features.USER_ID] == output.vocabulary_size_by_name(features.USER_ID) == 6
    assert later[features.MOVIE_ID].tolist() == [0, 3]
    assert later[features.LABEL_MOVIE_ID].tolist() == [2, 3]
    assert later[features.GENDER] == output.vocabulary_size_by_name(features.GENDER) == 2


def test_profile_may_be_missing(timelines):
    data, _, _ = timelines
    assert [row[features.AGE] for row in data] == [5, 11, 0, 0, 0, 0]
    assert [row[features.GENDER] for row in data[:4]] == [0, 1, 0, 2]


def test_times_and_stars_pass_through(timelines):
    data, _, _ = timelines
    assert data[0][features.RATING].tolist() == [4.0, 4.0]
    assert data[0][features.TIMESTAMP].tolist() == [10, 11]


def test_movies_keep_their_id_and_title_and_get_rows_for_the_rest(tmp_path):
    def movie(movie_id, title, genres, *year):
        return {
            features.MOVIE_ID: movie_id,
            features.TITLE: title,
            features.GENRES: genres,
            features.YEAR: list(year),
        }

    rows = [
        movie(b"1", b"Star Wars (1977)", [b"Action", b"Sci-Fi"], 1977),
        movie(b"2", b"Star Trek (1979)", [b"Sci-Fi"], 1979),
        movie(b"3", "Misérables, Les (1995)".encode(), [b"Drama"], 1995),
        movie(b"4", "Les Misérables (1998)".encode(), [b"Drama"], 1998),
        movie(b"5", b"unknown", []),
        movie(b"6", b"Star! (1968)", [b"Drama"], 1968),
    ]
    data, _, output = transform(tmp_path, schemas.MOVIES, preprocessing.movies, rows)
    words = output.vocabulary_by_name(features.TITLE_WORDS)
    assert set(words) == {b"star", b"les", "misérables".encode()}  # each in two titles or more
    assert words[0] == b"star"
    assert data[0][features.TITLE_WORDS].tolist() == [0, len(words)]  # "wars" is in one only
    assert data[4][features.GENRES].tolist() == []
    assert [row[features.YEAR] for row in data] == [16, 16, 20, 20, 0, 14]
    assert data[2][features.MOVIE_ID] == b"3"


@pytest.mark.parametrize(
    ("age", "bucket"),
    [(-1, 0), (0, 1), (4, 1), (5, 2), (50, 11), (56, 12), (120, 21)],
    ids=["unknown", "newborn", "four", "five", "fifty", "fifty-six", "beyond"],
)
def test_age_bucket(age, bucket):
    assert preprocessing.age_bucket(tf.constant([age], tf.int64)).numpy() == [bucket]


@pytest.mark.parametrize(
    ("year", "bucket"),
    [(-1, 0), (1888, 1), (1904, 1), (1905, 2), (1995, 20), (2150, 31)],
    ids=["unknown", "first-film", "last-of-first", "second", "nineties", "beyond"],
)
def test_year_bucket(year, bucket):
    assert preprocessing.year_bucket(tf.constant([year], tf.int64)).numpy() == [bucket]


@pytest.mark.parametrize(
    ("bucket", "years"),
    [(0, "unknown"), (1, "to 1904"), (2, "1905-1909"), (20, "1995-1999"), (31, "from 2050")],
)
def test_years_of_bucket(bucket, years):
    assert preprocessing.years_of_bucket(bucket) == years


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Toy Story (1995)", ["toy", "story"]),
        ("Misérables, Les (1995) ", ["misérables", "les"]),
        ("2001: A Space Odyssey (1968)", ["2001", "a", "space", "odyssey"]),
        ("... (1995)", []),
    ],
    ids=["plain", "accents", "digits", "no-word"],
)
def test_title_words(title, words):
    found = preprocessing.title_words(tf.constant([title]))
    assert [word.decode() for word in found.values.numpy()] == words
