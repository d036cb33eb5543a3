"""Spectra: how large each feature is, and how much of the task lies along it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ._checks import (
    MOST,
    as_floats,
    concrete,
    require,
    require_count,
    require_flag,
    require_float64,
    require_known,
    require_nonnegative,
    require_positive,
    require_scalar,
    require_shape,
    shape_of,
)
from ._memory import require_memory
from ._pytree import Numbers, numpy_for, pytree

__all__ = ["Spectrum", "gauss_sum"]

NODES = 12  # of a Gauss sum, for every factor of two
OCTAVES = 64  # factors of two that a traced number of modes has room for


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
      multiplicity: shape (K,), positive, how many modes share each eigenvalue; their task power is given in one sum. It
        need not be whole: see ``binned`` of `power_law`. None is one mode each.

    Raises:
      ValueError: for wrong shapes or values out of range, named with the value.
      RuntimeError: where jax is in float32.

    The order of the modes is free: every result is a sum over them.
    Source: Bordelon, Atanasov, Pehlevan (2024). Book: "A model you can solve".
    """

    eigenvalues: Float[Array, " K"]
    task_power: Float[Array, " K"]
    multiplicity: Float[Array, " K"] | None = None

    def __init__(self, eigenvalues: Numbers, task_power: Numbers, multiplicity: Numbers | None = None) -> None:
        require_float64()
        given = {"eigenvalues": eigenvalues, "task_power": task_power}
        given |= {} if multiplicity is None else {"multiplicity": multiplicity}
        for name, numbers in given.items():
            require_shape(name, numbers, 1, "one number per mode, shape (K,)")
            if np.shape(numbers) != np.shape(eigenvalues):
                raise ValueError(
                    f"{name} must have one number per eigenvalue; got shapes "
                    f"{np.shape(numbers)} and {np.shape(eigenvalues)}"
                )
            if name == "task_power":
                require_nonnegative(name, numbers)
            else:
                require(name, numbers, "positive and finite", lambda x: (x > 0) & np.isfinite(x))
            object.__setattr__(self, name, as_floats(numbers))

    @classmethod
    def power_law(
        cls, *, a: ArrayLike, b: ArrayLike, modes: ArrayLike, normalize: bool = True, binned: bool = False
    ) -> Spectrum:
        r"""Power-law features and a power-law task.

        .. math:: \lambda_k = k^{-b}, \qquad c_k = k^{-a}, \qquad k = 1 \ldots K

        Args:
          a: exponent of the task power, > 1. A larger `a` is an easier task.
          b: exponent of the eigenvalues, > 0.
          modes: the number of modes K, whole and >= 1. Power laws in N or P need K well above both (about 100 times).
            Where `binned`, jax may trace it, up to 2^64.
          normalize: divide eigenvalues and task powers each by their own sum, so that the loss starts at 1 and
            the eigenvalues sum to 1.
          binned: replace the sums over modes by Gauss sums (`spectra.gauss_sum`), 12 nodes for every factor of two in
            k. A trillion modes are then 450 numbers, and sums over modes stay right to 1e-9. For theories only: an
            experiment needs its modes one by one. A traced number of modes has nodes for 2^64 of them, most of no
            weight, so that nothing is compiled anew where it changes.

        Returns:
          A `Spectrum` of shape (K,), the largest eigenvalue first; binned, of one number a node, with a multiplicity.

        Raises:
          ValueError: for an argument out of range, named with its value, or more modes than memory or float64 can hold.
          TypeError: for `normalize` or `binned` that is neither True nor False.
          RuntimeError: where jax is in float32.

        Exact one by one. Source: A. Maloney, D. Roberts, J. Sully (2022); B. Bordelon, A. Atanasov, C. Pehlevan (2024).
        Book: "A model you can solve".
        """
        require_float64()
        require_scalar("a", a)
        require_scalar("b", b)
        require("a", a, "> 1, or the task has no finite power", lambda x: (x > 1) & np.isfinite(x))
        require_positive("b", b)
        for name, flag in (("normalize", normalize), ("binned", binned)):
            require_flag(name, flag)
        traced = binned and concrete(modes) is None
        last = 2**OCTAVES if traced else require_count("modes", modes, most=inf if binned else MOST)
        if not binned:
            require_memory(lambda modes: 40 * modes, modes=last)
        if binned:
            k, count = padded_octaves(as_floats(modes)) if traced else _octaves(last)
        else:
            k, count = np.arange(1.0, last + 1), None
        numpy = numpy_for((a, b, k))
        eigenvalues, task_power = (k ** -numpy.asarray(as_floats(exponent)) for exponent in (b, a))
        require("b", b, f"small enough for {last:.3g} modes in float64", lambda x: float(last) ** -x > 0)
        task_power = task_power if count is None else count * task_power
        if normalize:
            trace = numpy.sum(eigenvalues if count is None else count * eigenvalues)
            eigenvalues, task_power = eigenvalues / trace, task_power / task_power.sum()
        return cls(eigenvalues, task_power, count)

    @classmethod
    def from_features(cls, features: Numbers, targets: Numbers) -> tuple[Spectrum, Array]:
        r"""The spectrum measured on a population of inputs, one row per input.

        .. math:: \frac1M \Phi^\top\Phi = \sum_k \lambda_k u_k u_k^\top, \qquad
                  c_k = \frac1{\lambda_k} \Big\| \frac1M \sum_x y(x)\, u_k\cdot\phi(x) \Big\|^2

        Args:
          features: :math:`\Phi`, shape (M, S): S features of each of M inputs.
          targets: shape (M,) or (M, C). Several outputs share the features, so their task powers add up.

        Returns:
          The spectrum, and a scalar, the residual, which is the mean square of the targets that no linear function of
          the features reaches. A linear student meets it as label noise, so pass it on as ``noise=``. Directions in
          which the features do not vary (eigenvalues at rounding level) are left out.

        Raises:
          ValueError: for wrong shapes, NaN, values that jax is tracing, or features that are all zero.
          RuntimeError: where jax is in float32.

        Exact for this population. Source: B. Bordelon, A. Canatar, C. Pehlevan (2020). Book: "Three bottlenecks", the
        digits.
        """
        require_float64()
        require_shape("features", features, 2, "a table (M inputs, S features)")
        if len(shape_of("targets", targets)) == 1:
            require_known("targets", targets)
            targets = np.asarray(targets)[:, None]
        require_shape("targets", targets, 2, "a table (M inputs, C outputs), or one number per input")
        if np.shape(features)[0] != np.shape(targets)[0]:
            raise ValueError(
                f"targets must have one row per row of features; got {np.shape(targets)[0]} and {np.shape(features)[0]}"
            )
        for name, table in (("features", features), ("targets", targets)):
            require_known(name, table)
            require(name, table, "finite", np.isfinite)
        require_memory(lambda columns: 16 * columns**2, **{"features.shape[1]": np.shape(features)[1]})
        phi: np.ndarray = np.asarray(features, dtype=float)
        y: np.ndarray = np.asarray(targets, dtype=float)
        eigenvalues, directions = np.linalg.eigh(phi.T @ phi / len(phi))
        kept = eigenvalues > eigenvalues[-1] * max(phi.shape) * np.finfo(float).eps
        if not kept.any():
            raise ValueError("features must vary; got all zeros")
        overlaps = directions[:, kept].T @ (phi.T @ y) / len(phi)  # E y psi_k
        power = np.sum(overlaps**2, axis=1) / eigenvalues[kept]
        residual = np.mean(np.sum(y**2, axis=1)) - power.sum()
        if not np.isfinite(residual):
            raise ValueError("features and targets must be of a size whose squares float64 can hold; got larger ones")
        return cls(eigenvalues[kept][::-1], power[::-1]), jnp.asarray(max(residual, 0.0))

    @property
    def modes(self) -> int | Array:
        """The number of modes K; an array while jax is tracing the multiplicity."""
        if self.multiplicity is None:
            return self.eigenvalues.shape[0]
        total = jnp.sum(self.multiplicity)
        return total if concrete(total) is None else round(float(total))

    @property
    def counts(self) -> Float[Array, " K"]:
        """The multiplicity, shape (K,), as an array also where every mode stands alone."""
        return jnp.ones_like(self.eigenvalues) if self.multiplicity is None else self.multiplicity

    @property
    def teacher(self) -> Float[Array, " K"]:
        r"""The task's weights :math:`\bar w_k`, shape (K,), with a plus sign, since losses know their squares only.

        Of modes that share an eigenvalue it is the length of their weights.
        """
        return jnp.sqrt(self.task_power / self.eigenvalues)

    def dimension(self, kappa: Numbers, order: int = 1) -> Array:
        r"""Effective dimension: how many modes stand above the resolution `kappa`.

        .. math:: d_j(\kappa) = \sum_k \Big(\frac{\lambda_k}{\lambda_k + \kappa}\Big)^j

        Args:
          kappa: the resolution, >= 0, in the unit of the eigenvalues; any shape.
          order: the power j, whole and >= 1; 1 and 2 enter the theory.

        Returns:
          An array of the shape of `kappa`, between 0 and K.

        Raises:
          ValueError: for a negative kappa, or an order below 1.

        Exact. Source: B. Bordelon, A. Canatar, C. Pehlevan (2020). Book: "A model you can solve".
        """
        require_nonnegative("kappa", kappa)
        order = require_count("order", order)
        require_memory(lambda count: 16 * len(self.eigenvalues) * count, **{"kappa.size": np.size(kappa)})
        filled = self.eigenvalues / (self.eigenvalues + as_floats(kappa)[..., None])
        return filled**order @ self.counts


def largest(spectrum: Spectrum, count: ArrayLike) -> Float[Array, " K"]:
    """Of each node the share that belongs to the `count` modes with the largest eigenvalues; a node may be empty."""
    order = jnp.argsort(-spectrum.eigenvalues)
    modes = spectrum.counts[order]
    share = jnp.clip((count - (jnp.cumsum(modes) - modes)) / jnp.where(modes > 0, modes, 1.0), 0.0, 1.0)
    return jnp.zeros_like(share).at[order].set(share)


def gauss_sum(first: int, last: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    r"""Gauss quadrature for a sum over whole numbers.

    .. math:: \sum_{k=\mathrm{first}}^{\mathrm{last}} f(k) \approx \sum_j w_j\, f(x_j)

    Args:
      first: the first number of the sum, whole and >= 0.
      last: the last, whole and >= `first`; it may be beyond 2^64.
      points: of the rule, whole and >= 1; what the range does not need is left out.

    Returns:
      Nodes and weights, shape (min(points, last - first + 1),) each.

    Raises:
      ValueError: for an argument that is no whole number, a range that ends before it begins, or no points.

    Exact where f is a polynomial of degree below twice `points`, and where `points` covers the range. The nodes are the
    eigenvalues of the Jacobi matrix of the discrete Chebyshev (Gram) polynomials.
    Source: the rule of G. Golub, J. Welsch (1969) for these polynomials. Book: "A model you can solve".
    """
    first, points = require_count("first", first, 0, inf), require_count("points", points)
    last = require_count("last", last, first, inf)
    count = float(last - first + 1)  # may be beyond 2^64
    require_memory(lambda points: 16 * points**2, points=min(points, count))
    j = np.arange(1.0, min(points, count))
    side = j * np.sqrt((1 - (j / count) ** 2) / (4 * (4 * j**2 - 1)))  # in the unit of count
    nodes, vectors = np.linalg.eigh(np.diag(side, 1) + np.diag(side, -1))
    return (first + last) / 2 + count * nodes, count * vectors[0] ** 2


def _octaves(last: int) -> tuple[Any, Any]:
    """Gauss nodes and weights for the sum from 1 to `last`, one rule for every factor of two."""
    edges = [2**j - 1 for j in range(last.bit_length())] + [last]
    rules = [gauss_sum(low + 1, high, NODES) for low, high in pairwise(edges) if high > low]
    nodes, weights = zip(*rules, strict=True)
    return np.concatenate(nodes), np.concatenate(weights)


def padded_octaves(last: Array, octaves: int = OCTAVES) -> tuple[Any, Any]:
    """The same where jax traces `last`: nodes for that many factors of two, those beyond `last` of weight zero."""
    first = 2.0 ** np.arange(octaves)
    count = jnp.clip(jnp.floor(jax.lax.stop_gradient(last)) - first + 1, 0, first)[:, None]
    j = np.arange(1.0, NODES)
    side = j * jnp.sqrt(jnp.maximum(1 - (j / jnp.maximum(count, 1)) ** 2, 0) / (4 * (4 * j**2 - 1)))
    beside = jnp.zeros((octaves, NODES, NODES)).at[:, j.astype(int) - 1, j.astype(int)].set(side)
    nodes, vectors = jnp.linalg.eigh(beside + beside.swapaxes(1, 2))
    middle = first[:, None] + jnp.maximum(count - 1, 0) / 2
    return (middle + count * nodes).ravel(), (count * vectors[:, 0] ** 2).ravel()
