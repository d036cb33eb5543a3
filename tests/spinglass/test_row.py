"""One row: its Jacobian is the derivative of its residual, and its equations hold for a known solution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.numerics.panels import panels
from solvable.spinglass import row
from solvable.spinglass.march import march
from solvable.spinglass.row import Model, Past, Row

STEP = 0.25
MODEL = Model(jnp.asarray([0.0, 0.0, 0.2, 0.1, 0, 0, 0, 0, 0]), jnp.asarray(0.3), jnp.asarray(1.5))


@pytest.fixture(scope="module")
def solved():
    """Pairs, triples and a spike, at a resolution of its own."""
    found = march(MODEL, jnp.asarray(0.2), 8, STEP, 10.0)
    past = Past(jnp.asarray(found.table), jnp.asarray(found.overlap))
    return found, past, 60


def test_the_jacobian_is_the_derivative_of_the_residual(solved):
    found, past, n = solved
    tables, size = panels(8, row.ORDER), found.table.shape[-1] - 1

    @jax.jit
    def both(past, direction):
        terms = row.known(tables, past, n, jnp.asarray(found.times[n]), STEP)
        at = Row(past.table[0, n], past.table[1, n] * 1.01, past.m[n])

        def left(move):
            moved = Row(at.c.at[:-1].add(move[:size]), at.r.at[:-1].add(move[size:-1]), at.m + move[-1])
            return row.residual(MODEL, tables, terms, moved, row.read(terms, moved))

        slope = jax.jvp(left, (jnp.zeros(2 * size + 1),), (direction,))[1]
        return slope, row.jacobian(MODEL, tables, terms, at, row.read(terms, at)) @ direction

    rng = np.random.default_rng(0)
    for block in (slice(0, size), slice(size, 2 * size), slice(2 * size, None)):  # c, r, m
        direction = np.zeros(2 * size + 1)
        direction[block] = rng.normal(size=direction[block].shape)
        slope, product = both(past, direction)
        assert_allclose(product, slope, atol=1e-11 * np.abs(slope).max())


def test_a_model_has_the_derivatives_of_its_glass():
    q = jnp.linspace(-1, 1, 5)
    assert_allclose(MODEL.f(q, 0), 0.2 * q**2 + 0.1 * q**3, atol=1e-15)
    assert_allclose(MODEL.f(q, 1), 0.4 * q + 0.3 * q**2, atol=1e-15)
    assert_allclose(MODEL.f(q, 3), 0.6 * jnp.ones(5), atol=1e-15)


def test_two_steps_of_newton_do(solved):
    """The equations hold at the row that was found, to what the last step leaves."""
    found, past, n = solved
    t = jnp.asarray(found.times[n])
    again, move = jax.jit(lambda past, t: row.solve(MODEL, panels(8, row.ORDER), past, n, t, STEP))(past, t)
    assert move < 1e-10
    assert_allclose(again.c, found.table[0, n], atol=1e-12)
