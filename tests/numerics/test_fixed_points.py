"""Anderson acceleration: where plain iteration crawls or diverges, and what it says where it fails."""

import jax.numpy as jnp
import numpy as np
from numpy.testing import assert_allclose

from solvable.numerics.fixed_points import TOLERANCE, anderson


def test_a_slow_linear_map_is_solved():
    """Rates up to 0.999: plain iteration would need 20,000 sweeps; a diverging one would never get there."""
    rates = jnp.array([0.999, 0.9, 0.5, -0.8, -3.0])
    point, residual = anderson(lambda x: rates * x + 1.0, jnp.zeros(5))
    assert residual < TOLERANCE
    assert_allclose(point, 1 / (1 - rates), rtol=1e-6)


def test_shapes_and_nonlinear_maps():
    point, residual = anderson(jnp.cos, jnp.ones((2, 3)))
    assert residual < TOLERANCE
    assert_allclose(point, np.full((2, 3), 0.7390851332151607), atol=1e-10)


def test_a_map_without_a_fixed_point_says_so():
    _, residual = anderson(lambda x: x + 1.0, jnp.zeros(2))
    assert not residual < 0.1
