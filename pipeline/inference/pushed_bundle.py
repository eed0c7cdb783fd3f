"""Asks a pushed bundle, as a client of TensorFlow Serving would."""

import dataclasses
from collections.abc import Callable, Sequence

import tensorflow as tf

from components.bundle import answers
from transform import features


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a bundle recommends to one user."""

    movies: tuple[tuple[str, str, float], ...]
    """Id, title and score, best first."""

    known_user: bool
    """False: nothing is known of the user, and this is what is popular lately."""


class PushedBundle:
    """A bundle, loaded from the folder of its version."""

    def __init__(self, path: str) -> None:
        """Loads the bundle."""
        self._bundle = tf.saved_model.load(path)

    def any_user(self) -> str:
        """Returns the id of some user that the bundle knows."""
        spec = {features.USER_ID: tf.io.FixedLenFeature([], tf.string)}
        parsed = tf.io.parse_single_example(self._bundle.answers.timelines[0], spec)
        return parsed[features.USER_ID].numpy().decode()

    def for_user(self, user_id: str, k: int) -> Answer:
        """Answers a user by id."""
        return self._answer(
            self._bundle.signatures["serving_default"](user_id=tf.constant([user_id])), k
        )

    def for_history(self, movie_ids: Sequence[str], k: int) -> Answer:
        """Answers somebody of whom only the movies they saw, in that order, are known."""
        nothing = tf.constant([""])
        answer = self._bundle.signatures["recommend"](
            **{
                answers.HISTORY_MOVIE_IDS: tf.constant([list(movie_ids)]),
                answers.EXCLUDE_MOVIE_IDS: tf.constant([[""]]),
                features.AGE: tf.constant([-1], tf.int64),
                features.GENDER: nothing,
                features.OCCUPATION: nothing,
                features.ZIP: nothing,
            }
        )
        return self._answer(answer, k)

    def similar(self, movie_id: str, k: int) -> tuple[tuple[str, str, float], ...]:
        """Returns id, title and cosine of the movies nearest to one, nearest first."""
        outputs = self._bundle.signatures["similar"](movie_id=tf.constant([movie_id]))
        return _movies(outputs, k)

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
            found = [movie for movie in catalogue if rule(movie[0], movie[1].casefold())]
            if found:
                return found
        return []

    def unknown_movies(self, movie_ids: Sequence[str]) -> list[str]:
        """Returns the ids that are not in the catalogue."""
        catalogue = set(self._bundle.answers.movie_id.numpy().tolist())
        return [movie_id for movie_id in movie_ids if movie_id.encode() not in catalogue]

    @staticmethod
    def _answer(outputs: dict[str, tf.Tensor], k: int) -> Answer:
        return Answer(_movies(outputs, k), bool(outputs[answers.KNOWN_USER][0]))


def _movies(outputs: dict[str, tf.Tensor], k: int) -> tuple[tuple[str, str, float], ...]:
    """Returns id, title and score of the first `k` movies of the first answer."""
    rows = zip(
        outputs[answers.MOVIE_IDS][0].numpy()[:k],
        outputs[answers.TITLES][0].numpy()[:k],
        outputs[answers.SCORES][0].numpy()[:k],
        strict=True,
    )
    return tuple((i.decode(), t.decode(), float(s)) for i, t, s in rows if i)
