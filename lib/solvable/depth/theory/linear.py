r"""Residual linear networks in training: the mean-field theory in closed form.

Every field of a neuron is a sum of the Gaussian variables that drive it, u^0, u^l(t), r^l(t) and w_0; its coefficients
are all that has to be known, and those on r^l and u^l are the responses A^l and B^l. With c = eta gamma_0 beta^2 / L,

.. math::
   h^1 &= u^0 + \eta\gamma_0 [\Phi^0 D]_< g^1, \qquad
   h^{l+1} = h^l + b\, u^l + [b A^l + c\, \Phi^l D]_<\, g^{l+1}\\
   g^{L+1} &= w_0 + \eta\gamma_0 [D]_< h^{L+1}, \qquad
   g^l = g^{l+1} + b\, r^l + [b B^l + c\, G^{l+1} D]_<\, h^l
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import finite_answer, require_count, require_flag
from ..._grams import require_task
from ..._memory import require_memory
from ..._pytree import Numbers
from ...meanfield.problem import Problem, checked, require_stable
from ...meanfield.results import MeanField, TwoTime
from ...results import at_steps
from ..branches import Branches, branches, require_limit
from .turns import in_turn


@at_steps
@finite_answer
def residual_linear(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    weights: Numbers | None = None,
    responses: bool = True,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide residual linear network with `depth` branches, in closed form.

    With n = (T+1) Q indices k = (t, mu), D(s) = p (y - f(s)) on the columns of time s, and "<" for earlier ones,

    .. math::
       h^1 &= u^0 + \eta\gamma_0 [\Phi^0 D]_< g^1, \qquad
       h^{l+1} = h^l + b\, u^l + [b A^l + c\, \Phi^l D]_<\, g^{l+1}\\
       g^{L+1} &= w_0 + \eta\gamma_0 [D]_< h^{L+1}, \qquad
       g^l = g^{l+1} + b\, r^l + [b B^l + c\, G^{l+1} D]_<\, h^l

    for l = 1 to L, where :math:`b = \beta/L^\alpha`, :math:`c = \eta\gamma_0\beta^2/L`, :math:`u^l \sim N(0, \Phi^l)`
    and :math:`r^l \sim N(0, G^{l+1})`; :math:`\Phi^l = \langle h^l h^l\rangle`, :math:`G^l = \langle g^l g^l\rangle`,
    :math:`A^l = \langle \partial h^l/\partial r^l\rangle`, :math:`B^l = \langle \partial g^{l+1}/\partial
    u^l\rangle` and :math:`f = \langle g^{L+1} h^{L+1}\rangle/\gamma_0`.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, branches, whole and >= 1.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient, and its branches by L^(2 alpha - 1) times that.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      branch: beta >= 0.
      branch_power: alpha, one finite number. Below 1/2 rates are plain: c = eta gamma_0 b^2.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.
      responses: False drops A and B, as if the way back did not go through the same weights: wrong at alpha = 1/2 at
        any depth, and ever less wrong with the depth above.

    Returns:
      ``MeanField`` of L + 1 layers without samples and standard deviations; its kernel is a sum over layers,
      :math:`\Phi^{L+1} + (\beta^2/L) \sum_l G^{l+1} \Phi^l + G^1 \Phi^0`, and ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for responses that are neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; nothing is sampled. Cost: (depth)^2
    (steps Q)^3, and memory 4 (depth steps Q)^2 numbers. On a CPU ``jax.vmap`` solves one after another, since its
    cache holds one. Source: derived here, after Bordelon, Noci, Li, Hanin, Pehlevan (2024).
    Book: "Training a network without end".
    """
    require_flag("responses", responses)
    depth = require_count("depth", depth)
    problem, steps = task(gram, targets, weights, richness, learning_rate, steps)
    strength, size = branches(branch, branch_power, depth), len(problem.gram)
    require_memory(lambda depth, steps: 48 * (depth * (steps + 1) * size) ** 2, depth=depth, steps=steps)
    f, two_time = _sweep(problem, strength, responses, depth=depth, steps=steps)
    more = {"branch": branch, "branch_power": branch_power, "depth": depth}
    return assembled(problem, strength, f, two_time, more)


@at_steps
@finite_answer
def residual_linear_limit(
    gram: Array,
    targets: Array,
    *,
    depth: int = 8,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    weights: Numbers | None = None,
    responses: bool = True,
) -> MeanField:
    r"""A residual linear network without end: `residual_linear` at three depths, and what they tend to.

    .. math:: f_\infty \approx 2 f_{4L} - f_{2L}, \qquad
              \text{error} = \max_{t, \mu} |(2 f_{4L} - f_{2L}) - (2 f_{2L} - f_L)|

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, the least of the three depths L, 2 L and 4 L, whole and >= 1.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel).
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      branch: beta >= 0.
      branch_power: alpha >= 1/2.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.
      responses: False drops A and B.

    Returns:
      ``MeanField`` at the layer times of depth L, its L + 1 layers; without two_time. ``parameters["error"]`` is the
      error of the outputs, one number.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability; for a branch_power below 1/2, where
        there is no limit.
      TypeError: for responses that are neither True nor False.
      RuntimeError: where jax is in float32.

    What is left falls as 1/L^2, so the stated error is three times the true one once L is large.
    Source: derived here; the extrapolation is Richardson's (1911). Book: "Training a network without end".
    """
    require_limit(branch_power)
    depths = [require_count("depth", depth) * factor for factor in (1, 2, 4)]
    few, some, many = (
        residual_linear(
            gram, targets, depth=one, richness=richness, learning_rate=learning_rate, steps=steps, branch=branch,
            branch_power=branch_power, weights=weights, responses=responses,
        )
        for one in depths
    )  # fmt: skip

    def limit(coarse: Array, fine: Array) -> Array:
        return 2 * fine - coarse

    def layers(name: str) -> Array:
        return limit(getattr(some, name)[::2], getattr(many, name)[::4])

    f, test, kernel = (
        limit(getattr(some, name), getattr(many, name)) for name in ("outputs", "test", "tangent_kernel")
    )
    error = jnp.abs(f - limit(few.outputs, some.outputs)).max()
    return MeanField(
        f, test, layers("features"), layers("gradients"), kernel, parameters=few.parameters | {"error": error}
    )


def task(
    gram: Array, targets: Array, weights: Numbers | None, richness: ArrayLike, learning_rate: ArrayLike, steps: int
) -> tuple[Problem, int]:
    """The problem of one output and the number of steps, or an error that names what is wrong."""
    require_task(gram, targets, several=False)
    return checked(gram, targets, weights, richness, learning_rate, steps)


def assembled(
    problem: Problem, strength: Branches, f: Array, two_time: TwoTime, more: dict[str, Any]
) -> MeanField:  # fmt: skip
    """A result from outputs (T+1, Q) and everything between two times."""
    times = jnp.arange(len(f))

    def now(kernel: Array) -> Array:
        return kernel[:, times, :, times].swapaxes(0, 1)  # the index of time comes first

    features, gradients = now(two_time.features), now(two_time.gradients)
    inner = strength.learning * (gradients[1:] * features[:-1]).sum(axis=0)
    kernel, known = features[-1] + inner + gradients[0] * problem.gram, problem.known
    require_stable(problem, f[:, :known], lambda: kernel)
    return MeanField(
        f[:, :known], f[:, known:], features, gradients, kernel, two_time=two_time,
        parameters=problem.parameters | more,
    )  # fmt: skip


class Fields(NamedTuple):
    """Coefficients (L + 1, n, M) of all fields on the M variables, in the order u^0, u^1 ... u^L, r^1 ... r^L, w_0."""

    h: Array
    g: Array
    features: Array  # Phi^1 ... Phi^(L+1), (L + 1, n, n), as far as rows are known; u^l has the covariance Phi^l
    gradients: Array  # G^1 ... G^(L+1), (L + 1, n, n), likewise; r^l has the covariance G^(l+1)


@partial(jax.jit, static_argnames=("depth", "steps"))
def _sweep(
    problem: Problem, strength: Branches, responses: ArrayLike, *, depth: int, steps: int
) -> tuple[Array, TwoTime]:  # fmt: skip
    """Outputs (T+1, Q), and everything between two times; of several problems one after another."""
    found: tuple[Array, TwoTime] = in_turn(partial(_solved, depth=depth, steps=steps))(problem, strength, responses)
    return found


def _solved(
    problem: Problem, strength: Branches, responses: ArrayLike, *, depth: int, steps: int
) -> tuple[Array, TwoTime]:  # fmt: skip
    """Time after time, up through the layers and down again: row t needs earlier rows and the layers passed before."""
    size, times = len(problem.gram), steps + 1
    n, rate, b = times * size, problem.learning_rate * problem.richness, jnp.sqrt(strength.noise)
    when, c, heard = jnp.repeat(jnp.arange(times), size), rate * strength.learning, jnp.where(responses, b, 0)
    ups, downs = size, size + depth * n  # where the coefficients on u^1 and r^1 begin
    many = downs + depth * n + 1
    start = jnp.tile(problem.gram, (1, times))

    def on(first: ArrayLike, rows: Array) -> Array:
        """Coefficients on the variables from `first` on, one a row, added."""
        return jax.lax.dynamic_update_slice(rows, at(rows, first, size) + jnp.eye(size), (0, first))

    def at(rows: Array, first: ArrayLike, count: int) -> Array:
        return jax.lax.dynamic_slice(rows, (0, first), (len(rows), count))

    def covariances(now: Fields, rows: Array) -> Array:
        """Of fields with these coefficients, with the variables themselves."""
        up = jnp.einsum("qln,lnm->qlm", rows[:, ups:downs].reshape(-1, depth, n), now.features[:-1])
        down = jnp.einsum("qln,lnm->qlm", rows[:, downs:-1].reshape(-1, depth, n), now.gradients[1:])
        parts = rows[:, :size] @ problem.gram, up.reshape(-1, depth * n), down.reshape(-1, depth * n), rows[:, -1:]
        return jnp.concatenate(parts, axis=1)

    def put(now: Fields, field: str, kernel: str, layer: ArrayLike, t: Array, rows: Array) -> tuple[Fields, Array]:
        """A field's rows at time t; with the new rows (Q, n) of its kernel."""
        fields = update_at(getattr(now, field), rows, layer, t)
        found = covariances(now, rows) @ fields[layer].T
        kernels = update_at(getattr(now, kernel), found, layer, t)
        kernels = jax.lax.dynamic_update_slice(kernels, found.T[None], (layer, 0, t * size))
        return now._replace(**{field: fields, kernel: kernels}), found

    def update_at(stack: Array, rows: Array, layer: ArrayLike, t: Array) -> Array:
        return jax.lax.dynamic_update_slice(stack, rows[None], (layer, t * size, 0))

    def advance(t: Array, state: tuple[Fields, Array, Array]) -> tuple[Fields, Array, Array]:
        now, f, pull = state
        early = when < t
        pulled = jnp.where(early, pull, 0)

        def up(layer: Array, carry: tuple[Fields, Array]) -> tuple[Fields, Array]:
            now, h = carry
            now, phi = put(now, "h", "features", layer, t, h)
            response = jnp.where(early, at(h, downs + layer * n, n), 0)
            h = h + (heard * response + c * phi * pulled) @ now.g[layer + 1]
            return now, h + b * on(ups + layer * n + t * size, jnp.zeros_like(h))

        def down(back: Array, carry: tuple[Fields, Array]) -> tuple[Fields, Array]:
            now, g = carry
            layer = depth - 1 - back  # of the field below this one
            now, kernel = put(now, "g", "gradients", layer + 1, t, g)
            response = jnp.where(when <= t, at(g, ups + layer * n, n), 0)
            g = g + (heard * response + c * kernel * pulled) @ now.h[layer]
            return now, g + b * on(downs + layer * n + t * size, jnp.zeros_like(g))

        h = on(0, rate * (start * pulled) @ now.g[0])
        now, h = jax.lax.fori_loop(0, depth, up, (now, h))
        now, _ = put(now, "h", "features", depth, t, h)
        w = (rate * pulled @ now.h[depth]).at[-1].add(1)
        out = covariances(now, h) @ w / problem.richness
        f = f.at[t].set(out)
        pull = jax.lax.dynamic_update_slice(pull, problem.errors(out), (t * size,))
        now, g = jax.lax.fori_loop(0, depth, down, (now, jnp.broadcast_to(w, h.shape)))
        return put(now, "g", "gradients", 0, t, g)[0], f, pull

    fields, square = jnp.zeros((depth + 1, n, many)), jnp.zeros((depth + 1, n, n))
    state = Fields(fields, fields, square, square), jnp.zeros((times, size)), jnp.zeros(n)
    now, f, _ = jax.lax.fori_loop(0, times, advance, state)

    def own(coefficients: Array, first: int) -> Array:
        """Of each layer, its coefficients on its own variables; none in the last."""
        blocks = coefficients[:, :, first : first + depth * n].reshape(depth, n, depth, n)
        kept = jnp.where(responses, jnp.einsum("lnlm->lnm", blocks), 0)
        return jnp.concatenate([kept, jnp.zeros((1, n, n))])

    two_time = (now.features, now.gradients, own(now.h[:-1], downs), own(now.g[1:], ups))
    return f, TwoTime(*(one.reshape(depth + 1, times, size, times, size) for one in two_time))
