"""Fits of power laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from solvable import fits


@given(st.floats(-3, 3), st.floats(1e-3, 1e3), st.integers(4, 50))
def test_a_power_law_is_found(exponent, prefactor, count):
    x = np.geomspace(0.1, 1e4, count)
    law = fits.power_law(x, prefactor * x**-exponent)
    assert_allclose([law.exponent, law.drift], [exponent, 0], atol=1e-9)
    assert_allclose(law.prefactor, prefactor, rtol=1e-8)
    assert_allclose(law(x), prefactor * x**-exponent, rtol=1e-7)


def test_every_factor_of_x_counts_the_same():
    """A kinked line: mode numbers, crowded at the end, give nearly what evenly spaced points give."""

    def kinked(x):
        return np.where(x < 30, x**-1.0, 30.0 * x**-2.0)

    even, whole = np.geomspace(1, 900, 400), np.arange(1, 901)
    assert fits.power_law(whole, kinked(whole)).exponent == pytest.approx(
        fits.power_law(even, kinked(even)).exponent, abs=0.05
    )
    plain = -np.polyfit(np.log(whole), np.log(kinked(whole)), 1)[0]
    assert plain > 1.8  # unweighted, the crowd decides
    assert fits.power_law(whole, kinked(whole)).drift == pytest.approx(1, abs=0.1)


def test_the_range_is_the_range():
    x = np.arange(1, 301)
    y = np.where(x <= 100, x**-1.5, 1e-9)
    assert fits.power_law(x, y, between=(10, 100)).exponent == pytest.approx(1.5, abs=1e-9)


@pytest.mark.parametrize(
    ("x", "y", "between", "message"),
    [
        ([1, 2, 3, -4], [1, 1, 1, 1], (0, 9), r"x must be positive and finite; got -4"),
        ([1, 2, 3, 4], [1, 1, np.nan, 1], (0, 9), r"y must be positive and finite; got nan"),
        ([1, 2, 3, 4], [1, 1, 1], (0, 9), r"y must have one number per x; got shapes \(3,\) and \(4,\)"),
        ([1, 100, 101, 102], [1, 1, 1, 1], (0, 999), "between must hold two points on either side"),
        ([1, 2, 2, 4], [1, 1, 1, 1], (0, 9), "x must increase"),
        ([1, 2, 3, 4], [1, 1, 1, 1], (2, 9), "between must hold at least four points; got 3 between 2 and 9"),
    ],
)
def test_bad_input(x, y, between, message):
    with pytest.raises(ValueError, match=message):
        fits.power_law(x, y, between=between)
