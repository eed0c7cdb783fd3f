"""What training is fed with: windows of timelines, cut and shuffled anew in every pass."""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from trainer.config import ModelConfig
from trainer.data.timelines import PROFILE_ROWS, Timelines
from trainer.data.windows import cut, shuffled, training_windows
from trainer.model.two_tower import GAPS, INPUTS, RATINGS, TARGETS


def batches(timelines: Timelines, config: ModelConfig) -> tf.data.Dataset:
    """Returns endless training data: one pass after another, each cut and shuffled anew."""
    chance = np.random.default_rng(config.seed)
    row, window = tf.TensorSpec([None], tf.int64), tf.TensorSpec([None, config.window], tf.int64)
    signature = dict.fromkeys(PROFILE_ROWS, row) | dict.fromkeys((INPUTS, GAPS, TARGETS), window)
    signature[RATINGS] = tf.TensorSpec(window.shape, tf.float32)

    def passes() -> Iterator[dict[str, np.ndarray]]:
        while True:
            source = shuffled(timelines, chance) if config.order == "shuffled" else timelines
            cuts = cut(source, config.window, chance)
            cuts = cuts.take(chance.permutation(len(cuts)))
            for first in range(0, len(cuts), config.batch_size):
                some = cuts.take(np.s_[first : first + config.batch_size])
                windows = training_windows(source, some, config.window)
                inputs = windows.inputs
                columns = {INPUTS: inputs.movies, RATINGS: inputs.ratings, GAPS: inputs.gaps}
                yield {**windows.profile, **columns, TARGETS: windows.targets}

    return tf.data.Dataset.from_generator(passes, output_signature=signature).prefetch(1)


def steps_per_epoch(timelines: Timelines, config: ModelConfig) -> int:
    """Returns the batches that one pass takes where no window is cut short."""
    return -(-len(cut(timelines, config.window)) // config.batch_size)
