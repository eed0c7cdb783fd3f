"""The client of the overload benchmark counts what a server answers."""

import pytest

from benchmarks import serving_overload as overload
from serving.web import server as web

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.mark.parametrize("cut", [10, 30, len(OK) - 1])
def test_an_answer_is_whole_once_its_body_is(cut):
    assert overload.is_whole(OK)
    assert not overload.is_whole(OK[:cut])
    with pytest.raises(ConnectionError):
        overload.is_whole(b"")


def test_outcomes_and_percentiles():
    answers = [OK, OK.replace(b"200", b"429"), OK.replace(b"200", b"503")]
    outcomes = [overload.ACCEPTED, overload.REFUSED, overload.OTHER]
    assert [overload.outcome_of(answer) for answer in answers] == outcomes
    assert [overload.percentile([1, 2, 3, 4], share) for share in (0, 50, 99)] == [1, 3, 4]
    found = [overload.Sample(outcome, 0.002, 0.001) for outcome in [*outcomes, overload.ACCEPTED]]
    line = overload.row("4 times", found, 2.0, 0.001)
    assert line == (
        *("4 times", "2", "1", "2.0", "2.0", "2.0"),
        *("0", "2.0", "2.0", "1", "1.0"),
    )


def test_requests_are_sent_at_their_pace(monkeypatch):
    def answer(environ, start_response):
        body = environ["wsgi.input"].read()
        start_response("429 Too Many" if body == b"2" else "200 OK", [])
        return [body]

    monkeypatch.setattr(overload, "WARM_UP_SECONDS", 0)
    server = web.HttpServer(answer, web.bind("127.0.0.1", 0), threads=2, largest_body=10)
    server.begin()
    try:
        found = overload.rest_requests(server.port, [b"1", b"2"], 0.5, 100, 4)
    finally:
        server.close()
    accepted, refused = (overload.latencies(found, of) for of in ("accepted", "refused"))
    assert accepted and len(accepted) - len(refused) in (0, 1)
    assert len(found) <= 50
