r"""Deep linear networks by the eigenvectors of their Gram matrix: the weight of one number, ln u, and its slope.

Given the squared norms :math:`N u_l` of what lies above each layer, a deep linear network of width N has

.. math:: f \sim N\Big(0, \frac{U K}{\gamma_0^2 N}\Big), \qquad U = \prod_{l=1}^L u_l, \qquad u_l \sim \chi^2_N / N

independent.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ..numerics.slopes import without_slopes
from .results import Task

GRID = 2048  # of the scan for the largest saddle point


class Modes(NamedTuple):
    """The training Gram matrix by its eigenvectors, and all points' inner products with them."""

    values: Array  # (P,)
    targets: Array  # (P,), or (P, C)
    cross: Array  # (Q, P)
    inverse_temperature: Array

    @classmethod
    def of(cls, task: Task) -> Modes:
        sentence = "gram and kernel must not be differentiated: where eigenvalues meet, their vectors have no slope"
        values, vectors = jnp.linalg.eigh(without_slopes(sentence, task.gram[: task.known, : task.known]))
        cross = task.gram[:, : task.known] @ vectors
        return cls(jnp.maximum(values, 0), vectors.T @ task.targets, cross, task.inverse_temperature)

    def kappa(self, scale: ArrayLike) -> Array:
        """(U K + 1/beta)^-1 y, in the eigenvectors."""
        return (self.targets.T / (scale * self.values + 1 / self.inverse_temperature)).T

    def outputs(self, scale: ArrayLike) -> Array:
        """U K kappa on all points."""
        return scale * self.cross @ self.kappa(scale)


def action(log_u: Array, modes: Modes, depth: int, richness: ArrayLike, width: ArrayLike) -> Array:
    """ln p / N where all u are equal, up to a constant."""
    noisy = jnp.exp(depth * log_u) * modes.values + 1 / modes.inverse_temperature
    prior = depth * (log_u - jnp.exp(log_u))
    return (prior - richness**2 * (modes.targets**2 / noisy).sum() - jnp.log(noisy).sum() / width) / 2


def slope(log_u: Array, modes: Modes, depth: int, richness: ArrayLike, width: ArrayLike) -> Array:
    """The equation for u: its right side less its left one; also 2 / L times the slope of the action in ln(u)."""
    scale = jnp.exp(depth * log_u)
    kappa = modes.kappa(scale)
    trace = (scale * modes.values / (scale * modes.values + 1 / modes.inverse_temperature)).sum()
    return 1 + richness**2 * scale * kappa @ (modes.values * kappa) - trace / width - jnp.exp(log_u)


def scan(modes: Modes, richness: Array, width: ArrayLike) -> Array:
    """Values of ln(u), all solutions among them."""
    # u - 1 is at most gamma^2 sum U K y^2 / (U K + 1/beta)^2 <= gamma^2 beta y^2 / 4; and 1 - u <= beta u tr(K) / N
    beta = modes.inverse_temperature
    high = jnp.log1p(richness**2 * beta * (modes.targets**2).sum() / 4) + 0.01
    low = -jnp.log1p(beta * modes.values.sum() / width) - 0.01
    return jnp.linspace(low, high, GRID)
