"""Whitened points and square roots."""

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable.numerics import gaussians

KEY = jax.random.key(0)


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
