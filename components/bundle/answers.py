"""Answers to queries: the one path that all signatures of the bundle share."""

import dataclasses

import numpy as np
import tensorflow as tf

from components.bundle import records
from components.bundle.filter_terms import filterable
from components.bundle.filters import Filters
from components.bundle.index import EXCLUDED, ExactIndex
from components.bundle.ivf_index import IVFIndex
from components.bundle.static_ranking import StaticRanking
from components.bundle.trained_towers import embed_query
from transform import features, queries
from transform.definition import Definition

ITEM_IDS, TITLES, SCORES, KNOWN_USER = "item_ids", "titles", "scores", "known_user"
FILTERED = "filtered"
CLOCK_SKEW = "clock_skew"
HISTORY_ITEM_IDS, HISTORY_TIMES = "history_item_ids", "history_times"
EXCLUDE_ITEM_IDS = features.EXCLUDE_ITEM_IDS
REQUEST_TIME = features.REQUEST_TIME
EXAMPLES = "examples"
LATEST_REQUEST = 10**11
"""Seconds of the year 5138; who sends more sends milliseconds."""

Terms = tuple[tf.Tensor, tf.Tensor]
"""What a filter requires and what it forbids, `[batch, any]` string each; see `filters`."""

SERVED, MEASURED = range(2)
"""Events that count as past when an item is scored: all, or those before the labels."""


@dataclasses.dataclass(frozen=True)
class CatalogueState:
    """Catalogue, users and popularity at the time of building: all of a bundle but the towers."""

    definition: Definition
    """Definition of the data set."""

    items: records.Items
    """The whole catalogue."""

    vectors: np.ndarray
    """`[items, dim]` float32 vectors of the candidate tower, in the catalogue's order."""

    user_id: np.ndarray
    """`[users]` bytes, ids of the users."""

    timelines: np.ndarray
    """`[users]` bytes: the serialized raw timeline of each user, labels in the history."""

    fallback: np.ndarray
    """`[items]` float32 ranking for users of whom nothing is known: recent popularity, labels
    included."""

    priors: np.ndarray
    """`[items, 0 or 2]` float32 summands of scores that are `SERVED` and `MEASURED`."""


class Answers(tf.Module):
    """Ranks the catalogue for queries, and answers with ids and titles."""

    def __init__(
        self, towers: tf.Module, state: CatalogueState, k: int, nprobe: int | None = None
    ) -> None:
        """Builds the index and the tables.

        Args:
            towers: The Trainer's SavedModel, loaded: `embed_query` and `embed_candidate`.
            state: Catalogue, users and popularity.
            k: Number of items in an answer; fewer where the catalogue is smaller.
            nprobe: Lists of an IVF index that a query searches; None: the index is exact.
        """
        super().__init__()
        self.towers = towers
        self.definition = state.definition
        self.k = k
        self.index = ExactIndex(k) if nprobe is None else IVFIndex(k, nprobe)
        positions = np.arange(len(state.vectors))  # the index answers them: ids are kept once
        self._priors = state.priors.shape[1]  # columns of the index that queries choose from
        self.index.index(np.hstack([state.vectors, state.priors]), positions)
        self.item_id = tf.Variable(state.items.item_id, trainable=False)
        self.title = tf.Variable(state.items.title, trainable=False)
        self.items = tf.Variable(state.items.examples, trainable=False)  # for who reads it
        self.timelines = tf.Variable(state.timelines, trainable=False)
        self.fallback = StaticRanking(state.fallback, k)
        self.unavailable = tf.Variable(  # in no answer; a version of its own changes it
            np.zeros(0, np.int64), shape=[None], trainable=False
        )
        self.filters = None
        if filterable(state.definition):
            order = self.index.identifiers(positions).numpy()
            self.filters = Filters(state.items, order, state.definition)
        norms = np.linalg.norm(state.vectors, axis=1, keepdims=True)
        self.directions = ExactIndex(k)
        self.directions.index(state.vectors / np.where(norms > 0, norms, 1))
        self.position = _table(state.items.item_id)
        self.user_row = _table(state.user_id)

    def of_users(
        self,
        user_id: tf.Tensor,
        request_time: tf.Tensor | None = None,
        also_exclude: tf.Tensor | None = None,
        terms: Terms | None = None,
    ) -> dict[str, tf.Tensor]:
        """Answers users by their stored timelines; unknown ones by the fallback.

        Args:
            user_id: `[batch]` string.
            request_time: `[batch]` int64 seconds, 0 where unknown; None: all are.
            also_exclude: As in `of_queries`.
            terms: As in `of_queries`.
        """
        row = self.user_row.lookup(user_id)
        stored = tf.gather(self.timelines, tf.maximum(row, 0))
        query = queries.parse(tf.where(row >= 0, stored, self._nobody()), self.definition)
        query[features.USER_ID] = user_id
        if request_time is not None:
            query[features.REQUEST_TIME] = request_time
        return self.of_queries(query, also_exclude, terms)

    def of_queries(
        self,
        query: dict[str, tf.Tensor],
        also_exclude: tf.Tensor | None = None,
        terms: Terms | None = None,
    ) -> dict[str, tf.Tensor]:
        """Answers queries; items that the history makes seen are left out.

        Args:
            query: Queries as `queries.parse` returns them, by name.
            also_exclude: `[batch, any]` ids of more items to leave out.
            terms: Terms of a filter, where the definition marks a feature; None: no filter.

        Returns:
            `item_ids` and `titles`, `[batch, k]` string, empty where fewer than `k` items are
            left; `scores`, `[batch, k]` float32; `known_user`, `[batch]` bool: False means that
            the answer is the ranking by recent popularity; `clock_skew`, `[batch]` int64, see
            `clock_skew`. With a filter also `filtered`, `[batch]` int32: items of the catalogue
            that do not pass it.

        Raises:
            tf.errors.InvalidArgumentError: See `in_seconds` and `filter_terms.Grammar.parse`.
        """
        given = {REQUEST_TIME: query[REQUEST_TIME], HISTORY_TIMES: query[features.TIME]}
        sound = in_seconds(given)
        query = {**query, REQUEST_TIME: sound[REQUEST_TIME], features.TIME: sound[HISTORY_TIMES]}
        excluded = queries.seen(query, self.definition)
        if also_exclude is not None:
            excluded = tf.concat([excluded, also_exclude], axis=1)
        vectors, known = self.embed(query, SERVED)
        allowed = None
        if terms is not None:
            assert self.filters is not None  # else no signature has terms
            allowed = self.filters.mask(*terms)
        left_out = self._with_unavailable(self.position.lookup(excluded))
        best = self.best(vectors, known, left_out, self.fallback, allowed)
        answer = {**self._named(*best), KNOWN_USER: known, CLOCK_SKEW: clock_skew(query)}
        if allowed is not None:
            passing = tf.reduce_sum(tf.cast(allowed, tf.int32), axis=1)
            answer[FILTERED] = self.index.size - passing
        return answer

    def similar(self, item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        """Answers `[batch]` items with those of the most similar vectors, by cosine.

        An unknown item has no neighbours: its row is empty.
        """
        position = self.position.lookup(item_id)
        own = self.directions.vectors(tf.maximum(position, 0))
        left_out = self._with_unavailable(position[:, tf.newaxis])
        scores, neighbours = self.directions.query_with_exclusions(own, left_out)
        return self._named(tf.where(position[:, tf.newaxis] >= 0, scores, EXCLUDED), neighbours)

    def embed(self, query: dict[str, tf.Tensor], past: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns query vectors, `[batch, dim + priors]`, and which users are known, `[batch]`.

        A vector that is not finite is replaced by zeros.

        Args:
            query: Queries as `queries.parse` returns them, by name.
            past: `SERVED` or `MEASURED`: which prior is added to scores.
        """
        embedded = embed_query(self.towers, query)
        vectors = embedded["embedding"]
        finite = tf.reduce_all(tf.math.is_finite(vectors), axis=1, keepdims=True)
        chosen = tf.fill([tf.shape(vectors)[0]], past)
        parts = [tf.where(finite, vectors, 0.0), tf.one_hot(chosen, self._priors)]
        return tf.concat(parts, axis=1), embedded["known"]

    def best(
        self,
        vectors: tf.Tensor,
        known: tf.Tensor,
        excluded: tf.Tensor,
        fallback: StaticRanking,
        allowed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the scores and positions of the best items, both `[batch, k]`.

        Args:
            vectors: `[batch, dim + priors]` query vectors, as `embed` returns them.
            known: `[batch]` bool, whether anything is known of a user; else the fallback answers.
            excluded: `[batch, any]` int64 positions to leave out; negative ones are padding.
            fallback: Ranking for users of whom nothing is known.
            allowed: `[batch, items]` bool by row of the index, which may be answered; None: all.
        """
        scores, positions = self.index.query_with_exclusions(vectors, excluded, allowed=allowed)
        unknown = tf.where(~known)

        def with_fallback() -> tuple[tf.Tensor, tf.Tensor]:
            rows = unknown[:, 0]
            placed = None
            if allowed is not None:
                ranked = self.index.rows(fallback.positions)
                placed = tf.gather(tf.gather(allowed, rows), ranked, axis=1)
            values, places = fallback.best(tf.gather(excluded, rows), placed)
            return (
                tf.tensor_scatter_nd_update(scores, unknown, values),
                tf.tensor_scatter_nd_update(positions, unknown, places),
            )

        if allowed is None:
            return with_fallback()
        return tf.cond(tf.size(unknown) > 0, with_fallback, lambda: (scores, positions))

    def _with_unavailable(self, positions: tf.Tensor) -> tf.Tensor:
        """Returns `[batch, any]` positions and behind them those of unavailable items."""
        rows = tf.shape(positions)[0]
        return tf.concat([positions, tf.repeat(self.unavailable[tf.newaxis], rows, axis=0)], axis=1)

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
    """Returns a table from each key to its position in `keys`, and from anything else to -1."""
    values = np.arange(len(keys), dtype=np.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(keys), tf.constant(values))
    return tf.lookup.StaticHashTable(initializer, default_value=-1)


def clock_skew(query: dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns by how many seconds each request lies before its history's latest event, `[batch]`.

    The towers take such a request as one at the time of that event, as if no time had passed.
    Whoever asks can count them: a few mean that clocks differ, all that a time zone is wrong. 0
    where the request is not earlier, or either time is not known.

    Args:
        query: Queries by name, as in `queries.specs`.
    """
    real = query[features.ITEM_ID] != ""
    latest = tf.reduce_max(tf.where(real, query[features.TIME], queries.UNKNOWN_TIME), axis=1)
    asked = query[REQUEST_TIME]
    early = tf.maximum(tf.maximum(latest, queries.UNKNOWN_TIME) - asked, 0)
    return tf.where(asked == queries.UNKNOWN_TIME, tf.zeros_like(early), early)


def in_seconds(times: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Checks that times are seconds, and returns them by name.

    Args:
        times: int64 times by the name that callers know: of requests and of the history's events.

    Raises:
        tf.errors.InvalidArgumentError: One is of the year 5138 or later, or that of a request
            before 1970, found when the graph runs.
    """
    checks = []
    for name, value in times.items():
        message = (
            f"{name} is in seconds since 1970-01-01 UTC, 0 where unknown; divide milliseconds by "
            "1000. Got"
        )
        sound = tf.reduce_all(value < LATEST_REQUEST)
        if name == REQUEST_TIME:  # people did things before 1970, but sent no request
            sound &= tf.reduce_all(value >= 0)
        checks.append(tf.debugging.Assert(sound, [message, value]))
    with tf.control_dependencies(checks):
        return {name: tf.identity(value) for name, value in times.items()}
