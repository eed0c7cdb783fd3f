"""Variables of a SavedModel, read and written again with some of them changed.

They are found by their path from the root of the model. Their keys in the checkpoint are numbers
that TensorFlow gave.
"""

import os

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2

PREFIX = os.path.join("variables", "variables")
GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class Checkpoint:
    """The checkpoint of a SavedModel."""

    def __init__(self, model: str) -> None:
        """Opens the checkpoint.

        Args:
            model: Path of the SavedModel.
        """
        self._reader = tf.train.load_checkpoint(os.path.join(model, PREFIX))
        self._nodes = trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            self._reader.get_tensor(GRAPH)
        ).nodes

    def find(self, *path: str) -> str | None:
        """Returns the key of a variable; None if there is none at its path.

        Args:
            path: Names of attributes from the root of the model to the variable.
        """
        place = 0
        for name in path:
            children = {child.local_name: child.node_id for child in self._nodes[place].children}
            if name not in children:
                return None
            place = children[name]
        keys = [attribute.checkpoint_key for attribute in self._nodes[place].attributes]
        return keys[0] if keys else None

    def read(self, key: str) -> np.ndarray:
        """Returns the value of a variable."""
        value: np.ndarray = self._reader.get_tensor(key)
        return value

    def write(self, model: str, changes: dict[str, np.ndarray]) -> None:
        """Writes the checkpoint of another SavedModel of the same graph.

        Args:
            model: Path of that SavedModel.
            changes: Values that differ, by key, each of the shape that its variable may have.
        """
        names = sorted(self._reader.get_variable_to_shape_map())
        kinds = self._reader.get_variable_to_dtype_map()
        values = [
            tf.constant(changes[name] if name in changes else self.read(name), kinds[name])
            for name in names
        ]
        prefix = os.path.join(model, PREFIX)
        tf.io.gfile.makedirs(os.path.dirname(prefix))
        with tf.device("/CPU:0"):
            tf.raw_ops.SaveV2(
                prefix=prefix,
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=values,
            )
