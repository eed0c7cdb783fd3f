"""Calls of the Trainer's SavedModel, loaded, whatever revision trained it."""

import tensorflow as tf

from transform.queries import Query


def embed_query(towers: tf.Module, query: Query) -> dict[str, tf.Tensor]:
    """Returns what the towers make of queries: `embedding` and `known`.

    A refresh may come with towers of an earlier revision, which take no time of the request.

    Args:
        towers: The SavedModel.
        query: Queries by name, as in `queries.specs`.
    """
    (taken,) = towers.embed_query.input_signature
    return towers.embed_query({name: query[name] for name in taken})


def uses_request_time(towers: tf.Module) -> bool:
    """Returns whether the time of the request changes what the towers make of a query."""
    told = getattr(towers, "uses_request_time", None)
    return told is not None and bool(told.numpy())
