"""Errors of statistics."""

import numpy as np
from numpy.testing import assert_allclose

from solvable.numerics import statistics


def test_the_jackknife_of_a_mean_is_its_standard_error():
    draws = np.random.default_rng(0).normal(size=(3, 40))
    mean, error = statistics.jackknife(lambda rows: rows.mean(axis=1), draws, axis=1)
    assert_allclose(mean, draws.mean(axis=1))
    assert_allclose(error, draws.std(axis=1, ddof=1) / 40**0.5)
