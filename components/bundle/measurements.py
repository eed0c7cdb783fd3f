"""What the Evaluator reads off the bundle: one number per example, and what to slice by.

An example may hold several held-out items (never under `leave_last_out`). Its numbers are means
over them, and `label_count` weighs it, so that TFMA's weighted mean is the mean over held-out
ratings.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.bundle import records
from components.bundle.answers import MEASURED, Answers
from components.bundle.index import EXCLUDED
from components.bundle.static_ranking import StaticRanking
from transform import features, metrics, queries
from transform.definition import Definition

HIT_AT = (1, 5, 10, 50, 100)
NDCG_AT = 10
COVERAGE_AT = 10
LABEL_COUNT = "label_count"
ACTIVITY = "activity"
LABEL_POPULARITY = "label_popularity"
TOP_POSITIONS = "top_positions"
CATALOGUE_SIZE = "catalogue_size"
ACTIVITY_BOUNDS = (1, 20, 50, 100, 200)
HEAD_SHARE, TORSO_SHARE = 0.1, 0.5  # most popular tenth of the catalogue; the next four tenths
MISSED = 1_000_000
METRICS = {
    **{f"hit@{k}": f"hit_at_{k}" for k in HIT_AT},
    f"ndcg@{NDCG_AT}": f"ndcg_at_{NDCG_AT}",
    "mrr": "mrr",
}
"""Names of the metrics as people write them, and the outputs of `evaluate` that hold them."""
YARDSTICKS = ("popular", "recent")
LIFT = "hit_at_10_over_popular"
RECALL = "index_recall"
RECALL_AT = 100


class Measurements(tf.Module):
    """Ranks held-out items by the answers that are served, and by popularity beside them."""

    def __init__(
        self, answers: Answers, popular: np.ndarray, recent: np.ndarray, exclude_seen: bool
    ) -> None:
        """Keeps the yardsticks.

        Args:
            answers: What is measured.
            popular: `[items]` float32 counts over the histories, never the labels, of the split.
            recent: `[items]` float32 recent counts, likewise.
            exclude_seen: Whether items of the history are left out of the ranking.
        """
        super().__init__()
        self.answers = answers
        self.popular = StaticRanking(popular, answers.k)
        self.recent = StaticRanking(recent, answers.k)
        self._exclude_seen = exclude_seen
        share = np.empty(len(popular), np.float32)
        share[np.argsort(-popular, kind="stable")] = np.arange(len(popular)) / len(popular)
        self.popularity_share = tf.Variable(share, trainable=False)

    def evaluate(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Measures `[batch]` serialized raw timelines.

        Returns:
            Float32 `[batch]` by name: `hit_at_k`, `ndcg_at_10`, `mrr` (0 beyond the answer's
            length) of the model; the same with prefixes `popular_` and `recent_`;
            `hit_at_10_over_popular`, the difference that must not be negative; `index_recall`, the
            share of the exact index's 100 best that the served index found; and for the coverage
            of the catalogue `top_positions`, `[batch, 10]`, and `catalogue_size`.
        """
        query = queries.parse(examples, self.answers.definition)
        labels = records.parse_labels(examples)
        seen = self.answers.position.lookup(queries.seen(query, self.answers.definition))
        seen = seen if self._exclude_seen else seen[:, :0]
        vectors, known = self.answers.embed(query, MEASURED)
        top = found(*self.answers.best(vectors, known, seen, self.recent))
        result = self._metrics(top, labels)
        for name, ranking in zip(YARDSTICKS, (self.popular, self.recent), strict=True):
            metrics = self._metrics(found(*ranking.best(seen)), labels)
            result |= {f"{name}_{metric}": value for metric, value in metrics.items()}
        result[LIFT] = result["hit_at_10"] - result["popular_hit_at_10"]
        result[RECALL] = self._recall(vectors, known, seen)
        result[TOP_POSITIONS] = tf.cast(top[:, :COVERAGE_AT], tf.float32)
        size = float(self.answers.index.size)
        result[CATALOGUE_SIZE] = tf.fill(tf.shape(examples), size)
        return result

    def describe(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns weight and slices of `[batch]` serialized raw timelines, each `[batch]`."""
        query = queries.parse(examples, self.answers.definition)
        labels = self.answers.position.lookup(records.parse_labels(examples))
        share = tf.ragged.map_flat_values(self._share_of, labels)
        length = tf.reduce_sum(tf.cast(query[features.ITEM_ID] != "", tf.int32), axis=1)
        bands = {
            group(name): number_band(query[name], bounds)
            for name, bounds in self.answers.definition.slices.items()
            if bounds
        }
        return {
            LABEL_COUNT: tf.cast(labels.row_lengths(), tf.float32),
            ACTIVITY: activity(length),
            LABEL_POPULARITY: popularity_band(tf.reduce_mean(share, axis=1)),
            **bands,
        }

    def _share_of(self, position: tf.Tensor) -> tf.Tensor:
        """Returns the share of more popular items; an older bundle may not know the item."""
        share = tf.gather(self.popularity_share, tf.maximum(position, 0))
        return tf.where(position >= 0, share, 1.0)

    def _recall(self, vectors: tf.Tensor, known: tf.Tensor, seen: tf.Tensor) -> tf.Tensor:
        """Returns the recall of the index for each query, `[batch]`; 1 where it is not asked."""
        index = self.answers.index
        if index.is_exact():
            return tf.ones_like(known, tf.float32)
        served = found(*index.query_with_exclusions(vectors, seen))[:, :RECALL_AT]
        exact = found(*index.query_exactly(vectors, seen))[:, :RECALL_AT]
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


def found(scores: tf.Tensor, positions: tf.Tensor) -> tf.Tensor:
    """Returns the `[batch, k]` positions of an answer, -1 where no item was left."""
    return tf.where(scores > EXCLUDED, positions, -1)


def recall(served: tf.Tensor, exact: tf.Tensor) -> tf.Tensor:
    """Returns the share of the exact answer that was served, `[batch]`; of nothing it is 1.

    Args:
        served: `[batch, any]` positions, -1: none.
        exact: `[batch, any]`, likewise.
    """
    there = exact >= 0
    hits = tf.reduce_any(exact[:, :, tf.newaxis] == served[:, tf.newaxis, :], axis=2) & there
    count = tf.reduce_sum(tf.cast(there, tf.float32), axis=1)
    hit = tf.reduce_sum(tf.cast(hits, tf.float32), axis=1)
    return tf.where(count > 0, tf.math.divide_no_nan(hit, count), 1.0)


def rank_in(top: tf.Tensor, positive: tf.Tensor) -> tf.Tensor:
    """Returns each `[labels]` positive's place in its `[labels, k]` list, or `MISSED`.

    Negative positions are in no list.
    """
    hit = (tf.cast(top, tf.int64) == positive[:, tf.newaxis]) & (positive[:, tf.newaxis] >= 0)
    place = tf.argmax(hit, axis=1, output_type=tf.int32)
    return tf.where(tf.reduce_any(hit, axis=1), place, MISSED)


def look_up(gains: np.ndarray, rank: tf.Tensor) -> tf.Tensor:
    """Returns what each rank is worth, `[labels]` float32.

    Args:
        gains: `[k + 1]` table of `transform.metrics`; its last entry stands for all later ranks.
        rank: `[labels]` int32 ranks, 0 for the top.
    """
    return tf.gather(tf.constant(gains, tf.float32), tf.minimum(rank, len(gains) - 1))


def activity(watched: tf.Tensor) -> tf.Tensor:
    """Returns the band of each `[batch]` int32 number of rated items, such as "20-49"."""
    return _band(watched, ACTIVITY_BOUNDS)


def number_band(value: tf.Tensor, bounds: Sequence[float]) -> tf.Tensor:
    """Returns the band of each `[batch]` float32 number, such as "25-34"; "unknown" of NaN."""
    return tf.where(tf.math.is_nan(value), "unknown", _band(value, bounds))


def group(name: str) -> str:
    """Returns the name of the slices by the bands of a number."""
    return f"{name}_group"


def slice_keys(definition: Definition) -> tuple[str, ...]:
    """Returns by which features metrics are sliced: raw ones, or what `describe` gives."""
    return tuple(group(name) if bounds else name for name, bounds in definition.slices.items())


def _band(number: tf.Tensor, bounds: Sequence[float]) -> tf.Tensor:
    """Returns which band each `[batch]` number falls in, by name; a band begins at its bound."""
    reached = number[:, tf.newaxis] >= tf.constant(bounds, number.dtype)
    place = tf.reduce_sum(tf.cast(reached, tf.int32), axis=1)
    return tf.gather(tf.constant(band_names(bounds)), place)


def band_names(bounds: Sequence[float]) -> list[str]:
    """Returns the names of the bands between bounds.

    Example:
        >>> band_names([18, 25])
        ['0-17', '18-24', '25+']
        >>> band_names([9.5])
        ['below 9.5', '9.5+']
    """
    if all(float(bound).is_integer() and bound >= 0 for bound in bounds):
        whole = [0, *map(int, bounds)]
        names = [
            f"{low}-{high - 1}" if high - 1 > low else f"{low}"
            for low, high in itertools.pairwise(whole)
        ]
        return [*names, f"{whole[-1]}+"]
    between = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(bounds)]
    return [f"below {bounds[0]:g}", *between, f"{bounds[-1]:g}+"]


def popularity_band(share: tf.Tensor) -> tf.Tensor:
    """Returns "head", "torso" or "tail" by the `[batch]` share of items more popular.

    Of an example that holds several labels it is the mean share; "none" without a label.
    """
    band = tf.where(share < HEAD_SHARE, "head", tf.where(share < TORSO_SHARE, "torso", "tail"))
    return tf.where(tf.math.is_nan(share), "none", band)
