"""The angle against numpy's in extended precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.numerics.arctan import arctan2


@pytest.mark.parametrize(("dtype", "bound"), [(jnp.float64, 5e-16), (jnp.float32, 3e-7)])
def test_the_angle_is_right_to_rounding_all_around(dtype, bound):
    """Relative to the angle, so that small ones are right too."""
    angles = np.concatenate([np.linspace(-np.pi, np.pi, 40_001), np.logspace(-12, 0, 1000), -np.logspace(-12, 0, 1000)])
    y, x = (jnp.asarray(3 * one(angles), dtype) for one in (np.sin, np.cos))
    exact = np.arctan2(np.asarray(y, np.longdouble), np.asarray(x, np.longdouble))
    found = np.asarray(arctan2(y, x), np.longdouble)
    assert (np.abs(found - exact) <= bound * np.abs(exact)).all()
    corners = jnp.array([[0.0, 0.0], [0.0, 1.0], [0.0, -1.0], [2.0, 0.0], [-2.0, 0.0], [1.0, 1.0]], dtype).T
    assert_allclose(arctan2(*corners), jnp.arctan2(*corners), rtol=bound)
    slopes = [jax.vmap(jax.grad(one, argnums=(0, 1)))(y[1::97], x[1::97]) for one in (arctan2, jnp.arctan2)]
    assert_allclose(*slopes, atol=bound)
