r"""Deep linear networks: the mean-field theory in closed form.

With n = (T+1) Q indices k = (t, mu), C and D strictly causal,

.. math::
   H^l &= R\,[H^{l-1} + C^l G^{l+1} C^{l\top}]\,R^\top, \quad R = (1 - C^l D^l)^{-1}, \quad A^l = R\, C^l\\
   G^l &= R'[G^{l+1} + D^l H^{l-1} D^{l\top}]R'^\top, \quad R' = (1 - D^l C^l)^{-1}, \quad B^{l-1} = R' D^l\\
   C^l &= A^{l-1} + \eta\gamma_0 \Phi^{l-1} D(s), \quad D^l = B^l + \eta\gamma_0 G^{l+1} D(s), \qquad s < t
"""

from __future__ import annotations

from functools import partial
from math import ceil, log2
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count
from .._memory import require_memory
from .._pytree import Numbers
from ..results import at_steps
from .problem import Problem, checked, require_stable
from .results import MeanField, TwoTime


@at_steps
@finite_answer
def deep_linear(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    weights: Numbers | None = None,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide linear network with `depth` hidden layers, in closed form.

    With n = (T+1) Q indices k = (t, mu), C and D strictly causal, and D(s) = p (y - f(s)) on the columns of time s:

    .. math::
       H^l &= R\,[H^{l-1} + C^l G^{l+1} C^{l\top}]\,R^\top, \quad R = (1 - C^l D^l)^{-1}, \quad A^l = R\, C^l\\
       G^l &= R'[G^{l+1} + D^l H^{l-1} D^{l\top}]R'^\top, \quad R' = (1 - D^l C^l)^{-1}, \quad B^{l-1} = R' D^l\\
       C^l &= A^{l-1} + \eta\gamma_0 H^{l-1} D(s), \quad D^l = B^l + \eta\gamma_0 G^{l+1} D(s), \qquad s < t\\
       f &= \frac{1}{\gamma_0} \operatorname{diag} R\,[H^{L-1} D^{L\top} + C^L G^{L+1}]\,R'^\top

    with H^0 = Phi^0 and G^(L+1) = 1 at all times, and A^0 = B^L = 0.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, hidden layers, whole and >= 1.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.

    Returns:
      `MeanField` without samples and standard deviations; ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; nothing is sampled. Cost: steps x depth x
    (steps Q)^3. Source: Bordelon and Pehlevan (2022). Book: "Deep mean-field theory".
    """
    depth = require_count("depth", depth)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps)
    size = len(problem.gram)
    require_memory(lambda depth, steps: 64 * (depth + 2) * ((steps + 1) * size) ** 2, depth=depth, steps=steps)
    f, *found = _sweep(problem, depth=depth, steps=steps)
    return assembled(problem, f, TwoTime(*found), {})


def assembled(problem: Problem, f: Array, two_time: TwoTime, more: dict[str, Any]) -> MeanField:
    """A result from outputs (T+1, Q) and everything between two times."""
    times = jnp.arange(len(f))

    def now(kernel: Array) -> Array:
        return kernel[:, times, :, times].swapaxes(0, 1)  # the index of time comes first

    features, gradients = now(two_time.features), now(two_time.gradients)
    below = jnp.concatenate([jnp.broadcast_to(problem.gram, features[:1].shape), features])
    above = jnp.concatenate([gradients, jnp.ones_like(features[:1])])
    kernel, known = (below * above).sum(axis=0), problem.known
    require_stable(problem, kernel, f[:, :known])
    given: dict[str, Any] = {"parameters": problem.parameters} | more
    return MeanField(f[:, :known], f[:, known:], features, gradients, kernel, two_time=two_time, **given)


@partial(jax.jit, static_argnames=("depth", "steps"))
def _sweep(problem: Problem, *, depth: int, steps: int) -> tuple[Array, ...]:
    """Pass t over all layers, up and down, makes every row of time t exact: it needs earlier rows only."""
    size, times = len(problem.gram), steps + 1
    n, rate = times * size, problem.learning_rate * problem.richness
    when = jnp.repeat(jnp.arange(times), size)
    earlier = when[:, None] > when
    start, ones, zeros = jnp.tile(problem.gram, (times, times)), jnp.ones((n, n)), jnp.zeros((n, n))

    def inverse(c: Array, d: Array) -> Array:
        """R = 1 + X + X^2 + ... with X = C D, whose powers end with the last step: products of 1 + X^(2^k)."""
        x = c @ d
        r = jnp.eye(n) + x
        for _ in range(ceil(log2(times)) - 1):
            x = x @ x
            r = r + r @ x
        return r

    def pass_at(t: Array, state: tuple) -> tuple:
        pull, h, g, a, b = state[1:]  # lists whose entry l belongs to layer l; h[0], g[L + 1], a[0], b[L] stay
        h, g, a, b = list(h), list(g), list(a), list(b)
        reached = earlier & (when[:, None] <= t)

        def couplings(layer: int, pull: Array) -> tuple[Array, Array]:
            c = reached * (a[layer - 1] + rate * h[layer - 1] * pull)
            return c, reached * (b[layer] + rate * g[layer + 1] * pull)

        for layer in range(1, depth + 1):
            c, d = couplings(layer, pull)
            r = inverse(c, d)
            h[layer] = r @ (h[layer - 1] + c @ g[layer + 1] @ c.T) @ r.T
            if layer < depth:
                a[layer] = r @ c
        c, d = couplings(depth, pull)
        crossed = inverse(c, d) @ (h[depth - 1] @ d.T + c @ g[depth + 1]) @ inverse(d, c).T
        f = jnp.diagonal(crossed).reshape(times, size) / problem.richness
        pull = jnp.where(when <= t, problem.errors(f).ravel(), 0)
        for layer in range(depth, 0, -1):
            c, d = couplings(layer, pull)
            r = inverse(d, c)
            g[layer] = r @ (g[layer + 1] + d @ h[layer - 1] @ d.T) @ r.T
            if layer > 1:
                b[layer - 1] = r @ d
        return f, pull, h, g, a, b

    def advance(t: Array, now: tuple) -> tuple:
        """Where numbers end all stays as it was, since products with later rows would spoil the earlier ones."""
        known, state = now
        found = pass_at(t, state)
        finite = (known == t) & jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(found)]).all()
        return known + finite, jax.tree.map(partial(jnp.where, finite), found, state)

    def empty(first: Array, last: Array) -> list[Array]:
        return [first, *(zeros,) * depth, last]

    state = (
        jnp.zeros((times, size)),
        jnp.zeros(n),
        empty(start, zeros),
        empty(zeros, ones),
        *(empty(zeros, zeros),) * 2,
    )
    known, (f, _, h, g, a, b) = jax.lax.fori_loop(0, times, advance, (0, state))
    f = jnp.where(jnp.arange(times)[:, None] < known, f, jnp.nan)

    def layers(matrices: list[Array]) -> Array:
        return jnp.stack(matrices[1 : depth + 1]).reshape(depth, times, size, times, size)

    return f, layers(h), layers(g), layers(a), layers(b)
