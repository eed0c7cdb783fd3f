"""The limit of rows in every signature, as TensorFlow Serving runs it: in a TF1 session."""

import pytest
import tensorflow as tf

from components.bundle import signatures

LIMIT = 40
"""A limit that is no other number of the bundle."""


@pytest.fixture(scope="module")
def functions(tiny):
    return {
        name: function if hasattr(function, "inputs") else function.get_concrete_function()
        for name, function in signatures.signatures(tiny.bundle(), LIMIT).items()
    }


def test_every_signature_checks_its_rows_before_it_computes(functions):
    for name, function in functions.items():
        inputs = function.inputs[: len(function.inputs) - len(function.captured_inputs)]
        assert inputs, name
        for given in inputs:
            uses = [use for use in given.consumers() if use.type != "Shape"]
            assert [use.type for use in uses] == ["Identity"], name
            assert [check.type for check in uses[0].control_inputs] == ["Assert"], name


@pytest.fixture(scope="module")
def session(tiny, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("bundle"))
    signatures.save(tiny.bundle(), path, LIMIT)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        yield session, tf.compat.v1.saved_model.loader.load(session, ["serve"], path)


def ask(session, name, rows):
    session, model = session
    signature = model.signature_def[name]
    (given,) = (tensor.name for tensor in signature.inputs.values())
    wanted = [tensor.name for tensor in signature.outputs.values()]
    return session.run(wanted, {given: ["10"] * rows})


@pytest.mark.parametrize("name", ["serving_default", "similar"])
def test_a_session_refuses_a_row_too_many_by_name(session, name):
    assert {len(value) for value in ask(session, name, LIMIT)} == {LIMIT}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"serving\.max_batch.*40.* \[?41"):
        ask(session, name, LIMIT + 1)


def test_the_evaluator_is_not_limited_below_its_own_batches(session):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is 1000; there are.*1001"):
        ask(session, "evaluate", signatures.EVALUATED_ROWS + 1)
