"""Training batches: windows of timelines, cut and shuffled anew in every pass."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.timelines import Timelines
from trainer.data.windows import (
    EVENTS,
    GAPS,
    INPUTS,
    TARGETS,
    TIMES,
    USERS,
    WAITS,
    WEIGHTS,
    Windows,
    find_window_starts,
    make_windows,
    shuffle_histories,
)


def make_batches(
    timelines: Timelines, config: ModelConfig, unknown: dict[str, int]
) -> tf.data.Dataset:
    """Creates endless training data: one pass after another, each cut and shuffled anew.

    Args:
        timelines: The histories to learn.
        config: Hyperparameters; `window`, `batch_size`, `order` and `seed` are used.
        unknown: Row of an unknown value, by name of the event feature.

    Returns:
        Batches by name: `USERS` and `EVENTS` hold features by name, all others are `[batch,
        window]`, as in `Windows`. The last batch of a pass may be smaller than `batch_size`.
    """
    rng = np.random.default_rng(config.seed)

    def passes() -> Iterator[dict[str, Any]]:
        while True:
            source = shuffle_histories(timelines, rng) if config.order == "shuffled" else timelines
            starts = find_window_starts(source, config.window, rng)
            starts = starts.take(rng.permutation(len(starts)))
            for first in range(0, len(starts), config.batch_size):
                chosen = starts.take(np.s_[first : first + config.batch_size])
                yield as_batch(make_windows(source, chosen, config.window, unknown))

    nothing = find_window_starts(timelines, config.window).take(slice(0))
    empty = as_batch(make_windows(timelines, nothing, config.window, unknown))
    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec([None, *array.shape[1:]], array.dtype), empty
    )
    return tf.data.Dataset.from_generator(passes, output_signature=signature).prefetch(1)


def as_batch(windows: Windows) -> dict[str, Any]:
    """Returns windows by name, as the model takes them."""
    inputs = windows.inputs
    return {
        USERS: windows.user_features,
        INPUTS: inputs.items,
        EVENTS: inputs.events,
        GAPS: inputs.gaps,
        WAITS: inputs.waits,
        TIMES: inputs.times,
        TARGETS: windows.targets,
        WEIGHTS: windows.weights,
    }


def steps_per_epoch(timelines: Timelines, config: ModelConfig) -> int:
    """Returns the batches of a pass in which no window is cut short."""
    return -(-len(find_window_starts(timelines, config.window)) // config.batch_size)
