"""Keys of a lookup table that was made from a constant, in the graph of a SavedModel."""

import os
from collections.abc import Callable

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

GRAPH = "saved_model.pb"


def rewrite(
    source: str, target: str, path: tuple[str, ...], change: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Copies the graph of a SavedModel, with other keys in one of its tables.

    Args:
        source: Path of the SavedModel.
        target: Path of the copy.
        path: Names of attributes from the root of the model to the table.
        change: Returns the new keys of the old ones, as many.

    Raises:
        ValueError: There is no such table, or its keys are no constant of texts.
    """
    graph = _read(source)
    _keys(graph, path)[:] = change(list(_keys(graph, path)))
    tf.io.gfile.makedirs(target)
    with tf.io.gfile.GFile(os.path.join(target, GRAPH), "wb") as file:
        file.write(graph.SerializeToString(deterministic=True))


def read(model: str, path: tuple[str, ...]) -> list[bytes]:
    """Returns the keys of a table; see `rewrite`."""
    return list(_keys(_read(model), path))


def _read(model: str) -> saved_model_pb2.SavedModel:
    with tf.io.gfile.GFile(os.path.join(model, GRAPH), "rb") as file:
        return saved_model_pb2.SavedModel.FromString(file.read())


def _keys(graph: saved_model_pb2.SavedModel, path: tuple[str, ...]) -> list[bytes]:
    """Returns the keys of a table, to be changed in place.

    The function that fills the table captures the constant. It is known by that alone: an item may
    have the id of a user.
    """
    (meta,) = graph.meta_graphs
    nodes = meta.object_graph_def.nodes
    place = 0
    for name in (*path, "_initialize"):
        children = {child.local_name: child.node_id for child in nodes[place].children}
        if name not in children:
            raise ValueError(f"There is no table {'.'.join(path)} in the model.")
        place = children[name]
    functions = meta.object_graph_def.concrete_functions
    captured = {
        nodes[node].constant.operation
        for name in nodes[place].function.concrete_functions
        for node in functions[name].bound_inputs
        if nodes[node].HasField("constant")
    }
    texts = [
        node.attr["value"].tensor.string_val
        for node in meta.graph_def.node
        if node.name in captured and node.attr["dtype"].type == tf.string.as_datatype_enum
    ]
    if len(texts) != 1:
        raise ValueError(f"The keys of the table {'.'.join(path)} are no constant of texts.")
    return texts[0]
