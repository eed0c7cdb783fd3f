"""Recommender client: signatures of a bundle as Python functions, over any transport."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from serving.client.transport import Prediction, Transport

BATCH_SIZE = 32


class Movie(NamedTuple):
    """A recommended movie."""

    movie_id: str
    title: str
    score: float


@dataclasses.dataclass(frozen=True)
class Answer:
    """Recommendations for one user."""

    movies: tuple[Movie, ...]
    """Best first."""

    known_user: bool
    """False where nothing is known of the user, who then gets what is popular lately."""

    version: int | None
    """Version of the bundle that answered; None where the transport does not tell, as REST."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """User features of somebody whom training never saw; the defaults mean unknown."""

    age: int = -1
    gender: str = ""
    occupation: str = ""
    zip: str = ""


class RecommenderClient:
    """Client of a bundle. Long lists of ids are sent in batches."""

    def __init__(self, transport: Transport, batch_size: int = BATCH_SIZE) -> None:
        """Wraps a transport.

        Args:
            transport: Transport to the bundle, such as gRPC or REST.
            batch_size: Largest number of users or movies in one request.

        Raises:
            ValueError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
        self._transport = transport
        self._batch_size = batch_size

    def for_users(self, user_ids: Sequence[str], k: int = 10) -> list[Answer]:
        """Recommends movies to each user, known or not; the movies that they rated are left out.

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
        """Recommends movies to somebody without a user id.

        Args:
            movie_ids: Movies that they rated, oldest first.
            k: Largest number of movies to return.
            exclude: Further movies to leave out.
            profile: User features, as far as they are known.
        """
        known = dataclasses.asdict(profile or Profile())
        inputs: dict[str, Any] = {name: [value] for name, value in known.items()}
        inputs["age"] = np.array(inputs["age"], np.int64)
        inputs["history_movie_ids"] = [list(movie_ids) or [""]]
        inputs["exclude_movie_ids"] = [list(exclude) or [""]]
        return _answers(self._transport.predict("recommend", inputs), 1, k)[0]

    def similar(self, movie_ids: Sequence[str], k: int = 10) -> list[Answer]:
        """Returns the movies most similar to each, by cosine; none where the movie is unknown."""
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
