"""Data of one training: every file is read once, into one typed object."""

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow_transform as tft

from trainer.data.catalogue import Catalogue, read_catalogue
from trainer.data.timelines import Timelines, learn_labels, read_timelines
from transform import features

TIMELINE_VOCABULARIES = (features.USER_ID, features.GENDER, features.OCCUPATION, features.ZIP)
MOVIE_VOCABULARIES = (features.GENRES, features.TITLE_WORDS)


@dataclasses.dataclass(frozen=True)
class TrainingData:
    """Two splits of timelines, the catalogue, and what Transform found in them."""

    train: Timelines
    """The split to fit to; without labels."""

    eval: Timelines
    """The split to choose the epoch by: everybody's history, and the labels held out of it."""

    catalogue: Catalogue
    """All movies, rated or not."""

    vocabularies: dict[str, list[bytes]]
    """By feature name: entries in the order of their rows."""

    sizes: dict[str, int]
    """By feature name: table rows that its vocabulary needs, one more than it has entries."""

    counts: np.ndarray
    """`[known movies]` int64 ratings in `train` of each row of the movie vocabulary."""

    positions: np.ndarray
    """`[known movies]` int64 position in the catalogue of each row of the movie vocabulary."""

    timelines_transform: tft.TFTransformOutput
    """The timelines' transform graph, which is exported with the towers."""

    movies_transform: tft.TFTransformOutput
    """The movies' transform graph, likewise."""

    base_model: str | None = None
    """Path of the bundle that a warm start begins with."""

    def train_and_eval(self) -> Timelines:
        """Returns everybody's history with the labels in it: all that is known before `test`."""
        return learn_labels(self.eval, len(self.positions))

    def ratings_of_catalogue(self) -> np.ndarray:
        """Returns the ratings in `train` of each movie of the catalogue, `[movies]` int64."""
        ratings = np.zeros(len(self.catalogue), np.int64)
        ratings[self.positions] = self.counts
        return ratings

    def rows_of_catalogue(self) -> np.ndarray:
        """Returns the vocabulary row of each movie of the catalogue, `[movies]` int64.

        All movies without a rating in `train` share the row after the last.
        """
        rows = np.full(len(self.catalogue), len(self.positions), dtype=np.int64)
        rows[self.positions] = np.arange(len(self.positions))
        return rows


def read_training_data(
    *,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    movie_files: Sequence[str],
    timelines_graph: str,
    movies_graph: str,
    base_model: str | None = None,
) -> TrainingData:
    """Reads what Transform wrote.

    Args:
        train_files: File patterns of the transformed `train` timelines, gzipped TFRecords.
        eval_files: File patterns of the transformed `eval` timelines.
        movie_files: File patterns of the transformed movies.
        timelines_graph: Folder of the timelines' transform graph.
        movies_graph: Folder of the movies' transform graph.
        base_model: Path of the bundle that a warm start begins with, if any.

    Raises:
        ValueError: A split or the catalogue is empty, or timelines and movies are of different
            data.
    """
    timelines_transform = tft.TFTransformOutput(timelines_graph)
    movies_transform = tft.TFTransformOutput(movies_graph)
    spec = timelines_transform.transformed_feature_spec()
    catalogue = read_catalogue(movie_files)
    movie_ids, counts = read_counted_vocabulary(timelines_transform, features.MOVIE_ID)
    vocabularies = {features.MOVIE_ID: movie_ids}
    sizes = {features.MOVIE_ID: timelines_transform.vocabulary_size_by_name(features.MOVIE_ID) + 1}
    for names, output in (
        (TIMELINE_VOCABULARIES, timelines_transform),
        (MOVIE_VOCABULARIES, movies_transform),
    ):
        for name in names:
            vocabularies[name] = output.vocabulary_by_name(name)
            sizes[name] = output.vocabulary_size_by_name(name) + 1
    return TrainingData(
        train=read_timelines(train_files, spec),
        eval=read_timelines(eval_files, spec),
        catalogue=catalogue,
        vocabularies=vocabularies,
        sizes=sizes,
        counts=counts,
        positions=catalogue.positions_of(movie_ids),
        timelines_transform=timelines_transform,
        movies_transform=movies_transform,
        base_model=base_model,
    )


def read_counted_vocabulary(
    output: tft.TFTransformOutput, name: str
) -> tuple[list[bytes], np.ndarray]:
    """Reads a vocabulary whose lines are "COUNT ENTRY", most frequent first.

    Args:
        output: What Transform wrote.
        name: File name of the vocabulary, which is that of its feature.

    Returns:
        The entries in the order of their rows, and `[entries]` int64 counts.
    """
    lines = [line.split(b" ", 1) for line in output.vocabulary_by_name(name)]
    return [entry for _, entry in lines], np.array([int(count) for count, _ in lines])
