"""Building of the bundle from trained towers, items and timelines."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.bundle import popularity, records
from components.bundle.answers import Answers, CatalogueState
from components.bundle.measurements import Measurements
from transform import features
from transform.definition import Definition

EMBED_BATCH = 4096


class Bundle(tf.Module):
    """Everything that is served: answers, and their measurements."""

    def __init__(self, answers: Answers, measurements: Measurements) -> None:
        """Holds both, so that they are saved together."""
        super().__init__()
        self.answers = answers
        self.measurements = measurements


def build(
    towers: tf.Module,
    items: records.Items,
    timelines: np.ndarray,
    definition: Definition,
    k: int,
    exclude_seen: bool,
    nprobe: int | None = None,
    trend: popularity.Trend = popularity.NO_TREND,
) -> Bundle:
    """Builds the bundle.

    Args:
        towers: The Trainer's SavedModel, loaded.
        items: The whole catalogue.
        timelines: `[users]` bytes, serialized raw timelines of the split that is measured: serving
            knows its labels, the measurement does not.
        definition: Definition of the data set.
        k: Number of items in an answer.
        exclude_seen: Whether the measurement leaves out seen items, as serving does.
        nprobe: Lists of an IVF index that a query searches; None: the index is exact.
        trend: How recent popularity changes answers.
    """
    whole = records.with_labels_as_history(timelines, definition)
    size = len(items.item_id)
    user_id, all_positions, all_times = _events(whole, items)
    recent_of_all = popularity.recent_counts(all_positions, all_times, size, trend.days)
    _, positions, times = _events(timelines, items)
    recent = popularity.recent_counts(positions, times, size, trend.days)
    priors = np.stack([trend.prior(recent_of_all), trend.prior(recent)], axis=1)
    state = CatalogueState(
        definition=definition,
        items=items,
        vectors=embed_catalogue(towers, items),
        user_id=user_id,
        timelines=whole,
        fallback=recent_of_all,
        priors=priors if trend.weight else priors[:, :0],
    )
    answers = Answers(towers, state, k, nprobe)
    measurements = Measurements(
        answers,
        popular=popularity.counts(positions, size),
        recent=recent,
        exclude_seen=exclude_seen,
    )
    return Bundle(answers, measurements)


def recent_counts(
    timelines: np.ndarray, items: records.Items, trend: popularity.Trend
) -> np.ndarray:
    """Returns the recent counts of histories, `[items]` float32; see `popularity.recent_counts`."""
    _, positions, times = _events(timelines, items)
    return popularity.recent_counts(positions, times, len(items.item_id), trend.days)


def embed_catalogue(towers: tf.Module, items: records.Items) -> np.ndarray:
    """Returns the `[items, dim]` float32 vectors of the whole catalogue."""
    return np.concatenate(
        [
            towers.embed_candidate(tf.constant(items.examples[first : first + EMBED_BATCH])).numpy()
            for first in range(0, len(items.examples), EMBED_BATCH)
        ]
    )


def _events(
    timelines: Sequence[bytes] | np.ndarray, items: records.Items
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns user ids, and catalogue position and time of every event of the histories.

    Events with withdrawn items are left out.
    """
    spec = {
        features.USER_ID: tf.io.FixedLenFeature([], tf.string),
        features.ITEM_ID: tf.io.RaggedFeature(tf.string),
        features.TIME: tf.io.RaggedFeature(tf.int64),
    }
    parsed = tf.io.parse_example(timelines, spec)
    positions = items.positions(parsed[features.ITEM_ID].flat_values.numpy())
    kept = positions >= 0
    return (
        parsed[features.USER_ID].numpy(),
        positions[kept],
        parsed[features.TIME].flat_values.numpy()[kept],
    )
