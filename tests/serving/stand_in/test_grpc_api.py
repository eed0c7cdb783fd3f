"""The documented behaviour of TensorFlow Serving's gRPC API, case by case."""

import grpc
import numpy as np
import pytest


def predict_grpc(server, signature="", filters=(), model="half", timeout=60, **inputs):
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    request = predict_pb2.PredictRequest()
    if model is not None:
        request.model_spec.name = model
        request.model_spec.signature_name = signature
    request.output_filter.extend(filters)
    for name, value in inputs.items():
        is_proto = hasattr(value, "tensor_shape")
        request.inputs[name].CopyFrom(value if is_proto else tf.make_tensor_proto(value))
    with grpc.insecure_channel(server.address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return stub.Predict(request, timeout=timeout)


def test_grpc_predict_tells_its_version(server):
    import tensorflow as tf

    response = predict_grpc(server, x=[1.0, 2.0])
    assert tf.make_ndarray(response.outputs["y"]).tolist() == [2.5, 3.0]
    assert response.model_spec.version.value == 123
    assert response.model_spec.signature_name == "serving_default"


@pytest.mark.parametrize("timeout", [None, 1e9, 30], ids=["no-deadline", "decades", "seconds"])
def test_grpc_deadlines_of_any_length(server, timeout):
    response = predict_grpc(server, timeout=timeout, x=[1.0])
    assert list(response.outputs["y"].float_val) == [2.5]


def test_grpc_output_filter(server):
    response = predict_grpc(server, "kinds", ("count",), text=["a"], count=int64(5))
    assert list(response.outputs) == ["count"]


def int64(*values):
    return np.array(values, np.int64)


def claims(*sizes, **values):
    """A proto that claims a shape."""
    import tensorflow as tf

    proto = tf.make_tensor_proto([1.0])
    proto.ClearField("float_val")
    proto.ClearField("tensor_content")
    del proto.tensor_shape.dim[:]
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    for name, value in values.items():
        getattr(proto, name).extend(value)
    return proto


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (lambda: {"model": None}, "INVALID_ARGUMENT", "Missing ModelSpec"),
        (lambda: {"model": ""}, "INVALID_ARGUMENT", "no name specified"),
        (lambda: {"model": "nobody"}, "NOT_FOUND", "Latest(nobody)"),
        (lambda: {"signature": "no"}, "FAILED_PRECONDITION", '"no" not found'),
        (lambda: {}, "INVALID_ARGUMENT", "Missing but required: {x}"),
        (lambda: {"x": [1.0], "z": [1.0]}, "INVALID_ARGUMENT", "Sent extra: {z}"),
        (lambda: {"z": [1.0]}, "INVALID_ARGUMENT", "input tensor alias not found in signature: z"),
        (lambda: {"x": ["a"]}, "INVALID_ARGUMENT", "expected type: float given string"),
        (lambda: {"x": [1.0], "filters": ["q"]}, "INVALID_ARGUMENT", "output tensor alias"),
        (lambda: {"x": [1.0], "filters": ["y", "y"]}, "INVALID_ARGUMENT", "duplicate output"),
        (lambda: {"x": claims(2**40, float_val=[1.0])}, "INVALID_ARGUMENT", "more than"),
        (lambda: {"x": claims(-1, float_val=[1.0])}, "INVALID_ARGUMENT", "no definite shape"),
        (lambda: {"x": claims(2, float_val=[1, 2, 3])}, "INVALID_ARGUMENT", "could not be parsed"),
        (
            lambda: {"signature": "kinds", "text": [["a"]], "count": int64(1)},
            "INVALID_ARGUMENT",
            "expected shape",
        ),
        (lambda: {"x": np.ones(17_000_000, np.float32)}, "RESOURCE_EXHAUSTED", "larger than max"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_grpc_refusals(server, arguments, code, message):
    with pytest.raises(grpc.RpcError) as caught:
        predict_grpc(server, **arguments())
    assert caught.value.code() is grpc.StatusCode[code]
    assert message in caught.value.details()


def test_grpc_model_status_metadata_and_refused_reload(server):
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_management_pb2,
        model_service_pb2_grpc,
        prediction_service_pb2_grpc,
    )

    with grpc.insecure_channel(server.address) as channel:
        models = model_service_pb2_grpc.ModelServiceStub(channel)
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "half"
        (entry,) = models.GetModelStatus(request).model_version_status
        assert entry.version == 123 and entry.state == entry.AVAILABLE

        predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        asked.model_spec.name = "half"
        response = predictions.GetModelMetadata(asked)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert response.metadata["signature_def"].Unpack(signatures)
        assert set(signatures.signature_def) >= {"serving_default", "kinds", "total"}
        asked.metadata_field[:] = ["something"]
        with pytest.raises(grpc.RpcError, match="Metadata field something is not supported"):
            predictions.GetModelMetadata(asked)

        reload = model_management_pb2.ReloadConfigRequest()
        reload.config.model_config_list.config.add(name="etc", base_path="/etc")
        with pytest.raises(grpc.RpcError, match="No client chooses"):
            models.HandleReloadConfigRequest(reload)
