"""Every explorer moves by key, mouse and finger, stands without JavaScript, and draws what was computed."""

import functools
import json
import re
import zlib

import numpy as np
import pytest
from built_site import HTML, Source, toc_pages
from curves_of_page import curves_of_page
from visits import DESK, open_page

pytestmark = pytest.mark.browser

EXPLORERS = [(page, name) for page in toc_pages() for name in Source(page).explorers]
FIRST = {page.rpartition("/")[0]: (page, name) for page, name in reversed(EXPLORERS)}.values()  # of each part
LONG = {"circle", "transfer"}  # what they draw takes half a minute to compute again
STRAIGHT = {"build-up"}  # one straight line over a decade and a half, which the time moves through three
SETTINGS = 3
SAMPLE = pytest.mark.parametrize(  # what the script does alike for all
    "explorer",
    [pytest.param(one, id=one[1], marks=() if one in FIRST else pytest.mark.slow) for one in EXPLORERS],
    indirect=True,
)
TURN = """(figure, setting) => {
  for (const [name, index] of Object.entries(setting)) {
    const knob = figure.querySelector(`input[name="${name}"]`);
    knob.value = index;
    knob.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return figure.explorer.state();
}"""
HANDLE = """(knob) => {
  const { left, top, width, height } = knob.getBoundingClientRect();
  const part = (knob.value - knob.min) / (knob.max - knob.min);
  const far = left + (part < 0.5 ? 0.85 : 0.15) * width;
  return { x: left + 8 + part * (width - 16), y: top + height / 2, far };
}"""


@pytest.fixture(scope="module", params=EXPLORERS, ids=[name for _, name in EXPLORERS])
def explorer(request):
    """Page and name of one explorer."""
    return request.param


@pytest.fixture(scope="module")
def figure(browser, address, explorer):
    """The explorer on its open page, on a screen that can be touched."""
    page, name = explorer
    context = browser.new_context(viewport=DESK, has_touch=True)
    tab, _ = open_page(context, address, page, mathematics=False)
    figure = tab.locator(f"#explore-{name}")
    assert figure.count() == 1, "the built page has no such explorer"
    yield figure
    context.close()


def picture(figure) -> bytes:
    """What the explorer shows now, as an image."""
    figure.evaluate("(figure) => { figure.explorer.state(); }")
    return figure.locator(".explorer-stage").screenshot()


def drawn(figure) -> list:
    """Every line, point and colour that it shows now; a ghost of before does not count."""
    state = figure.evaluate("(figure) => figure.explorer.state()")
    return state["series"] + state["experiment"]


def test_every_knob_moves_it_by_keyboard(figure):
    knobs = figure.locator("input[type=range]")
    assert knobs.count() >= 1
    for knob in knobs.all():
        figure.locator(".explorer-reset").click()  # to where there is an experiment, should a knob move that alone
        before = drawn(figure)
        knob.focus()
        at_the_end = knob.evaluate("(knob) => knob.value === knob.max")
        for _ in range(5):
            knob.press("ArrowLeft" if at_the_end else "ArrowRight")
        assert drawn(figure) != before, knob.get_attribute("name")


@SAMPLE
def test_a_mouse_moves_it(figure):
    figure.locator(".explorer-reset").click()
    knob = figure.locator("input[type=range]").first
    knob.scroll_into_view_if_needed()
    before = picture(figure)
    handle = knob.evaluate(HANDLE)
    mouse = figure.page.mouse
    mouse.move(handle["x"], handle["y"])
    mouse.down()
    mouse.move(handle["far"], handle["y"], steps=5)
    mouse.up()
    assert picture(figure) != before


@SAMPLE
def test_a_finger_moves_it(figure):
    figure.locator(".explorer-reset").click()
    knob = figure.locator("input[type=range]").first
    knob.scroll_into_view_if_needed()
    before = picture(figure)
    handle = knob.evaluate(HANDLE)
    finger = figure.page.context.new_cdp_session(figure.page)
    for part in np.linspace(0, 1, 6):
        x = handle["x"] + part * (handle["far"] - handle["x"])
        kind = "touchMove" if part else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": handle["y"]}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert picture(figure) != before


@SAMPLE
def test_it_stands_still_without_javascript(browser, address, explorer):
    page, name = explorer
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/{page}.html")
    figure = tab.locator(f"#explore-{name}")
    still = figure.locator("img.explorer-still")
    still.scroll_into_view_if_needed()
    assert len(still.get_attribute("alt")) > 20
    assert still.bounding_box()["width"] > 300
    assert not figure.locator("input").first.is_visible(), "a knob that does nothing"
    context.close()


@pytest.mark.parametrize(
    "explorer",
    [pytest.param(one, id=one[1], marks=pytest.mark.slow if one[1] in LONG else ()) for one in EXPLORERS],
    indirect=True,
)
def test_it_draws_what_the_library_computes(figure, explorer):
    page, name = explorer
    for turned, expected in zip(settings(page, name), library(page)[name], strict=True):
        print("knobs", {knob: place for knob, (place, _) in turned.items()})  # shown where it fails
        state = figure.evaluate(TURN, {knob: place for knob, (place, _) in turned.items()})
        assert state["knobs"] == {knob: value for knob, (_, value) in turned.items()}
        assert [drawn["label"] for drawn in state["series"]] == list(expected)
        for drawn in state["series"]:
            compare(data(page, name)["axes"], state["box"], drawn, expected[drawn["label"]])


def test_its_experiment_stands_where_it_was_run(figure, explorer):
    knobs, trials = data(*explorer)["knobs"], data(*explorer).get("experiment", [])
    at = {knob: entry.get("measured", [0])[-1] for knob, entry in knobs.items()}
    shown = figure.evaluate(TURN, at)["experiment"]
    assert [one["label"] for one in shown] == [one["label"] for one in trials]
    assert all(len(one["px"]) > 0 for one in shown)
    between = {knob: entry for knob, entry in knobs.items() if len(entry.get("measured", [])) < len(entry["values"])}
    for knob, entry in between.items() if trials else ():
        beside = next(index for index in range(len(entry["values"])) if index not in entry["measured"])
        assert figure.evaluate(TURN, at | {knob: beside})["experiment"] == []


def test_its_start_leaves_no_half_of_the_box_empty(figure, explorer):
    figure.locator(".explorer-reset").click()
    state = figure.evaluate("(figure) => figure.explorer.state()")
    box, shown = state["box"], [one for one in state["series"] + state["experiment"] if one["kind"] != "heat"]
    if shown:  # a map of colours fills it
        drawn = np.concatenate([np.array(one["px"], float).reshape(-1, 2) for one in shown])
        used = np.ptp(drawn[inside(drawn, box, -2)], axis=0) / (box["width"], box["height"])
        assert used.min() > (0.4 if explorer[1] in STRAIGHT else 0.5), used


@functools.cache
def data(page: str, name: str) -> dict:
    """What the page's script reads: knobs and axes."""
    html = (HTML / f"{page}.html").read_text()
    return json.loads(
        re.search(rf'id="explore-{name}".*?<script type="application/json">(.*?)</script>', html, re.S)[1]
    )


def settings(page: str, name: str) -> list[dict[str, tuple[int, float]]]:
    """Random places of the knobs, always the same ones for one name, with their values."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    knobs = {knob: entry["values"] for knob, entry in data(page, name)["knobs"].items()}
    return [
        {knob: (place := int(random.integers(len(values))), values[place]) for knob, values in knobs.items()}
        for _ in range(SETTINGS)
    ]


@functools.cache
def library(page: str) -> dict:
    """What the library computes at these settings, for all explorers of a page."""
    asked = {
        name: [{knob: value for knob, (_, value) in turned.items()} for turned in settings(page, name)]
        for name in Source(page).explorers
    }
    return curves_of_page(page, asked)


def unit(values, axis: dict) -> np.ndarray:
    """Values as fractions of an axis."""
    along = np.log if axis["log"] else np.asarray
    low, high = along(axis["lim"])
    with np.errstate(invalid="ignore", divide="ignore"):
        return (along(np.asarray(values, float)) - low) / (high - low)


def compare(axes: dict, box: dict, drawn: dict, expected: dict):
    """Every value inside the axes is drawn within a pixel of its place, and nothing else is drawn."""
    if drawn["kind"] == "heat":
        levels = 256 * (unit(drawn["z"], axes["z"]) - unit(np.ravel(expected["z"]), axes["z"]))
        assert np.abs(levels).max() <= 1, "colours"
        return
    rows = ("low", "high") if drawn["kind"] == "band" else ("y",)
    x = np.concatenate([unit(expected["x"], axes["x"]) for _ in rows])
    y = np.concatenate([unit(expected[row], axes["y"]) for row in rows])
    places = np.stack([box["left"] + x * box["width"], box["top"] + (1 - y) * box["height"]], axis=1)
    vertices = np.array(drawn["px"], float).reshape(-1, 2)
    inside_values, inside_drawn = inside(places, box), inside(vertices, box)
    assert inside_values.any() == inside_drawn.any(), f"{drawn['label']}: one is on the axes, the other is not"
    for some, others, what in (
        (places[inside_values], vertices, "not drawn"),
        (vertices[inside_drawn], places[np.isfinite(places).all(axis=1)], "drawn where there is no value"),
    ):
        if len(some):
            assert distance(some, others).max() <= 1, f"{drawn['label']}: a value is {what}"


def inside(points: np.ndarray, box: dict, border: float = 1) -> np.ndarray:
    """Which points lie on the axes, a pixel from the border at least."""
    low = np.array([box["left"], box["top"]])
    high = low + np.array([box["width"], box["height"]])
    return ((points > low + border) & (points < high - border)).all(axis=1)


def distance(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """From each point to the nearest of the others, the larger of both directions, in pixels."""
    return np.abs(some[:, None] - others[None]).max(axis=-1).min(axis=1)
