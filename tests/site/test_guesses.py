"""Every guess of the book: answered in words, no barrier before or after; and drawn by mouse, finger and keys."""

import re

import pytest
from built_site import Source, toc_pages
from visits import DESK, PHONE, examine, open_page

pytestmark = pytest.mark.browser

GUESSES = [(page, name) for page in toc_pages() for name in Source(page).guesses]
EACH = pytest.mark.parametrize(("page", "name"), GUESSES, ids=[name for _, name in GUESSES])
SAMPLE = pytest.mark.parametrize(  # what the script does alike for all
    ("page", "name"),
    [pytest.param(*one, id=one[1], marks=pytest.mark.slow if place else ()) for place, one in enumerate(GUESSES)],
)


@pytest.fixture
def opened(browser, address):
    """Open the page of a guess; the figure and what the page complained about."""
    contexts = []

    def opened(page, name, **options):
        contexts.append(browser.new_context(**options))
        tab, visit = open_page(contexts[-1], address, page, mathematics=False)
        figure = tab.locator(f"#guess-{name}")
        figure.scroll_into_view_if_needed()
        return figure, visit

    yield opened
    for context in contexts:
        context.close()


def state(figure):
    return figure.evaluate("(figure) => figure.explorer.state()")


@EACH
def test_before_the_answer_only_what_is_known_is_there(opened, page, name):
    figure, visit = opened(page, name, viewport=DESK)
    data = figure.evaluate("(figure) => figure.explorer.data")
    known = {one["label"] for one in data["series"] if one["known"]}
    assert {one["label"].removeprefix("measured ") for one in state(figure)["series"]} == known
    assert data["answer"] not in figure.aria_snapshot()
    assert not figure.locator(".explorer-still").is_visible()
    assert examine(figure.page, inside=f"#guess-{name}") == []
    figure.get_by_role("button", name="Show the answer").press("Enter")
    assert len(state(figure)["series"]) == len(data["series"]) + len(data["experiment"])
    assert data["answer"] in figure.aria_snapshot()
    assert examine(figure.page, inside=f"#guess-{name}") == []
    assert visit.blocked + visit.failed + visit.complaints == []


@SAMPLE
@pytest.mark.parametrize("screen", [DESK, PHONE], ids=["desk", "phone"])
def test_a_mouse_draws_it(opened, page, name, screen):
    figure, _ = opened(page, name, viewport=screen)
    pen = figure.locator(".guess-pen")
    pen.scroll_into_view_if_needed()
    box, mouse = pen.bounding_box(), figure.page.mouse
    mouse.move(box["x"] + 0.05 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 0.5 * box["height"], steps=6)
    mouse.up()
    assert {round(y, 2) for _, y in state(figure)["guess"]} == {0.5}
    figure.get_by_role("button", name="Show the answer").click()
    said = figure.locator(".explorer-said").text_content()
    assert re.fullmatch(r"Furthest off at .+ = .+: your guess is [\d.]+ (times )?too (high|low)\.", said)


@SAMPLE
def test_a_finger_draws_it(opened, page, name):
    figure, _ = opened(page, name, viewport=PHONE, has_touch=True, is_mobile=True)
    pen = figure.locator(".guess-pen")
    pen.scroll_into_view_if_needed()
    box, finger = pen.bounding_box(), figure.page.context.new_cdp_session(figure.page)
    for part in (0.1, 0.2, 0.4, 0.6, 0.9):
        point = {"x": box["x"] + part * box["width"], "y": box["y"] + 0.6 * box["height"]}
        kind = "touchMove" if part > 0.1 else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    drawn = state(figure)["guess"]
    assert drawn[-1][0] - drawn[0][0] > 0.6
    assert {round(y, 1) for _, y in drawn} == {0.4}


@SAMPLE
def test_keys_draw_it(opened, page, name):
    figure, _ = opened(page, name, viewport=DESK)
    pen = figure.get_by_role("slider", name="Your guess")
    before = pen.get_attribute("aria-valuetext")
    for key in ("Home", "ArrowRight", "ArrowUp"):
        pen.press(key)
    heights = [y for _, y in state(figure)["guess"]]
    assert max(heights) == pytest.approx(0.52)
    assert heights.index(max(heights)) == 4
    assert pen.get_attribute("aria-valuetext") != before
    assert pen.get_attribute("aria-valuetext").endswith("place 2 of 13")
    figure.get_by_role("button", name="Start again").press("Enter")
    assert state(figure)["guess"] == []


@SAMPLE
def test_it_stands_there_with_its_answer_without_javascript(browser, address, page, name):
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/{page}.html")
    figure = tab.locator(f"#guess-{name}")
    still = figure.locator("img.explorer-still")
    still.scroll_into_view_if_needed()
    assert still.is_visible()
    assert still.bounding_box()["width"] > 300
    assert not figure.locator("button").first.is_visible()
    context.close()
