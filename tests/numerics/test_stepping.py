"""Steps in time, and rows of times in any order."""

import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable.numerics import stepping


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
