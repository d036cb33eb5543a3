"""Real data that needs no download: scikit-learn's handwritten digits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._checks import require_count, require_float64


def digits() -> tuple[Float[Array, "1797 64"], Float[Array, "1797 10"]]:
    """The 1,797 handwritten digits of scikit-learn, 8 x 8 pixels each.

    Returns:
      Images (1797, 64), the mean image subtracted, each of unit norm; targets (1797, 10), one-hot labels with their
      mean subtracted.

    Raises:
      ImportError: where scikit-learn is missing; ``pip install scikit-learn`` brings it.

    Source: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI (1998). Book: "Three bottlenecks".
    """
    require_float64()
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("the digits come with scikit-learn: pip install scikit-learn") from error
    bunch = load_digits()
    images = jnp.asarray(bunch.data) - bunch.data.mean(axis=0)
    targets = jax.nn.one_hot(bunch.target, 10, dtype=jnp.float64)
    return images / jnp.linalg.norm(images, axis=1, keepdims=True), targets - targets.mean(axis=0)


def relu_features(inputs: Float[Array, "M D"], size: int, *, key: Array) -> Float[Array, "M S"]:
    r"""Random features: one frozen, wide layer of a ReLU network.

    .. math:: \phi_s(x) = \max(0, w_s\cdot x)\,/\sqrt S, \qquad w_s \sim N(0, 1)

    Args:
      inputs: shape (M, D).
      size: the number S of features.
      key: a jax random key.

    Returns:
      Features, shape (M, S).
    """
    size = require_count("size", size)
    weights = jax.random.normal(key, (inputs.shape[1], size), dtype=inputs.dtype)
    return jax.nn.relu(inputs @ weights) / jnp.sqrt(size)
