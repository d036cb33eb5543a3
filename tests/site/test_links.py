"""The built site as files: nothing is missing, nothing is counted twice, and every link leads somewhere."""

import functools
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built_site import HTML, ROOT, Source, toc_pages

PAGES = toc_pages()
EXECUTABLE = [page for page in PAGES if Source(page).cells]
each_page = pytest.mark.parametrize("page", PAGES)


class Page(HTMLParser):
    """Links, anchors and figures of one HTML file."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.links, self.anchors, self.figures = path, [], set(), 0
        self.explorers, self.guesses = [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        """Note what the tests ask for."""
        given = dict(attributes)
        self.anchors |= {given.get("id"), given.get("name")}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "figure" and given.get("class") == "explorer":
            self.explorers.append(given["id"].removeprefix("explore-"))
        elif tag == "figure" and given.get("class") == "explorer guess":
            self.guesses.append(given["id"].removeprefix("guess-"))
        elif tag == "figure":
            self.figures += 1


@functools.cache
def read(path: Path) -> Page:
    """A page, parsed once."""
    return Page(path)


def html(page: str) -> Path:
    """Where a page of the table of contents was built."""
    return HTML / f"{page}.html"


def problem(here: Path, link: str) -> str | None:
    """What is wrong with a link inside the site, if anything."""
    parts = urlsplit(link)
    target = (here.parent / unquote(parts.path)).resolve() if parts.path else here
    if not target.is_relative_to(HTML):
        return f"{link} leaves the site"
    if not target.is_file():
        return f"{link} is not there"
    if parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors:
        return f"{link}: no such anchor"
    return None


@each_page
def test_every_page_of_the_contents_was_built(page):
    assert html(page).stat().st_size > 5_000


@each_page
def test_every_declared_figure_is_on_the_page(page):
    assert read(html(page)).explorers == Source(page).explorers
    assert read(html(page)).guesses == Source(page).guesses
    assert read(html(page)).figures == Source(page).figures


@each_page
def test_links_inside_the_site_lead_somewhere(page):
    inside = [link for link in read(html(page)).links if not urlsplit(link).scheme]
    assert len(inside) >= len(PAGES) - 1, "not even the table of contents"
    assert [wrong for link in inside if (wrong := problem(html(page), link))] == []


def test_the_front_door_opens_the_first_page():
    target = re.search(r"url=([^\"]+)", (HTML / "index.html").read_text())[1]
    assert (HTML / target).resolve() == html(PAGES[0])


@pytest.mark.parametrize("page", EXECUTABLE)
def test_launch_buttons_open_a_notebook_of_this_checkout(page):
    links = read(html(page)).links
    colab = [link for link in links if "colab.research.google.com" in link]
    binder = [link for link in links if "mybinder.org" in link]
    notebook = [link for link in links if link.endswith(".ipynb")]
    assert colab, "no button for Colab"
    assert binder, "no button for Binder"
    assert notebook, "no button to download"
    for link in colab + binder:
        path = re.search(r"(?:/blob/[^/]+/|labpath=)(.*\.ipynb)$", unquote(link))[1]
        assert (ROOT / path).is_file(), f"{link}: no {path} in this checkout; run `make notebooks`"


@pytest.mark.parametrize("page", sorted(set(PAGES) - set(EXECUTABLE)))
def test_a_page_without_code_offers_no_notebook(page):
    assert [link for link in read(html(page)).links if re.search(r"colab\.research|mybinder|\.ipynb$", link)] == []


def test_the_book_is_not_empty():
    sources = [Source(page) for page in PAGES]
    assert len(PAGES) >= 6
    assert len(EXECUTABLE) >= 2
    assert sum(source.figures for source in sources) >= 4
    assert sum(len(source.explorers) for source in sources) >= 2
    assert len({page for page, source in zip(PAGES, sources, strict=True) if source.guesses}) >= 3
    pages = [(HTML / f"{page}.html").read_text(encoding="utf-8") for page in EXECUTABLE]
    assert sum(page.count('class="pictures"') for page in pages) >= 4
