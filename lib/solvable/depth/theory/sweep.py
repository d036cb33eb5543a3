r"""One sweep through time for neurons of any activation, up through the layers and down again at every step.

.. math::
   h^1 &= u^0 + \eta\gamma_0 [\Phi^0 D]_< g^1, \qquad
   h^{l+1} = h^l + b\, u^l + [b A^l + c\, \Phi^l D]_<\, g^{l+1}\\
   g^{L+1} &= \phi'(h^{L+1})\, w, \qquad
   g^l = g^{l+1} + \phi'(h^l) \big\{ b\, r^l + (b B^l + [c\, G^{l+1} D]_<)\, \phi(h^l) \big\}

Row t of everything needs earlier rows and the layers that were passed before, so nothing is iterated. All layers have
one form and stand in stacks, so what is compiled does not grow with the depth.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ...gaussian import Function
from ...meanfield.causal import rows, with_root
from ...meanfield.neuron import Neuron
from ...meanfield.problem import Problem
from ..branches import Branches
from .particles import Paths, particles, spike_of


class Now(NamedTuple):
    """All layers up to now; n = (T+1) Q indices k = (t, mu), M particles with C - 1 tangents. Rows to come are zero."""

    up: Array  # phi(h^l) of layers 1 to L + 1, (L + 1, n, C M)
    down: Array  # g^l, likewise
    features: Array  # Phi^l, (L + 1, n, n)
    gradients: Array  # G^l, likewise
    feature_response: Array  # A^l, (L, n, n)
    gradient_response: Array  # B^l, (L, n, n)
    u_roots: Array  # Cholesky factors of Phi^l, (L, n, n)
    r_roots: Array  # of G^(l+1), (L, n, n)
    errors: Array  # D, (n,)


@partial(jax.jit, static_argnames=("phi", "depth", "steps", "pairs", "responses"))
def sweep(
    problem: Problem,
    strength: Branches,
    key: Array,
    *,
    phi: Function,
    depth: int,
    steps: int,
    pairs: int,
    responses: bool,
) -> tuple[Any, ...]:
    """Outputs (T+1, Q), h of the last layer at the end (2 pairs, Q), and `TwoTime`'s arrays, (L + 1, n, n) each."""
    size, times, many = len(problem.gram), steps + 1, 2 * pairs
    n, rate, b = times * size, problem.learning_rate * problem.richness, jnp.sqrt(strength.noise)
    c, when, channels = rate * strength.learning, jnp.repeat(jnp.arange(times), size), 3 if responses else 1
    drawn = particles(key, problem.gram, depth=depth, n=n, pairs=pairs, tangents=responses)
    paths = Paths(Neuron(phi), many, spike_of(problem.gram))
    start = jnp.tile(problem.gram, (1, times))

    def of_pairs(product: Array) -> Array:
        """Means over particles; those of a pair are added first, since f(0) = 0."""
        return product.reshape(*product.shape[:-1], 2, pairs).sum(axis=-2).mean(axis=-1) / 2

    def put(stack: Array, new: Array, layer: ArrayLike, t: Array) -> Array:
        return jax.lax.dynamic_update_slice(stack, new[None], (layer, t * size, 0))

    def averaged(stack: Array, kernels: Array, new: Array, layer: ArrayLike, t: Array) -> tuple[Array, Array, Array]:
        """A stack of fields and one of their kernels with the rows of time t, and these rows (Q, n) of the kernel."""
        stack = put(stack, new, layer, t)
        so_far = jax.lax.dynamic_slice(stack, (layer, 0, 0), (1, n, many))[0]
        row = new[:, :many] @ so_far.T / many
        kernels = jax.lax.dynamic_update_slice(put(kernels, row, layer, t), row.T[None], (layer, 0, t * size))
        return stack, kernels, row

    def answer(new: Array, probe: Array, channel: int, heard: Array) -> Array:
        """The response (Q, n) of a field to the noises of one layer, as far as they were heard."""
        if not responses:
            return jnp.zeros((size, n))
        felt = new[:, channel * many : (channel + 1) * many] @ probe.T / many
        return jnp.where(heard, felt, 0)

    def pushed(noise: Array, probe: Array, channel: int, t: Array) -> Array:
        """Noise of a layer, beside the tangents that push it."""
        beside = [rows(probe, t, size) if one == channel else jnp.zeros((size, many)) for one in range(1, channels)]
        return jnp.concatenate([noise, *beside], axis=1)

    def step(now: Now, t: Array) -> tuple[Now, tuple[Array, Array]]:
        early = when < t
        pull = jnp.where(early, now.errors, 0)

        def climb(layer: Array, carry: tuple[Now, Array, Array]) -> tuple[Now, Array, Array]:
            now, h, passed = carry
            value = paths.forward(h)
            up, features, row = averaged(now.up, now.features, value, layer, t)
            heard = answer(value, drawn.by_r[layer], 2, early)
            root = with_root(now.u_roots[layer], features[layer], t, size)
            noise = drawn.noise(rows(root, t, size), layer, back=False)
            move = (b * heard + c * row * pull) @ now.down[layer + 1] + b * pushed(noise, drawn.by_u[layer], 1, t)
            now = now._replace(
                up=up, features=features, u_roots=now.u_roots.at[layer].set(root),
                feature_response=put(now.feature_response, heard, layer, t),
            )  # fmt: skip
            return now, h + move, passed.at[layer].set(h)

        def descend(back: Array, carry: tuple[Now, Array, Array]) -> tuple[Now, Array, Array]:
            now, g, passed = carry
            layer = depth - 1 - back  # of the field below this one
            down, gradients, row = averaged(now.down, now.gradients, g, layer + 1, t)
            heard = answer(g, drawn.by_u[layer], 1, when <= t)
            root = with_root(now.r_roots[layer], gradients[layer + 1], t, size)
            noise = drawn.noise(rows(root, t, size), layer, back=True)
            z = (b * heard + c * row * pull) @ now.up[layer] + b * pushed(noise, drawn.by_r[layer], 2, t)
            now = now._replace(
                down=down, gradients=gradients, r_roots=now.r_roots.at[layer].set(root),
                gradient_response=put(now.gradient_response, heard, layer, t),
            )  # fmt: skip
            return now, g + paths.back(passed[layer], z), passed

        h = (rate * start * pull @ now.down[0]).at[:, :many].add(drawn.start)
        now, h, passed = jax.lax.fori_loop(0, depth, climb, (now, h, jnp.zeros((depth, *h.shape))))
        value = paths.forward(h)
        up, features, _ = averaged(now.up, now.features, value, depth, t)
        w = (rate * pull @ up[depth]).at[:many].add(drawn.w)
        f = of_pairs(w[:many] * value[:, :many]) / problem.richness
        errors = jax.lax.dynamic_update_slice(now.errors, problem.errors(f), (t * size,))
        now = now._replace(up=up, features=features, errors=errors)
        g = paths.back(h, jnp.broadcast_to(w, h.shape))
        now, g, _ = jax.lax.fori_loop(0, depth, descend, (now, g, passed))
        down, gradients, _ = averaged(now.down, now.gradients, g, 0, t)
        return now._replace(down=down, gradients=gradients), (f, h[:, :many])

    fields, square = jnp.zeros((depth + 1, n, channels * many)), jnp.zeros((depth + 1, n, n))
    inner = square[1:]
    now = Now(fields, fields, square, square, inner, inner, inner, inner, jnp.zeros(n))
    now, (f, h) = jax.lax.scan(step, now, jnp.arange(times))
    none = jnp.zeros((1, n, n))
    answers = (jnp.concatenate([one, none]) for one in (now.feature_response, now.gradient_response))
    return f, h[-1].T, now.features, now.gradients, *answers
