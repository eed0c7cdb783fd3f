"""Recommendations in Python's own types, whichever transport brings them."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from serving.client.transport import Prediction, Transport

BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True)
class Movie:
    """One movie of an answer."""

    movie_id: str
    title: str
    score: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """What is recommended, best first."""

    movies: tuple[Movie, ...]
    known_user: bool
    """False: nothing is known of the user, and this is what is popular lately."""

    version: int | None
    """Of the bundle that answered; None over REST, which does not tell."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """What may be known of somebody whom training never saw."""

    age: int = -1
    gender: str = ""
    occupation: str = ""
    zip: str = ""


class RecommenderClient:
    """Asks for recommendations, in batches."""

    def __init__(self, transport: Transport, batch_size: int = BATCH_SIZE) -> None:
        """Uses a transport.

        Args:
            transport: gRPC or REST.
            batch_size: Users or movies in one request at most.

        Raises:
            ValueError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
        self._transport = transport
        self._batch_size = batch_size

    def for_users(self, user_ids: Sequence[str], k: int = 10) -> list[Answer]:
        """Returns an answer for each user id, known or not, movies they saw left out.

        Raises:
            ServingUnavailable, RequestRefused: As the transport says.
        """
        answers = []
        for batch in self._batches(user_ids):
            prediction = self._transport.predict("serving_default", {"user_id": batch})
            answers += _answers(prediction, len(batch), k)
        return answers

    def for_history(
        self,
        movie_ids: Sequence[str],
        k: int = 10,
        exclude: Sequence[str] = (),
        profile: Profile | None = None,
    ) -> Answer:
        """Returns an answer for somebody who saw these movies, oldest first."""
        known = dataclasses.asdict(profile or Profile())
        inputs: dict[str, Any] = {name: [value] for name, value in known.items()}
        inputs["age"] = np.array(inputs["age"], np.int64)
        inputs["history_movie_ids"] = [list(movie_ids) or [""]]
        inputs["exclude_movie_ids"] = [list(exclude) or [""]]
        return _answers(self._transport.predict("recommend", inputs), 1, k)[0]

    def similar(self, movie_ids: Sequence[str], k: int = 10) -> list[Answer]:
        """Returns the most similar movies of each, by cosine; none where the movie is unknown."""
        answers = []
        for batch in self._batches(movie_ids):
            prediction = self._transport.predict("similar", {"movie_id": batch})
            answers += _answers(prediction, len(batch), k)
        return answers

    def _batches(self, ids: Sequence[str]) -> Iterator[list[str]]:
        for first in range(0, len(ids), self._batch_size):
            yield list(ids[first : first + self._batch_size])


def _answers(prediction: Prediction, size: int, k: int) -> list[Answer]:
    outputs = prediction.outputs
    known = outputs.get("known_user", [True] * size)
    return [
        Answer(
            tuple(
                Movie(str(movie_id), str(title), float(score))
                for movie_id, title, score in zip(
                    outputs["movie_ids"][row][:k],
                    outputs["titles"][row][:k],
                    outputs["scores"][row][:k],
                    strict=True,
                )
                if movie_id
            ),
            bool(known[row]),
            prediction.version,
        )
        for row in range(size)
    ]
