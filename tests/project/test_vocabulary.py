"""Public names say one thing in one word: signatures against ARCHITECTURE.md, docstrings against their order."""

import inspect
import re
from collections import defaultdict
from pathlib import Path

import pytest

from ..public import FUNCTIONS

TEXT = (Path(__file__).resolve().parents[2] / "ARCHITECTURE.md").read_text()
ROWS = [line.split("|")[1:-1] for line in TEXT.split("## One word")[1].splitlines() if line.startswith("| `")]
WORDS = {word for row in ROWS for word in re.findall(r"`(\w+)`", row[0])}
NEVER = {
    other: word for row in ROWS for other in re.findall(r"`(\w+)`", row[2]) for word in re.findall(r"`(\w+)`", row[0])
}
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Warns")


def arguments(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize("path", FUNCTIONS)
def test_no_argument_has_a_word_of_its_own(path):
    for name in arguments(FUNCTIONS[path]):
        assert name not in NEVER, f"{path}: {name} is called {NEVER[name]} here"


def test_a_word_of_two_packages_is_in_the_table():
    packages = defaultdict(set)
    for path, function in FUNCTIONS.items():
        for name in arguments(function):
            packages[name].add(path.partition(".")[0])
    shared = {name for name, of in packages.items() if len(of - {"Spectrum"}) > 1 or len(of) > 1}
    assert shared <= WORDS, shared - WORDS
    assert not WORDS & set(NEVER)


@pytest.mark.parametrize("path", FUNCTIONS)
def test_docstrings_have_one_order(path):
    text = inspect.getdoc(FUNCTIONS[path])
    assert text, path
    found = re.findall(r"^([A-Z]\w+):$", text, re.MULTILINE)
    assert set(found) <= set(SECTIONS)
    assert found == sorted(found, key=SECTIONS.index)
