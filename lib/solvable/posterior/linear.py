r"""Posteriors that are Gaussian but for one number: fixed kernels, and deep linear networks.

Given the squared norms :math:`N u_l` of what lies above each layer, a deep linear network of width N has

.. math:: f \sim N\Big(0, \frac{U K}{\gamma_0^2 N}\Big), \qquad U = \prod_{l=1}^L u_l, \qquad u_l \sim \chi^2_N / N

independent, so that the posterior of :math:`s = \ln U` is known exactly:

.. math:: p(s) \propto p_{\text{prior}}(s)\,
          \exp\Big[-\frac{\gamma_0^2 N}{2}\, y^\top (U K + 1/\beta)^{-1} y - \frac12 \ln\det (U K + 1/\beta)\Big]
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, finite_answer, require, require_count, require_scalar
from .._memory import require_memory
from ..numerics.roots import bisect
from ..numerics.slopes import without_slopes
from .results import Posterior, Task, checked_task

GRID = 2048  # of the scan for the largest saddle point
LAYER = 512  # values of each ln(u) in the exact integral
LOST = 40.0  # what is smaller than e^-40 of the largest weight is left out


class _Modes(NamedTuple):
    """The training Gram matrix by its eigenvectors, and all points' inner products with them."""

    values: Array  # (P,)
    targets: Array  # (P,)
    cross: Array  # (Q, P)
    inverse_temperature: Array

    @classmethod
    def of(cls, task: Task) -> _Modes:
        sentence = "gram and kernel must not be differentiated: where eigenvalues meet, their vectors have no slope"
        values, vectors = jnp.linalg.eigh(without_slopes(sentence, task.gram[: task.known, : task.known]))
        cross = task.gram[:, : task.known] @ vectors
        return cls(jnp.maximum(values, 0), vectors.T @ task.targets, cross, task.inverse_temperature)

    def kappa(self, scale: ArrayLike) -> Array:
        """(U K + 1/beta)^-1 y, in the eigenvectors."""
        return self.targets / (scale * self.values + 1 / self.inverse_temperature)

    def outputs(self, scale: ArrayLike) -> Array:
        """U K kappa on all points."""
        return scale * self.cross @ self.kappa(scale)


@finite_answer
def nngp(kernel: Array, targets: Array, *, inverse_temperature: ArrayLike) -> Posterior:
    r"""The posterior of infinitely wide networks that stay lazy: regression with the kernel of the prior.

    .. math:: f = \Phi\, (\Phi + 1/\beta)^{-1} y

    Args:
      kernel: Phi, covariance of the outputs in the prior, of all Q points, shape (Q, Q); the first P have targets. For
        L hidden layers it is `kernels.nngp` of that depth.
      targets: y, shape (P,).
      inverse_temperature: beta > 0; 1/beta is the variance of the noise, in units of the kernel.

    Returns:
      `Posterior`; ``features`` holds the kernel, shape (1, Q, Q), which has not moved, and ``readout`` is 1.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates along the kernel.
      RuntimeError: where jax is in float32.

    Exact as width -> infinity at a fixed gamma and P. Cost: P^3. Source: Neal (1996), Lee et al. (2018). Book:
    "Statics: what equilibrium has learned".
    """
    task = checked_task(kernel, targets, 1.0, inverse_temperature, "kernel")
    f = _Modes.of(task).outputs(1.0)
    parameters = {"targets": task.targets, "inverse_temperature": task.inverse_temperature}
    return Posterior(f[: task.known], f[task.known :], task.gram[None], jnp.ones(()), parameters=parameters)


@finite_answer
def deep_linear(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    richness: ArrayLike,
    inverse_temperature: ArrayLike,
    width: ArrayLike = inf,
) -> Posterior:
    r"""The posterior of wide deep linear networks, whose kernels learn: one equation for one number u.

    .. math::
       u &= 1 + \gamma_0^2\, U \kappa^\top K \kappa - \frac1N \operatorname{tr}\,[U K (U K + 1/\beta)^{-1}], \qquad
          U = u^L, \quad \kappa = (U K + 1/\beta)^{-1} y\\
       f &= U K \kappa, \qquad H^l = K + \gamma_0^2 f f^\top \sum_{j=1}^{l} u^{-(L - j + 1)}, \qquad
          \langle w^2\rangle = u

    Where it has several solutions, as it can for L >= 2, it is the one of largest weight.

    Args:
      gram: K = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, hidden layers, whole and >= 1.
      richness: gamma_0 > 0. With ``width ** -0.5`` the output has no further factor: the NNGP's scaling.
      inverse_temperature: beta > 0, of beta gamma_0^2 N sum (f - y)^2 / 2.
      width: N >= 1; infinite by default, which is the mean-field limit at a fixed P. A finite one keeps the trace, and
        so describes widths in proportion to P. It need not be whole.

    Returns:
      `Posterior`; ``features`` are the H^l, ``readout`` is u, ``residual`` what is left of its equation.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates it, since u is found by a search.
      RuntimeError: where jax is in float32.

    Exact as N -> infinity at a fixed P, or at a fixed P / N; corrections are O(1/N). Cost: P^3. Source: Li and
    Sompolinsky (2021); Lauditi, Bordelon and Pehlevan (2025). Book: "Statics: what equilibrium has learned".
    """
    task, depth = checked_task(gram, targets, richness, inverse_temperature), require_count("depth", depth)
    require_memory(lambda depth: 8 * depth * len(task.gram) ** 2, depth=depth)
    require_scalar("width", width)
    require("width", width, ">= 1", lambda x: x >= 1)
    parameters = task._asdict() | {"width": as_floats(width)}
    f, features, u, residual = _saddle_point(task, parameters["width"], depth=depth)
    return Posterior(f[: task.known], f[task.known :], features, u, residual=residual, parameters=parameters)


@finite_answer
def proportional(
    gram: Array, targets: Array, *, depth: int, width: ArrayLike, inverse_temperature: ArrayLike
) -> Posterior:
    r"""Deep linear networks in the NNGP's scaling, gamma = 1, at a width in proportion to P: the kernel becomes u^L K.

    .. math::
       1 - u &= \frac1N \Big( \operatorname{tr}\,[U K (U K + 1/\beta)^{-1}] - U \kappa^\top K \kappa \Big), \qquad
          U = u^L, \quad \kappa = (U K + 1/\beta)^{-1} y, \quad f = U K \kappa\\
       1 - u &\to \alpha\,\Big(1 - \frac{y^\top K^{-1} y}{P\, u^L}\Big), \qquad \alpha = P/N, \quad \beta\to\infty

    the second where K of the training points has an inverse. That is `deep_linear` at a richness of ``width ** -0.5``.

    Args:
      gram: K = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, hidden layers, whole and >= 1.
      width: N >= 1, finite; it need not be whole.
      inverse_temperature: beta > 0, of beta sum (f - y)^2 / 2.

    Returns:
      `Posterior`; ``features`` are the kernels H^l of `deep_linear`, ``readout`` is u, ``residual`` what is left of its
      equation.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates it, since u is found by a search.
      RuntimeError: where jax is in float32.

    Exact as N -> infinity at a fixed P / N; corrections are O(1/N). Cost: P^3. Source: Li and Sompolinsky (2021).
    Book: "Statics: what equilibrium has learned".
    """
    require_scalar("width", width)
    require("width", width, ">= 1 and finite", lambda x: (x >= 1) & np.isfinite(x))
    return deep_linear(
        gram, targets, depth=depth, richness=as_floats(width) ** -0.5, inverse_temperature=inverse_temperature,
        width=width,
    )  # fmt: skip


@partial(jax.jit, static_argnames="depth")
def _saddle_point(task: Task, width: Array, *, depth: int) -> tuple[Array, ...]:
    """Outputs (Q,), kernels (L, Q, Q), u, and what is left of its equation."""
    modes, richness = _Modes.of(task), task.richness
    u = _largest_saddle(modes, depth, richness, width)
    f = modes.outputs(u**depth)
    gains = jnp.cumsum(u ** -jnp.arange(float(depth), 0.0, -1.0))
    features = task.gram + richness**2 * gains[:, None, None] * jnp.outer(f, f)
    return f, features, u, jnp.abs(_slope(jnp.log(u), modes, depth, richness, width))


def _action(log_u: Array, modes: _Modes, depth: int, richness: ArrayLike, width: ArrayLike) -> Array:
    """ln p / N where all u are equal, up to a constant."""
    noisy = jnp.exp(depth * log_u) * modes.values + 1 / modes.inverse_temperature
    prior = depth * (log_u - jnp.exp(log_u))
    return (prior - richness**2 * (modes.targets**2 / noisy).sum() - jnp.log(noisy).sum() / width) / 2


def _slope(log_u: Array, modes: _Modes, depth: int, richness: ArrayLike, width: ArrayLike) -> Array:
    """The equation for u: its right side less its left one; also 2 / L times the slope of the action in ln(u)."""
    scale = jnp.exp(depth * log_u)
    kappa = modes.kappa(scale)
    trace = (scale * modes.values / (scale * modes.values + 1 / modes.inverse_temperature)).sum()
    return 1 + richness**2 * scale * kappa @ (modes.values * kappa) - trace / width - jnp.exp(log_u)


def _scan(modes: _Modes, richness: Array, width: ArrayLike) -> Array:
    """Values of ln(u), all solutions among them."""
    # u - 1 is at most gamma^2 sum U K y^2 / (U K + 1/beta)^2 <= gamma^2 beta y^2 / 4; and 1 - u <= beta u tr(K) / N
    beta = modes.inverse_temperature
    high = jnp.log1p(richness**2 * beta * (modes.targets**2).sum() / 4) + 0.01
    low = -jnp.log1p(beta * modes.values.sum() / width) - 0.01
    return jnp.linspace(low, high, GRID)


def _largest_saddle(modes: _Modes, depth: int, richness: Array, width: Array) -> Array:
    """Scan ln(u) for the largest weight, then bisect between its neighbours."""
    grid = _scan(modes, richness, width)
    best = jnp.argmax(jax.vmap(lambda x: _action(x, modes, depth, richness, width))(grid))
    ends = grid[jnp.maximum(best - 1, 0)], grid[jnp.minimum(best + 1, GRID - 1)]

    low, high = bisect(lambda middle: _slope(middle, modes, depth, richness, width) > 0, *ends)
    root = jnp.exp((low + high) / 2)
    return without_slopes("deep linear posteriors have no slopes: they are found by a search", root)


@finite_answer
def finite_linear(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    richness: ArrayLike,
    inverse_temperature: ArrayLike,
    width: int,
) -> Posterior:
    r"""The posterior of deep linear networks of any width, exactly.

    .. math::
       f &= \big\langle U K_\star (U K + 1/\beta)^{-1} y \big\rangle_{p(s)}, \qquad
          \langle w^2\rangle = \langle u_L\rangle, \qquad U = e^s = \prod_{l=1}^L u_l, \quad
          u_l \sim \chi^2_N / N \text{ in the prior}\\
       p(s) &\propto p_{\text{prior}}(s)\,
          \exp\Big[-\frac{\gamma_0^2 N}{2}\, y^\top (U K + 1/\beta)^{-1} y - \frac12 \ln\det (U K + 1/\beta)\Big]\\
       H^l &= \Big(1 - \frac1N\Big) H^{l-1} + \gamma_0^2 \Big\langle \frac{f f^\top}{u_l \cdots u_L} \Big\rangle, \qquad
          H^0 = K

    Args:
      gram: K = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, hidden layers, whole and >= 1.
      richness: gamma_0 > 0. With ``width ** -0.5`` the output has no further factor: the NNGP's scaling.
      inverse_temperature: beta > 0, of beta gamma_0^2 N sum (f - y)^2 / 2.
      width: N, whole and >= 1.

    Returns:
      `Posterior`; ``features`` are the H^l.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates along the gram.
      RuntimeError: where jax is in float32.

    Exact: the prior density of ln U is an L-fold convolution on an even grid of 512 points a layer, where the trapezoid
    rule is exact to about 1e-10. Cost: depth^2 x grid^2. Source: the definition of the model, after Li and Sompolinsky
    (2021). Book: "Statics: what equilibrium has learned".
    """
    task, depth = checked_task(gram, targets, richness, inverse_temperature), require_count("depth", depth)
    require_memory(lambda depth: 8 * depth * (LAYER**2 + len(task.gram) ** 2), depth=depth)
    parameters = task._asdict() | {"width": jnp.asarray(require_count("width", width, most=inf), float)}
    f, features, readout = _exactly(task, parameters["width"], depth=depth)
    return Posterior(f[: task.known], f[task.known :], features, readout, parameters=parameters)


@partial(jax.jit, static_argnames="depth")
def _exactly(task: Task, width: Array, *, depth: int) -> tuple[Array, Array, Array]:
    """Outputs (Q,), kernels (L, Q, Q) and <w^2>, by integrals over ln U."""
    modes, richness = _Modes.of(task), task.richness
    x = _grid_of_layer(modes, depth, richness, width)
    s = jnp.linspace(depth * x[0], depth * x[-1], depth * (len(x) - 1) + 1)  # ln U
    scale = jnp.exp(s)[:, None]
    noisy = scale * modes.values + 1 / modes.inverse_temperature
    gamma2 = richness**2 * width
    evidence = -(gamma2 * modes.targets**2 / noisy + jnp.log(noisy)).sum(axis=1) / 2

    def weights(*powers: float) -> Array:
        """Of ln U in the posterior, times the layers' u to these powers; not normalised."""
        layers = [(width / 2 + power) * x - width / 2 * jnp.exp(x) for power in powers]
        total = layers[0]
        for one in layers[1:]:
            total = _log_convolve(total, one)
        return total + evidence

    plain = jax.nn.logsumexp(weights(*(0.0,) * depth))
    mean = scale * modes.targets / noisy @ modes.cross.T  # f at a given U, (S, Q)

    def products(share: Array) -> Array:
        """<f f^T>, weighted by these shares of the values of U."""
        spread = (share @ scale) * task.gram - (modes.cross * (share @ (scale**2 / noisy))) @ modes.cross.T
        return (mean.T * share) @ mean + spread / gamma2

    f = jnp.exp(weights(*(0.0,) * depth) - plain) @ mean
    readout = jnp.exp(jax.nn.logsumexp(weights(1.0, *(0.0,) * (depth - 1))) - plain)
    features, kernel = [], task.gram
    for above in range(depth, 0, -1):  # layers from l to L
        share = jnp.exp(weights(*(-1.0,) * above, *(0.0,) * (depth - above)) - plain)
        kernel = (1 - 1 / width) * kernel + richness**2 * products(share)
        features.append(kernel)
    return f, jnp.stack(features), readout


def _grid_of_layer(modes: _Modes, depth: int, richness: Array, width: Array) -> Array:
    """Values of ln u that matter in one layer, evenly spaced."""
    scan = _scan(modes, richness, width)
    weight = width * jax.vmap(lambda x: _action(x, modes, depth, richness, width))(scan)
    matter = weight > weight.max() - LOST
    low, high = (one(jnp.where(matter, scan, end)) for one, end in ((jnp.min, jnp.inf), (jnp.max, -jnp.inf)))
    return jnp.linspace(low - 12 * (2 / width) ** 0.5 - 2 * LOST / width, high + 12 * (2 / width) ** 0.5, LAYER)


def _log_convolve(a: Array, b: Array) -> Array:
    """The logarithm of the convolution of exp(a) and exp(b), without underflow."""
    places = jnp.arange(len(a) + len(b) - 1)[:, None] - jnp.arange(len(b))
    inside = (places >= 0) & (places < len(a))
    return jax.nn.logsumexp(jnp.where(inside, a[jnp.clip(places, 0, len(a) - 1)] + b, -jnp.inf), axis=1)
