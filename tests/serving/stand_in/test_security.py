"""Who may ask the stand-in: certificate, token and host names, over both APIs."""

import http.client
import json

import pytest

from serving.client.grpc_transport import GrpcTransport
from serving.client.model_status import ModelStatus
from serving.client.rest_transport import RestTransport
from serving.client.transport import RequestRefused, ServingUnavailable
from support import certificates


@pytest.fixture(scope="module")
def secured(serve, write_half_plus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("secured")
    written = certificates.write(folder, "recs.example", "127.0.0.1")
    token = folder / "token"
    token.write_text("secret")
    write_half_plus(folder / "half", "1")
    server = serve(
        f"--model_base_path={folder / 'half'}",
        "--model_name=half",
        f"--tls_cert={written.chain}",
        f"--tls_key={written.key}",
        f"--token_file={token}",
    )
    return server, written, str(token)


def test_rest_with_certificate_and_token(secured):
    server, written, token = secured
    url = f"https://127.0.0.1:{server.rest_port}"
    known = {"ca_file": written.authority, "token_file": token}
    with (
        RestTransport(url, "half", **known) as transport,
        pytest.raises(RequestRefused, match=r"HTTP 400 .*no such signature"),
    ):
        transport.predict("no such signature", {"x": [1.0]})
    assert ModelStatus(url, "half", 60, **known).fetch()["model_version_status"]
    with (
        RestTransport(url, "half", ca_file=written.authority) as transport,
        pytest.raises(RequestRefused, match=r"HTTP 401 .*A token is needed"),
    ):
        transport.predict("serving_default", {"x": [1.0]})
    with (
        RestTransport(url, "half", token_file=token) as transport,
        pytest.raises(ServingUnavailable, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        transport.predict("serving_default", {"x": [1.0]})


@pytest.mark.parametrize("known_by", ["authority", "chain"])
def test_grpc_with_certificate_and_token(secured, known_by):
    server, written, token = secured
    known = {"ca_file": getattr(written, known_by), "server_name": "recs.example"}
    with GrpcTransport(server.address, "half", token_file=token, **known) as transport:
        assert transport.predict("serving_default", {"x": [1.0]}).outputs["y"].tolist() == [2.5]
    with (
        GrpcTransport(server.address, "half", **known) as transport,
        pytest.raises(RequestRefused, match="UNAUTHENTICATED: A token is needed"),
    ):
        transport.predict("serving_default", {"x": [1.0]})


def test_grpc_in_the_clear_is_not_answered(secured):
    server, _, _ = secured
    with (
        GrpcTransport(server.address, "half", deadline=0.5) as transport,
        pytest.raises(ServingUnavailable),
    ):
        transport.predict("serving_default", {"x": [1.0]})


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_no_client_sends_a_token_in_the_clear(secured, scheme):
    _, _, token = secured
    with pytest.raises(ValueError, match="nothing was sent"):
        if scheme == "http":
            RestTransport("http://recs.example", token_file=token)
        else:
            GrpcTransport("recs.example:8500", token_file=token)


def test_another_host_name_is_refused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=60)
    connection.request("GET", "/v1/models/half", headers={"Host": "evil.example"})
    response = connection.getresponse()
    assert (response.status, "evil.example" in json.loads(response.read())["error"]) == (403, True)
    connection.close()


def test_a_certificate_without_its_key_ends_the_start(serve, tmp_path):
    server = serve(f"--model_base_path={tmp_path}", "--tls_cert=/no/such.pem", wait=False)
    assert server.process.wait(180) == 1
    assert "belong together" in server.said()


def test_grpc_reads_the_token_of_metadata_only():
    from serving.stand_in import grpc_api

    class Context:
        def __init__(self, *metadata):
            self.invocation_metadata = lambda: metadata

    assert grpc_api._has_token(Context(("authorization", "Bearer secret")), "secret")
    for metadata in ((), (("authorization", "secret"),), (("x", "Bearer secret"),)):
        assert not grpc_api._has_token(Context(*metadata), "secret")
