"""Values on panels: integrals, slopes and what lies in between are those of the polynomial."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.numerics.panels import between, differentiation, lagrange, panels

TABLES = panels(3, 5)


@pytest.mark.parametrize("degree", [0, 3, 8])
def test_integrals_are_exact_up_to_their_degree(degree):
    """2 order - 2 on the nodes, 2 order - 1 for Gauss."""
    whole = (1 - (-1) ** (degree + 1)) / (degree + 1)
    assert_allclose(TABLES.weights @ TABLES.nodes**degree, whole, atol=1e-14)
    assert_allclose(
        TABLES.gauss_weights @ TABLES.gauss ** (degree + 1), (1 + (-1) ** (degree + 1)) / (degree + 2), atol=1e-14
    )


def test_the_left_end_is_a_node_and_the_right_end_has_no_weight():
    assert_allclose(TABLES.nodes[[0, 5, 10, 15]], [-1, -1 / 3, 1 / 3, 1], atol=1e-15)
    assert TABLES.weights[-1] == 0
    assert np.all(np.diff(TABLES.nodes) > 0)


def test_in_a_panel_polynomials_have_their_slopes_and_integrals():
    x = TABLES.nodes[5:11]
    assert_allclose(TABLES.slopes @ x**5, 5 * x**4, atol=1e-12)
    assert_allclose(TABLES.beyond @ x**5, ((1 / 3) ** 6 - x**6) / 6, atol=1e-14)
    assert np.all(np.abs(TABLES.slopes.sum(1)) < 1e-14)


def test_points_between_nodes_and_on_them():
    at = np.concatenate([np.linspace(-1, 1, 41), TABLES.nodes])
    assert_allclose(between(at, TABLES).read(TABLES.nodes**5), at**5, atol=1e-14)
    traced = jax.jit(lambda x: between(x, TABLES).read(jnp.asarray(TABLES.nodes**5)))(at)
    assert_allclose(traced, at**5, atol=1e-14)


def test_a_node_is_its_own_value():
    assert_allclose(lagrange(np.array([2.0]), np.arange(6)), [[0, 0, 1, 0, 0, 0]], atol=0)


def test_backward_differences():
    """Of fourth order: 25/12, -4, 3, -4/3, 1/4."""
    assert_allclose(differentiation(np.arange(5.0))[-1], [1 / 4, -4 / 3, 3, -4, 25 / 12], atol=1e-13)
