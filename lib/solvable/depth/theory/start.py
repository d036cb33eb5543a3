r"""Kernels of a residual network at its start: a recursion over layers, or differential equations in layer time.

.. math::
   H^{l+1} &= H^l + b^2\, \Phi^l, \qquad \Phi^l = \langle\phi\phi\rangle_{H^l}, \qquad
   \dot\Phi^l = \langle\phi'\phi'\rangle_{H^l}\\
   G^l &= G^{l+1} (1 + b^2\, \dot\Phi^l), \qquad G^{L+1} = \dot\Phi^{L+1}, \qquad b = \beta / L^\alpha
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.ode import odeint
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, concrete, finite_answer, require_count, require_float64
from ..._grams import require_gram
from ..._memory import require_memory
from ...gaussian import Averages, Function, activation_function, averages, diagonal, require_resolved
from ..branches import Branches, branches
from ..results import LayerTime

TOLERANCE = 1e-11  # of a step of the limit's equations; what it returns is then right to 1e-8


@finite_answer
def kernels(
    gram: Float[Array, "Q Q"],
    *,
    activation: str | Function,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    depth: int | None = None,
    points: int = 33,
) -> LayerTime:
    r"""The kernels of an infinitely wide residual network at its start, layer by layer or in the limit of depth.

    .. math::
       H^{l+1} &= H^l + \frac{\beta^2}{L^{2\alpha}} \Phi^l, \qquad
       G^l = G^{l+1} \Big(1 + \frac{\beta^2}{L^{2\alpha}} \dot\Phi^l\Big), \qquad G^{L+1} = \dot\Phi^{L+1}\\
       K &= \Phi^{L+1} + \frac{\beta^2}{L} \sum_{l=1}^L G^{l+1} \Phi^l + G^1 \Phi^0

    entry by entry, with the averages :math:`\Phi = \langle\phi\phi\rangle_H` and :math:`\dot\Phi =
    \langle\phi'\phi'\rangle_H` and :math:`H^1 = \Phi^0`. As L grows, at alpha = 1/2,

    .. math::
       \frac{dH}{d\tau} = \beta^2 \Phi, \qquad \frac{dG}{d\tau} = -\beta^2 \dot\Phi\, G, \qquad
       K = \Phi(1) + \beta^2 \int_0^1 G\, \Phi\, d\tau + G(0)\, \Phi^0

    in layer time from 0 to 1; at alpha > 1/2 nothing random is added, and H and G stay what they are.

    Args:
      gram: Phi^0 = X X^T / D, shape (Q, Q).
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      branch: beta >= 0.
      branch_power: alpha, one finite number; >= 1/2 in the limit. Branches learn as those of `networks.ResidualMLP`.
      depth: L, branches, whole and >= 1, for the recursion over these layers; None for the limit.
      points: of layer time, evenly spaced, >= 2; those of a depth are its own L + 1 layers.

    Returns:
      `LayerTime`.

    Raises:
      ValueError: for an argument out of range; for a branch_power below 1/2 where a limit is asked for, which does not
        exist; for variances that are too large for the rule that averages this activation, or that overflow.
      RuntimeError: where jax is in float32.

    Exact for width -> infinity. A depth is exact to rounding, and the limit to 1e-8 of sqrt(H H') and the like, apart
    from what `gaussian.quadrature_error` says of activations without a closed form. Rows that are the same input twice
    lose half their digits in G where phi is ReLU.
    Source: Bordelon, Noci, Li, Hanin, Pehlevan (2024). Book: "Depth without end".
    """
    require_float64()
    require_gram("gram", gram)
    activation_function(activation)
    depth = None if depth is None else require_count("depth", depth)
    points = require_count("points", points, 2)
    strength, start = branches(branch, branch_power, depth), as_floats(gram)
    rows = {"points": points} if depth is None else {"depth": depth}
    require_memory(lambda rows: 64 * rows * len(start) ** 2, **rows)
    _require_narrow("gram", activation, start)
    if depth is None:
        found = _limit(start, strength, activation=activation, points=points)
    else:
        found = _recursion(start, strength, activation=activation, depth=depth)
    times, covariance, features, gradients, kernel = found
    _require_narrow("branch", activation, covariance[-1])
    given: dict[str, Any] = {"gram": start, "branch": branch, "branch_power": branch_power, "depth": depth}
    return LayerTime(times, covariance, features, gradients, kernel, given)


@partial(jax.jit, static_argnames=("activation", "depth"))
def _recursion(gram: Array, strength: Branches, *, activation: str | Function, depth: int) -> tuple[Array, ...]:
    def layer(h: Array, _: None) -> tuple[Array, tuple[Array, Averages]]:
        found = _averages(activation, h)
        return h + strength.noise * found.product, (h, found)

    last, (h, found) = jax.lax.scan(layer, gram, None, length=depth)
    top = _averages(activation, last)
    features = jnp.concatenate([found.product, top.product[None]])
    grown = jnp.cumprod(1 + strength.noise * found.slopes[::-1], axis=0)[::-1]
    gradients = top.slopes * jnp.concatenate([grown, jnp.ones_like(top.slopes)[None]])
    kernel = features[-1] + strength.learning * (gradients[1:] * features[:-1]).sum(axis=0) + gradients[0] * gram
    return jnp.linspace(0, 1, depth + 1), jnp.concatenate([h, last[None]]), features, gradients, kernel


@partial(jax.jit, static_argnames=("activation", "points"))
def _limit(gram: Array, strength: Branches, *, activation: str | Function, points: int) -> tuple[Array, ...]:
    """One way up is enough: G = G(1) exp(a(1) - a), where a is the integral of beta^2 <phi' phi'>."""
    root = jnp.sqrt(jnp.diagonal(gram))
    root = jnp.where(root > 0, root, 1)
    unit = root[:, None] * root  # all sizes near one, for the tolerance

    def velocity(state: tuple[Array, ...], _: Array) -> tuple[Array, ...]:
        h, shrunk, _ = state
        found = _averages(activation, unit * h)
        phi = found.product / unit
        return strength.noise * phi, strength.noise * found.slopes, jnp.exp(-shrunk) * phi

    times, zero = jnp.linspace(0, 1, points), jnp.zeros_like(gram)
    h, shrunk, summed = odeint(velocity, (gram / unit, zero, zero), times, rtol=TOLERANCE, atol=TOLERANCE)
    features, slopes = jax.lax.map(partial(_averages, activation), unit * h)
    gradients = slopes[-1] * jnp.exp(shrunk[-1] - shrunk)
    between = gradients[0] * unit * summed[-1]
    return times, unit * h, features, gradients, features[-1] + strength.learning * between + gradients[0] * gram


def _averages(activation: str | Function, h: Array) -> Averages:
    """Of all pairs; on the diagonal both inputs are the same one."""
    i, j = np.triu_indices(len(h), 1)
    q = jnp.diagonal(h)
    same = diagonal(activation, q)
    if not len(i):
        return jax.tree.map(jnp.diag, same)
    apart = averages(activation, q[i], q[j], h[i, j])

    def whole(same: Array, apart: Array) -> Array:
        return jnp.diag(same).at[i, j].set(apart).at[j, i].set(apart)

    return jax.tree.map(whole, same, apart)


def _require_narrow(name: str, activation: str | Function, h: Array) -> None:
    known = concrete(h)
    if known is not None and np.isfinite(known).all():
        require_resolved(name, activation, float(known.max()))
