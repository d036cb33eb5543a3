"""No number in the grey line under a figure is typed by hand: it would stay what it was when the code changes."""

import ast
import re
from pathlib import Path

import pytest

from sphinx_ext.reference import CELL

ROOT = Path(__file__).parents[2]
PAGES = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())


def constants(node):
    """Constants of an expression, without format specifications."""
    if isinstance(node, ast.Constant):
        yield node.value
    for child in [node.value] if isinstance(node, ast.FormattedValue) else ast.iter_child_nodes(node):
        yield from constants(child)


def is_number(constant):
    """Of True no, of words if there is a digit or an infinity in them."""
    if isinstance(constant, str):
        return bool(re.search(r"[\d∞]", constant))
    return isinstance(constant, int | float | complex) and not isinstance(constant, bool)


def typed(page):
    """Calls of `figures.note` with a number that stands in the call itself."""
    nodes = [node for cell in CELL.finditer(page) for node in ast.walk(ast.parse(cell[2]))]
    calls = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "figures.note"]
    return [ast.unparse(call) for call in calls if any(map(is_number, constants(call)))]


@pytest.mark.parametrize("page", PAGES)
def test_the_grey_line_takes_its_numbers_from_the_code(page):
    assert typed((ROOT / f"{page}.md").read_text()) == []


@pytest.mark.parametrize(
    ("arguments", "bad"),
    [
        ('extra="64 seeds"', True),
        ('extra="P = ∞, theory"', True),
        ('runs, extra=f"T = 0.5, up to t = {end:.0f}"', True),
        ("width=512", True),
        ("samples=len(x[:16])", True),
        ("runs, *others, width=np.inf, samples=len(x), steps=steps", False),
        ("""extra=f"{given['hidden']:,.0f} units, γ₀ = {gamma:g}, theory\"""", False),
    ],
)
def test_a_typed_number_is_found(arguments, bad):
    page = f"# Page\n\n```{{code-cell}} ipython3\n---\ntags: [hide-input]\n---\nfigures.note(ax, {arguments});\n```\n"
    assert len(typed(page)) == bad
