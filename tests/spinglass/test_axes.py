"""The two axes of time: there and back, and without loss at late times."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.spinglass import axes


def test_rows_stand_where_the_clock_says():
    times = axes.row_times(400, 0.1)
    assert times[0] == 0
    assert times[-1] > 1e9
    assert_allclose(axes.clock(times), 0.1 * np.arange(400), rtol=1e-13, atol=1e-15)
    middle = (times > 0.1) & (times < 1e6)
    h = 1e-5 * times[middle]
    slope = (axes.clock(times[middle] + h) - axes.clock(times[middle] - h)) / (2 * h)
    assert_allclose(axes.clock_rate(times[middle]), slope, rtol=1e-6)


def test_most_rows_of_a_decade_stand_where_the_correlation_falls():
    times = axes.row_times(400, 0.1)
    rows = [np.count_nonzero((times >= 10.0**k) & (times < 10.0 ** (k + 1))) for k in range(-1, 6)]
    assert rows[1] > 2 * rows[-1]
    assert rows[-1] == pytest.approx(rows[-2], abs=1)


@pytest.mark.parametrize("t", [1e-3, 1.0, 1e6, 1e12])
def test_a_coordinate_and_back(t):
    x = np.linspace(-1, 1, 41)
    u, tau = axes.parts(t, x)
    assert_allclose(u + tau, t, rtol=1e-12, atol=1e-15)
    assert max(u[0], tau[-1]) < 1e-13
    assert_allclose(axes.coordinate(u, tau, axes.span(t)), x, atol=1e-12)
    h = 1e-6
    one, other = (np.array(axes.parts(t, x + s * h)) for s in (1, -1))
    moved = np.where(x < 0, one[0] - other[0], other[1] - one[1]) / (2 * h * axes.span(t))  # from the nearer end
    assert_allclose(axes.density(u, tau)[1:-1], moved[1:-1], rtol=1e-4)


def test_a_late_time_is_read_from_the_rows_around_it():
    times = axes.row_times(200, 0.1)
    at = np.array([0.0, times[7], 0.3, 2.0])
    assert_allclose(axes.rows_around(at, 0.1, 199).read(np.sqrt(times + 1)), np.sqrt(at + 1), rtol=1e-7)
    assert axes.rows_around(times[199], 0.1, 199).every.max() == 199
