"""The search finds the page that treats a word, and shows lines that a reader can read."""

import re

import pytest
from built_site import HTML, ROOT, toc_pages
from visits import DESK, open_page

from sphinx_ext.glossary import entries

TERMS = entries((ROOT / "book" / "glossary.md").read_text())

EXPECTED = {
    "scaling law": "bottlenecks/three_bottlenecks",
    "power law": "bottlenecks/power_laws",
    "grokking": "lazy_rich/one_dial",
    "muP": "parameterizations/side_by_side",
    "NTK": "lazy_rich/kernel_limit",
    "neural tangent kernel": "lazy_rich/kernel_limit",
    "lazy learning": "lazy_rich/kernel_limit",
    "feature learning": "lazy_rich/one_dial",
    "learning rate transfer": "parameterizations/transfer",
    "double descent": "bottlenecks/test_train",
    "critical batch": "bottlenecks/batches",
    "DMFT": "dmft_primer/one_spin",
    "spin glass": "dmft_primer/one_spin",
    "chaos": "dmft_primer/beyond_glasses",
    "early stopping": "bottlenecks/test_train",
    "compute-optimal": "bottlenecks/compute",
    "Gaussian process": "lazy_rich/statics",
}
FOUND = """() => [...document.querySelectorAll("ul.search > li")].map((item) => ({
  page: item.querySelector("a").getAttribute("href").split(/[?#]/)[0].replace(".html", ""),
  line: item.querySelector("p.context, a + span")?.textContent ?? "", // of a function, what it is and where
}))"""
ALL_SHOWN = """() => {
  const status = document.querySelector(".search-summary")?.textContent ?? "";
  const lines = [...document.querySelectorAll("ul.search > li")].slice(0, 3);
  const count = /\\d+/.exec(status);
  return count && lines.length >= Math.min(3, +count[0]) && lines.every((item) => item.children.length > 1);
}"""


def test_the_glossary_names_a_page_of_the_book_for_every_term():
    assert len({page for _, page in TERMS}) > 20
    assert len(TERMS) > 50
    assert [term for term, page in TERMS if page not in toc_pages()] == []
    assert [term for term, _ in TERMS if [other for other, _ in TERMS].count(term) > 1] == []


def test_the_index_leads_from_every_term_to_its_page():
    """To the glossary and to the page that treats it."""
    items = re.findall(r"<li>(.*?)</li>", (HTML / "genindex.html").read_text(encoding="utf-8"), re.DOTALL)
    words = {
        re.sub(r"<.*?>", "", item).split(",")[0].strip(): re.findall(r'href="([^"#]+)\.html#', item) for item in items
    }
    assert {term: page for term, page in TERMS if not {page, "book/glossary"} <= set(words.get(term, []))} == {}


@pytest.fixture(scope="session")
def search(browser, address):
    """What the search lists for a query."""
    context = browser.new_context(viewport=DESK)

    def find(query):
        tab, visit = open_page(context, address, "search", f"q={query.replace(' ', '+')}", mathematics=False)
        tab.wait_for_function(ALL_SHOWN)
        found = tab.evaluate(FOUND)
        tab.close()
        assert visit.blocked + visit.failed + visit.complaints == []
        return found

    yield find
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("query", EXPECTED)
def test_the_page_that_treats_it_is_among_the_first_three(search, query):
    found = search(query)
    assert f"book/{EXPECTED[query]}" in [one["page"] for one in found[:3]]
    shown = [one["line"] for one in found[:3]]
    assert all(shown), "a result without a line of text"
    assert [line for line in shown if re.search(r"[\\$]|\\\(|_\{", line)] == []


@pytest.mark.browser
def test_formulas_are_shown_as_a_reader_would_write_them(search):
    """A word that stands beside formulas: the line has their letters, and no command."""
    lines = " ".join(one["line"] for one in search("richness"))
    assert "γ₀" in lines
    assert "gamma" not in lines
