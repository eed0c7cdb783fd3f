"""Measurements of the bundle, which the Evaluator reads: numbers and slices of each example.

An example may hold several held-out items (never under `leave_last_out`). Its numbers are means
over them, and `label_count` weighs it, so that TFMA's weighted mean is the mean over held-out
events.
"""

import numpy as np
import tensorflow as tf

from components.bundle import records, slices
from components.bundle.answers import MEASURED, Answers
from components.bundle.index import EXCLUDED
from components.bundle.static_ranking import StaticRanking
from components.bundle.trained_towers import uses_request_time
from transform import features, metrics, queries

HIT_AT = (1, 5, 10, 50, 100)
NDCG_AT = 10
COVERAGE_AT = 10
LABEL_COUNT = "label_count"
TOP_POSITIONS = "top_positions"
CATALOGUE_SIZE = "catalogue_size"
MISSED = 1_000_000
METRICS = {
    **{f"hit@{k}": f"hit_at_{k}" for k in HIT_AT},
    f"ndcg@{NDCG_AT}": f"ndcg_at_{NDCG_AT}",
    "mrr": "mrr",
}
"""Output of `evaluate` that holds each metric, by the name that people write."""
TIMED = "timed"
"""Prefix of the metrics of queries that know the time of the request: that of the first label."""

BASELINES = ("popular", "recent")
"""Rankings to beat: by all events of the past, and by recent ones."""
LIFT = "hit_at_10_over_popular"
RECALL = "index_recall"
RECALL_AT = 100


class Measurements(tf.Module):
    """Ranks held-out items by the answers that are served, and by popularity beside them."""

    def __init__(
        self, answers: Answers, popular: np.ndarray, recent: np.ndarray, exclude_seen: bool
    ) -> None:
        """Sorts the catalogue by the baselines.

        Args:
            answers: Answers that are measured.
            popular: `[items]` float32 counts of events in the histories of the split, never in its
                labels.
            recent: `[items]` float32 counts of recent events, likewise.
            exclude_seen: Whether seen items are left out of the ranking.
        """
        super().__init__()
        self.answers = answers
        self.popular = StaticRanking(popular, answers.k)
        self.recent = StaticRanking(recent, answers.k)
        self._exclude_seen = exclude_seen
        self._timed = uses_request_time(answers.towers)
        share = np.empty(len(popular), np.float32)
        share[np.argsort(-popular, kind="stable")] = np.arange(len(popular)) / len(popular)
        self.popularity_share = tf.Variable(share, trainable=False)

    def evaluate(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Measures `[batch]` serialized raw timelines; requests come at a time that is not known.

        Returns:
            Float32 `[batch]` by name: `hit_at_k`, `ndcg_at_10`, `mrr` (0 beyond the answer's
            length) of the model; the same with prefixes `popular_` and `recent_` and, where the
            towers use the time of the request, `timed_`;
            `hit_at_10_over_popular`, the difference that must not be negative; `index_recall`, the
            share of the exact index's 100 best that the served index found; and for the coverage
            of the catalogue `top_positions`, `[batch, 10]`, and `catalogue_size`.
        """
        query = queries.parse(examples, self.answers.definition)
        labels = records.parse_labels(examples)
        seen = self.answers.position.lookup(queries.seen(query, self.answers.definition))
        seen = seen if self._exclude_seen else seen[:, :0]
        vectors, known = self.answers.embed(query, MEASURED)
        top = positions_of(*self.answers.best(vectors, known, seen, self.recent))
        result = self._metrics(top, labels)
        if self._timed:
            asked = {**query, features.REQUEST_TIME: first_label_time(examples)}
            vectors_then, known_then = self.answers.embed(asked, MEASURED)
            best = self.answers.best(vectors_then, known_then, seen, self.recent)
            result |= _prefixed(TIMED, self._metrics(positions_of(*best), labels))
        for name, ranking in zip(BASELINES, (self.popular, self.recent), strict=True):
            result |= _prefixed(name, self._metrics(positions_of(*ranking.best(seen)), labels))
        result[LIFT] = result["hit_at_10"] - result["popular_hit_at_10"]
        result[RECALL] = self._recall(vectors, known, seen)
        result[TOP_POSITIONS] = tf.cast(top[:, :COVERAGE_AT], tf.float32)
        size = float(self.answers.index.size)
        result[CATALOGUE_SIZE] = tf.fill(tf.shape(examples), size)
        return result

    def describe(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns weight and slices of `[batch]` serialized raw timelines, each `[batch]`.

        Slices by a category need no output here: TFMA reads the raw feature.
        """
        query = queries.parse(examples, self.answers.definition)
        labels = self.answers.position.lookup(records.parse_labels(examples))
        share = tf.ragged.map_flat_values(self._share_of, labels)
        length = tf.reduce_sum(tf.cast(query[features.ITEM_ID] != "", tf.int32), axis=1)
        return {
            LABEL_COUNT: tf.cast(labels.row_lengths(), tf.float32),
            slices.ACTIVITY: slices.activity(length),
            slices.LABEL_POPULARITY: slices.popularity_band(tf.reduce_mean(share, axis=1)),
            **slices.number_bands(query, self.answers.definition),
        }

    def _share_of(self, position: tf.Tensor) -> tf.Tensor:
        """Returns the share of more popular items; 1 for an item that is not in the catalogue."""
        share = tf.gather(self.popularity_share, tf.maximum(position, 0))
        return tf.where(position >= 0, share, 1.0)

    def _recall(self, vectors: tf.Tensor, known: tf.Tensor, seen: tf.Tensor) -> tf.Tensor:
        """Returns the recall of the index for each query, `[batch]`; 1 where it is not asked."""
        index = self.answers.index
        if index.is_exact():
            return tf.ones_like(known, tf.float32)
        served = positions_of(*index.query_with_exclusions(vectors, seen))[:, :RECALL_AT]
        exact = positions_of(*index.query_exactly(vectors, seen))[:, :RECALL_AT]
        return tf.where(known, recall(served, exact), 1.0)

    def _metrics(self, top: tf.Tensor, labels: tf.RaggedTensor) -> dict[str, tf.Tensor]:
        position = self.answers.position.lookup(labels)
        rank = rank_in(tf.gather(top, position.value_rowids()), position.values)
        gains = {f"hit_at_{k}": metrics.hit_gains(k) for k in HIT_AT}
        gains[f"ndcg_at_{NDCG_AT}"] = metrics.ndcg_gains(NDCG_AT)
        per_label = {name: look_up(table, rank) for name, table in gains.items()}
        listed = tf.cast(rank < MISSED, tf.float32)
        per_label["mrr"] = listed / (tf.cast(rank, tf.float32) + 1)
        return {
            name: tf.math.divide_no_nan(
                tf.math.unsorted_segment_sum(values, position.value_rowids(), position.nrows()),
                tf.cast(position.row_lengths(), tf.float32),
            )
            for name, values in per_label.items()
        }


def first_label_time(examples: tf.Tensor) -> tf.Tensor:
    """Returns the time of the first label of `[batch]` serialized raw timelines, 0 without one."""
    name = features.label(features.TIME)
    times = tf.io.parse_example(examples, {name: tf.io.RaggedFeature(tf.int64)})[name]
    return times.to_tensor(queries.UNKNOWN_TIME, shape=[None, 1])[:, 0]


def _prefixed(prefix: str, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {f"{prefix}_{name}": value for name, value in values.items()}


def positions_of(scores: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns the `[batch, k]` positions of an answer, -1 where no item was left."""
    return tf.where(scores > EXCLUDED, positions, -1)


def recall(served: tf.Tensor, exact: tf.Tensor) -> tf.Tensor:
    """Returns the share of the exact answer that was served, `[batch]`; of nothing it is 1.

    Args:
        served: `[batch, any]` positions of the served answer; -1 is padding.
        exact: `[batch, any]` positions of the exact answer; -1 is padding.
    """
    real = exact >= 0
    hits = tf.reduce_any(exact[:, :, tf.newaxis] == served[:, tf.newaxis, :], axis=2) & real
    size = tf.reduce_sum(tf.cast(real, tf.float32), axis=1)
    hit_count = tf.reduce_sum(tf.cast(hits, tf.float32), axis=1)
    return tf.where(size > 0, tf.math.divide_no_nan(hit_count, size), 1.0)


def rank_in(top: tf.Tensor, positive: tf.Tensor) -> tf.Tensor:
    """Returns the rank of each `[labels]` positive in its `[labels, k]` list, or `MISSED`.

    Negative positions are in no list.
    """
    hit = (tf.cast(top, tf.int64) == positive[:, tf.newaxis]) & (positive[:, tf.newaxis] >= 0)
    rank = tf.argmax(hit, axis=1, output_type=tf.int32)
    return tf.where(tf.reduce_any(hit, axis=1), rank, MISSED)


def look_up(gains: np.ndarray, rank: tf.Tensor) -> tf.Tensor:
    """Returns what each rank is worth, `[labels]` float32.

    Args:
        gains: `[k + 1]` table of `transform.metrics`; the last entry stands for all later ranks.
        rank: `[labels]` int32 ranks, 0 for the top.
    """
    return tf.gather(tf.constant(gains, tf.float32), tf.minimum(rank, len(gains) - 1))
