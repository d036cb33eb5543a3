"""Searches that cannot leave their bracket, steps in time, square roots and errors of statistics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.numerics import gaussians, quadrature, roots, slopes, statistics, stepping

KEY = jax.random.key(0)


def test_bisection_closes_in_on_the_last_place_where_a_condition_holds():
    low, high = roots.bisect(lambda x: x**3 < 2, 0.0, 2.0)
    assert low**3 < 2 <= high**3
    assert high - low < 1e-15
    low, high = roots.bisect(lambda x: x < 0.3, 0.0, 1.0, halvings=3)
    assert (low, high) == (0.25, 0.375)


def test_the_golden_section_finds_a_minimum():
    assert roots.golden_section(lambda x: (x - 0.3) ** 2, jnp.array(-5.0), jnp.array(7.0)) == pytest.approx(
        0.3, abs=1e-7
    )


def test_runge_kutta_is_of_fourth_order():
    """A rotation, as an array and as a pair."""

    def error(h):
        state, pair = jnp.array([1.0, 0.0]), (jnp.ones(()), jnp.zeros(()))
        for _ in range(round(1 / h)):
            state = stepping.runge_kutta(lambda x: jnp.array([-x[1], x[0]]), state, h)
            pair = stepping.runge_kutta(lambda x: (-x[1], x[0]), pair, h)
        assert_allclose(jnp.stack(pair), state, rtol=1e-14)
        return float(jnp.hypot(state[0] - jnp.cos(1.0), state[1] - jnp.sin(1.0)))

    assert error(0.1) / error(0.05) == pytest.approx(16, rel=0.1)


def test_rows_belong_to_the_times_that_were_asked_for():
    steps = jnp.array([5.0, 0.0, 2.0, 5.0])
    found = stepping.read_off(lambda number, x: x + number, lambda x: 10.0 * x, jnp.asarray(1), steps)
    assert found.tolist() == [110.0, 10.0, 20.0, 110.0]
    twice = stepping.in_order(lambda times: (times, jnp.cumsum(times)), jnp.array([3.0, 1.0, 2.0]))
    assert twice[0].tolist() == [3.0, 1.0, 2.0]
    assert twice[1].tolist() == [6.0, 1.0, 3.0]


def test_whitened_points_are_white_and_roots_are_square_roots():
    points = gaussians.sobol(KEY, 2, 64, 3)
    assert points.shape == (2, 64, 3)
    for one in points:
        assert_allclose(one.mean(axis=0), 0, atol=1e-14)
        assert_allclose(one.T @ one / 64, jnp.eye(3), atol=1e-13)
    gram = points[0].T @ points[1]
    gram = gram @ gram.T
    root = gaussians.square_root(gram)
    assert_allclose(root @ root, gram, atol=1e-12 * jnp.abs(gram).max())
    with pytest.raises(ValueError, match="particles must be a whole number >= 6; got 5"):
        gaussians.require_particles(5, 3)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    draws = np.random.default_rng(0).normal(size=(3, 40))
    mean, error = statistics.jackknife(lambda rows: rows.mean(axis=1), draws, axis=1)
    assert_allclose(mean, draws.mean(axis=1))
    assert_allclose(error, draws.std(axis=1, ddof=1) / 40**0.5)


def test_what_has_no_slope_says_so():
    assert slopes.without_slopes("x must not be differentiated", jnp.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="x must not be differentiated"):
        jax.grad(lambda x: slopes.without_slopes("x must not be differentiated", x).sum())(jnp.ones(2))


def test_the_rule_of_quadrature_has_the_moments_of_a_gaussian():
    nodes, weights = quadrature.rule(quadrature.NODES, float)
    for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3), (8, 105)):
        assert_allclose(weights @ nodes**power, moment, atol=1e-12 * max(moment, 1))
