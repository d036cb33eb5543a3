"""Residual networks at their start in closed form: linear and ReLU ones, and a neuron of a linear one of any width."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, finite_answer, require, require_nonnegative, require_one_of, require_positive
from .._pytree import Numbers
from .branches import branches

__all__ = ["covariance", "kurtosis", "tangent_kernel"]

SLOPES = {"linear": 1.0, "relu": 0.5}  # <phi'^2>, at any variance


@finite_answer
def covariance(
    variance: Numbers,
    *,
    activation: str,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    depth: int | None = None,
) -> Array:
    r"""The variance H of a preactivation in the last layer of a wide network.

    .. math:: H^{L+1} = \Big(1 + s\, \frac{\beta^2}{L^{2\alpha}}\Big)^L q \;\to\; e^{s \beta^2} q
              \quad (\alpha = \tfrac12), \qquad s = 1 \text{ (linear)}, \; \tfrac12 \text{ (ReLU)}

    Args:
      variance: q = x.x / D of inputs, of any shape; of a linear network also x.x' / D, entries of the Gram matrix.
      activation: "linear" or "relu".
      branch: beta >= 0.
      branch_power: alpha, one finite number; >= 1/2 in the limit.
      depth: L, branches, whole and >= 1; None for the limit.

    Returns:
      An array of the shape of `variance`.

    Raises:
      ValueError: for an argument out of range; for a branch_power below 1/2 where a limit is asked for.

    Exact for width -> infinity, and as an average over linear networks of any width. Source: derived here; the
    recursion is that of Bordelon, Noci, Li, Hanin, Pehlevan (2024). Book: "Depth without end".
    """
    q, slope = _start(variance, activation)
    return q * _growth(slope * branches(branch, branch_power, depth).noise, depth)


@finite_answer
def tangent_kernel(
    variance: Numbers,
    *,
    activation: str,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    depth: int | None = None,
) -> Array:
    r"""The tangent kernel K of a wide network, with the rates of `networks.ResidualMLP`.

    .. math:: K = s\, (1 + s b^2)^{L-1} \big[2\,(1 + s b^2) + s \beta^2\big]\, q \;\to\; s\, (2 + s \beta^2)\,
              e^{s \beta^2} q \quad (\alpha = \tfrac12), \qquad b = \frac{\beta}{L^\alpha}

    with s = 1 (linear) and 1/2 (ReLU).

    Args:
      variance: q = x.x / D of inputs, of any shape; of a linear network also x.x' / D, entries of the Gram matrix.
      activation: "linear" or "relu".
      branch: beta >= 0.
      branch_power: alpha, one finite number; >= 1/2 in the limit. Below it rates are plain, and in the brackets
        beta^2 is L b^2.
      depth: L, branches, whole and >= 1; None for the limit.

    Returns:
      An array of the shape of `variance`.

    Raises:
      ValueError: for an argument out of range; for a branch_power below 1/2 where a limit is asked for.

    Exact for width -> infinity. Source: derived here; the recursion is that of Bordelon, Noci, Li, Hanin, Pehlevan
    (2024). Book: "A neuron's walk through the layers".
    """
    q, slope = _start(variance, activation)
    noise, learning = branches(branch, branch_power, depth)
    one, layers = (1, 1) if depth is None else (1 + slope * noise, depth)
    return slope * q * _growth(slope * noise, depth) * (2 + slope * layers * learning / one)


@finite_answer
def kurtosis(
    width: Numbers, *, depth: int | None = None, branch: ArrayLike = 1.0, branch_power: ArrayLike = 0.5
) -> Array:
    r"""How far the law of a neuron in the last layer of a linear network is from a Gaussian one, whose value is 3.

    .. math:: \frac{\langle h^4\rangle}{\langle h^2\rangle^2} = 3 \left[\frac{(1 + b^2)^2 + 4 b^2/N + 2 b^4/N}
              {(1 + b^2)^2}\right]^L \;\to\; 3\, e^{4\beta^2/N} \quad (\alpha = \tfrac12), \qquad
              b = \frac{\beta}{L^\alpha}

    over networks and neurons, for one input.

    Args:
      width: N >= 1, of any shape.
      depth: L, branches, whole and >= 1; None for the limit.
      branch: beta >= 0.
      branch_power: alpha, one finite number; >= 1/2 in the limit.

    Returns:
      An array of the shape of `width`.

    Raises:
      ValueError: for an argument out of range; for a branch_power below 1/2 where a limit is asked for.

    Exact. At N = 1 it is that of a product of L factors: log-normal for large L. Few networks make it what it is
    there, and no sample of a sensible size finds them. Source: derived here, from how <h^4> grows layer by layer.
    Book: "A neuron's walk through the layers".
    """
    require_positive("width", width)
    require("width", width, ">= 1", lambda n: n >= 1)
    n, noise = as_floats(width), branches(branch, branch_power, depth).noise
    if depth is None:
        return 3 * jnp.exp(4 * noise / n)
    return 3 * jnp.exp(depth * jnp.log1p((4 * noise + 2 * noise**2) / (n * (1 + noise) ** 2)))


def _start(variance: Numbers, activation: str) -> tuple[Array, float]:
    """What H is at the start, and <phi'^2>."""
    require_one_of("activation", activation, SLOPES)
    if activation == "relu":
        require_nonnegative("variance", variance)
    require("variance", variance, "finite", np.isfinite)
    return as_floats(variance), SLOPES[activation]


def _growth(each: Array, depth: int | None) -> Array:
    """By which factor the variance grows over all layers."""
    return jnp.exp(each if depth is None else depth * jnp.log1p(each))
