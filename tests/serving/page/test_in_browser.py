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


@pytest.fixture(scope="module")
def driver():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1200, 900)
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver, url):
    driver.implicitly_wait(20)
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.get(url)
    one(driver, "#recommendations li")  # nothing moves any more, and everything is there
    yield driver
    assert driver.get_log("browser") == []  # no script failed, nothing was blocked
    for entry in driver.get_log("performance"):  # nothing but our own server was asked
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked = message["params"]["request"]["url"]
            assert asked.startswith((url, "data:", "about:", "chrome:")), asked


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
    one(browser, "#user").send_keys("12")
    one(browser, "#users button").click()
    wait_until(lambda: one(browser, "#history-of").text == "History of user 12 (5)")
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
    assert one(browser, "label[for=item]").text == "… or movies of your choice"
    assert "vectors of all movies" in one(browser, "#pointed").text
    assert one(browser, "#user").get_attribute("placeholder") == "user id, or how one begins"
    assert "{" not in one(browser, "body").text


@needs_chromium
def test_a_history_is_built_by_clicking_and_taken_back(browser):
    one(browser, "#item").send_keys("item 21")
    one(browser, "#found button").click()
    wait_until(lambda: one(browser, "#history li").text.startswith("Item 21 (1999)"))
    chosen = one(browser, "#recommendations .title").text
    button = one(browser, "#recommendations .item button:last-child")
    assert (button.text, button.accessible_name) == ("+", f"Add {chosen} to the history")
    button.click()
    wait_until(lambda: len(texts(browser, "#history li")) == 2)
    assert texts(browser, "#history .title") == [chosen, "Item 21 (1999)"]
    assert chosen not in texts(browser, "#recommendations .title")
    button = one(browser, "#history .item button:last-child")
    assert (button.text, button.accessible_name) == ("×", f"Remove {chosen} from the history")
    button.click()
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
    assert len(browser.find_elements("css selector", "script")) == 2


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
def test_the_map_is_explored_by_keys(browser):
    wait_until(lambda: "version 1" in one(browser, "#version").text)
    canvas = one(browser, "#map")
    named = []
    for key in ("\ue014", "\ue014", "\ue012"):  # right, right, left
        canvas.send_keys(key)
        named.append(one(browser, "#pointed").text)
    assert all(name.startswith(("Item ", SCRIPT_TITLE)) for name in named)
    assert named[0] != named[1] != named[2]
    canvas.send_keys("\ue007")  # Enter
    wait_until(lambda: named[2].split(",")[0] in one(browser, "#similar-hint").text)


@needs_chromium
def test_who_and_what_is_not_there_is_said(browser):
    one(browser, "#item").send_keys("zzz")
    wait_until(lambda: texts(browser, "#found li") == ["No title matches zzz."])
    one(browser, "#user").send_keys("99")
    wait_until(lambda: texts(browser, "#users li") == ["No user begins with 99."])
    one(browser, "#user").send_keys("\ue007")
    known = "Nothing is known of a user 99: this is what is popular lately."
    wait_until(lambda: one(browser, "#known").text == known)
    assert "chosen lately" in one(browser, "#score").text
    assert one(browser, "#users").text == ""


@needs_chromium
def test_an_address_names_a_user(browser, url):
    browser.get(f"{url}?user=12")
    wait_until(lambda: one(browser, "#history-of").text == "History of user 12 (5)")
    assert one(browser, "#user").get_property("value") == "12"
    assert "only numbers of one list compare" in one(browser, "#score").text
    one(browser, "#recommendations .item button:last-child").click()
    wait_until(lambda: len(texts(browser, "#history li")) == 6)
    assert browser.current_url == url
    one(browser, "#user").send_keys("3\ue007")
    wait_until(lambda: browser.current_url == f"{url}?user=3")


CONTRASTS = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = channels(colour).map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const behind = (each) => {
  for (; each; each = each.parentElement) {
    const colour = getComputedStyle(each).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return getComputedStyle(document.body).backgroundColor;
};
const ratio = (colour, each) => {
  const [less, more] = [light(colour), light(behind(each))].sort((a, b) => a - b);
  return (more + .05) / (less + .05);
};
const texts = [...document.querySelectorAll("body *")].filter((each) =>
  each.checkVisibility() && [...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim()));
const inputs = [...document.querySelectorAll("input")];
return {
  ...Object.fromEntries(texts.map((each) =>
    [`${each.tagName} ${each.id} ${each.className}`, ratio(getComputedStyle(each).color, each)])),
  ...Object.fromEntries(inputs.map((each) =>
    [`placeholder ${each.id}`, ratio(getComputedStyle(each, "::placeholder").color, each)])),
};
"""
"""Contrast of each text with what is behind it, by WCAG's formula."""


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable(browser, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    one(browser, "#item").send_keys("zzz")
    one(browser, "#recommendations .title").click()
    wait_until(lambda: len(texts(browser, "#similar li")) == 10)
    browser.execute_script("const e = $('error'); e.hidden = false; e.textContent = 'An error'")
    ratios = browser.execute_script(CONTRASTS)
    assert len(ratios) > 15
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


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
    one(browser, "#recommendations .title").click()
    wait_until(lambda: len(texts(browser, "#similar li")) == 10)
    top = "return document.getElementById('similar-to').getBoundingClientRect().top"
    assert 0 <= browser.execute_script(top) < 100
