import json

import numpy as np
import pytest
import urllib3

from serving.client import rest_transport
from serving.client.transport import RequestRefused, ServingUnavailable
from support.canned_server import answering

GOOD = (200, b'{"outputs": {"ids": [["1", "2"]]}}')


@pytest.mark.parametrize("status", [429, 503, 504])
def test_an_overloaded_server_is_asked_again(status):
    with (
        answering((status, b"busy"), (status, b"busy"), GOOD) as server,
        rest_transport.RestTransport(server.url, 'a "b"', "stable", deadline=60) as transport,
    ):
        answer = transport.predict("similar", {"age": np.array([7], np.int64), "id": ["é"]})
    assert answer.outputs["ids"].tolist() == [["1", "2"]]
    assert answer.version is None
    assert len(server.requests) == 3
    path, body = server.requests[-1]
    assert path == "/v1/models/a%20%22b%22/labels/stable:predict"
    assert json.loads(body) == {"signature_name": "similar", "inputs": {"age": [7], "id": ["é"]}}


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_is_passed_on_at_once(status):
    with (
        answering((status, b"because")) as server,
        rest_transport.RestTransport(server.url, deadline=60) as transport,
        pytest.raises(RequestRefused, match=f"HTTP {status} from {server.url}.*: because"),
    ):
        transport.predict("similar", {})
    assert len(server.requests) == 1


def test_the_last_failure_is_told_at_the_deadline():
    with (
        answering((503, b"stopping")) as server,
        rest_transport.RestTransport(server.url, deadline=0.3) as transport,
        pytest.raises(ServingUnavailable, match=r"within 0\.3 s: HTTP 503: b'stopping'"),
    ):
        transport.predict("similar", {})


@pytest.mark.parametrize(
    ("url", "model", "address"),
    [
        ("http://a:1", "movielens", "http://a:1/v1/models/movielens"),
        ("http://a:1/", "movielens", "http://a:1/v1/models/movielens"),
        ("http://a:1/proxy", "a/b c", "http://a:1/proxy/v1/models/a%2Fb%20c"),
        ("http://a:1", 'é"\\', "http://a:1/v1/models/%C3%A9%22%5C"),
    ],
)
def test_address_of_a_model(url, model, address):
    assert rest_transport.model_url(url, model) == address


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (urllib3.exceptions.ProtocolError("Connection aborted.", OSError("reset")), "reset"),
        (urllib3.exceptions.ConnectTimeoutError(object(), "Connection timed out"), "timed out"),
        (urllib3.exceptions.HTTPError("<a.Connection object at 0x7f>: refused"), "refused"),
        (urllib3.exceptions.HTTPError(), ""),
    ],
    ids=["protocol", "timeout", "connection", "nothing"],
)
def test_errors_are_described_without_objects(error, message):
    described = rest_transport.describe(error)
    assert described.endswith(message)
    assert "0x" not in described
