"""Regression as one weight in a bath: two times against the static integral."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.primer import exact, theory


@pytest.mark.parametrize(("aspect", "rate"), [(0.5, 0.2), (2.0, 0.3), (1.0, 0.5)])
def test_two_times_are_the_marchenko_pastur_integral(aspect, rate):
    steps = np.arange(61.0)
    dynamic = theory.regression(60, learning_rate=rate, aspect=aspect, noise=0.25)
    static = exact.regression(steps, learning_rate=rate, aspect=aspect, noise=0.25)
    assert_allclose(dynamic.test, static.test, atol=1e-12)
    assert_allclose(dynamic.train, static.train, atol=1e-12)


def test_even_a_rate_past_the_edge_is_the_same():
    """(1 - eta lambda)^t changes sign from step to step where eta lambda > 1."""
    dynamic = theory.regression(20, learning_rate=0.9, aspect=0.5)
    static = exact.regression(np.arange(21.0), learning_rate=0.9, aspect=0.5, noise=0.0)
    assert_allclose(dynamic.test, static.test, rtol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.regression(0, learning_rate=0.1, aspect=1.0), "steps must be a whole number >= 1; got 0"),
        (lambda: theory.regression(5, learning_rate=0.0, aspect=1.0), "learning_rate must be > 0 and finite; got 0.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
