"""A bundle in this process, asked as a client of TensorFlow Serving asks it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from serving.client.recommender import Answer, Movie, RecommenderClient
from serving.client.transport import Prediction, decode_texts
from transform import features


class PushedBundle:
    """A bundle, loaded from the folder of its version. It is the transport of its own client."""

    def __init__(self, path: str) -> None:
        """Loads the bundle."""
        self._bundle = tf.saved_model.load(path)
        self._client = RecommenderClient(self)

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `serving.client.transport.Transport`."""
        tensors = {name: tf.constant(value) for name, value in inputs.items()}
        outputs = self._bundle.signatures[signature](**tensors)
        arrays = {name: decode_texts(value.numpy()) for name, value in outputs.items()}
        return Prediction(arrays, version=None)

    def any_user(self) -> str:
        """Returns the id of some user that the bundle knows."""
        spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
        parsed = tf.io.parse_single_example(self._bundle.answers.timelines[0], spec)
        return parsed[features.USER_ID].numpy().decode()

    def for_user(self, user_id: str, k: int) -> Answer:
        """Recommends movies to a user, known or not."""
        (answer,) = self._client.for_users([user_id], k)
        return answer

    def for_history(self, movie_ids: Sequence[str], k: int) -> Answer:
        """Recommends movies to somebody of whom only the rated movies are known, oldest first."""
        return self._client.for_history(movie_ids, k)

    def similar(self, movie_id: str, k: int) -> tuple[Movie, ...]:
        """Returns the movies most similar to one, most similar first; their score is the cosine."""
        (answer,) = self._client.similar([movie_id], k)
        return answer.movies

    def movies_called(self, text: str) -> list[tuple[str, str]]:
        """Returns id and title of the movie of that id, or of those whose title holds the text.

        A title that is the text, with or without its year, rules out those that only hold it.
        """
        catalogue = [
            (movie_id.decode(), title.decode())
            for movie_id, title in zip(
                self._bundle.answers.movie_id.numpy(),
                self._bundle.answers.title.numpy(),
                strict=True,
            )
        ]
        wanted = text.casefold().strip()
        rules: tuple[Callable[[str, str], bool], ...] = (
            lambda movie_id, title: movie_id == wanted,
            lambda movie_id, title: wanted in (title, title.rpartition(" (")[0]),
            lambda movie_id, title: wanted in title,
        )
        for rule in rules:
            matches = [movie for movie in catalogue if rule(movie[0], movie[1].casefold())]
            if matches:
                return matches
        return []

    def unknown_movies(self, movie_ids: Sequence[str]) -> list[str]:
        """Returns the ids that are not in the catalogue."""
        catalogue = set(self._bundle.answers.movie_id.numpy().tolist())
        return [movie_id for movie_id in movie_ids if movie_id.encode() not in catalogue]
