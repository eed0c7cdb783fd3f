"""The page's API, in this process."""

import json
import shutil
import time

import numpy as np
import pytest
from werkzeug.test import Client

from serving.client.grpc_transport import GrpcTransport
from serving.client.recommender import RecommenderClient
from serving.client.stable_first import STABLE, StableFirst
from serving.client.transport import RequestRefused
from serving.page import app

SCRIPT_TITLE = "<script>document.title='broken'</script> (1999)"  # of item 7


@pytest.fixture(scope="module")
def client(page):
    return Client(page)


def test_catalogue(client):
    answer = client.get("/api/catalogue").json
    assert answer["version"] == "1"
    assert (answer["title"], answer["noun"], answer["nouns"]) == ("MovieLens", "movie", "movies")
    assert answer["users"] is True
    assert len(answer["items"]) == 60
    assert SCRIPT_TITLE in {title for _, title, _, _ in answer["items"]}
    points = np.array([point for _, _, *point in answer["items"]])
    assert points.min() == -1 and points.max() == 1


def test_users_are_found_by_how_they_begin_and_never_listed(client):
    assert client.get("/api/users?starts=10").json == {"version": "1", "users": ["10"]}
    assert client.get("/api/users?starts=99").json["users"] == []
    for path in ("/api/users", "/api/users?starts=", "/api/users?starts=1"):
        answer = client.get(path)
        assert (answer.status_code, "at least 2" in answer.json["error"]) == (400, True)


def test_without_users_nobody_is_found_or_shown(page, bundle_base):
    client = Client(app.Page(page._client, str(bundle_base), users=False))
    assert client.get("/api/catalogue").json["users"] is False
    assert client.get("/api/users?starts=10").status_code == 403
    assert client.post("/api/recommendations", json={"user": "3"}).status_code == 403
    assert client.post("/api/recommendations", json={"history": ["9"]}).status_code == 200


def test_head_is_answered_as_get(client):
    for path in ("/", "/page.js", "/api/catalogue"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.headers["Content-Type"]) == (
            200,
            got.headers["Content-Type"],
        )
    assert client.head("/no").status_code == 404


def test_a_user_has_a_history_recommendations_and_reasons(client):
    answer = client.post("/api/recommendations", json={"user": "3"}).json
    assert answer["known_user"] is True
    assert answer["version"] == "1"
    seen = {item["id"] for item in answer["history"]}
    assert len(seen) == 5
    assert len(answer["items"]) == 10
    assert not seen & {item["id"] for item in answer["items"]}
    reasons = {reason["title"] for item in answer["items"] for reason in item["because"]}
    assert reasons
    assert reasons <= {item["title"] for item in answer["history"]}


def test_a_history_is_answered_and_unknown_ids_are_left_out(client):
    answer = client.post("/api/recommendations", json={"history": ["9", "no such item"]}).json
    assert answer["known_user"] is True
    assert [item["id"] for item in answer["history"]] == ["9"]
    assert "9" not in {item["id"] for item in answer["items"]}


def test_facets_and_filters(client):
    assert client.get("/api/catalogue").json["facets"] == [
        {"feature": "genres", "name": "genres", "values": ["Drama", "War"]},
        {"feature": "year", "name": "year", "least": 1999, "most": 1999},
    ]
    for asked in ({"user": "3"}, {"history": ["9"]}):
        passing = {"require": ["genres=War"], "forbid": ["year<1990"]}
        answer = client.post("/api/recommendations", json={**asked, **passing}).json
        assert (len(answer["items"]), answer["filtered"]) == (10, 0)
        answer = client.post("/api/recommendations", json={**asked, "forbid": ["year<2000"]}).json
        assert (answer["items"], answer["filtered"]) == ([], 60)
        answer = client.post("/api/recommendations", json={**asked, "require": ["colour=red"]})
        assert answer.status_code == 400 and "colour=red" in answer.json["error"]


def test_nobody_gets_what_is_popular_and_no_reasons(client):
    for body in ({"user": "nobody"}, {"history": []}):
        answer = client.post("/api/recommendations", json=body).json
        assert answer["known_user"] is False
        assert answer["history"] == []
        assert not any(item["because"] for item in answer["items"])


def test_similar(client):
    answer = client.get("/api/similar?item=9").json
    assert len(answer["items"]) == 10
    assert answer["items"][0]["details"] == {"year": "1999", "genres": "Drama, War"}
    assert client.get("/api/similar?item=no").json["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"user": 1}',
        b'{"user": null}',
        b'{"user": "1", "history": []}',
        b'{"history": "123"}',
        b'{"user": "1", "require": "genres=War"}',
        b'{"user": "1", "forbid": [1]}',
        b'{"history": [1]}',
        b'{"history": {"a": "b"}}',
        json.dumps({"history": ["1"] * 501}).encode(),
    ],
)
def test_refused_bodies(client, body):
    answer = client.post("/api/recommendations", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["error"]


@pytest.mark.parametrize(
    "path", ["/page.py", "/../app.py", "/static/page.js", "//etc/passwd", "/%2e%2e/app.py"]
)
def test_no_path_of_a_client_is_opened(client, path):
    assert client.get(path).status_code == 404


def test_headers_forbid_foreign_scripts(client):
    answer = client.get("/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_stable_answers_where_there_is_one_and_else_the_newest(serve, bundle_base, tmp_path):
    base = tmp_path / "movielens"
    for version in ("1", "2"):
        shutil.copytree(bundle_base / "1", base / version)
    config = tmp_path / "models.config"
    entry = (
        f'model_config_list {{ config {{ name: "movielens" base_path: "{base}" '
        'model_platform: "tensorflow" model_version_policy { all {} } %s } }'
    )
    config.write_text(entry % "")
    polled = "--model_config_file_poll_wait_seconds=1"
    server = serve(f"--model_config_file={config}", polled)
    server.wait_for_states({1: "AVAILABLE", 2: "AVAILABLE"}, "movielens")
    with (
        GrpcTransport(server.address, label=STABLE) as labelled,
        GrpcTransport(server.address) as newest,
    ):
        transport = StableFirst(labelled, newest)
        client = Client(app.Page(RecommenderClient(transport), str(base)))
        assert client.get("/api/similar?item=9").json["version"] == "2"
        _, metrics = server.get("/monitoring/prometheus/metrics")
        assert "INVALID_ARGUMENT" not in metrics  # an alert counts these
        config.write_text(entry % 'version_labels { key: "stable" value: 1 }')
        wait_for(lambda: client.get("/api/similar?item=9").json["version"] == "1")
        assert client.get("/api/catalogue").json["version"] == "1"
        with pytest.raises(RequestRefused, match="no such signature"):
            transport.predict("no such signature", {})


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_files_speak_of_no_data_set(client):
    for path in app.FILES:
        text = client.get(path).text.lower()
        assert "movie" not in text and "film" not in text
