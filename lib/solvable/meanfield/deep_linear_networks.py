r"""Deep linear networks: the mean-field theory in closed form.

With n = (T+1) Q indices k = (t, mu), C and D strictly causal,

.. math::
   H^l &= R\,[H^{l-1} + C^l Q^{l+1} C^{l\top}]\,R^\top, \quad R = (1 - C^l D^l)^{-1}, \quad A^l = R\, C^l\\
   Q^l &= R'[Q^{l+1} + D^l H^{l-1} D^{l\top}]R'^\top, \quad R' = (1 - D^l C^l)^{-1}, \quad B^{l-1} = R' D^l\\
   C^l &= A^{l-1} + \eta\gamma_0 H^{l-1}, \quad D^l = B^l + \eta\gamma_0 Q^{l+1}, \qquad s < t\\
   f_c &= \frac{1}{\gamma_0} C^{L+1} D_c, \qquad Q^{L+1} = \sum_c D_c D_c^\top

With one output Q is D G D: all equations hold for G, with G^(L+1) = 1, where columns of time s are multiplied by D(s).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_flag
from .._memory import require_memory
from .._pytree import Numbers
from ..gaussian import Function
from ..results import at_steps
from .causal import inverse
from .classes import linear_gradients_of_classes
from .problem import Problem, checked, first_kernel, require_stable
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
    loss: str = "square",
    tangent_kernel: bool = False,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide linear network with `depth` hidden layers, in closed form.

    With n = (T+1) Q indices k = (t, mu), C and D strictly causal, and the errors D_c(s) = p (y_c - f_c(s)), or
    p (y_c - softmax(f(s))_c) for the cross-entropy:

    .. math::
       H^l &= R\,[H^{l-1} + C^l Q^{l+1} C^{l\top}]\,R^\top, \quad R = (1 - C^l D^l)^{-1}, \quad A^l = R\, C^l\\
       Q^l &= R'[Q^{l+1} + D^l H^{l-1} D^{l\top}]R'^\top, \quad R' = (1 - D^l C^l)^{-1}, \quad B^{l-1} = R' D^l\\
       C^l &= A^{l-1} + \eta\gamma_0 H^{l-1}, \quad D^l = B^l + \eta\gamma_0 Q^{l+1}, \qquad s < t\\
       f_c &= \frac{1}{\gamma_0} C^{L+1} D_c, \qquad Q^{L+1} = \sum_c D_c D_c^\top

    with H^0 = Phi^0 at all times, and A^0 = B^L = 0. Classes stand in the last line only. With one output the result
    holds G in place of Q = D G D, and the responses of the gradient: G^(L+1) = 1, and H^(l-1) and G^(l+1) in C and D
    are multiplied by D(s).

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      depth: L, hidden layers, whole and >= 1.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      weights: p, shape (P,), > 0, of the points in the loss. 1 by default.
      loss: "square", sum_mu p_mu sum_c (f_c - y_c)^2 / 2, or "cross_entropy", - sum_mu p_mu sum_c y_c ln softmax(f)_c,
        whose targets (P, C) are probabilities: rows of numbers >= 0 that sum to 1.
      tangent_kernel: whether to record the one between all classes, and the gradients' kernels: (L + 1) (T+1) Q^2 C^2
        numbers. That of one output, without an axis of classes, is always there.

    Returns:
      `MeanField` without samples and standard deviations; ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for a tangent_kernel that is neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; nothing is sampled. Cost: steps x depth x
    (steps Q)^3, whatever C. Source: Bordelon and Pehlevan (2022), with one output. Book: "Deep mean-field theory".
    """
    depth = require_count("depth", depth)
    require_flag("tangent_kernel", tangent_kernel)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps, loss)
    size, asked = len(problem.gram), tangent_kernel and problem.several

    def needed(depth: float, steps: float) -> float:
        n, classes = (steps + 1) * size, problem.classes
        return 64 * (depth + 2) * n**2 + asked * 8 * classes * n * (8 * n + (depth + 3) * size * classes)

    require_memory(needed, depth=depth, steps=steps)
    f, *found = _sweep(problem, depth=depth, steps=steps)
    passive = linear_gradients_of_classes(problem, f, *found) if asked else None
    return assembled(problem, f, TwoTime(*found), {}, passive, "linear")


def assembled(
    problem: Problem,
    f: Array,
    two_time: TwoTime,
    more: dict[str, Any],
    passive: tuple[Array, Array] | None,
    activation: str | Function,
) -> MeanField:
    """A result from outputs (T+1, Q) or (T+1, Q, C), everything between two times, and what is asked class by class.

    That is the gradients' kernels (L, T+1, Q, Q, C, C) and the tangent kernel.
    """
    times, known = jnp.arange(len(f)), problem.known

    def now(kernel: Array) -> Array:
        return kernel[:, times, :, times].swapaxes(0, 1)  # the index of time comes first

    features, back = now(two_time.features), now(two_time.gradients)
    given: dict[str, Any] = {"parameters": problem.parameters, "two_time": two_time} | more
    if problem.several:
        require_stable(problem, f[:, :known], lambda: first_kernel(problem, activation, len(features)))
        gradients, kernel = passive or (None, None)
        return MeanField(f[:, :known], f[:, known:], features, gradients, kernel, signals=back, **given)
    below = jnp.concatenate([jnp.broadcast_to(problem.gram, features[:1].shape), features])
    above = jnp.concatenate([back, jnp.ones_like(features[:1])])
    kernel = (below * above).sum(axis=0)
    require_stable(problem, f[:, :known], lambda: kernel)
    return MeanField(f[:, :known], f[:, known:], features, back, kernel, **given)


@partial(jax.jit, static_argnames=("depth", "steps"))
def _sweep(problem: Problem, *, depth: int, steps: int) -> tuple[Array, ...]:
    """Pass t over all layers, up and down, makes every row of time t exact: it needs earlier rows only."""
    size, times = len(problem.gram), steps + 1
    n, rate = times * size, problem.learning_rate * problem.richness
    when = jnp.repeat(jnp.arange(times), size)
    earlier = when[:, None] > when
    outputs = (size, *problem.targets.shape[1:])
    start, zeros, silent = jnp.tile(problem.gram, (times, times)), jnp.zeros((n, n)), jnp.zeros((times, *outputs))

    def parted(errors: Array) -> tuple[Array, Array]:
        return problem.parted(errors.reshape(n, *outputs[1:]))

    def pass_at(t: Array, state: tuple) -> tuple:
        _, errors, *lists = state
        h, g, a, b = (list(one) for one in lists)  # entry l belongs to layer l; h[0], a[0], a[L] and b[L] stay
        pull, readout = parted(errors)
        reached = earlier & (when[:, None] <= t)

        def couplings(layer: int, pull: Array) -> tuple[Array, Array]:
            c = reached * (a[layer - 1] + rate * h[layer - 1] * pull)
            return c, reached * (b[layer] + rate * g[layer + 1] * pull)

        for layer in range(1, depth + 1):
            c, d = couplings(layer, pull)
            r = inverse(c, d, times)
            h[layer] = r @ (h[layer - 1] + c @ g[layer + 1] @ c.T) @ r.T
            a[layer] = r @ c
        said = reached * (a[depth] + rate * h[depth] * pull) @ readout
        f, a[depth] = said.reshape(silent.shape) / problem.richness, zeros
        so_far = jnp.arange(times) <= t
        errors = jnp.where(so_far.reshape(-1, *(1,) * len(outputs)), problem.errors(f), 0)
        pull, readout = parted(errors)
        g[depth + 1] = readout @ readout.T
        for layer in range(depth, 0, -1):
            c, d = couplings(layer, pull)
            r = inverse(d, c, times)
            g[layer] = r @ (g[layer + 1] + d @ h[layer - 1] @ d.T) @ r.T
            if layer > 1:
                b[layer - 1] = r @ d
        return f, errors, h, g, a, b

    def advance(t: Array, now: tuple) -> tuple:
        """Where numbers end all stays as it was, since products with later rows would spoil the earlier ones."""
        known, state = now
        found = pass_at(t, state)
        finite = (known == t) & jnp.stack([jnp.isfinite(x).all() for x in jax.tree.leaves(found)]).all()
        return known + finite, jax.tree.map(partial(jnp.where, finite), found, state)

    def empty(first: Array, last: Array) -> list[Array]:
        return [first, *(zeros,) * depth, last]

    readout = parted(silent)[1]
    state = silent, silent, empty(start, zeros), empty(zeros, readout @ readout.T), *(empty(zeros, zeros),) * 2
    known, (f, _, h, g, a, b) = jax.lax.fori_loop(0, times, advance, (0, state))
    f = jnp.where((jnp.arange(times) < known).reshape(-1, *(1,) * len(outputs)), f, jnp.nan)

    def layers(matrices: list[Array]) -> Array:
        return jnp.stack(matrices[1 : depth + 1]).reshape(depth, times, size, times, size)

    return f, layers(h), layers(g), layers(a), layers(b)
