"""Builds the bundle from trained towers, movies and timelines, and saves it."""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.bundle import popularity, records
from components.bundle.answers import (
    EXAMPLES,
    EXCLUDE_MOVIE_IDS,
    HISTORY_MOVIE_IDS,
    Answers,
    Knowledge,
)
from components.bundle.measurements import Measurements
from transform import features

EMBED_BATCH = 4096


class Bundle(tf.Module):
    """Everything that is served: answers, and their measurement."""

    def __init__(self, answers: Answers, measurements: Measurements) -> None:
        """Keeps both, so that they are saved together."""
        super().__init__()
        self.answers = answers
        self.measurements = measurements


def build(
    towers: tf.Module,
    movies: records.Movies,
    timelines: np.ndarray,
    k: int,
    exclude_seen: bool,
    probes: int | None = None,
    trend: popularity.Trend = popularity.NO_TREND,
) -> Bundle:
    """Builds the bundle.

    Args:
        towers: The Trainer's SavedModel, loaded.
        movies: The whole catalogue.
        timelines: `[users]` bytes, serialized raw timelines of the split that is measured: its
            labels are part of what is served, and of nothing that is measured.
        k: Movies in an answer.
        exclude_seen: Whether the measurement leaves out movies of the history, as serving does.
        probes: Lists of an inverted file that a query looks into; None: the index is exact.
        trend: What popularity of late does to answers.
    """
    whole = records.with_labels_as_history(timelines)
    size = len(movies.movie_id)
    user_id, positions, timestamps = _ratings(whole, movies)
    lately = popularity.recent_counts(positions, timestamps, size, trend.days)
    _, before, when = _ratings(timelines, movies)
    recent = popularity.recent_counts(before, when, size, trend.days)
    priors = np.stack([trend.prior(lately), trend.prior(recent)], axis=1)
    knowledge = Knowledge(
        movies=movies,
        vectors=embed_catalogue(towers, movies),
        user_id=user_id,
        timelines=whole,
        fallback=lately,
        priors=priors if trend.weight else priors[:, :0],
    )
    answers = Answers(towers, knowledge, k, probes)
    measurements = Measurements(
        answers,
        popular=popularity.counts(before, size),
        recent=recent,
        exclude_seen=exclude_seen,
    )
    return Bundle(answers, measurements)


def recent_counts(
    timelines: np.ndarray, movies: records.Movies, trend: popularity.Trend
) -> np.ndarray:
    """Returns `popularity.recent_counts` of histories, `[movies]` float32."""
    _, positions, timestamps = _ratings(timelines, movies)
    return popularity.recent_counts(positions, timestamps, len(movies.movie_id), trend.days)


def embed_catalogue(towers: tf.Module, movies: records.Movies) -> np.ndarray:
    """Returns the `[movies, dim]` float32 vectors of the whole catalogue."""
    return np.concatenate(
        [
            towers.embed_candidate(
                tf.constant(movies.examples[first : first + EMBED_BATCH])
            ).numpy()
            for first in range(0, len(movies.examples), EMBED_BATCH)
        ]
    )


def save(bundle: Bundle, path: str) -> None:
    """Writes the bundle as a SavedModel with all its signatures."""
    tf.saved_model.save(bundle, path, signatures=signatures(bundle))


def signatures(bundle: Bundle) -> dict[str, tf.types.experimental.GenericFunction]:
    """Returns the signatures of the bundle by name; all are batched, all inputs are named."""
    # No `if` or loop depends on a tensor: AutoGraph would take seconds and change nothing.
    signature = functools.partial(tf.function, autograph=False)
    answers = bundle.answers
    text = tf.TensorSpec([None], tf.string)
    texts = tf.TensorSpec([None, None], tf.string)

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.USER_ID)])
    def serving_default(user_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_users(user_id)

    @signature(
        input_signature=[
            tf.TensorSpec(texts.shape, tf.string, name=HISTORY_MOVIE_IDS),
            tf.TensorSpec(texts.shape, tf.string, name=EXCLUDE_MOVIE_IDS),
            tf.TensorSpec(text.shape, tf.int64, name=features.AGE),
            tf.TensorSpec(text.shape, tf.string, name=features.GENDER),
            tf.TensorSpec(text.shape, tf.string, name=features.OCCUPATION),
            tf.TensorSpec(text.shape, tf.string, name=features.ZIP),
        ],
    )
    def recommend(
        history_movie_ids: tf.Tensor,
        exclude_movie_ids: tf.Tensor,
        age: tf.Tensor,
        gender: tf.Tensor,
        occupation: tf.Tensor,
        zip: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        asked = of_one_batch(
            {
                HISTORY_MOVIE_IDS: history_movie_ids,
                EXCLUDE_MOVIE_IDS: exclude_movie_ids,
                features.AGE: age,
                features.GENDER: gender,
                features.OCCUPATION: occupation,
                features.ZIP: zip,
            }
        )
        history = asked[HISTORY_MOVIE_IDS]
        query = {
            features.USER_ID: tf.zeros_like(asked[features.GENDER]),
            **{name: asked[name] for name in features.PROFILE},
            features.MOVIE_ID: history,
            features.RATING: tf.zeros_like(history, tf.float32),
            features.TIMESTAMP: tf.zeros_like(history, tf.int64),
        }
        return answers.of_queries(query, also_exclude=asked[EXCLUDE_MOVIE_IDS])

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.MOVIE_ID)])
    def similar(movie_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.similar(movie_id)

    examples_spec = tf.TensorSpec([None], tf.string, name=EXAMPLES)

    @signature(input_signature=[examples_spec])
    def serve_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_queries(records.parse_queries(examples))

    @signature(input_signature=[examples_spec])
    def embed_query(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.towers.embed_query(records.parse_queries(examples))

    @signature(input_signature=[examples_spec])
    def embed_candidate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": answers.towers.embed_candidate(examples)}

    @signature(input_signature=[examples_spec])
    def evaluate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.evaluate(examples)

    @signature(input_signature=[examples_spec])
    def describe(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.describe(examples)

    return {
        function.__name__: function
        for function in (
            serving_default,
            recommend,
            similar,
            serve_examples,
            embed_query,
            embed_candidate,
            evaluate,
            describe,
        )
    }


def of_one_batch(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns inputs by name, once it is certain that all have a row for each query.

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs: they have not; rows would be dropped
            or answered with another one's input. A server passes the message on.
    """
    rows = tf.stack([tf.shape(value)[0] for value in inputs.values()])
    told = f"Inputs differ in their number of rows; of {', '.join(inputs)} there are"
    same = tf.debugging.Assert(tf.reduce_all(rows == rows[0]), [told, rows], len(inputs))
    with tf.control_dependencies([same]):
        return {name: tf.identity(value) for name, value in inputs.items()}


def _ratings(
    timelines: Sequence[bytes] | np.ndarray, movies: records.Movies
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns user ids, and catalogue position and timestamp of every rating of the histories.

    Ratings of withdrawn movies are left out.
    """
    spec = {
        features.USER_ID: tf.io.FixedLenFeature([], tf.string),
        features.MOVIE_ID: tf.io.RaggedFeature(tf.string),
        features.TIMESTAMP: tf.io.RaggedFeature(tf.int64),
    }
    parsed = tf.io.parse_example(timelines, spec)
    positions = movies.positions(parsed[features.MOVIE_ID].flat_values.numpy())
    kept = positions >= 0
    return (
        parsed[features.USER_ID].numpy(),
        positions[kept],
        parsed[features.TIMESTAMP].flat_values.numpy()[kept],
    )
