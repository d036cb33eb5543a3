"""Pages as a browser prints them, for a reader whose screen is dark: all of the text, and nothing of the screen."""

import re

import pytest
from built_site import Source
from visits import DESK, open_page

pytestmark = pytest.mark.browser

PAGES = [
    "book/index",
    "book/parameterizations/coordinate_check",  # many figures and tables
    "book/dmft_primer/one_spin",  # boxes that are longer than half a page
    "book/bottlenecks/solvable_model",
]
PAPER = {"width": 672, "height": 1009}  # A4 without its margins, in pixels
GAPS = 1.2  # pages printed over pages needed, were every one of them full: what is not broken leaves room below
WATCH = """() => {
  window.addEventListener("beforeprint", () => {
    const colour = (one, name) => getComputedStyle(document.querySelector(one)).getPropertyValue(name);
    window.printed = {
      text: colour("body", "color"), paper: colour("body", "background-color"), series: colour("html", "--series-0"),
    };
  });
}"""
FACTS = """(paper) => {
  const article = document.querySelector("article");
  const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().height > 0;
  const all = (what, where = document) => [...where.querySelectorAll(what)].filter(shown);
  const name = (one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`;
  const lost = (one) => getComputedStyle(one).overflowX !== "visible" && getComputedStyle(one).display !== "inline"
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  return {
    wide: all("*:not(mjx-assistive-mml, mjx-assistive-mml *)", article)
      .filter((one) => one.getBoundingClientRect().right > paper.width + 1).map(name),
    screen: all("nav, header, footer, button, input, summary, .bd-sidebar-primary, .bd-sidebar-secondary").map(name),
    solutions: all(".solution, .solution *").map(name),
    cut: all("*:not(mjx-container *, svg, svg *)", article).filter(lost).map(name),
    pictures: [...document.querySelectorAll("figure")].map((figure) =>
      Math.max(0, ...all(":is(.picture, .explorer-stage) > svg, img, svg", figure).map((one) => one.clientWidth))),
    tall: all("figure").filter((one) => one.getBoundingClientRect().height > 0.8 * paper.height).map(name),
    titles: all("h1").length,
    height: article.getBoundingClientRect().height,
  };
}"""


@pytest.fixture(scope="module", params=PAGES)
def paper(request, browser, address):
    """What the page showed as it was printed, how many pages that were, and its colours after."""
    context = browser.new_context(viewport=DESK, color_scheme="dark")
    tab, visit = open_page(context, address, request.param)
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    tab.evaluate(WATCH)
    pages = len(re.findall(rb"/Type\s*/Page\b", tab.pdf(format="A4")))
    after = tab.evaluate("document.documentElement.dataset.theme")
    printed = tab.evaluate("window.printed")
    tab.set_viewport_size(PAPER)
    tab.emulate_media(media="print")
    tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")  # boxes that fold are opened
    yield request.param, printed | tab.evaluate(FACTS, PAPER) | {"pages": pages, "after": after}
    assert visit.complaints == []
    context.close()


def test_paper_is_light_and_the_screen_stays_dark(paper):
    _, facts = paper
    red, green, blue = map(int, re.findall(r"\d+", facts["text"])[:3])
    assert max(red, green, blue) < 80
    assert facts["paper"] == "rgb(255, 255, 255)"
    assert facts["series"] == "#0072b2"
    assert facts["after"] == "dark"


def test_nothing_is_wider_than_the_paper_or_cut(paper):
    _, facts = paper
    assert facts["wide"] == []
    assert facts["cut"] == []


def test_what_is_for_a_screen_is_not_printed(paper):
    _, facts = paper
    assert facts["screen"] == []
    assert facts["titles"] == 1


def test_solutions_are_not_printed(paper):
    page, facts = paper
    assert "{solution}" in Source(page).text or page in PAGES[:1]
    assert facts["solutions"] == []


def test_every_figure_is_printed_on_less_than_a_page(paper):
    page, facts = paper
    assert len(facts["pictures"]) == Source(page).figures + len(Source(page).explorers)
    assert min(facts["pictures"]) > 200
    assert facts["tall"] == []


def test_pages_are_nearly_full(paper):
    _, facts = paper
    assert 2 <= facts["pages"] <= 1 + GAPS * facts["height"] / PAPER["height"]
