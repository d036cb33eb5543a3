"""abc parameterizations: the numbers of a layer, and the symmetry between forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.parameterizations import ABC, exponents, mup, named


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_table_of_mup(optimizer):
    """Width 64, 16 inputs, richness 2, eta_0 = 1: the sheet's table, written out."""
    n, d, g0 = 64, 16, 2.0
    rates = (g0**2 * n,) * 3 if optimizer == "sgd" else (1, n**-0.5, 1)
    expected = [(d**-0.5, 1, rates[0]), (n**-0.5, 1, rates[1]), (1 / (g0 * n), 1, rates[2])]
    free_rates = (g0**2 * n / d, g0**2, 1 / n) if optimizer == "sgd" else (d**-0.5, 1 / n, 1 / (g0 * n))
    free = [(1, d**-0.5, free_rates[0]), (1, n**-0.5, free_rates[1]), (1, 1 / (g0 * n), free_rates[2])]
    for form, table in ((False, expected), (True, free)):
        for kind, numbers in zip(("input", "hidden", "output"), table, strict=True):
            fan_in = d if kind == "input" else n
            found = mup().scale(kind, width=n, fan_in=fan_in, richness=g0, optimizer=optimizer, multiplier_free=form)
            assert_allclose(found, numbers, rtol=1e-12)


def test_a_shift_is_the_same_training_in_other_words():
    """Effective spread and rate, multiplier * std and rate * multiplier^2 (Adam: * multiplier), do not change."""
    moved = mup().shift(input=0.25, hidden=-0.5, output=1.0)
    assert moved != mup()
    for kind in ("input", "hidden", "output"):
        for optimizer, power in (("sgd", 2), ("adam", 1)):
            (m, s, r), (m2, s2, r2) = (
                one.scale(kind, width=48, fan_in=48, richness=0.5, optimizer=optimizer) for one in (mup(), moved)
            )
            assert m2 != m
            assert_allclose([m2 * s2, r2 * m2**power], [m * s, r * m**power], rtol=1e-12)
    assert exponents(moved) == exponents(mup())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ABC(a=(0, 0), b=(0, 0, 0), c=0), "a must be three finite numbers"),
        (lambda: ABC(a=(0, 0, 0), b=(0, 0, np.nan), c=0), "b must be three finite numbers"),
        (lambda: ABC(a=(0, 0, 0), b=(0, 0, 0), c=np.inf), "c must be a finite number; got inf"),
        (lambda: named("MUP"), "name must be one of"),
        (lambda: mup().scale("middle", width=4, fan_in=4), "kind must be one of"),
        (lambda: mup().scale("hidden", width=4, fan_in=4, optimizer="lion"), "optimizer must be one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message.replace("^", r"\^")):
        call()
