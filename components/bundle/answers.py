"""How a query becomes an answer: the one path that all signatures of the bundle share."""

import dataclasses

import numpy as np
import tensorflow as tf

from components.bundle import records
from components.bundle.index import EXCLUDED, ExactIndex
from components.bundle.inverted_file import InvertedFile
from components.bundle.static_ranking import StaticRanking
from transform import features, queries
from transform.definition import Definition

ITEM_IDS, TITLES, SCORES, KNOWN_USER = "item_ids", "titles", "scores", "known_user"
HISTORY_ITEM_IDS, HISTORY_TIMES = "history_item_ids", "history_times"
EXCLUDE_ITEM_IDS = "exclude_item_ids"
EXAMPLES = "examples"
SERVED, MEASURED = range(2)
"""What is known when an item is scored: all ratings, or those before the labels."""


@dataclasses.dataclass(frozen=True)
class Knowledge:
    """All that the bundle knows besides the towers."""

    definition: Definition
    """Of the data set."""

    items: records.Items
    """The catalogue."""

    vectors: np.ndarray
    """`[items, dim]` float32 vectors of the candidate tower, in the catalogue's order."""

    user_id: np.ndarray
    """`[users]` bytes."""

    timelines: np.ndarray
    """`[users]` bytes: each user's serialized raw timeline, all of it."""

    fallback: np.ndarray
    """`[items]` float32: what to recommend to users of whom nothing is known, by all ratings."""

    priors: np.ndarray
    """`[items, 0 or 2]` float32: what is added to scores that are `SERVED` and `MEASURED`."""


class Answers(tf.Module):
    """Ranks the catalogue for queries, and answers with ids and titles."""

    def __init__(
        self, towers: tf.Module, knowledge: Knowledge, k: int, probes: int | None = None
    ) -> None:
        """Builds the index and the tables.

        Args:
            towers: The Trainer's SavedModel, loaded: `embed_query` and `embed_candidate`.
            knowledge: Catalogue, users and fallback.
            k: Items in an answer; fewer where the catalogue is smaller.
            probes: Lists of an inverted file that a query looks into; None: the index is exact.
        """
        super().__init__()
        self.towers = towers
        self.definition = knowledge.definition
        self.k = k
        self.index = ExactIndex(k) if probes is None else InvertedFile(k, probes)
        positions = np.arange(len(knowledge.vectors))  # it answers these: ids are kept once, below
        self._priors = knowledge.priors.shape[1]  # columns of the index that queries choose from
        self.index.index(np.hstack([knowledge.vectors, knowledge.priors]), positions)
        self.item_id = tf.Variable(knowledge.items.item_id, trainable=False)
        self.title = tf.Variable(knowledge.items.title, trainable=False)
        self.items = tf.Variable(knowledge.items.examples, trainable=False)  # for who reads it
        self.timelines = tf.Variable(knowledge.timelines, trainable=False)
        self.fallback = StaticRanking(knowledge.fallback, k)
        norms = np.linalg.norm(knowledge.vectors, axis=1, keepdims=True)
        self.directions = ExactIndex(k)
        self.directions.index(knowledge.vectors / np.where(norms > 0, norms, 1))
        self.position = _table(knowledge.items.item_id)
        self.user_row = _table(knowledge.user_id)

    def of_users(self, user_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers `[batch]` users by their stored timelines; unknown ones by the fallback."""
        row = self.user_row.lookup(user_id)
        stored = tf.gather(self.timelines, tf.maximum(row, 0))
        query = queries.parse(tf.where(row >= 0, stored, self._nobody()), self.definition)
        return self.of_queries({**query, features.USER_ID: user_id})

    def of_queries(
        self, query: dict[str, tf.Tensor], also_exclude: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Answers queries as `queries.parse` gives them, seen items left out.

        Args:
            query: By feature name.
            also_exclude: `[batch, any]` ids to leave out besides the history.

        Returns:
            `item_ids` and `titles`, `[batch, k]` string, empty where fewer than `k` items are
            left; `scores`, `[batch, k]` float32; `known_user`, `[batch]` bool: False means that
            the answer is what is popular lately.
        """
        excluded = queries.seen(query, self.definition)
        if also_exclude is not None:
            excluded = tf.concat([excluded, also_exclude], axis=1)
        vectors, known = self.embed(query, SERVED)
        best = self.best(vectors, known, self.position.lookup(excluded), self.fallback)
        return {**self._named(*best), KNOWN_USER: known}

    def similar(self, item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers `[batch]` items with those of the most similar vectors, by cosine.

        An unknown item has no neighbours: its row is empty.
        """
        position = self.position.lookup(item_id)
        own = self.directions.vectors(tf.maximum(position, 0))
        scores, found = self.directions.query_with_exclusions(own, position[:, tf.newaxis])
        return self._named(tf.where(position[:, tf.newaxis] >= 0, scores, EXCLUDED), found)

    def embed(self, query: dict[str, tf.Tensor], knowing: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns what to ask the index, `[batch, dim + priors]`, and who is known, `[batch]`.

        A vector that is not finite is taken for one of zeros.

        Args:
            query: By feature name.
            knowing: `SERVED` or `MEASURED`: which prior counts.
        """
        embedded = self.towers.embed_query(query)
        vectors = embedded["embedding"]
        finite = tf.reduce_all(tf.math.is_finite(vectors), axis=1, keepdims=True)
        chosen = tf.fill([tf.shape(vectors)[0]], knowing)
        asked = [tf.where(finite, vectors, 0.0), tf.one_hot(chosen, self._priors)]
        return tf.concat(asked, axis=1), embedded["known"]

    def best(
        self,
        vectors: tf.Tensor,
        known: tf.Tensor,
        excluded: tf.Tensor,
        fallback: StaticRanking,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the scores and positions of the best items, both `[batch, k]`.

        Args:
            vectors: `[batch, dim + priors]`, as `embed` gives them.
            known: `[batch]` whether the vector says anything; else the fallback answers.
            excluded: `[batch, any]` int64 positions to leave out; negative ones are padding.
            fallback: What is answered then.
        """
        scores, positions = self.index.query_with_exclusions(vectors, excluded)
        unknown = tf.where(~known)
        values, places = fallback.best(tf.gather(excluded, unknown[:, 0]))
        return (
            tf.tensor_scatter_nd_update(scores, unknown, values),
            tf.tensor_scatter_nd_update(positions, unknown, places),
        )

    def _named(self, scores: tf.Tensor, positions: tf.Tensor) -> dict[str, tf.Tensor]:
        left = scores > EXCLUDED
        return {
            ITEM_IDS: tf.where(left, tf.gather(self.item_id, positions), ""),
            TITLES: tf.where(left, tf.gather(self.title, positions), ""),
            SCORES: scores,
        }

    def _nobody(self) -> tf.Tensor:
        """Returns a serialized timeline of which only the (empty) user id is known."""
        example = tf.train.Example()
        example.features.feature[features.USER_ID].bytes_list.value.append(b"")
        return tf.constant(example.SerializeToString())


def _table(keys: np.ndarray) -> tf.lookup.StaticHashTable:
    """Returns a table from each key to its place in `keys`, and from anything else to -1."""
    values = np.arange(len(keys), dtype=np.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(values))
    return tf.lookup.StaticHashTable(initializer, default_value=-1)
