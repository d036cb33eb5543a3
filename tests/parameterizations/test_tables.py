"""Tables: their words against the numbers that networks use."""

import re

import pytest

from solvable.parameterizations import ABC, exponents, mup, ntk, standard, tables

ALL = (standard(), ntk(), mup())


def value(words, **symbols):
    """``N^-1/2 g`` as a number."""
    total = 1.0
    for word in words.split():
        symbol, _, power = word.partition("^")
        over, _, under = (power or "1").partition("/")
        total *= 1.0 if symbol == "1" else symbols[symbol] ** (float(over) / float(under or 1))
    return total


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("multiplier_free", [False, True])
def test_words_are_the_numbers(optimizer, multiplier_free):
    table = tables.scales(*ALL, optimizer=optimizer, multiplier_free=multiplier_free)
    assert len(table.rows) == 9
    for (name, kind, *words), abc in zip(table.rows, [a for a in ALL for _ in range(3)], strict=True):
        fan_in = 20 if kind == "input" else 48
        numbers = abc.scale(
            kind, width=48, fan_in=fan_in, richness=0.3, optimizer=optimizer, multiplier_free=multiplier_free
        )
        assert name == abc.name
        assert [value(word, N=48, D=20, g=0.3) for word in words] == pytest.approx(list(map(float, numbers)))


def test_the_table_of_the_talk():
    rows = {name: rest for name, *rest in tables.counts(*ALL).rows}
    assert rows["standard"] == ["1", "N^-1/2", "N^1/2", "1", "N", "yes", "no", "no"]
    assert rows["NTK"] == ["1", "N^-1/2", "N^-1/2", "1", "1", "yes", "yes", "no"]
    assert rows["muP"] == ["1", "1", "1", "N^-1/2", "1", "yes", "yes", "yes"]
    odd = ABC(a=(0, 0.5, 0.25), b=(0, 0, 0.25), c=0.125, name="odd")
    (found,) = tables.counts(odd, depth=2).rows
    assert value(found[5], N=10.0) == pytest.approx(10 ** exponents(odd, depth=2).output_change)


def test_it_is_shown_as_text_and_as_a_table():
    table = tables.scales(mup(), optimizer="adam")
    assert re.search(r"muP +output +N\^-1 g\^-1 +1 +1", str(table))
    shown = table._repr_html_()
    assert '<th scope="row">muP</th><td>output</td><td>N<sup>−1</sup> g<sup>−1</sup></td>' in shown
    assert "<caption>Adam: N width, D inputs, g richness</caption>" in shown
    with pytest.raises(ValueError, match=r"optimizer must be one of .* got 'lion'"):
        tables.scales(mup(), optimizer="lion")


def test_words_are_escaped():
    table = tables.Table("a < b", ("", "<i>"), (("x & y", "N^-1"),))
    assert table._repr_html_().startswith('<table class="dataframe"><caption>a &lt; b</caption>')
    assert '<th scope="col">&lt;i&gt;</th>' in table._repr_html_()
    assert '<th scope="row">x &amp; y</th><td>N<sup>−1</sup></td>' in table._repr_html_()
    assert repr(table).splitlines()[0] == "a < b"
