"""The library's reference as it was built: everything public stands in it, and pages and functions find each other."""

import re

import pytest
from built_site import HTML, Source, toc_pages

from ..public import FUNCTIONS, PUBLIC

LIBRARY = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HTML / "book" / "library").glob("*.html"))}
ENTRIES = set(re.findall(r'id="solvable\.([\w.]+)"', "".join(LIBRARY.values())))
SCIENCE = [page for page in toc_pages() if Source(page).cells and "/library/" not in page]


@pytest.mark.parametrize("path", PUBLIC)
def test_everything_public_has_its_place(path):
    assert path in ENTRIES


def test_the_book_explains_what_the_reference_lists():
    """Titles after `Book:` became links, and none was left as words."""
    whole = "".join(LIBRARY.values())
    assert not re.search(r'Book:\s*["“]', whole)
    links = re.findall(r'Book:\s*<a class="reference internal" href="\.\./([\w/]+)\.html', whole)
    assert {link.split("/")[0] for link in links} >= {"bottlenecks", "dmft_primer", "lazy_rich", "parameterizations"}
    assert len(links) > len(FUNCTIONS) / 2


@pytest.mark.parametrize("page", SCIENCE)
def test_at_its_foot_a_page_names_what_it_calls(page):
    text = (HTML / f"{page}.html").read_text(encoding="utf-8")
    (foot,) = re.findall(r'<p class="calls">(.*?)</p>', text, re.DOTALL)
    names = re.findall(r'href="[^"]*library/\w+\.html#solvable\.([\w.]+)"', foot)
    assert names
    assert set(names) <= ENTRIES
    modules = {name.rpartition(".")[0].rpartition(".")[2] for name in names} | {name.split(".")[0] for name in names}
    assert any(module in Source(page).text for module in modules)


def test_the_notation_leads_to_the_code():
    text = (HTML / "book" / "notation.html").read_text(encoding="utf-8")
    names = set(re.findall(r'href="library/\w+\.html#solvable\.([\w.]+)"', text))
    assert {"Spectrum", "linear_model.theory.gradient_flow", "networks.MLP", "kernels.both"} <= names


def test_functions_show_their_source():
    assert 'href="../../_modules/solvable/linear_model/theory/flow.html#gradient_flow"' in LIBRARY["linear_model"]
