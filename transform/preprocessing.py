"""Turns raw records into model inputs: the two functions that the two Transforms run.

What is written here is traced once, frozen into a graph, and that same graph runs in training,
evaluation and serving. Ids become row numbers; one row more, `vocabulary_size`, stands for "never
seen in training" and is trained on purpose (see `ModelConfig.id_dropout`).
"""

import tensorflow as tf
import tensorflow_transform as tft

from transform import features

AGE_BUCKET_YEARS = 5
AGE_BUCKETS = 22  # 1 + age // 5 up to 105 years and beyond, after the unknown
UNKNOWN_AGE = 0
YEAR_BUCKET_YEARS = 5
FIRST_YEAR = 1900
YEAR_BUCKETS = 32  # row 0: unknown; five-year steps from before 1905 to beyond 2050
MIN_TITLE_WORD_COUNT = 2  # a word in a single title says nothing about any other movie


def timelines(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Turns raw timelines into rows of the embedding tables of the query tower.

    Args:
        inputs: Raw features by name. `user_id` is `[batch]`; all others are sparse
            `[batch, None]`, typed as in `schemas/timelines.pbtxt`.

    Returns:
        By the same names: int64 `[batch]` rows for the user and each profile feature (a missing
        value is an unseen one), sparse int64 rows for history and label movies, and ratings (stars)
        and timestamps (seconds) untouched.
    """
    movie_vocabulary = tft.vocabulary(
        inputs[features.MOVIE_ID], vocab_filename=features.MOVIE_ID, store_frequency=True
    )
    outputs = {
        features.USER_ID: _rows(inputs[features.USER_ID], features.USER_ID),
        features.AGE: age_bucket(_single(inputs[features.AGE], default=-1)),
    }
    for name in (features.GENDER, features.OCCUPATION):
        outputs[name] = _rows(_single(inputs[name], default=""), name)
    outputs[features.ZIP] = _rows(
        zip_region(_single(inputs[features.ZIP], default="")), features.ZIP
    )
    for name in (features.MOVIE_ID, features.LABEL_MOVIE_ID):
        outputs[name] = tft.apply_vocabulary(
            inputs[name], movie_vocabulary, lookup_fn=_lookup_counted
        )
    for name in (
        features.RATING,
        features.TIMESTAMP,
        features.LABEL_RATING,
        features.LABEL_TIMESTAMP,
    ):
        outputs[name] = inputs[name]
    return outputs


def movies(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Turns raw movies into rows of the embedding tables of the candidate tower.

    Args:
        inputs: Raw features by name. `movie_id` and `title` are `[batch]`, `genres` and `year`
            sparse `[batch, None]`, typed as in `schemas/movies.pbtxt`.

    Returns:
        `movie_id` and `title` untouched (the rows of ids belong to the timelines' vocabulary:
        a movie that nobody rated has no row of its own), `year` as an int64 `[batch]` bucket,
        `genres` and the words of the title as sparse int64 rows.
    """
    return {
        features.MOVIE_ID: inputs[features.MOVIE_ID],
        features.TITLE: inputs[features.TITLE],
        features.YEAR: year_bucket(_single(inputs[features.YEAR], default=-1)),
        features.GENRES: _rows(inputs[features.GENRES], features.GENRES),
        features.TITLE_WORDS: _rows(
            title_words(inputs[features.TITLE]),
            features.TITLE_WORDS,
            frequency_threshold=MIN_TITLE_WORD_COUNT,
        ),
    }


def age_bucket(age: tf.Tensor) -> tf.Tensor:
    """Returns the five-year bucket of each `[batch]` int64 age, 0 for a negative one."""
    bucket = 1 + age // AGE_BUCKET_YEARS
    return tf.where(age < 0, tf.cast(UNKNOWN_AGE, age.dtype), tf.minimum(bucket, AGE_BUCKETS - 1))


def year_bucket(year: tf.Tensor) -> tf.Tensor:
    """Returns the five-year bucket of each `[batch]` int64 year, 0 for a negative one."""
    bucket = 1 + (year - FIRST_YEAR) // YEAR_BUCKET_YEARS
    return tf.where(year < 0, tf.zeros_like(year), tf.clip_by_value(bucket, 1, YEAR_BUCKETS - 1))


def years_of_bucket(bucket: int) -> str:
    """Returns the years that a bucket of `year_bucket` stands for, for people to read."""
    if bucket == 0:
        return "unknown"
    first = FIRST_YEAR + (bucket - 1) * YEAR_BUCKET_YEARS
    last = first + YEAR_BUCKET_YEARS - 1
    if bucket == 1:
        return f"to {last}"
    return f"from {first}" if bucket == YEAR_BUCKETS - 1 else f"{first}-{last}"


def zip_region(zip_code: tf.Tensor) -> tf.Tensor:
    """Returns the first character of each `[batch]` zip: a tenth of the USA, or a letter."""
    return tf.strings.substr(zip_code, 0, 1)


def title_words(title: tf.Tensor) -> tf.SparseTensor:
    """Returns the lower-case words of each `[batch]` title, without the year at its end."""
    bare = tf.strings.regex_replace(title, r"\s*\(\d{4}\)\s*$", "")
    spaced = tf.strings.regex_replace(tf.strings.lower(bare, encoding="utf-8"), r"[^\pL\pN]+", " ")
    return tf.strings.split(tf.strings.strip(spaced)).to_sparse()


def _single(sparse: tf.SparseTensor, default: int | str) -> tf.Tensor:
    """Returns the `[batch]` single value of a feature that may be missing."""
    one_column = tf.SparseTensor(sparse.indices, sparse.values, [sparse.dense_shape[0], 1])
    return tf.squeeze(tf.sparse.to_dense(one_column, default_value=default), axis=1)


def counted_table(path: tf.Tensor | str) -> tf.lookup.StaticVocabularyTable:
    """Returns the table of a vocabulary stored with counts ("COUNT ENTRY" a line).

    Its values are row numbers, and the row after the last for an unseen key.
    """
    initializer = tf.lookup.TextFileInitializer(
        path,
        key_dtype=tf.string,
        key_index=1,
        value_dtype=tf.int64,
        value_index=tf.lookup.TextFileIndex.LINE_NUMBER,
        delimiter=" ",
    )
    return tf.lookup.StaticVocabularyTable(initializer, num_oov_buckets=1)


def _lookup_counted(values: tf.SparseTensor, path: tf.Tensor) -> tuple[tf.SparseTensor, tf.Tensor]:
    """Looks values up as `tft.apply_vocabulary` would, which can't read counts."""
    table = counted_table(path)
    return values.with_values(table.lookup(values.values)), table.size()


def _rows(values: tf.Tensor, name: str, frequency_threshold: int | None = None) -> tf.Tensor:
    """Returns each value's row in the vocabulary `name`; the row after the last means "unseen"."""
    return tft.compute_and_apply_vocabulary(
        values, num_oov_buckets=1, vocab_filename=name, frequency_threshold=frequency_threshold
    )
