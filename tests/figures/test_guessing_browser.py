"""Guesses in a real browser: drawn by mouse, finger and keys, and judged in words when the answer appears."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from .guessed import CURVES, LOSSES, TRIALS, level, losses

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[2] / "book" / "_static"
FIGURE = "document.querySelector('figure.guess')"
WIDTHS = pytest.mark.parametrize("width", [1000, 360])


@pytest.fixture(scope="module")
def html():
    """Pages with a guess, by name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLVABLE_BOOK", "1")
        made = {"losses": losses(), "level": level()}
        return {
            name: '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,"><link rel="stylesheet" href="/_static/pictures.css">'
            '<link rel="stylesheet" href="/_static/explore.css"><script defer src="/_static/explore.js"></script>'
            '<link rel="stylesheet" href="/_static/print.css" media="print">'
            f'<body>{one._repr_html_()}<div style="height: 2000px"></div></body></html>'
            for name, one in made.items()
        }


@pytest.fixture
def show(browser, html):
    """Open a page; at the end, nothing may have failed or left the host."""
    troubles, contexts = [], []

    def show(name, width=1000, without="nothing", **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()

        def serve(route):
            path = urlsplit(route.request.url).path
            if not route.request.url.startswith("http://book/"):
                troubles.append(route.request.url)
            if path == "/":
                route.fulfill(body=html[name], content_type="text/html")
            elif without in path:
                route.abort()
            else:
                route.fulfill(path=STATIC / path.removeprefix("/_static/"))

        page.route(re.compile("^http"), serve)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto("http://book/")
        if options.get("java_script_enabled", True) and without == "nothing":
            page.evaluate(f"{FIGURE}.explorer.ready")
        return page

    yield show
    for context in contexts:
        context.close()
    assert not troubles


def state(page):
    page.evaluate("new Promise(requestAnimationFrame)")
    return page.evaluate(f"{FIGURE}.explorer.state()")


def labels(page):
    return [one["label"] for one in state(page)["series"]]


def said(page):
    return page.locator(".explorer-said").text_content()


def parts(curve, factor=1.0):
    """A curve as parts of the axes of `losses`."""
    return np.log(curve.x) / np.log(1e4), np.log(factor * curve.y / 1e-2) / np.log(300)


def drag(page, x, y):
    """Draw through these parts of the axes with a mouse."""
    box = page.locator(".guess-pen").bounding_box()
    places = np.stack([box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]], axis=1)
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def answer(page):
    page.get_by_role("button", name="Show the answer").click()


def test_before_it_is_asked_for_the_answer_is_nowhere(show):
    page = show("losses")
    assert labels(page) == ["narrow", "measured narrow"]
    assert page.locator(".explorer-legend").inner_text().split("\n") == ["narrow", "your guess"]
    assert not page.locator(".explorer-still").is_visible()
    assert page.locator(".explorer-stage").get_attribute("aria-label") == LOSSES["alt"]
    assert "levels off later" not in page.locator("body").aria_snapshot()
    assert said(page) == ""


def test_nor_while_the_charts_have_not_come_yet(show):
    page = show("losses", without="explore.js")
    assert not page.locator(".explorer-still").is_visible()
    assert "levels off later" not in page.locator("body").aria_snapshot()


@WIDTHS
@pytest.mark.parametrize(("factor", "side"), [(2.0, "high"), (0.4, "low")])
def test_a_curve_drawn_by_mouse_is_judged_by_its_factor(show, width, factor, side):
    page = show("losses", width)
    drag(page, *parts(CURVES["wide"], factor))
    drawn = np.array(state(page)["guess"])
    true = np.interp(drawn[:, 0], *parts(CURVES["wide"], factor))
    np.testing.assert_allclose(drawn[:, 1], np.clip(true, 0, 1), atol=0.01)
    assert len(drawn) == 49
    answer(page)
    place, off = re.search(rf"time t = ([\d,]+): your guess is ([\d.]+) times too {side}\.$", said(page)).groups()
    inside = 1 / factor if factor < 1 else factor
    assert float(off) == pytest.approx(inside, rel=0.1)
    assert 1 <= float(place.replace(",", "")) <= 1e4


def test_the_right_curve_is_well_guessed_and_the_answer_lies_over_it(show):
    page = show("losses")
    drag(page, *parts(CURVES["wide"]))
    answer(page)
    assert re.fullmatch(r"Well guessed: nowhere off by more than a factor of 1(\.0\d)?\.", said(page))
    assert labels(page) == ["narrow", "wide", "measured wide", "measured narrow", "your guess"]
    now = state(page)
    drawn, box = {one["label"]: np.array(one["px"]) for one in now["series"]}, now["box"]
    for label, series in [("wide", CURVES["wide"]), ("measured wide", TRIALS["wide"])]:
        x, y = parts(series)
        true = np.stack([box["left"] + x * box["width"], box["top"] + (1 - y) * box["height"]], axis=1)
        np.testing.assert_allclose(drawn[label], true[(y >= 0) & (y <= 1)], atol=0.1)
    assert page.locator(".explorer-legend").inner_text().split("\n") == ["narrow", "wide", "your guess"]
    assert page.locator(".explorer-stage").get_attribute("aria-label") == f"{LOSSES['alt']} {LOSSES['answer']}"


def test_keys_alone_draw_and_a_voice_says_where(show):
    page = show("level")
    page.keyboard.press("Tab")
    pen = page.get_by_role("slider", name="Your guess")
    assert pen.evaluate("(pen) => pen === document.activeElement")
    assert pen.get_attribute("aria-valuetext") == "y 0.5 at x = 0.5, place 7 of 13"
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    drawn = np.array(state(page)["guess"])
    wedge = 0.5 + 0.1 * np.clip(1 - np.abs(drawn[:, 0] - 0.25) * 12, 0, 1)  # straight to the next places
    np.testing.assert_allclose(drawn[:, 1], wedge, atol=1e-9)
    assert pen.get_attribute("aria-valuetext") == "y 0.6 at x = 0.25, place 4 of 13"
    assert pen.get_attribute("aria-valuenow") == "60"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert said(page) == "Furthest off at x = 0.25: your guess is 0.1 too high."
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    assert page.get_by_role("slider").count() == 0
    page.keyboard.press("Enter")
    assert said(page) == ""
    assert state(page)["guess"] == []
    assert not state(page)["answered"]


def test_keys_stay_inside_the_axes(show):
    page = show("level")
    pen = page.get_by_role("slider")
    for key in ("End", "ArrowRight", *["PageDown"] * 7):
        pen.press(key)
    assert pen.get_attribute("aria-valuetext") == "y 0 at x = 1, place 13 of 13"
    assert state(page)["guess"][-1] == [1, 0]


def test_a_place_drawn_twice_is_where_it_was_drawn_last(show):
    page = show("level")
    drag(page, np.array([0.2, 0.8]), np.array([0.9, 0.9]))
    drag(page, np.array([0.6, 0.4]), np.array([0.3, 0.3]))  # backwards
    drawn = np.array(state(page)["guess"])
    middle = (drawn[:, 0] > 0.41) & (drawn[:, 0] < 0.59)
    np.testing.assert_allclose(drawn[middle, 1], 0.3, atol=0.01)
    np.testing.assert_allclose(drawn[np.abs(drawn[:, 0] - 0.5) > 0.13, 1], 0.9, atol=0.01)


def test_whoever_draws_nothing_sees_the_answer_too(show):
    page = show("level")
    answer(page)
    assert said(page) == "Here is the answer. No guess was drawn where it runs."
    assert labels(page) == ["answer"]


def touches(page, start, end):
    """A finger from one part of the axes to another, in ten steps."""
    box = page.locator(".guess-pen").bounding_box()
    finger = page.context.new_cdp_session(page)
    for part in np.linspace(0, 1, 11):
        x, y = (1 - part) * np.array(start) + part * np.array(end)
        point = {"x": box["x"] + x * box["width"], "y": box["y"] + (1 - y) * box["height"]}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove" if part else "touchStart", "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_draws_across_and_scrolls_the_page_upwards(show):
    page = show("level", 360, has_touch=True, is_mobile=True)
    touches(page, (0.1, 0.3), (0.9, 0.8))
    drawn = np.array(state(page)["guess"])
    assert (drawn[0, 0], drawn[-1, 0]) == (pytest.approx(0.1, abs=0.03), pytest.approx(0.9, abs=0.03))
    np.testing.assert_allclose(drawn[:, 1], np.interp(drawn[:, 0], [0.1, 0.9], [0.3, 0.8]), atol=0.03)
    assert page.evaluate("window.scrollY") == 0
    touches(page, (0.5, 0.1), (0.5, 1.0))
    page.wait_for_function("window.scrollY > 50")
    np.testing.assert_array_equal(np.array(state(page)["guess"]), drawn)


@WIDTHS
def test_all_of_it_fits_and_can_be_hit(show, width):
    page = show("losses", width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for target in (page.get_by_role("slider"), *page.get_by_role("button").all()):
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24
    box, pen = state(page)["box"], page.locator(".guess-pen").bounding_box()
    chart = page.locator(".explorer-stage svg").bounding_box()
    assert (pen["width"], pen["height"]) == (pytest.approx(box["width"]), pytest.approx(box["height"]))
    assert (pen["x"] - chart["x"], pen["y"] - chart["y"]) == (pytest.approx(box["left"]), pytest.approx(box["top"]))


def test_who_comes_by_keyboard_sees_where_the_pen_is(show):
    page = show("level")
    ring = page.locator(".explorer-stage circle")
    assert ring.count() == 0
    page.keyboard.press("Tab")
    state(page)
    assert ring.count() == 1
    assert page.locator(".guess-pen").evaluate("(pen) => getComputedStyle(pen).outlineStyle") == "solid"


def test_a_narrower_window_keeps_the_guess(show):
    page = show("losses")
    drag(page, *parts(CURVES["wide"], 2))
    before = state(page)["guess"]
    page.set_viewport_size({"width": 360, "height": 900})
    page.wait_for_function(f"{FIGURE}.explorer.box.width < 320")
    assert state(page)["guess"] == before


def test_without_a_script_the_figure_stands_there_with_its_answer(show):
    page = show("losses", java_script_enabled=False)
    picture = page.get_by_role("img", name=f"{LOSSES['alt']} {LOSSES['answer']}")
    assert picture.bounding_box()["width"] > 500
    assert page.get_by_role("slider").count() == page.get_by_role("button").count() == 0
    assert not page.get_by_text("Draw with mouse").is_visible()


def test_in_print_too(show):
    page = show("losses")
    page.emulate_media(media="print")
    assert page.locator(".explorer-still").bounding_box()["width"] > 500
    for part in (".guess-board", ".explorer-legend", ".guess-show", ".guess-how"):
        assert not page.locator(part).is_visible()


def test_where_the_charts_do_not_load_the_picture_says_so_and_is_seen(show):
    page = show("losses", without="plot.umd")
    page.get_by_text("This figure stands still: plot.umd.min.js did not load.").wait_for()
    assert page.locator(".explorer-still").is_visible()


def test_what_was_not_drawn_is_not_judged(show):
    page = show("losses")
    drag(page, np.array([0.0, 0.5]), np.array([0.5, 0.5]))
    answer(page)
    right = np.interp([0.0, 0.5], *parts(CURVES["wide"]))
    off = np.exp(np.abs(right - 0.5).max() * np.log(300))
    assert float(re.search(r"([\d.]+) times", said(page))[1]) == pytest.approx(off, rel=0.06)
