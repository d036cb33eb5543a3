"""The list of debts is honest: every row has a part and a page or "not yet", and the counts are those of the rows."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "book" / "sources.md").read_text()
CONTENTS = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [chapter["file"] for part in CONTENTS["parts"] for chapter in part["chapters"]]
TREATING = {file.removeprefix("book/") for file in [CONTENTS["root"], *CHAPTERS] if not file.endswith("/sources")}
PARTS = {"parameterizations", "dmft_primer", "lazy_rich", "depth_limits", "bottlenecks", "emergence", "shared"}
DOC = r"\{doc\}`([\w/]+)`"

# No source has fewer rows than this, whatever is merged:
LEAST = {
    "Pehlevan": 25,  # distinct slides with content
    "Bordelon": 25,  # the same
    "Kempner": 25,  # 12 pictures, 9 displayed equations, 4 listed facts
    "Paquette": 25,  # distinct slides, the four of web text as two
    "Bahri": 32,  # no slides, 65 minutes: an idea every two minutes
}


class Row(NamedTuple):
    """One slide, figure or equation."""

    what: str
    part: str
    treated: str


def rows(section: str) -> list[Row]:
    """Rows of the table in a section, without its head."""
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [Row(*(cell.strip().replace("&shy;", "") for cell in line.strip("|").split("|"))) for line in lines]


*SECTIONS, COUNT = PAGE.split("\n## ")[1:]
TABLES = dict(zip(LEAST, map(rows, SECTIONS), strict=True))
ROWS = [pytest.param(row, id=row.what[:40]) for table in TABLES.values() for row in table]


@pytest.mark.parametrize(("source", "least"), LEAST.items())
def test_no_source_is_cut_short(source, least):
    section = SECTIONS[list(LEAST).index(source)]
    assert source in section.split("\n|")[0]
    assert len(TABLES[source]) >= least
    whats = [row.what for row in TABLES[source]]
    assert len(set(whats)) == len(whats), "a row stands twice"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_a_debt_or_has_a_page(row):
    assert row.what
    assert row.part in PARTS
    page = re.fullmatch(DOC, row.treated)
    assert row.treated == "not yet" or (page and page[1] in TREATING)


@pytest.mark.parametrize("row", [row for row in ROWS if "Care" in row.values[0].what])
def test_a_warning_says_where_it_is_shown(row):
    where = re.fullmatch(rf".+[.?] \*Care:\* .+\. (?:Shown in {DOC}|To show: [\w ,-]+)", row.what)
    assert where
    assert where[1] is None or where[1] in TREATING


def test_the_count_is_the_count():
    counts = [(sum(row.treated != "not yet" for row in table), len(table)) for table in TABLES.values()]
    stated = [(int(done), int(every)) for done, every in re.findall(r"(\d+) of (\d+)", COUNT)]
    assert stated == [*counts, tuple(map(sum, zip(*counts, strict=True)))]
