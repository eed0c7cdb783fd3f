"""The page: its small API in this process, and the page itself in headless Chromium."""

import json
import shutil
import threading
import time

import numpy as np
import pytest
import waitress.server
from werkzeug.test import Client

from serving.client.grpc_transport import GrpcTransport
from serving.client.recommender import RecommenderClient
from serving.client.stable_first import STABLE, StableFirst
from serving.client.transport import RequestRefused
from serving.page import app, catalogue

SCRIPT_TITLE = "<script>document.title='broken'</script> (1999)"  # of movie 7
CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
needs_chromium = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs Debian's packages chromium and chromium-driver",
)


@pytest.fixture(scope="module")
def page(serve, bundle_base):
    server = serve(f"--model_base_path={bundle_base}", "--model_name=movielens")
    with GrpcTransport(server.address) as transport:
        yield app.Page(RecommenderClient(transport), str(bundle_base))


@pytest.fixture(scope="module")
def client(page):
    return Client(page)


def test_catalogue(client):
    answer = client.get("/api/catalogue").json
    assert answer["version"] == "1"
    assert len(answer["users"]) == 12
    assert len(answer["movies"]) == 60
    assert SCRIPT_TITLE in {title for _, title, _, _ in answer["movies"]}
    points = np.array([point for _, _, *point in answer["movies"]])
    assert points.min() == -1 and points.max() == 1


def test_a_user_has_a_history_recommendations_and_reasons(client):
    answer = client.post("/api/recommendations", json={"user": "3"}).json
    assert answer["known_user"] is True
    assert answer["version"] == "1"
    seen = {movie_id for movie_id, _ in answer["history"]}
    assert len(seen) == 5
    assert len(answer["movies"]) == 10
    assert not seen & {movie["id"] for movie in answer["movies"]}
    reasons = {reason["title"] for movie in answer["movies"] for reason in movie["because"]}
    assert reasons
    assert reasons <= {title for _, title in answer["history"]}


def test_a_history_is_answered_and_unknown_ids_are_left_out(client):
    answer = client.post("/api/recommendations", json={"history": ["9", "no such movie"]}).json
    assert answer["known_user"] is True
    assert [movie_id for movie_id, _ in answer["history"]] == ["9"]
    assert "9" not in {movie["id"] for movie in answer["movies"]}


def test_nobody_gets_what_is_popular_and_no_reasons(client):
    for body in ({"user": "nobody"}, {"history": []}):
        answer = client.post("/api/recommendations", json=body).json
        assert answer["known_user"] is False
        assert answer["history"] == []
        assert not any(movie["because"] for movie in answer["movies"])


def test_similar(client):
    answer = client.get("/api/similar?movie=9").json
    assert len(answer["movies"]) == 10
    assert client.get("/api/similar?movie=no").json["movies"] == []


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
        assert client.get("/api/similar?movie=9").json["version"] == "2"
        config.write_text(entry % 'version_labels { key: "stable" value: 1 }')
        wait_for(lambda: client.get("/api/similar?movie=9").json["version"] == "1")
        assert client.get("/api/catalogue").json["version"] == "1"
        with pytest.raises(RequestRefused, match="no such signature"):
            transport.predict("no such signature", {})


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_folder_without_a_bundle_is_named(tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)):
        catalogue.read(str(tmp_path))


def test_plane_keeps_the_directions_in_which_vectors_differ():
    vectors = np.array([[0, 0, 5], [4, 0, 5], [0, 1, 5], [4, 1, 5]], np.float32)
    points = catalogue.plane(vectors)
    assert np.abs(points).tolist() == [[1, 1]] * 4
    assert len({tuple(point) for point in points.tolist()}) == 4
    assert catalogue.plane(np.ones((3, 4), np.float32)).tolist() == [[-1, -1]] * 3


@pytest.fixture(scope="module")
def url(page):
    server = waitress.server.create_server(page, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/"
    server.close()


@pytest.fixture
def browser(url):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1200, 900)
    driver.implicitly_wait(20)
    driver.get(url)
    yield driver
    assert driver.get_log("browser") == []  # no script failed, nothing was blocked
    for entry in driver.get_log("performance"):  # nothing but our own server was asked
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked = message["params"]["request"]["url"]
            assert asked.startswith((url, "data:", "about:", "chrome:")), asked
    driver.quit()


def one(browser, selector):
    return browser.find_element("css selector", selector)


def texts(browser, selector):
    return [found.text for found in browser.find_elements("css selector", selector)]


def wait_until(condition):
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(
        None, 20, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException]
    ).until(lambda _: condition())


@needs_chromium
def test_a_user_is_searched_and_answered(browser):
    wait_until(lambda: "popular lately" in one(browser, "#known").text)
    one(browser, "#user").send_keys("3")
    one(browser, "#users button").click()
    wait_until(lambda: one(browser, "#history-of").text == "History of user 3 (5)")
    assert len(texts(browser, "#history li")) == 5
    assert len(texts(browser, "#recommendations li")) == 10
    assert all(float(score) for score in texts(browser, "#recommendations .number"))
    assert any(text.startswith("near ") for text in texts(browser, "#recommendations .because"))
    assert one(browser, "#version").text == "answered by version 1"


@needs_chromium
def test_a_history_is_built_by_clicking_and_taken_back(browser):
    one(browser, "#movie").send_keys("movie 21")
    one(browser, "#found button").click()
    wait_until(lambda: one(browser, "#history li").text.startswith("Movie 21 (1999)"))
    chosen = one(browser, "#recommendations .title").text
    one(browser, "#recommendations [title='I saw this one']").click()
    wait_until(lambda: len(texts(browser, "#history li")) == 2)
    assert texts(browser, "#history .title") == [chosen, "Movie 21 (1999)"]
    assert chosen not in texts(browser, "#recommendations .title")
    one(browser, "#history [title='take it away']").click()
    wait_until(lambda: texts(browser, "#history .title") == ["Movie 21 (1999)"])
    one(browser, "#clear").click()
    wait_until(lambda: "popular lately" in one(browser, "#known").text)


@needs_chromium
def test_titles_are_text_and_never_markup(browser):
    one(browser, "#movie").send_keys("<script>")
    wait_until(lambda: texts(browser, "#found button") == [SCRIPT_TITLE])
    one(browser, "#found button").click()
    wait_until(lambda: texts(browser, "#history .title") == [SCRIPT_TITLE])
    assert browser.title == "MovieLens recommendations"
    one(browser, "#history .title").click()
    wait_until(lambda: SCRIPT_TITLE in one(browser, "#similar-hint").text)
    assert len(texts(browser, "#similar li")) == 10
    assert len(browser.find_elements("css selector", "script")) == 1


@needs_chromium
def test_the_map_names_the_movie_that_is_pointed_at(browser):
    from selenium.webdriver import ActionChains

    wait_until(lambda: "version 1" in one(browser, "#version").text)
    canvas = one(browser, "#map")
    browser.execute_script("arguments[0].scrollIntoView()", canvas)
    x, y = browser.execute_script(
        "const [, , x, y] = state.movies[0]; const c = arguments[0]; const [a, b] = place(c, x, y);"
        "return [a - c.clientWidth / 2, b - c.clientHeight / 2];",
        canvas,
    )
    ActionChains(browser).move_to_element_with_offset(canvas, round(x), round(y)).click().perform()
    wait_until(lambda: "Movie 1 (1999)" in one(browser, "#similar-hint").text)
    assert "Movie 1 (1999)" in one(browser, "#pointed").text
    painted = browser.execute_script(
        "const c = arguments[0];"
        "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0);",
        canvas,
    )
    assert painted


@needs_chromium
def test_it_fits_a_phone(browser, url):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(url)
    wait_until(lambda: len(texts(browser, "#recommendations li")) == 10)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360
    smallest = browser.execute_script(
        "return Math.min(...[...document.querySelectorAll('#recommendations button')]"
        ".map((b) => b.getBoundingClientRect().height))"
    )
    assert smallest >= 32  # a finger hits it
