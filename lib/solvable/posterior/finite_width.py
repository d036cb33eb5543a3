r"""Deep linear networks of any width, exactly: one integral over ln U.

The norms above each layer are independent in the prior (`modes`), so that the posterior of :math:`s = \ln U` is

.. math:: p(s) \propto p_{\text{prior}}(s)\,
          \exp\Big[-\frac{\gamma_0^2 N}{2}\, y^\top (U K + 1/\beta)^{-1} y - \frac12 \ln\det (U K + 1/\beta)\Big]
"""

from __future__ import annotations

from functools import partial
from math import inf

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count
from .._memory import require_memory
from .modes import Modes, action, scan
from .results import Posterior, Task, checked_task

LAYER = 512  # values of each ln(u) in the exact integral
LOST = 40.0  # what is smaller than e^-40 of the largest weight is left out


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
      targets: y, shape (P,): one output. With several, U would be a matrix, and the integral one over matrices.
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
    task = checked_task(gram, targets, richness, inverse_temperature, several=False)
    depth = require_count("depth", depth)
    require_memory(lambda depth: 8 * depth * (LAYER**2 + len(task.gram) ** 2), depth=depth)
    parameters = task._asdict() | {"width": jnp.asarray(require_count("width", width, most=inf), float)}
    f, features, readout = _exactly(task, parameters["width"], depth=depth)
    return Posterior(f[: task.known], f[task.known :], features, readout, parameters=parameters)


@partial(jax.jit, static_argnames="depth")
def _exactly(task: Task, width: Array, *, depth: int) -> tuple[Array, Array, Array]:
    """Outputs (Q,), kernels (L, Q, Q) and <w^2>, by integrals over ln U."""
    modes, richness = Modes.of(task), task.richness
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


def _grid_of_layer(modes: Modes, depth: int, richness: Array, width: Array) -> Array:
    """Values of ln u that matter in one layer, evenly spaced."""
    grid = scan(modes, richness, width)
    weight = width * jax.vmap(lambda x: action(x, modes, depth, richness, width))(grid)
    matter = weight > weight.max() - LOST
    low, high = (one(jnp.where(matter, grid, end)) for one, end in ((jnp.min, jnp.inf), (jnp.max, -jnp.inf)))
    return jnp.linspace(low - 12 * (2 / width) ** 0.5 - 2 * LOST / width, high + 12 * (2 / width) ** 0.5, LAYER)


def _log_convolve(a: Array, b: Array) -> Array:
    """The logarithm of the convolution of exp(a) and exp(b), without underflow."""
    places = jnp.arange(len(a) + len(b) - 1)[:, None] - jnp.arange(len(b))
    inside = (places >= 0) & (places < len(a))
    return jax.nn.logsumexp(jnp.where(inside, a[jnp.clip(places, 0, len(a) - 1)] + b, -jnp.inf), axis=1)
