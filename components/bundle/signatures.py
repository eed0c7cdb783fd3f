"""Signatures of the bundle: what a server answers, and under which names."""

import functools

import tensorflow as tf

from components.bundle import trained_towers
from components.bundle.answers import (
    EXAMPLES,
    EXCLUDE_ITEM_IDS,
    HISTORY_ITEM_IDS,
    HISTORY_TIMES,
    REQUEST_TIME,
)
from components.bundle.build import Bundle
from components.bundle.filter_terms import filterable
from transform import features, queries
from transform.definition import Definition

MAX_BATCH = "max_batch"
"""Name of the limit in the manifest's settings."""

FILTERED = {"recommend_user": "recommend_user_filtered", "recommend": "recommend_filtered"}
"""Signature that takes a filter besides, where the definition marks a feature `filter: true`. A
signature of its own, since a server refuses a request that lacks an input: who knows nothing of
filters goes on asking the other, whose graph and cost stay as they are."""

FILTER_SPECS = {
    name: tf.TensorSpec([None, None], tf.string, name)
    for name in (features.REQUIRE, features.FORBID)
}

DEFAULT_MAX_BATCH = 1024
EVALUATED_ROWS = 1000
"""Largest number of rows that TFMA sends to `evaluate` and `describe`."""


def save(bundle: Bundle, path: str, max_batch: int = DEFAULT_MAX_BATCH) -> None:
    """Writes the bundle as a SavedModel with all its signatures; see `signatures`."""
    tf.saved_model.save(bundle, path, signatures=signatures(bundle, max_batch))


def signatures(
    bundle: Bundle, max_batch: int = DEFAULT_MAX_BATCH
) -> dict[str, tf.types.experimental.GenericFunction]:
    """Returns the signatures of the bundle by name; all are batched, all inputs are named.

    Args:
        bundle: What answers.
        max_batch: Largest number of rows of a request. `evaluate` and `describe` take those of the
            Evaluator in any case.
    """
    # No `if` or loop depends on a tensor: AutoGraph would take seconds and change nothing.
    signature = functools.partial(tf.function, autograph=False)
    limit = functools.partial(limit_rows, max_batch=max_batch)
    limit_measured = functools.partial(limit_rows, max_batch=max(max_batch, EVALUATED_ROWS))
    answers = bundle.answers
    definition = answers.definition

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.USER_ID)])
    def serving_default(user_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_users(limit(user_id))

    @signature(
        input_signature=[tf.TensorSpec([None, None], tf.string, name=HISTORY_ITEM_IDS)],
    )
    def recommend_history(history_item_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_queries(queries.nobody(definition, limit(history_item_ids)))

    def recommend_user(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = of_one_batch({name: limit(value) for name, value in inputs.items()})
        return answers.of_users(
            inputs[features.USER_ID],
            inputs[REQUEST_TIME],
            inputs[EXCLUDE_ITEM_IDS],
            terms_of(inputs),
        )

    def recommend(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        inputs = of_one_batch({name: limit(value) for name, value in inputs.items()})
        query = {name: inputs[given] for name, given in input_names(definition).items()}
        query[features.USER_ID] = tf.fill(tf.shape(query[features.ITEM_ID])[:1], "")
        return answers.of_queries(query, inputs[EXCLUDE_ITEM_IDS], terms_of(inputs))

    @signature(input_signature=[tf.TensorSpec([None], tf.string, name=features.ITEM_ID)])
    def similar(item_id: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.similar(limit(item_id))

    examples_spec = tf.TensorSpec([None], tf.string, name=EXAMPLES)

    @signature(input_signature=[examples_spec])
    def serve_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return answers.of_queries(queries.parse(limit(examples), definition))

    @signature(input_signature=[examples_spec])
    def embed_query(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return trained_towers.embed_query(
            answers.towers, queries.parse(limit(examples), definition)
        )

    @signature(input_signature=[examples_spec])
    def embed_candidate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"embedding": answers.towers.embed_candidate(limit(examples))}

    @signature(input_signature=[examples_spec])
    def evaluate(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.evaluate(limit_measured(examples))

    @signature(input_signature=[examples_spec])
    def describe(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return bundle.measurements.describe(limit_measured(examples))

    functions = {
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
    for function, specs in (
        (recommend_user, user_specs()),
        (recommend, recommend_specs(definition)),
    ):
        functions[function.__name__] = signature(function).get_concrete_function(**specs)
        if filterable(definition):
            filtered = signature(function).get_concrete_function(**specs, **FILTER_SPECS)
            functions[FILTERED[function.__name__]] = filtered
    return functions


def terms_of(inputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor] | None:
    """Returns what the inputs require and forbid; None where they have no filter."""
    if features.REQUIRE not in inputs:
        return None
    return inputs[features.REQUIRE], inputs[features.FORBID]


def user_specs() -> dict[str, tf.TensorSpec]:
    """Returns the inputs of `recommend_user` by name."""
    return {
        features.USER_ID: tf.TensorSpec([None], tf.string, features.USER_ID),
        REQUEST_TIME: tf.TensorSpec([None], tf.int64, REQUEST_TIME),
        EXCLUDE_ITEM_IDS: tf.TensorSpec([None, None], tf.string, EXCLUDE_ITEM_IDS),
    }


def input_names(definition: Definition) -> dict[str, str]:
    """Returns the input of `recommend` that holds each part of a query but the user's id.

    That of an event's feature `rating` is `history_rating`.
    """
    of_history = {
        features.ITEM_ID: HISTORY_ITEM_IDS,
        features.TIME: HISTORY_TIMES,
        features.REQUEST_TIME: REQUEST_TIME,
    }
    of_events = {name: features.HISTORY_PREFIX + name for name in definition.event.features}
    return {name: name for name in definition.user_features} | of_history | of_events


def recommend_specs(definition: Definition) -> dict[str, tf.TensorSpec]:
    """Returns the inputs of `recommend` by name: a query without a user's id, and exclusions."""
    of_query = queries.specs(definition)
    specs = {given: of_query[name] for name, given in input_names(definition).items()}
    specs[EXCLUDE_ITEM_IDS] = tf.TensorSpec([None, None], tf.string)
    return {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}


def limit_rows(value: tf.Tensor, max_batch: int) -> tf.Tensor:
    """Checks the number of rows of an input, and returns the input.

    An answer takes memory for rows × items, and a request of 60 bytes can claim millions of rows.

    Args:
        value: `[batch, …]` input; all that is computed from the result waits for the check.
        max_batch: Largest number of rows.

    Raises:
        tf.errors.InvalidArgumentError: There are more, found when the graph runs. A server passes
            the message on.
    """
    rows = tf.shape(value)[0]
    message = f"More rows than serving.max_batch, which is {max_batch}; there are"
    with tf.control_dependencies([tf.debugging.Assert(rows <= max_batch, [message, rows])]):
        return tf.identity(value)


def of_one_batch(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Checks that all inputs have a row for each query, and returns them by name.

    Raises:
        tf.errors.InvalidArgumentError: The numbers of rows differ, found when the graph runs: rows
            would be dropped or answered with another one's input. A server passes the message on.
    """
    rows = tf.stack([tf.shape(value)[0] for value in inputs.values()])
    message = f"Inputs differ in their number of rows; of {', '.join(inputs)} there are"
    same = tf.debugging.Assert(tf.reduce_all(rows == rows[0]), [message, rows], len(inputs))
    with tf.control_dependencies([same]):
        return {name: tf.identity(value) for name, value in inputs.items()}
