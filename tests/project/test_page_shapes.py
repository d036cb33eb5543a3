"""What every page looks like: short cells, a figure first, an experiment under every slider. Reads the sources."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "site"))
from built_site import CELL, HEADER, Source, toc_pages

CHAPTERS = [page for page in toc_pages() if page.count("/") == 2 and "/library/" not in page]
WRITTEN = pytest.mark.parametrize("page", CHAPTERS)
LINES = 10
FOLDED = re.compile(r"hide-input|remove-input|remove-cell|hide-cell")
WITHOUT = "No experiment here:"


def shown(cell: str) -> list[str]:
    """Lines of code that a reader sees, if the cell is open."""
    header = HEADER.match(cell)
    if header and FOLDED.search(header[0]):
        return []
    lines = HEADER.sub("", cell).splitlines()
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


@WRITTEN
def test_open_cells_have_ten_lines_at_most(page):
    long = {len(lines): lines[0] for cell in Source(page).cells if len(lines := shown(cell)) > LINES}
    assert long == {}


@WRITTEN
def test_the_page_opens_with_its_figure(page):
    """The first cell stands before the first equation and the first heading, and draws."""
    text = Source(page).text
    first = CELL.search(text)
    assert first
    before = text[: first.start()]
    assert "{math}" not in before
    assert "$$" not in before
    assert "\n## " not in before
    assert FOLDED.search(HEADER.match(first[2])[0])
    assert "figure:" in first[2] or "explore(" in first[2]


@WRITTEN
def test_every_explorer_has_an_experiment_or_the_page_says_why_not(page):
    source = Source(page)
    calls = [call for call in re.findall(r"figures\.explore\((?:.|\n)*?\n\)", source.text)]
    assert len(calls) == len(source.explorers)
    alone = [call for call in calls if "experiment=" not in call]
    assert len(alone) <= source.text.count(WITHOUT)


def test_the_checks_see_what_they_should():
    assert shown(":tags: [hide-input]\n\nx = 1\n") == []
    assert shown("# words\nx = 1\n\ny = 2\n") == ["x = 1", "y = 2"]
