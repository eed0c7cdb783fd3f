import pytest

from serving.client.model_status import ModelStatus, NotAModelServer
from serving.client.transport import ServingUnavailable
from support.canned_server import answering


def test_the_answer_of_the_real_stand_in(serve, write_half_plus, tmp_path):
    write_half_plus(tmp_path, "7")
    server = serve(f"--model_base_path={tmp_path}", "--model_name=half")
    status = ModelStatus(server.url, "half", 60)
    (entry,) = status.fetch()["model_version_status"]
    assert (entry["version"], entry["state"]) == ("7", "AVAILABLE")
    assert status.fetch("/versions/7") == status.fetch()
    assert "Could not find version 8" in status.fetch("/versions/8")["error"]


def test_an_error_is_an_answer_too():
    with answering((404, b'{"error": "Could not find version 3"}')) as server:
        status = ModelStatus(server.url, 'item "lens"', 5)
        assert status.fetch("/versions/3") == {"error": "Could not find version 3"}
    assert server.requests == [("/v1/models/item%20%22lens%22/versions/3", b"")]


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"3", b"\xff"])
def test_what_is_no_model_server(content):
    with (
        answering((200, content)) as server,
        pytest.raises(NotAModelServer, match=f"{server.url} does not answer as TensorFlow"),
    ):
        ModelStatus(server.url, "movielens", 5).fetch()


def test_nobody_answers(free_port):
    url = f"http://127.0.0.1:{free_port}"
    with pytest.raises(ServingUnavailable) as raised:
        ModelStatus(url, "movielens", 5).fetch()
    assert str(raised.value).startswith(f"No answer from {url} (")
    assert "Connection refused" in str(raised.value)
    assert "object at 0x" not in str(raised.value)
