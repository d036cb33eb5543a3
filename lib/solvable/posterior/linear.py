r"""Posteriors that are Gaussian but for a few numbers: fixed kernels, and wide deep linear networks.

.. math:: u = 1 + \gamma_0^2\, U \kappa^\top K \kappa - \frac1N \operatorname{tr}\,[U K (U K + 1/\beta)^{-1}], \qquad
          U = u^L, \quad \kappa = (U K + 1/\beta)^{-1} y
"""

from __future__ import annotations

from functools import partial
from math import inf

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, concrete, finite_answer, require, require_count, require_scalar
from .._memory import require_memory
from ..numerics.roots import bisect
from ..numerics.slopes import without_slopes
from .modes import Modes, action, scan, slope
from .readouts import saddle_matrix
from .results import Posterior, Task, checked_task

LEFT = 1e-9  # of its equation, in units of u


@finite_answer
def nngp(kernel: Array, targets: Array, *, inverse_temperature: ArrayLike) -> Posterior:
    r"""The posterior of infinitely wide networks that stay lazy: regression with the kernel of the prior.

    .. math:: f = \Phi\, (\Phi + 1/\beta)^{-1} y

    Args:
      kernel: Phi, covariance of the outputs in the prior, of all Q points, shape (Q, Q); the first P have targets. For
        L hidden layers it is `kernels.nngp` of that depth.
      targets: y, shape (P,), or (P, C) for several outputs.
      inverse_temperature: beta > 0; 1/beta is the variance of the noise, in units of the kernel.

    Returns:
      `Posterior`; ``features`` holds the kernel, shape (1, Q, Q), which has not moved, and ``readout`` is 1. Several
        outputs are independent of each other.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates along the kernel.
      RuntimeError: where jax is in float32.

    Exact as width -> infinity at a fixed gamma and P. Cost: P^3. Source: Neal (1996), Lee et al. (2018). Book:
    "Statics: what equilibrium has learned".
    """
    task = checked_task(kernel, targets, 1.0, inverse_temperature, "kernel")
    f = Modes.of(task).outputs(1.0)
    parameters = {"targets": task.targets, "inverse_temperature": task.inverse_temperature}
    return Posterior(f[: task.known], f[task.known :], task.gram[None], task.prior, parameters=parameters)


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

    Where it has several solutions, as it can for L >= 2, it is the one of largest weight. With several outputs u is a
    symmetric matrix A, which leaves the unit matrix where the targets are:

    .. math::
       A &= 1 + \gamma_0^2\, U^{1/2} \kappa^\top K \kappa\, U^{1/2}
          - \frac1N\, U^{1/2} \operatorname{Tr}_P\,[K (K \otimes U + 1/\beta)^{-1}]\, U^{1/2}, \qquad U = A^L\\
       \kappa &= (K \otimes U + 1/\beta)^{-1} y, \qquad f = K \kappa\, U, \qquad
       H^l = K + \gamma_0^2\, f \sum_{j=1}^{l} A^{-(L - j + 1)} f^\top, \qquad \langle w w^\top\rangle = A

    Args:
      gram: K = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      depth: L, hidden layers, whole and >= 1.
      richness: gamma_0 > 0. With ``width ** -0.5`` the output has no further factor: the NNGP's scaling.
      inverse_temperature: beta > 0, of beta gamma_0^2 N sum (f - y)^2 / 2.
      width: N >= 1; infinite by default, which is the mean-field limit at a fixed P. A finite one keeps the trace, and
        so describes widths in proportion to P. It need not be whole.

    Returns:
      `Posterior`; ``features`` are the H^l, ``readout`` is u, or A, ``residual`` what is left of its equation.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: where jax differentiates it, since u is found by a search.
      RuntimeError: where jax is in float32, or where the iteration for A has not arrived.

    A is found by iteration from below and from above; of two solutions the likelier is taken, and there may be further
    ones, which nobody has looked for. Exact as N -> infinity at a fixed P, or at a fixed P / N; corrections are O(1/N).
    Cost: P^3. Source: Li and Sompolinsky (2021); Lauditi, Bordelon and Pehlevan (2025). Book: "Statics: what
    equilibrium has learned".
    """
    task, depth = checked_task(gram, targets, richness, inverse_temperature), require_count("depth", depth)
    require_memory(lambda depth: 8 * depth * len(task.gram) ** 2, depth=depth)
    require_scalar("width", width)
    require("width", width, ">= 1", lambda x: x >= 1)
    parameters = task._asdict() | {"width": as_floats(width)}
    solve = _saddle_point if task.targets.ndim == 1 else saddle_matrix
    f, features, u, residual = solve(task, parameters["width"], depth=depth)
    parameters["allowed"] = LEFT * jnp.maximum(jnp.abs(u).max(), 1)
    left, allowed = concrete(residual), concrete(parameters["allowed"])
    if left is not None and allowed is not None and np.isfinite(left) and not left <= allowed:
        raise RuntimeError(
            f"richness must be small enough for the iteration to arrive: {richness} leaves a residual of {left:.2g}"
        )
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
      targets: y, shape (P,), or (P, C) for several outputs.
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
    modes, richness = Modes.of(task), task.richness
    u = _largest_saddle(modes, depth, richness, width)
    f = modes.outputs(u**depth)
    gains = jnp.cumsum(u ** -jnp.arange(float(depth), 0.0, -1.0))
    features = task.gram + richness**2 * gains[:, None, None] * jnp.outer(f, f)
    return f, features, u, jnp.abs(slope(jnp.log(u), modes, depth, richness, width))


def _largest_saddle(modes: Modes, depth: int, richness: Array, width: Array) -> Array:
    """Scan ln(u) for the largest weight, then bisect between its neighbours."""
    grid = scan(modes, richness, width)
    best = jnp.argmax(jax.vmap(lambda x: action(x, modes, depth, richness, width))(grid))
    ends = grid[jnp.maximum(best - 1, 0)], grid[jnp.minimum(best + 1, len(grid) - 1)]

    low, high = bisect(lambda middle: slope(middle, modes, depth, richness, width) > 0, *ends)
    root = jnp.exp((low + high) / 2)
    return without_slopes("deep linear posteriors have no slopes: they are found by a search", root)
