"""Training batches: windows of timelines, cut and shuffled anew in every pass."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.timelines import USER_FEATURES, Timelines
from trainer.data.windows import (
    GAPS,
    INPUTS,
    RATINGS,
    TARGETS,
    find_window_starts,
    make_windows,
    shuffle_histories,
)


def make_batches(timelines: Timelines, config: ModelConfig) -> tf.data.Dataset:
    """Creates endless training data: one pass after another, each cut and shuffled anew.

    Args:
        timelines: The histories to learn.
        config: Hyperparameters; `window`, `batch_size`, `order` and `seed` are used.

    Returns:
        Batches by name: `[batch]` int64 rows of each of `USER_FEATURES`, and `[batch, window]`
        `INPUTS`, `GAPS` and `TARGETS` (int64) and `RATINGS` (float32), as in `Windows`. The last
        batch of a pass may be smaller than `batch_size`.
    """
    rng = np.random.default_rng(config.seed)
    row, window = tf.TensorSpec([None], tf.int64), tf.TensorSpec([None, config.window], tf.int64)
    signature = dict.fromkeys(USER_FEATURES, row) | dict.fromkeys((INPUTS, GAPS, TARGETS), window)
    signature[RATINGS] = tf.TensorSpec(window.shape, tf.float32)

    def passes() -> Iterator[dict[str, np.ndarray]]:
        while True:
            source = shuffle_histories(timelines, rng) if config.order == "shuffled" else timelines
            starts = find_window_starts(source, config.window, rng)
            starts = starts.take(rng.permutation(len(starts)))
            for first in range(0, len(starts), config.batch_size):
                chosen = starts.take(np.s_[first : first + config.batch_size])
                windows = make_windows(source, chosen, config.window)
                inputs = windows.inputs
                columns = {INPUTS: inputs.movies, RATINGS: inputs.ratings, GAPS: inputs.gaps}
                yield {**windows.user_features, **columns, TARGETS: windows.targets}

    return tf.data.Dataset.from_generator(passes, output_signature=signature).prefetch(1)


def steps_per_epoch(timelines: Timelines, config: ModelConfig) -> int:
    """Returns the batches of a pass in which no window is cut short."""
    return -(-len(find_window_starts(timelines, config.window)) // config.batch_size)
