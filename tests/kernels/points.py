"""Inputs of the tests of kernels."""

import jax

KEY = jax.random.key(0)
X = jax.random.normal(KEY, (7, 5), float)
Z = jax.random.normal(jax.random.key(1), (4, 5), float)
