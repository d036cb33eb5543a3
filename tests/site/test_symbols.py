"""The symbols of displayed equations explain themselves: all are known, and pointer, keyboard and touch reach them."""

import functools
import html
import json
import re

import pytest
import yaml
from built_site import HTML, ROOT, toc_pages
from visits import COLOURS, DESK, PHONE, SETTLED, THEME, examine, open_page

from sphinx_ext.symbols import contents, lookup, part_of, rows, scopes, symbols

EQUATION = re.compile(
    r'<div class="math notranslate nohighlight"[^>]*>\s*(?:<span class="eqno">.*?</span>)?\s*\\\[(.*?)\\\]</div>\s*'
    r'(<script type="application/json" class="symbols">(.*?)</script>)?',
    re.DOTALL,
)
TABLE = re.compile(r'<script type="application/json" id="symbols">(.*?)</script>', re.DOTALL)
COVERED = 0.95


def html_of(page):
    """A built page."""
    return (HTML / f"{page}.html").read_text(encoding="utf-8")


@functools.cache
def equations(page):
    """TeX of each displayed equation of a built page, and what stands beside it; and the page's rows."""
    text = html_of(page)
    listed = TABLE.search(text)
    shown = [
        (html.unescape(tex).strip(), json.loads(uses) if script else None)
        for tex, script, uses in EQUATION.findall(text)
    ]
    assert len(shown) == text.count('<div class="math notranslate nohighlight"')
    return shown, json.loads(listed[1]) if listed else []


WITH = [page for page in toc_pages() if equations(page)[0]] if HTML.is_dir() else []


def test_nearly_every_symbol_of_the_site_is_known():
    """A pair of a page and a symbol counts once, and counts as known if it is known wherever it stands."""
    known = scopes(rows((ROOT / "book" / "notation.md").read_text()))
    toc, found = contents(yaml.safe_load((ROOT / "_toc.yml").read_text())), {}
    for page in WITH:
        for tex, _ in equations(page)[0]:
            for symbol in symbols(tex):
                name, row = lookup(symbol, known, page, part_of(page, toc))
                found[page, name] = found.get((page, name), True) and row is not None
    unknown = sorted(pair for pair, is_known in found.items() if not is_known)
    assert len(found) > 800
    assert 1 - len(unknown) / len(found) >= COVERED, unknown


def test_every_displayed_equation_has_its_symbols_beside_it():
    assert len(WITH) > 25
    for page in WITH:
        shown, listed = equations(page)
        assert all(uses is not None for _, uses in shown), page
        assert {row for _, uses in shown for row in uses.values()} == set(range(len(listed))), page
        for tex, uses in shown:
            assert uses or not symbols(tex), tex


def test_code_names_lead_to_their_entries():
    links = {(page, row[3]) for page in WITH for row in equations(page)[1] if len(row) == 4}
    assert len(links) > 100
    for page, link in links:
        target, _, anchor = link.partition("#")
        path = (HTML / f"{page}.html").parent / target if target else HTML / f"{page}.html"
        assert f'id="{anchor}"' in path.read_text(encoding="utf-8"), link


MODEL = "book/bottlenecks/solvable_model"
READ = {  # a page, an equation on it, and what some of its letters mean, by their place among the letters of one form
    MODEL: ("eq-response", {"κ": "effective ridge", "λ": "eigenvalue", "R": "response of the data"}),
    "book/dmft_primer/two_times": ("eq-overlap", {"κ": "planted", "m": "overlap", "Σ": "memory"}),
    "book/lazy_rich/deep_theory": (
        "eq-deep-fields",
        {"h": "preactivation", "D": "echo", "Δ": "error"},
    ),
    "book/parameterizations/three_wishes": (
        "eq-abc",
        {"W": "weights", "γ": "richness", "c": "divisor"},
    ),
    "book/bottlenecks/batches": ("eq-heavy-ball", {"β": "momentum", "τ": "gradient flow", "η": "learning rate"}),
}
POINT = """(letter) => {
  const box = letter.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2, box.width];
}"""
LETTERS = """(equation) => [...equation.querySelectorAll("mjx-math mjx-mi")].map((one) =>
  [...one.querySelectorAll("mjx-c")].map((sign) =>
    String.fromCodePoint(parseInt(/mjx-c([0-9A-F]+)/.exec(sign.className)[1], 16))).join("").normalize("NFKC"))"""
READY = "() => document.querySelector('div.symbols button')"
TIP = "() => { const tip = document.querySelector('.symbol-tip'); return tip.hidden ? '' : tip.textContent; }"


@pytest.fixture
def visit(browser, address):
    """Open a page, with its symbols in place."""
    made = []

    def go(page, **options):
        made.append(browser.new_context(**({"viewport": DESK} | options)))
        tab, visit = open_page(made[-1], address, page)
        tab.wait_for_function(READY)
        return tab, visit

    yield go
    for context in made:
        context.close()


@pytest.mark.parametrize("page", READ)
def test_an_equation_knows_what_its_symbols_mean_on_this_page(page):
    """For every page what the pointer reads on one."""
    label, meanings = READ[page]
    _, listed = equations(page)
    found = re.search(rf'id="equation-{label}">.*?class="symbols">(.*?)</script>', html_of(page), re.DOTALL)
    said = " ".join(str(listed[row]) for row in json.loads(found[1]).values())
    assert [meaning for meaning in meanings.values() if meaning not in said] == []


@pytest.mark.browser
@pytest.mark.parametrize("page", [MODEL, *(pytest.param(one, marks=pytest.mark.slow) for one in READ if one != MODEL)])
def test_the_pointer_reads_a_symbol(visit, page):
    """Every letter of the equation says something, but for d and ∂; these say what they mean here."""
    label, meanings = READ[page]
    tab, seen = visit(page)
    equation = tab.locator(f"#equation-{label}")
    equation.scroll_into_view_if_needed()
    names, said = equation.evaluate(LETTERS), {}
    for place, name in enumerate(names):
        x, y, width = equation.locator("mjx-math mjx-mi").nth(place).evaluate(POINT)
        if len(name) != 1 or name in "d∂" or width < 1:
            continue
        tab.mouse.move(x, y)
        tab.wait_for_function("() => !document.querySelector('.symbol-tip').hidden")
        said.setdefault(name, tab.evaluate(TIP))
        tab.mouse.move(0, 0)
        tab.wait_for_function("() => document.querySelector('.symbol-tip').hidden")
    assert {name: meaning for name, meaning in meanings.items() if meaning not in said[name]} == {}, said
    assert seen.complaints == []


@pytest.mark.browser
def test_the_keyboard_reads_all_symbols_of_an_equation(visit):
    """One stop an equation; Enter opens the list, Escape closes it and stays where it was."""
    tab, _ = visit(MODEL)
    count = len(equations(MODEL)[0])
    assert tab.locator("div.symbols button").count() == count
    assert tab.locator("div.math button, div.math [tabindex='0'] [tabindex='0']").count() == 0
    button = tab.locator("#equation-eq-kappa ~ div.symbols button").first
    button.focus()
    assert float(button.evaluate("(one) => getComputedStyle(one).opacity")) == 1
    assert button.get_attribute("aria-expanded") == "false"
    tab.keyboard.press("Enter")
    listed = tab.locator(f"#{button.get_attribute('aria-controls')}")
    assert listed.is_visible()
    assert button.get_attribute("aria-expanded") == "true"
    tab.wait_for_function("(one) => one.querySelectorAll('mjx-container').length >= 4", arg=listed.element_handle())
    terms = listed.locator("dd").all_inner_texts()
    assert len(terms) == len(set(dict(equations(MODEL)[0])[r"z = \kappa\, R_1 R_3 ."].values()))
    assert any("effective ridge" in term for term in terms)
    tab.keyboard.press("Escape")
    assert not listed.is_visible()
    assert button.evaluate("(one) => one === document.activeElement")


@pytest.mark.browser
@pytest.mark.parametrize("page", [MODEL, pytest.param("book/dmft_primer/beyond_glasses", marks=pytest.mark.slow)])
def test_a_tap_lists_the_symbols_and_the_lists_fit_a_telephone(visit, page):
    tab, seen = visit(page, viewport=PHONE, is_mobile=True, has_touch=True)
    first = tab.locator("div.math.explained").first
    first.scroll_into_view_if_needed()
    first.locator("mjx-math").first.tap()
    assert tab.locator("div.symbols dl").first.is_visible()
    tab.evaluate(
        """document.querySelectorAll("div.symbols button[aria-expanded='false']").forEach((one) => one.click())"""
    )
    tab.wait_for_function(
        "() => [...document.querySelectorAll('div.symbols .math')].every((one) => one.querySelector('mjx-container'))"
    )
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= PHONE["width"]
    right = "[...document.querySelectorAll('div.symbols dl *')].map((one) => one.getBoundingClientRect().right)"
    edges = tab.evaluate(right)
    assert len(edges) > 20
    assert max(edges) <= PHONE["width"] + 1
    tab.locator("h1").last.tap()  # while a finger rests on an equation, the theme shows its number's link
    for theme, rules in (("light", ()), ("dark", COLOURS)):
        tab.evaluate(THEME, theme)
        tab.evaluate(SETTLED)
        assert examine(tab, rules, inside="div.symbols") == []
    assert seen.complaints == []


@pytest.mark.browser
def test_without_scripts_the_equations_stand_as_before(browser, address):
    context = browser.new_context(viewport=DESK, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{address}/{MODEL}.html")
    text = tab.locator("article").inner_text()
    assert r"\kappa\, R_1 R_3" in text
    assert "just out of reach" not in text
    assert tab.locator("div.symbols").count() == 0
    context.close()
