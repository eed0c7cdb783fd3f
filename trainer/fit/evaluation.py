"""Ranking of the held-out items of `eval` after each epoch, by which the epoch is chosen."""

import numpy as np
import tensorflow as tf

from trainer.data.timelines import Timelines
from trainer.data.windows import Inputs, first_label_times, latest_inputs
from trainer.fit.ranking import ranks
from trainer.model.towers import last_position
from trainer.model.two_tower import TwoTowerModel
from transform import metrics

K = 10
HIT, MONITOR = f"val_hit@{K}", f"val_ndcg@{K}"
TIMED_HIT, TIMED_NDCG = f"val_timed_hit@{K}", f"val_timed_ndcg@{K}"
QUERY_BATCH = 1024
SCORES_AT_ONCE = 2**26  # 256 MB of float32


class RankingOnEval(tf.keras.callbacks.Callback):
    """Adds `val_hit@10` and `val_ndcg@10` to the logs of every epoch.

    Ranks by id over the whole catalogue, by one matrix product and counting, with the items of
    the history left out where serving leaves them out.
    """

    def __init__(
        self,
        timelines: Timelines,
        position_of_row: np.ndarray,
        window: int,
        exclude_seen: bool,
        unknown: dict[str, int],
        request_time: bool = False,
    ) -> None:
        """Prepares the queries.

        Args:
            timelines: The `eval` split.
            position_of_row: `[known items]` int64 catalogue position of each vocabulary row.
            window: Items that a query sees.
            exclude_seen: Whether seen items of the history are left out of the ranking.
            unknown: Row of an unknown value, by name of the event feature.
            request_time: Whether to rank a second time by queries that know the time of the
                request, which is that of a user's first label.

        Raises:
            ValueError: No label was seen in training, so there is nothing to rank.
        """
        super().__init__()
        self._known = len(position_of_row)
        self._position_of_row = np.append(position_of_row, -1)
        self._inputs = latest_inputs(timelines, window, unknown)
        self._timed_inputs = None
        if request_time:
            asked = first_label_times(timelines)
            self._timed_inputs = latest_inputs(timelines, window, unknown, asked)
        self._timelines = timelines
        self._exclude_seen = exclude_seen
        self._user = np.repeat(np.arange(len(timelines)), np.diff(timelines.label_splits))
        self._label = self._position_of_row[np.minimum(timelines.label.item, self._known)]
        if not (self._label >= 0).any():
            raise ValueError(
                "The eval split has no label that occurs in training, so there is nothing to "
                "choose the epoch by: bring users with three ratings or more, or hold out in "
                "another way (--set split.method=random)."
            )

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Ranks every label of `eval` and writes the two means into `logs`."""
        logs = logs if logs is not None else {}
        rank = self.label_ranks(self.model)
        logs[HIT] = float(metrics.hit_at(rank, K).mean())
        logs[MONITOR] = float(metrics.ndcg_at(rank, K).mean())
        if self._timed_inputs is not None:
            rank = self._label_ranks(self.model, self._timed_inputs)
            logs[TIMED_HIT] = float(metrics.hit_at(rank, K).mean())
            logs[TIMED_NDCG] = float(metrics.ndcg_at(rank, K).mean())

    def label_ranks(self, model: TwoTowerModel) -> np.ndarray:
        """Ranks each label among the whole catalogue, with the time of the request unknown.

        Args:
            model: The model to rank by.

        Returns:
            `[labels]` int64, 0 for the top; items unseen in training come last.
        """
        return self._label_ranks(model, self._inputs)

    def _label_ranks(self, model: TwoTowerModel, inputs: Inputs) -> np.ndarray:
        matrix = model.candidate_matrix()
        worst = matrix.shape[0] - 1
        rank = np.full(len(self._label), worst, dtype=np.int64)
        at_once = min(QUERY_BATCH, max(1, SCORES_AT_ONCE // matrix.shape[0]))
        for first in range(0, len(self._timelines), at_once):
            users = np.arange(first, min(first + at_once, len(self._timelines)))
            vectors = self._queries(model, users, inputs)
            scores = tf.matmul(vectors, matrix, transpose_b=True).numpy()
            if self._exclude_seen:
                self._mask_seen(scores, users)
            here = (self._user >= first) & (self._user <= users[-1]) & (self._label >= 0)
            labels = np.flatnonzero(here)  # a user may have many, each needs all scores of it
            for part in np.array_split(labels, range(at_once, len(labels), at_once)):
                rank[part] = ranks(scores[self._user[part] - first], self._label[part])
        return rank

    def _queries(self, model: TwoTowerModel, users: np.ndarray, inputs: Inputs) -> tf.Tensor:
        rows = {n: tf.constant(c[users]) for n, c in self._timelines.user_features.items()}
        items = tf.constant(inputs.items[users])
        events = {name: tf.constant(c[users]) for name, c in inputs.events.items()}
        context = (inputs.gaps, inputs.waits, inputs.times)
        vectors = model.query(
            rows, items, events, *(tf.constant(part[users]) for part in context), training=False
        )
        return last_position(vectors, items)

    def _mask_seen(self, scores: np.ndarray, users: np.ndarray) -> None:
        splits = self._timelines.history_splits[users[0] : users[-1] + 2]
        history = self._timelines.history.take(slice(splits[0], splits[-1]))
        row = np.repeat(np.arange(len(users)), np.diff(splits))
        masked = history.item < self._known
        if history.seen is not None:
            masked &= history.seen > 0
        scores[row[masked], self._position_of_row[history.item[masked]]] = -np.inf
