"""Inputs, their Gram matrix and targets of the tests of mean-field theory."""

import jax
import jax.numpy as jnp

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (4, 4), float)
GRAM = X @ X.T / 4
Y = jnp.array([1.0, -0.7, 0.4])  # the fourth point is a test point
SMALL = GRAM[:2, :2]

# three outputs, as one task of all tests of classes
TASK = jnp.array([[1, 0.3, 0.1, -0.2], [0.3, 0.8, 0.2, 0.1], [0.1, 0.2, 1.1, 0.3], [-0.2, 0.1, 0.3, 0.9]])
TARGETS = jnp.array([[1, -0.5, 0.2], [-0.3, 0.8, 0.1], [0.4, 0.2, -0.9], [0.1, -0.6, 0.7]])
LABELS = jnp.array([0, 1, 2, 0])
CHANCES = jnp.eye(3)[LABELS]
LOSSES = [("square", TARGETS, 0.04), ("cross_entropy", CHANCES, 0.1)]
