"""Builds the bundle from trained towers, items and timelines, and saves it."""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from components.bundle import popularity, records
from components.bundle.answers import (
    EXAMPLES,
    EXCLUDE_ITEM_IDS,
    HISTORY_ITEM_IDS,
    HISTORY_TIMES,
    Answers,
    Knowledge,
)
from components.bundle.measurements import Measurements
from transform import features, queries
from transform.definition import Definition

EMBED_BATCH = 4096


class Bundle(tf.Module):
    """Everything that is served: answers, and their measurement."""

    def __init__(self, answers: Answers, measurements: Measurements) -> None:
        """Keeps both, so that they are saved together."""
        super().__init__()
        self.answers = answers
        self.measurements = measurements


def build(
    towers: tf.Module,
    items: records.Items,
    timelines: np.ndarray,
    definition: Definition,
    k: int,
    exclude_seen: bool,
    probes: int | None = None,
    trend: popularity.Trend = popularity.NO_TREND,
) -> Bundle:
    """Builds the bundle.

    Args:
        towers: The Trainer's SavedModel, loaded.
        items: The whole catalogue.
        timelines: `[users]` bytes, serialized raw timelines of the split that is measured: its
            labels are part of what is served, and of nothing that is measured.
        definition: Of the data set.
        k: Items in an answer.
        exclude_seen: Whether the measurement leaves out items of the history, as serving does.
        probes: Lists of an inverted file that a query looks into; None: the index is exact.
        trend: What popularity of late does to answers.
    """
    whole = records.with_labels_as_history(timelines, definition)
    size = len(items.item_id)
    user_id, positions, timestamps = _events(whole, items)
    lately = popularity.recent_counts(positions, timestamps, size, trend.days)
    _, before, when = _events(timelines, items)
    recent = popularity.recent_counts(before, when, size, trend.days)
    priors = np.stack([trend.prior(lately), trend.prior(recent)], axis=1)
    knowledge = Knowledge(
        definition=definition,
        items=items,
        vectors=embed_catalogue(towers, items),
        user_id=user_id,
        timelines=whole,
        fallback=lately,
        priors=priors if trend.weight else priors[:, :0],
    )
    answers = Answers(towers, knowledge, k, probes)
    measurements = Measurements(
        answers,
        popular=popularity.counts(before, size),
        recent=recent,
        exclude_seen=exclude_seen,
    )
    return Bundle(answers, measurements)


def recent_counts(
    timelines: np.ndarray, items: records.Items, trend: popularity.Trend
) -> np.ndarray:
    """Returns `popularity.recent_counts` of histories, `[items]` float32."""
    _, positions, timestamps = _events(timelines, items)
    return popularity.recent_counts(positions, timestamps, len(items.item_id), trend.days)


def embed_catalogue(towers: tf.Module, items: records.Items) -> np.ndarray:
    """Returns the `[items, dim]` float32 vectors of the whole catalogue."""
    return np.concatenate(
        [
            towers.embed_candidate(tf.constant(items.examples[first : first + EMBED_BATCH])).numpy()
            for first in range(0, len(items.examples), EMBED_BATCH)
        ]
    )


def save(bundle: Bundle, path: str) -> None:
    """Writes the bundle as a SavedModel with all its signatures."""
    tf.saved_model.save(bundle, path, signatures=signatures(bundle))


def signatures(bundle: Bundle) -> dict[str, tf.types.experimental.GenericFunction]:
    """Returns the signatures of the bundle by name; all are batched, all inputs are named."""
    # No `if` or loop depends on a tensor: AutoGraph would take seconds and change nothing.
    signature = functools.partial(tf.function, autograph=False)
    answers = bundle.answers
    definition = answers.definition

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.USER_ID)])
    def serving_default(user_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_users(user_id)

    ids = tf.TensorSpec([None, None], tf.string)

    @signature(
        input_signature=[tf.TensorSpec(ids.shape, ids.dtype, name=HISTORY_ITEM_IDS)],
    )
    def recommend_history(history_item_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_queries(queries.nobody(definition, history_item_ids))

    def recommend(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = of_one_batch(inputs)
        query = {name: inputs[given] for name, given in given_as(definition).items()}
        query[features.USER_ID] = tf.fill(tf.shape(query[features.ITEM_ID])[:1], "")
        return answers.of_queries(query, also_exclude=inputs[EXCLUDE_ITEM_IDS])

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.ITEM_ID)])
    def similar(item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.similar(item_id)

    examples_spec = tf.TensorSpec([None], tf.string, name=EXAMPLES)

    @signature(input_signature=[examples_spec])
    def serve_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_queries(queries.parse(examples, definition))

    @signature(input_signature=[examples_spec])
    def embed_query(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.towers.embed_query(queries.parse(examples, definition))

    @signature(input_signature=[examples_spec])
    def embed_candidate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": answers.towers.embed_candidate(examples)}

    @signature(input_signature=[examples_spec])
    def evaluate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.evaluate(examples)

    @signature(input_signature=[examples_spec])
    def describe(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.describe(examples)

    found = {
        function.__name__: function
        for function in (
            serving_default,
            recommend_history,
            similar,
            serve_examples,
            embed_query,
            embed_candidate,
            evaluate,
            describe,
        )
    }
    found["recommend"] = signature(recommend).get_concrete_function(**recommend_specs(definition))
    return found


def given_as(definition: Definition) -> dict[str, str]:
    """Returns the input of `recommend` that holds each part of a query, the user's id aside."""
    listed = {name: f"history_{name}" for name in definition.event.features}
    named = {features.ITEM_ID: HISTORY_ITEM_IDS, features.TIME: HISTORY_TIMES}
    return {name: name for name in definition.user_features} | named | listed


def recommend_specs(definition: Definition) -> dict[str, tf.TensorSpec]:
    """Returns the inputs of `recommend` by name: a query without a user's id, and exclusions."""
    specs = queries.specs(definition)
    found = {given: specs[name] for name, given in given_as(definition).items()}
    found[EXCLUDE_ITEM_IDS] = tf.TensorSpec([None, None], tf.string)
    return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in found.items()}


def of_one_batch(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Returns inputs by name, once it is certain that all have a row for each query.

    Raises:
        tf.errors.InvalidArgumentError: When the graph runs: they have not; rows would be dropped
            or answered with another one's input. A server passes the message on.
    """
    rows = tf.stack([tf.shape(value)[0] for value in inputs.values()])
    told = f"Inputs differ in their number of rows; of {', '.join(inputs)} there are"
    same = tf.debugging.Assert(tf.reduce_all(rows == rows[0]), [told, rows], len(inputs))
    with tf.control_dependencies([same]):
        return {name: tf.identity(value) for name, value in inputs.items()}


def _events(
    timelines: Sequence[bytes] | np.ndarray, items: records.Items
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns user ids, and catalogue position and time of every event of the histories.

    Events with withdrawn items are left out.
    """
    spec = {
        features.USER_ID: tf.io.FixedLenFeature([], tf.string),
        features.ITEM_ID: tf.io.RaggedFeature(tf.string),
        features.TIME: tf.io.RaggedFeature(tf.int64),
    }
    parsed = tf.io.parse_example(timelines, spec)
    positions = items.positions(parsed[features.ITEM_ID].flat_values.numpy())
    kept = positions >= 0
    return (
        parsed[features.USER_ID].numpy(),
        positions[kept],
        parsed[features.TIME].flat_values.numpy()[kept],
    )
