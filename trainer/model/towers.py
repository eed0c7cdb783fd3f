"""Query tower and candidate tower.

Both end in a vector of the same length, and a pair's score is the dot product of the two. The table
of movie ids is shared: a movie in somebody's history and the same movie as a candidate have one id
vector.
"""

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.catalogue import Catalogue
from trainer.data.timelines import USER_FEATURES
from trainer.data.windows import PADDING, START
from trainer.model.context import Context
from trainer.model.encoders import make_encoder
from transform import features, preprocessing


class IdTable(tf.keras.layers.Layer):
    """One trained vector for each known id, and one for all ids never seen in training."""

    def __init__(
        self, known: int, dim: int, dropout: float, extra_rows: int = 0, unseen: int | None = None
    ) -> None:
        """Creates the table.

        Args:
            known: Ids in the vocabulary; row `known` is the unseen one.
            dim: Length of a vector.
            dropout: Share of ids that training replaces by the unseen one.
            extra_rows: Rows after the unseen one, such as the one for `START`.
            unseen: Row that stands for unseen ids, where it is not `known`.
        """
        super().__init__()
        self.known = known
        self._unseen = known if unseen is None else unseen
        self._dropout = dropout
        self._table = tf.keras.layers.Embedding(known + 1 + extra_rows, dim)

    @property
    def weight(self) -> tf.Variable:
        """The `[known + 1 + extra_rows, dim]` vectors."""
        return self._table.embeddings

    def call(self, rows: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the `[..., dim]` vectors of `[...]` int64 rows."""
        return self._table(self.hide(rows) if training else rows)

    def hide(self, rows: tf.Tensor) -> tf.Tensor:
        """Replaces some known ones of `[...]` int64 rows by the unseen one, at random."""
        if not self._dropout:
            return rows
        hidden = (tf.random.uniform(tf.shape(rows)) < self._dropout) & (rows < self.known)
        return tf.where(hidden, tf.constant(self._unseen, rows.dtype), rows)


class CandidateTower(tf.keras.layers.Layer):
    """Embeds movies by id and by content, which is known without any rating."""

    def __init__(self, ids: IdTable, sizes: dict[str, int], config: ModelConfig) -> None:
        """Creates the tower.

        Args:
            ids: Table of movie ids.
            sizes: Rows needed for `genres` and `title_words`, the unseen one included.
            config: Hyperparameters.
        """
        super().__init__()
        self._ids = ids
        self._content = {}
        if config.content:
            for name in (features.YEAR, features.GENRES, features.TITLE_WORDS):
                rows = sizes.get(name, preprocessing.YEAR_BUCKETS)
                self._content[name] = tf.keras.layers.Embedding(rows, config.embedding_dim)
        self._bias = IdTable(ids.known, 1, dropout=0.0) if config.item_bias else None
        self._normalized = config.normalized

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables with a row an entry of a vocabulary, each with that one's name."""
        content = [
            (n, table.embeddings) for n, table in self._content.items() if n != features.YEAR
        ]
        return content + ([(features.MOVIE_ID, self._bias.weight)] if self._bias else [])

    def call(
        self, candidates: dict[str, tf.Tensor | tf.RaggedTensor], training: bool = False
    ) -> tf.Tensor:
        """Returns the vectors of candidates.

        Args:
            candidates: By feature name: `[movies]` int64 rows of `movie_id` and `year`, ragged
                `[movies, None]` rows of `genres` and `title_words`.
            training: Whether ids are dropped at random.

        Returns:
            `[movies, dim]` float32; the last number is the bias where the model has one.
        """
        ids = candidates[features.MOVIE_ID]
        if training:  # like a new movie, one whose id is hidden has no bias of its own either
            ids = self._ids.hide(ids)
        vector = self._ids(ids)
        for name, table in self._content.items():
            rows = candidates[name]
            if isinstance(rows, tf.RaggedTensor):
                each = tf.ragged.map_flat_values(table, rows)
                vector += tf.math.divide_no_nan(
                    tf.reduce_sum(each, axis=1),
                    tf.cast(rows.row_lengths(), tf.float32)[:, tf.newaxis],
                )
            else:
                vector += table(rows)
        if self._normalized:
            return tf.math.l2_normalize(vector, axis=-1)
        if self._bias is None:
            return vector
        return tf.concat([vector, self._bias(ids)], axis=1)


class QueryTower(tf.keras.layers.Layer):
    """Embeds users at each position of their timelines: user features, and the history so far."""

    def __init__(self, ids: IdTable, sizes: dict[str, int], config: ModelConfig) -> None:
        """Creates the tower.

        Args:
            ids: Table of movie ids, with one row after the unseen one for `START`.
            sizes: Rows needed for the user id and each user feature, the unseen one included.
            config: Hyperparameters.
        """
        super().__init__()
        self._ids = ids
        names = USER_FEATURES if config.profile else (features.USER_ID,)
        self._user_features = {
            name: IdTable(sizes[name] - 1, config.embedding_dim, config.id_dropout)
            for name in names
            if name != features.AGE
        }
        if config.profile:
            self._user_features[features.AGE] = IdTable(
                preprocessing.AGE_BUCKETS,
                config.embedding_dim,
                config.id_dropout,
                unseen=preprocessing.UNKNOWN_AGE,
            )
        self._context = Context(config)
        self._encoder = make_encoder(config)
        self._dropout = tf.keras.layers.Dropout(config.dropout)
        self._bias = config.item_bias
        self._normalized = config.normalized

    def tables(self) -> list[tuple[str, tf.Variable]]:
        """Returns the tables with a row an entry of a vocabulary, each with that one's name."""
        return [
            (features.MOVIE_ID, self._ids.weight),
            *((name, t.weight) for name, t in self._user_features.items() if name != features.AGE),
        ]

    def call(
        self,
        user_features: dict[str, tf.Tensor],
        inputs: tf.Tensor,
        ratings: tf.Tensor | None = None,
        gaps: tf.Tensor | None = None,
        training: bool = False,
    ) -> tf.Tensor:
        """Returns the query vectors at every position.

        Args:
            user_features: By feature name: `[batch]` int64 rows.
            inputs: `[batch, window]` int64 movie rows, `START` or `PADDING`.
            ratings: `[batch, window]` float32 stars; 0, or None for all: unknown.
            gaps: `[batch, window]` int64 seconds since the movie before; negative, or None for all:
                unknown.
            training: Whether ids and numbers of the vector are dropped at random.

        Returns:
            `[batch, window, dim]` float32. Position `i` uses inputs up to `i` and none after it;
            values at padded positions mean nothing.
        """
        tables = self._user_features.items()
        users = tf.add_n([table(user_features[name], training) for name, table in tables])
        vector = tf.repeat(users[:, tf.newaxis, :], tf.shape(inputs)[1], axis=1)
        if self._encoder is not None:
            movies, real = self._movies(inputs, training)
            movies = self._context(movies, ratings, gaps, training=training)
            vector += self._encoder(movies, real, training=training)
        vector = self._dropout(vector, training=training)
        if self._normalized:
            return tf.math.l2_normalize(vector, axis=-1)
        if not self._bias:
            return vector
        return tf.concat([vector, tf.ones_like(vector[..., :1])], axis=-1)

    def _movies(self, inputs: tf.Tensor, training: bool) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the id vectors of the inputs, `[batch, window, dim]`, and which are real."""
        real = inputs != PADDING
        start = tf.constant(self._ids.known + 1, inputs.dtype)
        rows = tf.where(real, tf.where(inputs == START, start, inputs), 0)
        return self._ids(rows, training), real


def last_position(vectors: tf.Tensor, inputs: tf.Tensor) -> tf.Tensor:
    """Returns the vector at each row's last real input, `[batch, dim]`.

    Args:
        vectors: `[batch, window, dim]` float32.
        inputs: `[batch, window]` int64 movie rows, `START`, or `PADDING` after the end.
    """
    last = tf.reduce_sum(tf.cast(inputs != PADDING, tf.int32), axis=1) - 1
    return tf.gather(vectors, tf.maximum(last, 0), batch_dims=1)


def candidate_rows(catalogue: Catalogue, movie_rows: np.ndarray) -> dict[str, tf.Tensor]:
    """Returns the input of `CandidateTower` for the whole catalogue.

    Args:
        catalogue: All movies.
        movie_rows: `[movies]` int64 rows of their ids in the timelines' vocabulary.
    """
    return {
        features.MOVIE_ID: tf.constant(movie_rows, tf.int64),
        features.YEAR: tf.constant(catalogue.year, tf.int64),
        features.GENRES: catalogue.genres,
        features.TITLE_WORDS: catalogue.title_words,
    }
