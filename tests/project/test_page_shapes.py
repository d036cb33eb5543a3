"""What every page looks like: short cells, a figure first, an experiment under every slider. Reads the sources."""

import ast
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
BARE = re.compile(r"(?<![\w’'-])(?:[B-HJ-Zb-z](?:'(?!s)|(?![\w’'-]))|[A-Za-z]_\w+|a (?=[-=])|\w+[⁻⁰¹²³⁴-⁹]+|[α-ωΑ-Ω])")
SIDE_BY_SIDE = re.compile(r"subplots\(\s*\d+,\s*[2-9]")
SIDE = re.compile(r"\((?:left|right)\)|\b[Oo]n the (?:left|right)\b|\b(?:Left|Right)[,:]|\b(?:left|right) panel")
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


def captions(page: str) -> list[str]:
    """Of figures that cells draw, of figures that stand in files, and of explorers."""
    source = Source(page)
    cells = [match[1] for cell in source.cells for match in re.finditer(r"^\s+caption: (.*)$", cell, re.MULTILINE)]
    files = re.findall(r"^([`:]{3,})\{figure\}.*\n(?::.*\n)*((?:.|\n)*?)^\1", source.text, re.MULTILINE)
    calls = [node for node in ast.walk(source.code) if isinstance(node, ast.Call)]
    words = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "caption"]
    return cells + [text for _, text in files] + [ast.literal_eval(one) for one in words]


def bare(caption: str) -> list[str]:
    """Letters that stand for a quantity and are no mathematics."""
    return BARE.findall(re.sub(r"\$[^$]*\$", "", caption))


@pytest.mark.parametrize("page", toc_pages())
def test_captions_name_no_ink(page):
    """What is black by day is white by night."""
    assert [caption for caption in captions(page) if re.search(r"\b([Bb]lack|[Ww]hite)\b", caption)] == []


@pytest.mark.parametrize("page", toc_pages())
def test_symbols_in_captions_are_mathematics(page):
    assert {caption: found for caption in captions(page) if (found := bare(caption))} == {}


def sides(cell: str) -> list[str]:
    """Words of a caption, or of the text for those who do not see, that say where a panel stands, beside another."""
    if not SIDE_BY_SIDE.search(cell):
        return []
    words = re.findall(r"^\s+(?:caption|alt): (.*)$", cell, re.MULTILINE)
    return [found for text in words for found in SIDE.findall(text)]


@pytest.mark.parametrize("page", toc_pages())
def test_panels_are_named_by_what_they_show(page):
    """On a telephone none is left or right of another: they stand in one column."""
    assert [found for cell in Source(page).cells for found in sides(cell)] == []
    assert re.findall(r"\b(?:left|right)(?:-hand)? panel", Source(page).text) == []


def labels(page: str) -> list[str]:
    """Of the axes and knobs of explorers and guesses, and of the axes of figures, where they are plain strings."""
    calls = [node for node in ast.walk(Source(page).code) if isinstance(node, ast.Call)]
    named = [(call, ast.unparse(call.func).split(".")[-1]) for call in calls]
    values = [
        keyword.value
        for call, name in named
        for keyword in call.keywords
        if keyword.arg in ("label", "xlabel", "ylabel") or (name in ("explore", "guess") and keyword.arg in ("x", "y"))
    ]
    values += [call.args[0] for call, name in named if name in ("xlabel", "ylabel", "set_xlabel", "set_ylabel")]
    return [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]


def raw(label: str) -> list[str]:
    """Indices and powers that are typed and not set."""
    return re.findall(r"\w+[_^]\w+", re.sub(r"\$[^$]*\$", "", label))


@pytest.mark.parametrize("page", toc_pages())
def test_symbols_in_labels_are_mathematics(page):
    assert {label: found for label in labels(page) if (found := raw(label))} == {}


def test_what_names_a_side_or_is_raw_is_found():
    beside = "caption: Loss (left) and on the right its slope\n---\nplt.subplots(\n    1, 2, figsize=(8, 3))"
    assert sides(f"  {beside}") == ["(left)", "on the right"]
    assert sides(f"  {beside.replace('1, 2', '2')}") == []
    assert sides("  alt: Falls to the right\n---\nplt.subplots(1, 2)") == []
    assert raw("overlap m_0 and N^2, $x_0$") == ["m_0", "N^2"]
    assert sum(len(labels(page)) for page in toc_pages()) > 100


def test_captions_are_found_and_symbols_in_them():
    assert sum(len(captions(page)) for page in toc_pages()) >= sum(
        Source(page).figures + len(Source(page).explorers) for page in toc_pages()
    )
    assert bare("A student of width N, at P = N: a = 1.5, t_w and β, R(t, t'), 10⁵ steps of SGD, $K$ modes") == [
        "N", "P", "N", "a ", "t_w", "β", "R", "t", "t'", "10⁵",
    ]  # fmt: skip
    assert bare("A ReLU network's muP, x-ray and NTK. I see the other's ends") == []


def test_the_checks_see_what_they_should():
    assert shown(":tags: [hide-input]\n\nx = 1\n") == []
    assert shown("# words\nx = 1\n\ny = 2\n") == ["x = 1", "y = 2"]
