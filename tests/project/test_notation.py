"""The notation table: every code name exists, with the argument or field that it names."""

import dataclasses
import functools
import inspect
import re
from pathlib import Path

import pytest

import solvable

PAGE = Path(__file__).parents[2] / "book" / "notation.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("| $")
]
NAMES = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])})


def test_the_table_is_read():
    assert len(ROWS) >= 18
    assert all(len(row) == 4 for row in ROWS)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_the_name_exists(name):
    path, argument = re.fullmatch(r"([\w.]+)(?:\((\w+)=?\))?", name).groups()
    *owners, last = path.split(".")
    owner = functools.reduce(getattr, owners, solvable)
    if dataclasses.is_dataclass(owner) and last in {field.name for field in dataclasses.fields(owner)}:
        return
    found = getattr(owner, last)
    if argument:
        assert argument in inspect.signature(found).parameters
