"""Expectation of the canary: what the trained towers say about each of its requests."""

import dataclasses

import numpy as np
import tensorflow as tf

from components.bundle import build, records
from components.bundle.answers import ITEM_IDS, KNOWN_USER
from components.bundle.trained_towers import embed_query
from components.canary.comparison import compare
from components.canary.requests import Answers, filter_of, request_times
from transform import features, queries
from transform.definition import Definition


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What a bundle must answer."""

    definition: Definition
    """Definition of the data set."""

    towers: tf.Module
    """The Trainer's SavedModel, loaded."""

    catalogue: records.Items
    """The whole catalogue."""

    prior: np.ndarray
    """`[items]` float32 summands of scores."""

    exact: bool
    """Whether the index must find the best of all."""

    def problems(self, query: dict[str, np.ndarray], answers: Answers) -> list[str]:
        """Returns every difference between the answers and the trained towers.

        Args:
            query: Queries of known users, as `queries.parse` returns them.
            answers: Answers to the requests that `requests.make` makes of them.
        """
        by_id, at_a_time, by_query, by_history, nobody, neighbours, *filtered = answers
        vectors = build.embed_catalogue(self.towers, self.catalogue)
        users = query[features.USER_ID]
        problems = []
        for (asked, left_out, also), answer in zip(
            self._queries(query),
            (by_id, at_a_time, by_query, by_history, *filtered),
            strict=True,
        ):
            embedded = embed_query(self.towers, asked)
            known = embedded["known"].numpy()
            scores = embedded["embedding"].numpy() @ vectors.T + self.prior
            if answer[KNOWN_USER] != known.tolist():
                problems.append(f"known_user is {answer[KNOWN_USER]}, expected {known.tolist()}")
            for row in np.flatnonzero(known):
                problems += compare(
                    users[row].decode(),
                    answer[ITEM_IDS][row],
                    self.catalogue.item_id,
                    scores[row],
                    also.union(left_out[row]),
                    self.exact,
                )
        if nobody[KNOWN_USER] != [False] or not nobody[ITEM_IDS][0][0]:
            problems.append("an unknown user is not answered with recently popular items")
        if len(self.catalogue.item_id) > 1 and not neighbours[ITEM_IDS][0][0]:
            problems.append("similar items are missing")
        return problems

    def _queries(
        self, query: dict[str, np.ndarray]
    ) -> list[tuple[dict[str, tf.Tensor], np.ndarray, frozenset[bytes]]]:
        """Returns the query behind each answer, and the ids it must leave out.

        Those are `[batch, any]` ids of its own, and those that do not pass a filter.
        """
        known = {name: tf.constant(value) for name, value in query.items()}
        history = known[features.ITEM_ID]
        without_id = {**known, features.USER_ID: tf.fill(tf.shape(history)[:1], "")}
        history_alone = queries.nobody(self.definition, history)
        seen = queries.seen(known, self.definition).numpy()
        at_a_time = tf.constant(request_times(query))
        no_filter: frozenset[bytes] = frozenset()
        term, filtered = filter_of(self.catalogue, self.definition)
        return [
            (known, seen, no_filter),
            ({**known, features.REQUEST_TIME: at_a_time}, seen, no_filter),
            (without_id, history.numpy(), no_filter),
            (history_alone, queries.seen(history_alone, self.definition).numpy(), no_filter),
            *([(without_id, history.numpy(), filtered)] if term else []),
        ]
