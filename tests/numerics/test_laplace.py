"""The contour against transforms that are known."""

import numpy as np
import pytest

from solvable.numerics.laplace import talbot


@pytest.mark.parametrize("points", [12, 16, 20])
def test_exponentials_are_inverted_at_the_stated_rate(points):
    nodes, weights = talbot(points)
    decay = np.concatenate([[0.0], np.logspace(-6, 12, 200)])
    found = 2 * np.sum(weights / (nodes + decay[:, None]), axis=1).real
    error = np.max(np.abs(found - np.exp(-decay)))
    assert 0.05 * 3.89**-points < error < 20 * 3.89**-points


def test_powers_of_time():
    """A double pole sits worse with the contour than an exponential: 4e-10 for t itself, 3.89^-20 = 2e-12 there."""
    nodes, weights = talbot(20)
    t = 7.0
    z = nodes / t
    assert 2 * np.sum(weights / t / z**2).real == pytest.approx(t, rel=2e-9)
    assert 2 * np.sum(weights / t / np.sqrt(z)).real == pytest.approx(1 / np.sqrt(np.pi * t), rel=1e-10)


def test_more_points_than_the_weights_can_hold_are_refused():
    """At 5,000 points weights were NaN; from 28 on rounding grows."""
    assert np.isfinite(talbot(100).weights).all()
    with pytest.raises(ValueError, match="points must be a whole number >= 1 and <= 100; got 5000"):
        talbot(5000)


@pytest.mark.parametrize("points", [0, 7, -2])
def test_bad_points_are_named(points):
    with pytest.raises(ValueError, match=f"points must be even and >= 2; got {points}"):
        talbot(points)
