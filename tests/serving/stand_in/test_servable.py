import gc
import pathlib
import re

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.stand_in.errors import ServingError
from serving.stand_in.servable import LOAD_ERRORS, Servable

STATUS = pathlib.Path("/proc/self/status")


@pytest.fixture
def servable(write_half_plus, tmp_path):
    loaded = Servable(str(write_half_plus(tmp_path, "1")), tf.compat.v1.ConfigProto())
    yield loaded
    loaded.retire()


def request(signature="", **inputs):
    made = predict_pb2.PredictRequest()
    made.model_spec.signature_name = signature
    for name, value in inputs.items():
        made.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return made


def test_it_predicts(servable):
    outputs, signature, seconds = servable.predict(request(x=[1.0, 2.0]), 60)
    assert outputs["y"].tolist() == [2.5, 3.0]
    assert set(signature.outputs) == {"y"}
    assert seconds > 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (request("no", x=[1.0]), 'signature key "no" not found'),
        (request(), "Missing but required: {x}"),
        (request(z=[1.0]), "alias not found in signature: z"),
        (request(x=["a"]), "expected type: float given string"),
    ],
    ids=["signature", "missing", "other-name", "type"],
)
def test_requests_that_do_not_fit(servable, asked, message):
    with pytest.raises(ServingError, match=message):
        servable.predict(asked, 60)


def test_it_is_closed_when_the_last_user_has_left(servable):
    assert servable.enter()
    with servable:
        servable.retire()
        assert not servable.enter()
        assert servable.predict(request(x=[1.0]), 60)[0]["y"].tolist() == [2.5]
        assert servable.session is not None
    assert servable.session is None


@pytest.mark.parametrize("content", [None, b"", b"junk"], ids=["no-graph", "empty", "junk"])
def test_a_folder_without_a_model(tmp_path, content):
    if content is not None:
        (tmp_path / "saved_model.pb").write_bytes(content)
    with pytest.raises(LOAD_ERRORS):
        Servable(str(tmp_path), tf.compat.v1.ConfigProto())


def live_graphs():
    return sum(isinstance(each, tf.Graph) for each in gc.get_objects())


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="looks into Linux's /proc")
def test_memory_stays_level_over_many_swaps(write_half_plus, tmp_path):
    path = str(write_half_plus(tmp_path, "1"))
    graphs = live_graphs()
    resident = []
    gc.disable()  # whoever unloads must not rely on the collector's mood
    try:
        for _ in range(25):
            servable = Servable(path, tf.compat.v1.ConfigProto())
            servable.predict(request(x=[1.0]), None)
            servable.retire()
            assert live_graphs() <= graphs
            resident.append(int(re.search(r"VmRSS:\s+(\d+)", STATUS.read_text())[1]))
    finally:
        gc.enable()
    assert resident[-1] <= 1.05 * resident[4]
