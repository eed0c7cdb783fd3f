"""The page itself, in headless Chromium."""

import json
import shutil

import pytest

from serving.web import server as web

SCRIPT_TITLE = "<script>document.title='broken'</script> (1999)"  # of item 7


CHROMIUM = shutil.which("chromium")


DRIVER = shutil.which("chromedriver")


needs_chromium = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="needs Debian's packages chromium and chromium-driver",
)


@pytest.fixture(scope="module")
def url(page):
    server = web.HttpServer(page, web.bind("127.0.0.1", 0), threads=4, largest_body=2**16)
    server.begin()
    yield f"http://127.0.0.1:{server.port}/"
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
    details = texts(browser, "#recommendations .details")
    assert details == ["genres: Drama, War · year: 1999"] * 10


@needs_chromium
def test_recommendations_are_filtered(browser):
    wait_until(lambda: "popular lately" in one(browser, "#known").text)
    assert [option.text for option in browser.find_elements("css selector", "option")] == [
        "any",
        "Drama",
        "War",
    ]
    one(browser, "option[value=War]").click()
    wait_until(lambda: "0 movies do not pass" in one(browser, "#known").text)
    browser.find_elements("css selector", "#facets input")[1].send_keys("1998\t")
    wait_until(lambda: "60 movies do not pass" in one(browser, "#known").text)
    browser.implicitly_wait(0)
    assert texts(browser, "#recommendations li") == []


@needs_chromium
def test_it_speaks_in_the_words_of_the_definition(browser):
    wait_until(lambda: one(browser, "#similar-to").text == "Similar movies")
    assert one(browser, "h1").text == browser.title == "MovieLens recommendations"
    assert one(browser, "label[for=item]").text == "… or movies that you saw"
    assert "vectors of all movies" in one(browser, "#pointed").text
    assert one(browser, "#user").get_attribute("placeholder") == "user id, such as 1"
    assert "{" not in one(browser, "body").text


@needs_chromium
def test_a_history_is_built_by_clicking_and_taken_back(browser):
    one(browser, "#item").send_keys("item 21")
    one(browser, "#found button").click()
    wait_until(lambda: one(browser, "#history li").text.startswith("Item 21 (1999)"))
    chosen = one(browser, "#recommendations .title").text
    one(browser, "#recommendations [title='I saw this one']").click()
    wait_until(lambda: len(texts(browser, "#history li")) == 2)
    assert texts(browser, "#history .title") == [chosen, "Item 21 (1999)"]
    assert chosen not in texts(browser, "#recommendations .title")
    one(browser, "#history [title='take it away']").click()
    wait_until(lambda: texts(browser, "#history .title") == ["Item 21 (1999)"])
    one(browser, "#clear").click()
    wait_until(lambda: "popular lately" in one(browser, "#known").text)


@needs_chromium
def test_titles_are_text_and_never_markup(browser):
    one(browser, "#item").send_keys("<script>")
    wait_until(lambda: texts(browser, "#found button") == [SCRIPT_TITLE])
    one(browser, "#found button").click()
    wait_until(lambda: texts(browser, "#history .title") == [SCRIPT_TITLE])
    assert browser.title == "MovieLens recommendations"
    one(browser, "#history .title").click()
    wait_until(lambda: SCRIPT_TITLE in one(browser, "#similar-hint").text)
    assert len(texts(browser, "#similar li")) == 10
    assert len(browser.find_elements("css selector", "script")) == 1


@needs_chromium
def test_the_map_names_the_item_that_is_pointed_at(browser):
    from selenium.webdriver import ActionChains

    wait_until(lambda: "version 1" in one(browser, "#version").text)
    canvas = one(browser, "#map")
    browser.execute_script("arguments[0].scrollIntoView()", canvas)
    x, y = browser.execute_script(
        "const [, , x, y] = state.items[0]; const c = arguments[0]; const [a, b] = place(c, x, y);"
        "return [a - c.clientWidth / 2, b - c.clientHeight / 2];",
        canvas,
    )
    ActionChains(browser).move_to_element_with_offset(canvas, round(x), round(y)).click().perform()
    wait_until(lambda: "Item 1 (1999)" in one(browser, "#similar-hint").text)
    assert "Item 1 (1999)" in one(browser, "#pointed").text
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
