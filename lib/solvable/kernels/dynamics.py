r"""Training with a kernel that stays: the lazy limit, in closed form.

.. math:: \frac{df}{dt} = K p\,(y - f) - r f, \qquad
          f_\star(t) = K_\star p^{1/2}\, \frac{1 - e^{-(S + r) t}}{S + r}\, p^{1/2} y, \qquad S = p^{1/2} K p^{1/2}

from f = 0, with data weights p and a ridge r that pulls the weights back to where they began. A step of gradient
descent replaces the exponential by 1 - eta (S + r).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    concrete,
    require,
    require_count,
    require_float64,
    require_gram,
    require_nonnegative,
    require_positive,
    require_scalar,
    require_times,
)
from .._pytree import Numbers, pytree
from ..results import Saved


@pytree
@dataclass(frozen=True)
class Predictions(Saved):
    """What a kernel machine says while it learns.

    Attributes:
      times: shape (T,); step numbers for gradient descent.
      outputs: shape (T, P, ...), on the training points.
      test: shape (T, M, ...), on further points; None without them.
      parameters: what made them.
    """

    times: Float[Array, " T"]
    outputs: Array
    test: Array | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def gradient_flow(
    kernel: Array,
    targets: Array,
    times: Numbers,
    *,
    cross: Array | None = None,
    ridge: ArrayLike = 0.0,
    weights: Numbers | None = None,
) -> Predictions:
    """Outputs at these times, exactly.

    Args:
      kernel: K, shape (P, P), symmetric without negative eigenvalues.
      targets: y, shape (P,) or (P, O).
      times: >= 0, in units of 1 / (learning rate x eigenvalue of K p).
      cross: K between further points (rows) and the training points (columns), shape (M, P).
      ridge: r >= 0.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.

    Returns:
      ``Predictions``.

    Raises:
      ValueError: for an argument out of range, named with its value.

    Source: Jacot et al. (2018), Lee et al. (2019). Book: "The kernel limit".
    """
    times = require_times(times)
    modes = _Modes(kernel, targets, cross, ridge, weights)
    rates = modes.eigenvalues + ridge
    learned = jnp.where(rates > 0, -jnp.expm1(-times[:, None] * rates) / jnp.where(rates > 0, rates, 1), times[:, None])
    return modes.predict(times, learned, {"ridge": ridge})


def gradient_descent(
    kernel: Array,
    targets: Array,
    steps: int,
    *,
    learning_rate: ArrayLike,
    cross: Array | None = None,
    ridge: ArrayLike = 0.0,
    weights: Numbers | None = None,
) -> Predictions:
    """Outputs after 0, 1, ..., steps steps of full-batch gradient descent, exactly; other arguments as above.

    Args:
      learning_rate: eta > 0, at most 2 / (largest eigenvalue of K p + r): beyond, training diverges.

    Raises:
      ValueError: also for a learning rate past stability, with the bound.
    """
    steps = require_count("steps", steps, 0)
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)
    modes = _Modes(kernel, targets, cross, ridge, weights)
    rates = modes.eigenvalues + ridge
    bound = concrete(2 / jnp.maximum(rates.max(), jnp.finfo(float).tiny))
    if bound is not None:
        require("learning_rate", learning_rate, f"<= 2 / (largest eigenvalue) = {bound:.6g}", lambda x: x <= bound)
    times = jnp.arange(steps + 1.0)
    powers = (1 - learning_rate * rates) ** times[:, None]
    learned = jnp.where(rates > 0, (1 - powers) / jnp.where(rates > 0, rates, 1), learning_rate * times[:, None])
    return modes.predict(times, learned, {"ridge": ridge, "learning_rate": learning_rate})


class _Modes:
    """The kernel's eigenvectors, and the targets in them."""

    def __init__(
        self, kernel: Array, targets: Array, cross: Array | None, ridge: ArrayLike, weights: Numbers | None
    ) -> None:
        require_float64()
        require_gram("kernel", kernel)
        require_scalar("ridge", ridge)
        require_nonnegative("ridge", ridge)
        count = len(kernel)
        if np.shape(targets)[:1] != (count,):
            raise ValueError(f"targets must have one row for each of the {count} points; got shape {np.shape(targets)}")
        require("targets", targets, "finite", np.isfinite)
        p = jnp.ones(count) if weights is None else jnp.asarray(weights, float)
        if p.shape != (count,):
            raise ValueError(f"weights must have shape ({count},); got {p.shape}")
        require_positive("weights", p)
        if cross is not None and np.shape(cross)[1:] != (count,):
            raise ValueError(f"cross must have a column for each of the {count} points; got shape {np.shape(cross)}")
        self.root = jnp.sqrt(p)
        values, self.vectors = jnp.linalg.eigh(self.root[:, None] * jnp.asarray(kernel, float) * self.root)
        self.eigenvalues = jnp.maximum(values, 0)
        y = jnp.asarray(targets, float)
        self.shape = y.shape[1:]
        self.targets = self.vectors.T @ (self.root[:, None] * y.reshape(count, -1))
        self.cross = None if cross is None else jnp.asarray(cross, float) @ (self.root[:, None] * self.vectors)

    def predict(self, times: Array, learned: Array, parameters: dict[str, Any]) -> Predictions:
        """Outputs where the targets were learned by these amounts, (T, modes)."""
        amounts = learned[:, :, None] * self.targets
        own = (self.vectors * self.eigenvalues) / self.root[:, None]

        def at(points: Array) -> Array:
            return jnp.einsum("mk,tko->tmo", points, amounts).reshape(len(times), -1, *self.shape)

        return Predictions(times, at(own), None if self.cross is None else at(self.cross), parameters)
