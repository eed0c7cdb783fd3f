import numpy as np
import pytest

from serving.client import grpc_transport
from serving.client.transport import RequestRefused


def test_an_empty_batch_over_grpc(bundle):
    with grpc_transport.GrpcTransport(bundle.address) as transport:
        answer = transport.predict("serving_default", {"user_id": np.array([], object)})
    assert answer.outputs["item_ids"].shape == (0, 20)


def test_an_answer_has_its_version_and_decoded_texts(bundle):
    with grpc_transport.GrpcTransport(bundle.address) as transport:
        answer = transport.predict("similar", {"item_id": ["9"]})
    assert answer.version == 1
    assert all(isinstance(title, str) for title in answer.outputs["titles"].ravel())


@pytest.mark.parametrize(
    ("arguments", "signature", "message"),
    [
        ({"label": "nobody"}, "similar", "INVALID_ARGUMENT: Unrecognized servable version label"),
        ({"model": "nobody"}, "similar", "NOT_FOUND: Servable not found"),
        ({}, "nothing", 'FAILED_PRECONDITION: .*"nothing" not found'),
    ],
    ids=["label", "model", "signature"],
)
def test_a_refusal_names_its_code(bundle, arguments, signature, message):
    with (
        grpc_transport.GrpcTransport(bundle.address, **arguments) as transport,
        pytest.raises(RequestRefused, match=message),
    ):
        transport.predict(signature, {"item_id": ["9"]})


def test_a_label_that_no_version_has_is_known_before_it_is_asked(bundle):
    with grpc_transport.GrpcTransport(bundle.address, label="nobody") as transport:
        assert not transport.has_label()
    with (
        grpc_transport.GrpcTransport(bundle.address, "nobody") as transport,
        pytest.raises(RequestRefused, match="NOT_FOUND"),
    ):
        transport.has_label()
