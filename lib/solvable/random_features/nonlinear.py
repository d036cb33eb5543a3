r"""Nonlinear random features: what an activation does to a power law of eigenvalues.

Preactivations X = W^T x of data with covariance :math:`\Lambda` have the Gram matrix :math:`G = W^\top \Lambda W` over
the d features, and a feature :math:`\phi(X_i)` the covariance :math:`K_{ij} = \langle \phi(X_i)\, \phi(X_j) \rangle`.
"""

from __future__ import annotations

from math import isqrt

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    as_floats,
    finite_answer,
    require,
    require_count,
    require_float64,
    require_key,
    require_kind,
    require_scalar,
)
from .._grams import require_gram
from .._memory import require_memory
from ..gaussian import Function, averages
from ..spectra import Spectrum

__all__ = ["covariance", "gram", "law", "products"]

POWERS = (1, 2, 3)
LARGEST = 1e100
BLOCK = 1024
"""Modes whose weights stand in memory together."""


@finite_answer
def gram(spectrum: Spectrum, width: int, *, key: Array) -> Float[Array, "d d"]:
    r"""The Gram matrix of random directions in data with this spectrum.

    .. math:: G = W^\top \Lambda\, W, \qquad W_{ji} \sim N(0, 1), \quad j = 1 \ldots v, \quad i = 1 \ldots d

    Args:
      spectrum: the v modes, one by one; their task power is of no matter.
      width: d, features, whole and >= 1.
      key: a jax random key.

    Returns:
      G, shape (d, d). Its diagonal is near the sum of the eigenvalues.

    Raises:
      ValueError: for a width or a key that is none, or a spectrum with multiplicities.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    One draw; the weights of 1,024 modes stand in memory at a time. Source: the definition of the model, after
    E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024). Book: "A polynomial does very little to a power law".
    """
    require_float64()
    require_kind("spectrum", spectrum, Spectrum)
    if spectrum.multiplicity is not None:
        raise ValueError("spectrum must have its modes one by one: weights are drawn for each; got multiplicities")
    require_key(key)
    width = require_count("width", width)
    require_memory(lambda width: 8 * width * (3 * width + 2 * BLOCK), width=width)
    blocks = -(-spectrum.eigenvalues.size // BLOCK)
    rows = jnp.zeros(blocks * BLOCK).at[: spectrum.eigenvalues.size].set(spectrum.eigenvalues).reshape(blocks, BLOCK)

    def add(total: Array, block: tuple[Array, Array]) -> tuple[Array, None]:
        eigenvalues, key = block
        weights = jax.random.normal(key, (BLOCK, width), float)
        return total + weights.T @ (eigenvalues[:, None] * weights), None

    return jax.lax.scan(add, jnp.zeros((width, width)), (rows, jax.random.split(key, blocks)))[0]


@finite_answer
def covariance(gram: Float[Array, "d d"], activation: str | int | Function) -> Float[Array, "d d"]:
    r"""The covariance of nonlinear features of Gaussian preactivations.

    .. math::
       x:\;& G_{ij}, \qquad x^2:\; G_{ii} G_{jj} + 2\, G_{ij}^2, \qquad
       x^3:\; 9\, G_{ii} G_{jj} G_{ij} + 6\, G_{ij}^3 \\
       \phi:\;& \langle \phi(u)\, \phi(v) \rangle, \qquad
          (u, v) \sim N\Big(0, \begin{pmatrix} G_{ii} & G_{ij} \\ G_{ij} & G_{jj} \end{pmatrix}\Big)

    Args:
      gram: G, of the preactivations, shape (d, d).
      activation: 1, 2 or 3 for a power; or phi as in `gaussian.averages`: "relu", "erf", a function.

    Returns:
      K, shape (d, d): second moments, the mean of a feature not taken off.

    Raises:
      ValueError: for a matrix that is no Gram matrix, a power that is none of the three, an unknown activation.
      RuntimeError: where jax is in float32.

    Powers are exact, by Isserlis' theorem; others as exact as `gaussian.averages`. Features that are random directions
    of unit weights have K / d of order one.
    Source: Isserlis (1918); Williams (1997) for erf, Cho and Saul (2009) for ReLU.
    Book: "A polynomial does very little to a power law".
    """
    require_float64()
    require_gram("gram", gram)
    require("gram", gram, f"at most {LARGEST:g} in size, for its cubes", lambda x: np.abs(x) <= LARGEST)
    gram = as_floats(gram)
    size = jnp.diagonal(gram)
    if isinstance(activation, int):
        if activation is True or activation not in POWERS:
            raise ValueError(f"activation must be one of the powers {POWERS}, or phi; got {activation}")
        pair = size[:, None] * size
        return (gram, pair + 2 * gram**2, 9 * pair * gram + 6 * gram**3)[activation - 1]
    return averages(activation, size[:, None], size, gram).product


def law(power: int, modes: int, exponent: ArrayLike) -> Float[Array, " modes"]:
    r"""How the eigenvalues of a power of random features go.

    .. math:: \lambda_j(K) \sim \Big[ \frac{\ln^{p-1}(j + 1)}{j} \Big]^{2\alpha}, \qquad
              1 \ll j \ll \frac{d}{\ln^{p+1} d}

    Args:
      power: p, whole and >= 1.
      modes: how many eigenvalues, whole and >= 1.
      exponent: 2 alpha > 0, of the data's eigenvalues.

    Returns:
      Shape (modes,), the law without its constant, for j from 1 on.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    A statement about orders: ratios to it are flat for p = 1 and for p = 2 from j = 10 on; for p = 3 they still fall at
    d = 2,000. Weights have unit variance and K is divided by d. Source: arXiv:2603.14578 (2026).
    Book: "A polynomial does very little to a power law".
    """
    require_float64()
    power, modes = require_count("power", power), require_count("modes", modes)
    _require_exponent(exponent)
    j = jnp.arange(1.0, modes + 1)
    return (jnp.log(j + 1) ** (power - 1) / j) ** jnp.asarray(exponent, float)


def products(modes: int, exponent: ArrayLike) -> Float[Array, " modes"]:
    r"""The largest products of two eigenvalues of a power law: what random features squared show.

    .. math:: \lambda_a \lambda_b = (a\, b)^{-2\alpha}, \quad a \le b, \qquad
              \lambda_{j+1}(K) \approx \frac4d \times \text{the } j\text{-th largest}, \quad K = \text{that of } x^2
              \text{ over weights } N(0, 1/d)

    Args:
      modes: how many, whole and >= 1.
      exponent: 2 alpha > 0, of the eigenvalues.

    Returns:
      Shape (modes,), in falling order.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    There are about (n ln n) / 2 products a b <= n, which is where the logarithm of `law` comes from.
    Source: derived here. Book: "A polynomial does very little to a power law".
    """
    require_float64()
    modes = require_count("modes", modes)
    _require_exponent(exponent)
    require_memory(lambda modes: 40 * modes, modes=modes)
    pairs: list[np.ndarray] = [a * np.arange(a, modes // a + 1) for a in range(1, isqrt(modes) + 1)]
    return jnp.asarray(np.sort(np.concatenate(pairs))[:modes], float) ** -jnp.asarray(exponent, float)


def _require_exponent(exponent: ArrayLike) -> None:
    require_scalar("exponent", exponent)
    require("exponent", exponent, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
