"""Spectra: how large each feature is, and how much of the task lies along it."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ._checks import require, require_count, require_float64, require_scalar, require_shape
from ._pytree import Numbers, pytree


@pytree
@dataclass(frozen=True, init=False)
class Spectrum:
    r"""A kernel's eigenvalues and the task's power along each eigenfunction.

    .. math:: y(x) = \sum_k \bar w_k \psi_k(x), \qquad E\,\psi_k\psi_l = \lambda_k\,\delta_{kl}, \qquad
              c_k = \lambda_k \bar w_k^2

    Args:
      eigenvalues: :math:`\lambda_k`, shape (K,), positive. Times are in units of 1 / (learning rate x eigenvalue).
      task_power: :math:`c_k`, shape (K,), not negative. Losses come in this unit; :math:`\sum_k c_k` is the loss
        of the zero function.

    Raises:
      ValueError: for wrong shapes or values out of range, named with the value.
      RuntimeError: where jax is in float32.

    The order of the modes is free: every result is a sum over them. Book: "A model you can solve".
    """

    eigenvalues: Float[Array, " K"]
    task_power: Float[Array, " K"]

    def __init__(self, eigenvalues: Numbers, task_power: Numbers) -> None:
        require_float64()
        for name, numbers in (("eigenvalues", eigenvalues), ("task_power", task_power)):
            require_shape(name, numbers, 1, "one number per mode, shape (K,)")
        if np.shape(eigenvalues) != np.shape(task_power):
            raise ValueError(
                "task_power must have one number per eigenvalue; got shapes "
                f"{np.shape(task_power)} and {np.shape(eigenvalues)}"
            )
        require("eigenvalues", eigenvalues, "positive and finite", lambda x: (x > 0) & np.isfinite(x))
        require("task_power", task_power, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
        object.__setattr__(self, "eigenvalues", jnp.asarray(eigenvalues, dtype=jnp.float64))
        object.__setattr__(self, "task_power", jnp.asarray(task_power, dtype=jnp.float64))

    @classmethod
    def power_law(cls, *, a: ArrayLike, b: ArrayLike, modes: int, normalize: bool = True) -> Spectrum:
        r"""Power-law features and a power-law task.

        .. math:: \lambda_k = k^{-b}, \qquad c_k = k^{-a}, \qquad k = 1 \ldots K

        Args:
          a: exponent of the task power, > 1. A larger `a` is an easier task.
          b: exponent of the eigenvalues, > 0.
          modes: the number of modes K. Power laws in N or P need K well above both (about 100 times).
          normalize: divide eigenvalues and task powers each by their own sum, so that the loss starts at 1 and
            the eigenvalues sum to 1.

        Source: A. Maloney, D. Roberts, J. Sully (2022); B. Bordelon, A. Atanasov, C. Pehlevan (2024).
        Book: "A model you can solve".
        """
        require_float64()
        require_scalar("a", a)
        require_scalar("b", b)
        require("a", a, "> 1, or the task has no finite power", lambda x: (x > 1) & np.isfinite(x))
        require("b", b, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
        k = jnp.arange(1, require_count("modes", modes) + 1, dtype=jnp.float64)
        eigenvalues, task_power = k ** -jnp.asarray(b), k ** -jnp.asarray(a)
        if normalize:
            eigenvalues, task_power = eigenvalues / eigenvalues.sum(), task_power / task_power.sum()
        return cls(eigenvalues, task_power)

    @classmethod
    def from_features(cls, features: Numbers, targets: Numbers) -> tuple[Spectrum, Array]:
        r"""The spectrum measured on a population of inputs, one row per input.

        .. math:: \frac1M \Phi^\top\Phi = \sum_k \lambda_k u_k u_k^\top, \qquad
                  c_k = \frac1{\lambda_k} \Big\| \frac1M \sum_x y(x)\, u_k\cdot\phi(x) \Big\|^2

        Args:
          features: :math:`\Phi`, shape (M, S): S features of each of M inputs.
          targets: shape (M,) or (M, C). Several outputs share the features, so their task powers add up.

        Returns:
          The spectrum, and the residual: the mean square of the targets that no linear function of the features
          reaches. A linear student meets it as label noise, so pass it on as ``noise=``. Directions in which the
          features do not vary (eigenvalues at rounding level) are left out.

        Raises:
          ValueError: for wrong shapes, NaN, or features that are all zero.

        Source: B. Bordelon, A. Canatar, C. Pehlevan (2020). Book: "Three bottlenecks", the digits.
        """
        require_float64()
        require_shape("features", features, 2, "a table (M inputs, S features)")
        if np.ndim(targets) == 1:
            targets = np.asarray(targets)[:, None]
        require_shape("targets", targets, 2, "a table (M inputs, C outputs), or one number per input")
        if np.shape(features)[0] != np.shape(targets)[0]:
            raise ValueError(
                f"targets must have one row per row of features; got {np.shape(targets)[0]} and {np.shape(features)[0]}"
            )
        require("features", features, "finite", np.isfinite)
        require("targets", targets, "finite", np.isfinite)
        phi, y = np.asarray(features, dtype=float), np.asarray(targets, dtype=float)
        eigenvalues, directions = np.linalg.eigh(phi.T @ phi / len(phi))
        kept = eigenvalues > eigenvalues[-1] * max(phi.shape) * np.finfo(float).eps
        if not kept.any():
            raise ValueError("features must vary; got all zeros")
        overlaps = directions[:, kept].T @ (phi.T @ y) / len(phi)  # E y psi_k
        power = np.sum(overlaps**2, axis=1) / eigenvalues[kept]
        residual = np.mean(np.sum(y**2, axis=1)) - power.sum()
        return cls(eigenvalues[kept][::-1], power[::-1]), jnp.asarray(max(residual, 0.0))

    @property
    def modes(self) -> int:
        """The number of modes K."""
        return self.eigenvalues.shape[0]

    def dimension(self, kappa: ArrayLike, order: int = 1) -> Array:
        r"""Effective dimension: how many modes stand above the resolution `kappa`.

        .. math:: d_j(\kappa) = \sum_k \Big(\frac{\lambda_k}{\lambda_k + \kappa}\Big)^j

        Args:
          kappa: the resolution, >= 0, in the unit of the eigenvalues; any shape.
          order: the power j; 1 and 2 enter the theory.

        Returns:
          An array of the shape of `kappa`, between 0 and K. Book: "A model you can solve".

        Raises:
          ValueError: for a negative kappa, or an order below 1.
        """
        require("kappa", kappa, ">= 0", lambda x: x >= 0)
        require_count("order", order)
        filled = self.eigenvalues / (self.eigenvalues + jnp.asarray(kappa)[..., None])
        return jnp.sum(filled**order, axis=-1)
