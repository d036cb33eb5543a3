"""Explorers in a real browser: what is drawn follows the hand, and is what the library computes."""

import functools
import http.server
import re
import threading
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from solvable import figures
from solvable.figures import Band, HeatMap, Knob, Line, Means, Points
from solvable.figures.explorer.asked import BOX
from solvable.figures.explorer.grid import Evaluator, pixels

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[2] / "book" / "_static"
TIMES = np.logspace(0, 4, 40)
X, Y = np.linspace(0, 1, 16), np.linspace(0, 1, 8)


def losses(a, width):
    loss = TIMES ** (1 - a) + width ** (1 - a)
    floor = jnp.where((TIMES > 10) & (TIMES < 40), jnp.nan, width ** (1 - a) * TIMES**0.0)
    return {
        "spread": Band(TIMES, 0.7 * loss, 1.4 * loss),
        "test loss": Line(TIMES, loss),
        "floor": Line(TIMES, floor),
        "runs": Points(TIMES[::8], 1.1 * loss[::8]),
    }


ENDS = {"low": 0.7, "high": 1.5}  # of whiskers, as shares of the line


def measured(a, width):
    loss = losses(a, width)["test loss"].y[::4]
    return {"test loss": Means(TIMES[::4], 1.05 * loss, ENDS["low"] * loss, ENDS["high"] * loss)}


def field(phase):
    wave = jnp.sin(3 * X + phase)
    return {
        "field": HeatMap(X, Y, wave * Y[:, None]),
        "ridge": Line(X, 0.5 + 0.3 * wave),
        "_middle": Line(X, 0.5 + 0 * X),
    }


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def explorers():
    """A page with lines, a band, points and a gap over two knobs; and one with a heat map."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOLVABLE_BOOK", "1")
        curves = figures.explore(
            losses,
            {
                "a": Knob(1.1, 2.0, start=1.5, label="exponent a"),
                "width": Knob(16, 1024, start=128, label="width N", log=True, play=True),
            },
            name="losses", x="time t", y="loss", xlim=(1, 1e4), ylim=(1e-3, 3), caption="C.",
            alt="Falling lines.", marks={"spread": "C1", "test loss": "C1", "floor": "k--"}, experiment=measured,
        )  # fmt: skip
        heat = figures.explore(
            field, {"phase": Knob(0, 3, start=1, label="phase")},
            name="field", x="x", y="y", log="", xlim=(0, 1), ylim=(0, 1), caption="C.", alt="A field.",
        )  # fmt: skip
    return {"losses": (curves, Evaluator(curves.explorer)), "field": (heat, Evaluator(heat.explorer))}


@pytest.fixture(scope="module")
def address(explorers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").symlink_to(STATIC)
    for name, (explorer, _) in explorers.items():
        (folder / f"{name}.html").write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,"><link rel="stylesheet" href="_static/pictures.css">'
            '<link rel="stylesheet" href="_static/explore.css">'
            '<link rel="stylesheet" href="_static/print.css" media="print"><script src="_static/reading.js"></script>'
            '<script defer src="_static/explore.js"></script>'
            f"<body>{explorer._repr_html_()}</body></html>"
        )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def show(browser, address):
    """Open a page; at the end, nothing may have failed or left the host."""
    troubles, contexts = [], []

    def show(name, width=1000, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda r: r.url.startswith((address, "data:", "blob:")) or troubles.append(r.url))
        page.goto(f"{address}/{name}.html")
        if options.get("java_script_enabled", True):
            page.evaluate("document.querySelector('figure.explorer').explorer.ready")
        return page

    yield show
    for context in contexts:
        context.close()
    assert not troubles


def state(page):
    page.evaluate("new Promise(requestAnimationFrame)")
    return page.evaluate("document.querySelector('figure.explorer').explorer.state()")


def vertices(state, label):
    return np.array(next(series["px"] for series in state["series"] if series["label"] == label))


def exact(evaluate, state):
    """The library's own values at the state's knobs, as pixels of the largest drawing."""
    fields = evaluate(np.array([list(state["knobs"].values())]))
    return {key: px[0] for key, px in pixels(evaluate.explorer, fields, None).items()}


def on_screen(px, state, label, names=("x", "y")):
    """Pixels of the largest drawing as pixels of this one, without the gaps."""
    box = state["box"]
    x = box["left"] + px[label, names[0]] * box["width"] / BOX["x"]
    y = box["top"] + box["height"] - px[label, names[1]] * box["height"] / BOX["y"]
    return np.stack([x, y], axis=1)[np.isfinite(x) & np.isfinite(y)]


def turn(page, name, index):
    page.evaluate(
        """([name, index]) => {
            const input = document.querySelector(`input[name=${name}]`);
            input.value = index;
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        [name, index],
    )


@pytest.mark.parametrize("width", [1000, 360])
def test_what_is_drawn_is_what_the_library_computes(show, explorers, width):
    page, (explorer, evaluate) = show("losses", width), explorers["losses"]
    assert explorer.sampled.smooth == (True, True)
    random = np.random.default_rng(3)
    for _ in range(4):
        for name, knob in explorer.data["knobs"].items():
            turn(page, name, int(random.integers(len(knob["values"]))))
        now = state(page)
        px = exact(evaluate, now)
        build = explorer.sampled.at(np.array(list(now["knobs"].values())))
        for label in ("test loss", "floor", "runs"):
            true = on_screen(px, now, label)
            np.testing.assert_allclose(vertices(now, label), on_screen(build, now, label), atol=0.002)
            assert len(true) == {"test loss": 40, "floor": 34, "runs": 5}[label]
            np.testing.assert_allclose(vertices(now, label), true, atol=1.0)
        drawn = vertices(now, "spread")  # an area's outline: one edge forwards, the other backwards
        np.testing.assert_allclose(drawn[40:][::-1], on_screen(px, now, "spread", ("x", "low")), atol=1.0)
        np.testing.assert_allclose(drawn[:40], on_screen(px, now, "spread", ("x", "high")), atol=1.0)


def test_an_experiment_stands_where_it_was_run_and_a_button_leads_there(show, explorers):
    page, (explorer, _) = show("losses"), explorers["losses"]
    ticks = page.locator("datalist").evaluate_all(
        "(lists) => lists.map((list) => [...list.options].map((o) => o.value))"
    )
    assert ticks == [[str(index) for index in knob["measured"]] for knob in explorer.data["knobs"].values()]

    def shown():
        now = state(page)
        return now, [(one["label"], one["kind"]) for one in now["experiment"]]

    now, labels = shown()
    assert labels == [("test loss", "means")]
    px = pixels(explorer.explorer, {("test loss", "y"): 1.05 * losses(**now["knobs"])["test loss"].y[::4]}, None)
    heights = now["box"]["top"] + now["box"]["height"] * (1 - px["test loss", "y"] / BOX["y"])
    np.testing.assert_allclose(np.array(now["experiment"][0]["px"])[:, 1], heights, atol=1.0)
    whiskers = page.locator("g[aria-label=rule] line").evaluate_all(
        "(lines) => lines.map((line) => [line.y1.baseVal.value, line.y2.baseVal.value])"
    )
    ends = {("test loss", name): times * losses(**now["knobs"])["test loss"].y[::4] for name, times in ENDS.items()}
    low, high = (pixels(explorer.explorer, ends, None)["test loss", name] / BOX["y"] for name in ENDS)
    reach = np.sort(now["box"]["top"] + now["box"]["height"] * (1 - np.stack([high, low], axis=1)))
    np.testing.assert_allclose(np.sort(whiskers), reach, atol=1.0)
    assert page.locator(".explorer-legend li").nth(1).locator("line, circle").count() == 2  # a line with a point on it
    start = now["knobs"]
    knob = page.get_by_role("slider", name="width N")
    knob.focus()
    page.keyboard.press("ArrowRight")
    assert shown()[1] == []
    page.get_by_role("button", name="Nearest experiment").press("Enter")
    now, labels = shown()
    assert labels == [("test loss", "means")]
    assert now["knobs"] == start


def test_a_heat_map_is_what_the_library_computes(show, explorers):
    page, (explorer, evaluate) = show("field"), explorers["field"]
    turn(page, "phase", 37)
    now = state(page)
    z = np.array(next(series["z"] for series in now["series"] if series["kind"] == "heat")).reshape(8, 16)
    low, high = explorer.data["axes"]["z"]["lim"]
    np.testing.assert_allclose(z, np.sin(3 * X + now["knobs"]["phase"]) * Y[:, None], atol=(high - low) / 256)
    np.testing.assert_allclose(vertices(now, "ridge"), on_screen(exact(evaluate, now), now, "ridge"), atol=1.0)
    assert page.locator(".explorer-stage image").count() == 1
    assert len(vertices(now, "_middle")) == len(X)  # drawn, and as in matplotlib not in the legend
    assert [text for text in page.locator(".explorer-legend li").all_inner_texts() if "field" not in text] == ["ridge"]


def test_arrow_keys_turn_a_knob_and_say_so(show):
    page = show("losses")
    before = state(page)
    knob = page.get_by_role("slider", name="width N")
    knob.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    after = state(page)
    assert after["knobs"]["width"] < before["knobs"]["width"]
    moved = vertices(after, "test loss")[-1, 1] - vertices(before, "test loss")[-1, 1]
    assert moved < -3  # a narrower network ends higher: less y on the screen
    words = f"{after['knobs']['width']:g}"
    assert knob.get_attribute("aria-valuetext") == words
    assert page.locator("output").nth(1).text_content() == words
    chart = page.get_by_role("img")
    assert chart.get_attribute("aria-label") == f"Falling lines. Now exponent a = 1.50, width N = {words}."
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('width N = ')")
    page.get_by_role("button", name="Reset").click()
    assert state(page) == before


def test_the_setting_before_stays_as_a_shadow(show):
    page = show("losses")
    before = state(page)
    shadows = page.locator('[stroke-opacity="0.35"] path')
    assert shadows.count() == 0
    page.evaluate(  # one movement of the hand, in one breath on any machine: the shadow is where it began
        """() => {
            const input = document.querySelector("input[name=a]");
            for (let step = 0; step < 3; step++) {
                input.valueAsNumber += 1;
                input.dispatchEvent(new Event("input", { bubbles: true }));
                input.closest("figure").explorer.draw();
            }
        }"""
    )
    state(page)
    first = shadows.first.get_attribute("d")
    pairs = np.array([pair.split(",") for pair in first.replace("M", "").split("L")], dtype=float)
    np.testing.assert_allclose(pairs, vertices(before, "test loss"), atol=0.01)
    page.get_by_role("button", name="Reset").click()
    state(page)
    assert shadows.count() == 0


def test_a_knob_that_plays_walks_to_its_end_and_stops_when_asked(show):
    page = show("losses")
    knob, button = page.get_by_role("slider", name="width N"), page.get_by_role("button", name="play width N")
    start = knob.input_value()
    button.press("Enter")
    page.wait_for_function(
        "(start) => Number(document.querySelector('input[name=width]').value) > start", arg=int(start)
    )
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"
    stopped = knob.input_value()
    page.wait_for_timeout(500)
    assert knob.input_value() == stopped
    button.press("Enter")
    page.wait_for_function(
        "document.querySelector('input[name=width]').value === document.querySelector('input[name=width]').max"
    )
    page.wait_for_function("document.querySelector('.explorer-play').ariaPressed === 'false'")
    button.press("Enter")  # again, from its start
    page.wait_for_function("Number(document.querySelector('input[name=width]').value) < 40")
    button.press("Enter")


def test_slopes_between_two_places_are_those_of_the_lines(show):
    page = show("losses")
    button = page.get_by_role("button", name="Slopes")
    button.press("Enter")
    now = state(page)
    said = page.locator(".explorer-range output").text_content()
    curves = losses(**now["knobs"])
    ends = 10 ** (4 * np.array([0.4, 0.8]))
    loss = np.exp(np.interp(np.log(ends), np.log(TIMES), np.log(curves["test loss"].y)))
    slope = np.log(loss[1] / loss[0]) / np.log(ends[1] / ends[0])
    found = float(re.search(r"test loss (−?[\d.]+)", said)[1].replace("−", "-"))
    assert abs(found - slope) < 0.01
    assert slope < -0.1
    page.get_by_role("slider", name="slopes from").fill("50")  # 100: beyond the gap of the floor, which is level
    assert "floor 0.00" in page.locator(".explorer-range output").text_content()
    page.get_by_role("slider", name="slopes from").fill("30")  # 16: inside it
    assert "floor no value" in page.locator(".explorer-range output").text_content()
    chart = page.locator(".explorer-stage svg").bounding_box()
    x, y = chart["x"] + now["box"]["left"], chart["y"] + now["box"]["top"] + 50
    page.mouse.move(x + 0.5 * now["box"]["width"], y)
    page.mouse.down()
    page.mouse.move(x + 0.75 * now["box"]["width"], y, steps=4)
    page.mouse.up()
    assert page.locator(".explorer-range output").text_content().startswith("Slopes from 100 to 1,000")
    button.press("Enter")
    assert page.locator(".explorer-range").count() == 0


def test_slopes_are_offered_where_both_axes_are_logarithmic(show):
    assert show("field").get_by_role("button", name="Slopes").count() == 0


def test_dots_at_the_edge_are_whole(show):
    """The first of the runs lies on the axis, where a clip would halve it."""
    page = show("losses")
    clips = page.locator('[data-series="runs"]').evaluate("(group) => group.closest('[clip-path]') !== null")
    assert clips is False
    assert len(vertices(state(page), "runs")) == 5


def test_the_mouse_drags_a_knob_and_reads_a_value(show):
    page = show("losses")
    before = state(page)
    box = page.get_by_role("slider", name="exponent a").bounding_box()
    middle = box["y"] + box["height"] / 2
    start = box["x"] + box["width"] * (1.5 - 1.1) / 0.9
    page.mouse.move(start, middle)
    page.mouse.down()
    page.mouse.move(start + 60, middle, steps=5)
    page.mouse.up()
    after = state(page)
    assert after["knobs"]["a"] > before["knobs"]["a"] + 0.05
    assert vertices(after, "test loss")[-1, 1] > vertices(before, "test loss")[-1, 1] + 3
    x, y = vertices(after, "test loss")[20]
    chart = page.locator(".explorer-stage svg").bounding_box()
    page.mouse.move(chart["x"] + x, chart["y"] + y)
    tip = page.locator('g[aria-label="tip"] text').text_content()
    assert "test loss" in tip
    assert "time t" in tip


def test_a_finger_turns_a_knob(show):
    page = show("losses", 360, has_touch=True, is_mobile=True)
    before = state(page)
    box = page.get_by_role("slider", name="width N").bounding_box()
    page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2)
    after = state(page)
    assert after["knobs"]["width"] > before["knobs"]["width"]
    assert vertices(after, "floor")[-1, 1] > vertices(before, "floor")[-1, 1] + 3


def test_a_phone_sees_all_of_it_and_can_hit_it(show):
    page = show("losses", 360)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for target in (*page.get_by_role("slider").all(), page.get_by_role("button").first):
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 24


def test_the_colours_follow_a_dark_page_without_a_new_drawing(show):
    page = show("losses")
    stroke = "getComputedStyle(document.querySelector('[data-series=\"test loss\"] path')).stroke"
    light = page.evaluate(stroke)
    assert light == "rgb(213, 94, 0)"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    dark = page.evaluate(stroke)
    assert dark != light
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert page.evaluate(stroke) == light
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")  # as a browser says before it prints
    assert page.evaluate(stroke) == light


def test_without_a_script_there_is_a_still_picture(show):
    page = show("losses", java_script_enabled=False)
    picture = page.get_by_role("img", name="Falling lines.")
    assert picture.bounding_box()["width"] > 500
    assert page.get_by_role("slider").count() == 0
