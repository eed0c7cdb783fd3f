"""Trained towers as one SavedModel: raw features in, vectors out.

It holds both transform graphs, so that loading it takes neither Transform's output nor this code,
and no id is ever looked up by a second rule.
"""

import tensorflow as tf
import tensorflow_transform as tft

from trainer.config import ModelConfig
from trainer.data.timelines import NO_GAP, USER_FEATURES
from trainer.data.windows import PADDING, START
from trainer.model.towers import last_position
from trainer.model.two_tower import TwoTowerModel
from transform import features, preprocessing


class Towers(tf.Module):
    """Two functions, `embed_query` and `embed_candidate`: all that is used after training."""

    def __init__(
        self,
        model: TwoTowerModel,
        timelines: tft.TFTransformOutput,
        movies: tft.TFTransformOutput,
        config: ModelConfig,
    ) -> None:
        """Keeps what the functions need, so that it is saved with them.

        Args:
            model: The trained model.
            timelines: Output of the timelines' Transform.
            movies: Output of the movies' Transform.
            config: Hyperparameters.
        """
        super().__init__()
        self.query = model.query  # not the model itself: its optimizer is twice as large
        self.candidate = model.candidate
        self.timeline_layer = timelines.transform_features_layer()
        self.movie_layer = movies.transform_features_layer()
        self.window = config.window
        self.uses_history = config.history != "none"
        self.known_users = timelines.vocabulary_size_by_name(features.USER_ID)
        self.known_movies = timelines.vocabulary_size_by_name(features.MOVIE_ID)
        self.movie_ids = preprocessing.counted_table(
            timelines.vocabulary_file_by_name(features.MOVIE_ID)
        )

    @tf.function(
        input_signature=[
            {
                features.USER_ID: tf.TensorSpec([None], tf.string),
                features.AGE: tf.TensorSpec([None], tf.int64),
                features.GENDER: tf.TensorSpec([None], tf.string),
                features.OCCUPATION: tf.TensorSpec([None], tf.string),
                features.ZIP: tf.TensorSpec([None], tf.string),
                features.MOVIE_ID: tf.TensorSpec([None, None], tf.string),
                features.RATING: tf.TensorSpec([None, None], tf.float32),
                features.TIMESTAMP: tf.TensorSpec([None, None], tf.int64),
            }
        ]
    )
    def embed_query(self, query: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Embeds queries, and says of which users something is known.

        Args:
            query: Raw features by name. `[batch]`: `user_id`, `age` (negative: unknown), `gender`,
                `occupation`, `zip` (empty: unknown). `[batch, length]`, padded after the end:
                `movie_id` (empty: padding), `rating`, `timestamp`.

        Returns:
            `embedding`: `[batch, dim]` float32. `known`: `[batch]` bool, whether the user was seen
            in training or, where the model uses histories, a movie of the history was.
        """
        rows = self.timeline_layer(_to_parsed(query))
        history = tf.RaggedTensor.from_sparse(rows[features.MOVIE_ID])
        inputs = self._latest(START, history).to_tensor(PADDING)
        ratings = tf.RaggedTensor.from_sparse(rows[features.RATING])
        gaps = _gaps(rows[features.TIMESTAMP], history.row_lengths())
        vectors = self.query(
            {name: rows[name] for name in USER_FEATURES},
            inputs,
            self._latest(0.0, ratings).to_tensor(0.0),
            self._latest(NO_GAP, gaps).to_tensor(NO_GAP),
        )
        known = rows[features.USER_ID] < self.known_users
        if self.uses_history:
            known |= tf.reduce_any(history < self.known_movies, axis=1)
        return {"embedding": last_position(vectors, inputs), "known": known}

    def _latest(self, start: float, column: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the latest `window` values of `start` and each row's column, `[batch, None]`."""
        first = tf.fill([column.nrows(), 1], tf.constant(start, column.dtype))
        return tf.concat([first, column], axis=1)[:, -self.window :]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def embed_candidate(self, examples: tf.Tensor) -> tf.Tensor:
        """Returns the `[batch, dim]` float32 vectors of `[batch]` serialized raw movies."""
        spec = {
            features.MOVIE_ID: tf.io.FixedLenFeature([], tf.string),
            features.TITLE: tf.io.FixedLenFeature([], tf.string),
            features.GENRES: tf.io.VarLenFeature(tf.string),
            features.YEAR: tf.io.VarLenFeature(tf.int64),
        }
        raw = tf.io.parse_example(examples, spec)
        rows = self.movie_layer(raw)
        return self.candidate(
            {
                features.MOVIE_ID: self.movie_ids.lookup(raw[features.MOVIE_ID]),
                features.YEAR: rows[features.YEAR],
                features.GENRES: tf.RaggedTensor.from_sparse(rows[features.GENRES]),
                features.TITLE_WORDS: tf.RaggedTensor.from_sparse(rows[features.TITLE_WORDS]),
            }
        )


def _gaps(timestamps: tf.SparseTensor, lengths: tf.Tensor) -> tf.RaggedTensor:
    """Returns the seconds between each movie and the one before; `NO_GAP` where that is unknown.

    Args:
        timestamps: `[batch, any]` int64 seconds, 0 where unknown.
        lengths: `[batch]` int64 numbers of movies.
    """
    padded = tf.sparse.to_dense(timestamps)
    before = tf.pad(padded, [[0, 0], [1, 0]])[:, :-1]
    known = (padded > 0) & (before > 0)
    gaps = tf.where(known, padded - before, tf.constant(NO_GAP, tf.int64))
    return tf.RaggedTensor.from_tensor(gaps, lengths=lengths)


def _to_parsed(query: dict[str, tf.Tensor]) -> dict[str, tf.Tensor | tf.SparseTensor]:
    """Turns padded tensors into those that parsing raw timelines gives."""
    raw: dict[str, tf.Tensor | tf.SparseTensor] = {features.USER_ID: query[features.USER_ID]}
    raw[features.AGE] = _to_sparse(query[features.AGE], query[features.AGE] >= 0)
    for name in (features.GENDER, features.OCCUPATION, features.ZIP):
        raw[name] = _to_sparse(query[name], query[name] != "")
    real = query[features.MOVIE_ID] != ""
    for name in features.HISTORY:  # a gap closes up: clients may pad on either side
        raw[name] = tf.ragged.boolean_mask(query[name], real).to_sparse()
    return raw


def _to_sparse(values: tf.Tensor, real: tf.Tensor) -> tf.SparseTensor:
    """Returns the real values of `[batch]` or `[batch, length]` as a sparse matrix."""
    if values.shape.rank == 1:
        values, real = values[:, tf.newaxis], real[:, tf.newaxis]
    indices = tf.where(real)
    shape = tf.shape(values, out_type=tf.int64)
    return tf.SparseTensor(indices, tf.gather_nd(values, indices), shape)
