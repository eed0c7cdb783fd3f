"""Files for TensorBoard's projector: the items' vectors with titles and features."""

import os
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from trainer.data.catalogue import Catalogue
from transform import columns
from transform.kinds import Feature, Number, Vector

RUN = "train"  # the run that Keras logs the loss to: the projector looks into no other folder
VECTORS, METADATA = "items.tsv", "titles.tsv"
SHOWN = 20_000  # items; browsers draw no more, and text is no place for millions of numbers
NOTHING = "none"
EVENTS = "events"


def write(
    log_dir: str,
    vectors: np.ndarray,
    catalogue: Catalogue,
    features: Mapping[str, Feature],
    vocabularies: Mapping[str, Sequence[bytes]],
    events: np.ndarray,
) -> None:
    """Writes the files that `tensorboard --logdir` shows under "Projector".

    Args:
        log_dir: Folder of the training's logs.
        vectors: `[items, dim]` float32.
        catalogue: All items, in the same order.
        features: Of the item, by name.
        vocabularies: Entries of each vocabulary, by name; the row after the last is an unseen one.
        events: `[items]` int64 events in training; the `SHOWN` items with most are written.
    """
    shown = np.sort(np.argsort(-events, kind="stable")[:SHOWN])
    cells = {
        name: read_cells(feature, catalogue.features[name], vocabularies.get(name, ()))
        for name, feature in features.items()
        if not isinstance(feature, Vector)
    }
    folder = os.path.join(log_dir, RUN)
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(os.path.join(folder, VECTORS), "w") as file:
        np.savetxt(file, vectors[shown], fmt="%.6g", delimiter="\t")
    with tf.io.gfile.GFile(os.path.join(folder, METADATA), "w") as file:
        file.write(join_cells(("title", *cells, EVENTS)))
        for item in shown:
            told = (column[item] for column in cells.values())
            file.write(join_cells((catalogue.title[item].decode(), *told, str(events[item]))))
    config = projector.ProjectorConfig()
    config.embeddings.add(tensor_name="items", tensor_path=VECTORS, metadata_path=METADATA)
    projector.visualize_embeddings(folder, config)


def read_cells(
    feature: Feature, rows: tf.Tensor | tf.RaggedTensor, vocabulary: Sequence[bytes]
) -> list[str]:
    """Returns a column for people to read, `[items]` texts.

    Args:
        feature: Its kind.
        rows: `[items]` int64 rows, or ragged `[items, None]`.
        vocabulary: Entries by row, where the kind has one.
    """
    if not vocabulary:
        steps = feature.steps if isinstance(feature, Number) else ()
        return [columns.bucket_name(row, steps) for row in rows.numpy().tolist()]
    names = [*(entry.decode() for entry in vocabulary), "unseen"]
    listed = rows.to_list() if isinstance(rows, tf.RaggedTensor) else rows.numpy()[:, None].tolist()
    return ["|".join(names[row] for row in each) or NOTHING for each in listed]


def join_cells(cells: Iterable[str]) -> str:
    """Returns a line of TSV, which has no escapes: white space in a cell becomes one space."""
    return "\t".join(" ".join(cell.split()) for cell in cells) + "\n"
