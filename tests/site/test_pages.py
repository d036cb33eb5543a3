"""Every page of the built site, in Chromium at desk and phone width, over loopback and nothing else."""

import gzip
import re
from pathlib import Path

import pytest
from built_site import HTML, toc_pages
from fontTools.ttLib import TTFont
from visits import COLOURS, DESK, LAYOUT, PHONE, look, open_page

pytestmark = pytest.mark.browser

WRITTEN = toc_pages()
OTHERS = ["genindex", "search"]
CHAPTERS = [page for page in WRITTEN if page.count("/") == 2 and "/library/" not in page]
WHOLE = [WRITTEN[0], WRITTEN[1], *OTHERS]  # the theme's own parts are the same on every page
FIRST = {Path(page).parent: page for page in reversed(WRITTEN)}.values()  # of each part: all use the same colours
SHOWN = {*WHOLE, *FIRST}
SAMPLE = pytest.mark.parametrize(
    "page", [pytest.param(page, marks=() if page in SHOWN else pytest.mark.slow) for page in WRITTEN + OTHERS]
)
TELEPHONE = {"viewport": PHONE, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
LARGEST = 2_500_000
VISIT = 500_000  # bytes
CHARTS = 165_000  # more, where a figure that moves stands on the first screen or just below
PACKED = {".woff", ".woff2", ".png", ".jpg", ".ico"}


@pytest.fixture(scope="session", params=WRITTEN + OTHERS)
def desk(request, browser, address):
    """A visit on a wide screen, in the light, and narrowed; colours, which are the same everywhere, in the sample."""
    context = browser.new_context(viewport=DESK)
    yield look(context, address, request.param, {"light": ()}, () if request.param in SHOWN else COLOURS)
    context.close()


def test_the_page_asks_no_other_host(desk):
    assert desk.blocked == []


def test_everything_it_asks_for_is_there(desk):
    assert desk.failed == []
    assert desk.facts["broken"] == []


def test_its_console_is_empty(desk):
    assert desk.complaints == []


def test_every_equation_is_rendered(desk):
    assert desk.facts["unrendered"] == []


def test_no_equation_and_no_output_is_cut_at_a_desk(desk):
    assert desk.facts["cut"] == []


def test_every_image_has_a_text(desk):
    assert desk.facts["nameless"] == []


def test_no_letter_is_smaller_than_eleven_pixels_at_a_desk_or_on_a_phone(desk):
    assert desk.facts["small"] == []
    assert desk.narrow["small"] == []


def test_lines_and_letters_of_pictures_are_seen_in_the_light_and_in_the_dark(desk):
    assert desk.faint == {"light": [], "dark": []}


def test_a_chapter_opens_with_a_figure(desk):
    """Within a screen of its title, on a wide screen."""
    if desk.page in CHAPTERS:
        assert desk.facts["down"] is not None
        assert desk.facts["down"] <= DESK["height"]


def test_axe_finds_no_barrier(desk):
    assert desk.axe["light"] == []


@SAMPLE
def test_a_telephone_has_nothing_to_complain_about_nor_the_dark(page, browser, address):
    """Of what axe looks at, a page's own content differs from the desk in its layout and in the dark only."""
    context = browser.new_context(**TELEPHONE)
    themes = {"light": () if page in WHOLE else LAYOUT + COLOURS, "dark": COLOURS}
    visit = look(context, address, page, themes)
    assert visit.axe == {"light": [], "dark": []}
    assert visit.blocked + visit.failed + visit.complaints == []
    assert visit.facts["unrendered"] == []
    assert visit.facts["width"] <= PHONE["width"], visit.facts["wide"]
    assert visit.facts["wide"] == []
    assert visit.facts["small"] == []
    context.close()


def test_a_picture_opens_larger_by_keyboard_and_closes_again(browser, address):
    context = browser.new_context(viewport=DESK)
    tab, _ = open_page(context, address, "book/bottlenecks/solvable_model")
    picture, button = tab.locator('.pictures[role="img"]').first, tab.locator(".picture-larger").first
    small = picture.locator(".at-desk svg").bounding_box()["width"]
    button.focus()
    button.press("Enter")
    large = tab.locator("dialog.picture-dialog svg").first.bounding_box()["width"]
    assert large > 1.3 * small
    tab.keyboard.press("Escape")
    assert tab.locator("dialog.picture-dialog").count() == 0
    picture.click()
    assert tab.locator("dialog.picture-dialog").count() == 1
    context.close()


def test_on_a_telephone_code_is_one_line_until_it_is_asked_for(browser, address):
    context = browser.new_context(**TELEPHONE)
    tab, _ = open_page(context, address, "book/bottlenecks/solvable_model")
    more = tab.locator(".code-more").first
    code = tab.locator(".code-is-folded pre").first
    folded = code.bounding_box()["height"]
    assert folded < 60
    assert more.get_attribute("aria-expanded") == "false"
    more.tap()
    assert tab.locator(".cell_input:not(.code-is-folded) pre").first.bounding_box()["height"] > 2 * folded
    assert more.get_attribute("aria-expanded") == "true"
    context.close()


def test_at_a_desk_code_is_open(browser, address):
    context = browser.new_context(viewport=DESK)
    tab, _ = open_page(context, address, "book/bottlenecks/solvable_model")
    assert tab.locator(".code-is-folded").count() == 0
    assert not tab.locator(".code-more").first.is_visible()
    context.close()


def test_the_page_is_light(desk):
    own = [path for path in desk.served if path.is_file() and "_static" not in path.parts]
    assert own, "nothing was served"
    assert sum(path.stat().st_size for path in own) <= LARGEST


def test_a_first_visit_loads_little(desk):
    """As a server sends it: text is compressed."""
    sizes = {
        path: path.stat().st_size if path.suffix in PACKED else len(gzip.compress(path.read_bytes()))
        for path in desk.first
        if path.is_file()
    }
    names = {path.name for path in sizes}
    assert "icons.woff" in names
    allowed = VISIT + (CHARTS if "plot.umd.min.js" in names else 0)
    assert sum(sizes.values()) < allowed, {path.name: sizes[path] for path in sorted(sizes, key=sizes.get)[-5:]}


def test_the_page_fits_a_phone(desk):
    assert desk.narrow["width"] <= PHONE["width"], desk.narrow["wide"]
    assert desk.narrow["wide"] == []


def test_the_search_finds_a_word_of_the_book(browser, address):
    context = browser.new_context(viewport=DESK)
    tab, visit = open_page(context, address, "search", query="q=notation")
    tab.locator("ul.search li a").first.wait_for()
    assert visit.blocked + visit.failed + visit.complaints == []
    context.close()


def test_every_icon_has_its_sign_and_no_page_loads_all_of_them():
    pages = [path.read_text(encoding="utf-8") for path in sorted((HTML / "book").rglob("*.html"))]
    assert not any("vendor/fontawesome" in page for page in pages)
    classes = " ".join(re.findall(r'class="([^"]*\bfa-[^"]*)"', "".join(pages)))
    names = set(re.findall(r"\bfa-([a-z-]+)", classes)) - {"solid", "regular", "brands", "lg"}
    assert {"bars", "download", "circle-half-stroke"} <= names
    rules = dict(
        re.findall(r'\.fa-([a-z-]+)::before \{ content: "\\([0-9a-f]+)"', (HTML / "_static/icons.css").read_text())
    )
    signs = TTFont(HTML / "_static/icons.woff").getBestCmap()
    assert {name for name in names if int(rules[name], 16) not in signs} == set()
    drawn = set(
        re.findall("[\ue000-\uf8ff]", (HTML / "_static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8"))
    )
    assert drawn
    assert {ord(sign) for sign in drawn} - {0xF09B, 0xF296} <= set(signs)  # two are marks of other companies
