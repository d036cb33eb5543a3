"""Equations of docstrings get a line for every statement."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from sphinx_ext.equations import ROOM, break_equations, broken, letters

LONG = r"C = a\,b\,c\,d\,e\,f\,g\,h + k\,l\,m\,n\,o\,p\,q\,r\,s + v + w + x + y"
LONGER = (
    r"C = a\,b\,c\,d\,e\,f\,g\,h" + "\n   " + r"+ k\,l\,m\,n\,o\,p\,q\,r\,s + t + u + v + w + x + y + z + a + b + c + d"
)


def test_a_statement_has_a_line_and_is_aligned_at_its_relation():
    first, second = broken(rf"{LONG}, \qquad \kappa \sim N_1 + N_2 + N_3 + N_4").split(" \\\\\n")
    assert first == LONG.replace("=", "&=") + ","
    assert second == r"\kappa &\sim N_1 + N_2 + N_3 + N_4"


@pytest.mark.parametrize("equation", ["a = b", r"a = b, \quad c = d", r"x = \begin{cases} 1 \quad 2 \end{cases}", LONG])
def test_what_has_room_or_an_order_of_its_own_stays(equation):
    assert broken(equation) == equation


def test_a_condition_stays_with_what_it_is_for():
    assert broken(rf"{LONG}, \quad P \text{{ even}}") == rf"{LONG}, \quad P \text{{ even}}"


def test_nothing_inside_braces_is_cut():
    text = rf"\frac{{{LONG} \quad c = d}}{{N}} = {LONG}"
    assert broken(text) == text


def test_a_long_one_goes_on_where_its_author_did():
    first, second = broken(LONGER).split(" \\\\\n")
    assert first == r"C &= a\,b\,c\,d\,e\,f\,g\,h"
    assert second.startswith(r"&\quad + k\,l")


def test_in_a_docstring_the_words_around_stay():
    lines = ["Words.", "", rf".. math:: {LONG}, \qquad {LONG}", "", "with more words.", ""]
    break_equations(None, "function", "f", None, None, lines)
    assert lines[0] == "Words."
    assert "with more words." in lines
    assert sum("&=" in line for line in lines) == 2
    assert all(line.startswith("   ") for line in lines if "&=" in line)


def test_letters_are_what_is_seen():
    assert letters(r"\frac{1}{N} \sum_k \lambda_k^2") == len("1Nxkxk2")
    assert letters(LONG) < ROOM < letters(LONGER)
