"""Inputs, their Gram matrix and targets of the tests of mean-field theory."""

import jax
import jax.numpy as jnp

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (4, 4), float)
GRAM = X @ X.T / 4
Y = jnp.array([1.0, -0.7, 0.4])  # the fourth point is a test point
SMALL = GRAM[:2, :2]
