"""Files for TensorBoard's projector: the movies' vectors with their titles."""

import os
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from trainer.data.catalogue import Catalogue
from transform import preprocessing

RUN = "train"  # the run that Keras logs the loss to: the projector looks into no other folder
VECTORS, METADATA = "movies.tsv", "titles.tsv"
COLUMNS = ("title", "years", "genres", "ratings")
SHOWN = 20_000  # movies; browsers draw no more, and text is no place for millions of numbers
NO_GENRES = "none"


def write(
    log_dir: str,
    vectors: np.ndarray,
    catalogue: Catalogue,
    genres: Sequence[str],
    ratings: np.ndarray,
) -> None:
    """Writes the files that `tensorboard --logdir` shows under "Projector".

    Args:
        log_dir: Folder of the training's logs.
        vectors: `[movies, dim]` float32.
        catalogue: All movies, in the same order.
        genres: `[vocabulary]` names by row; the row after the last is an unseen one.
        ratings: `[movies]` int64 ratings in training; the `SHOWN` most rated movies are written.
    """
    shown = np.sort(np.argsort(-ratings, kind="stable")[:SHOWN])
    names = [*genres, "unseen"]
    years = [preprocessing.years_of_bucket(bucket) for bucket in catalogue.year[shown].tolist()]
    rows = catalogue.genres.to_list()
    folder = os.path.join(log_dir, RUN)
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, VECTORS), "w") as file:
        np.savetxt(file, vectors[shown], fmt="%.6g", delimiter="\t")
    with tf.io.gfile.GFile(os.path.join(folder, METADATA), "w") as file:
        file.write(join_cells(COLUMNS))
        for place, movie in enumerate(shown):
            title = catalogue.title[movie].decode()
            listed = "|".join(names[row] for row in rows[movie]) or NO_GENRES
            file.write(join_cells((title, years[place], listed, str(ratings[movie]))))
    config = projector.ProjectorConfig()
    config.embeddings.add(tensor_name="movies", tensor_path=VECTORS, metadata_path=METADATA)
    projector.visualize_embeddings(folder, config)


def join_cells(cells: Iterable[str]) -> str:
    """Returns a line of TSV, which has no escapes: white space in a cell becomes one space."""
    return "\t".join(" ".join(cell.split()) for cell in cells) + "\n"
