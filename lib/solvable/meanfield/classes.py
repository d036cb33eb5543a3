"""Class by class: what each would send back by itself, and the tangent kernel between all of them.

The theory of several outputs needs none of it. Gradients g_c feel everything, and nothing feels them: at each time they
are drawn given what the signal is made of so far, used at that time, and dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .causal import FLOOR, cholesky, inverse, solved
from .layers import Layer, Now, Tangent
from .particles import strangers
from .problem import Problem


class Passive(NamedTuple):
    """Gradients g_c of one layer at time t, which feel everything and which nothing feels."""

    crossed: Array  # <g_c(t) q(s)>, (Q, C, n)
    own: Array  # <g_c(t) g_c'(t)>, (Q C, Q C)
    response: Array  # <d g_c(t) / d u(s)>, (Q, C, n)

    def kernel(self, size: int, classes: int) -> Array:
        """G, (Q, Q, C, C)."""
        return self.own.reshape(size, classes, size, classes).swapaxes(1, 2)


def gradients_of_classes(
    above: Passive | None, layer: Layer, numbers: Array, readout: Array, tangent: Tangent, key: Array, now: Now
) -> Passive:
    """g_c = phi'(h) z_c with z_c = r_c + (B_c + eta gamma_0 <g_c q> [s < t]) phi(h) and r_c drawn given r so far.

    In the last layer r_c = w_c(0), and `numbers` are these; D_c is its own correlation with r.
    """
    count, size = len(layer.value), now.size
    if above is None:
        classes = numbers.shape[1]
        coupling = jnp.broadcast_to((now.pull[:, None] * readout).T, (size, classes, len(now.pull)))
        r = jnp.broadcast_to(numbers[:, None], (count, size, classes))
    else:
        classes = above.crossed.shape[1]
        coupling = above.response + above.crossed * now.pull
        known = solved(layer.r_root, above.crossed.reshape(size * classes, -1).T)
        left = above.own - known.T @ known
        root = cholesky(left, FLOOR * jnp.diagonal(above.own))
        fresh = strangers(key, numbers[: count // 2], size * classes)
        r = numbers @ known + jnp.concatenate([fresh, -fresh]) @ root.T
        r = r.reshape(count, size, classes)
    z = r + jnp.einsum("sn,mcn->smc", layer.value, coupling)
    g = tangent.slope[..., None] * z
    flat = g.reshape(count, -1)
    crossed, own = (flat.T @ layer.g).reshape(size, classes, -1) / count, flat.T @ flat / count
    response = jnp.zeros_like(crossed)
    if tangent.by_u is not None and layer.value_by_u is not None:
        at = tangent.h, tangent.slope, tangent.bend
        parts = [now.neuron.parts(*at, dh) for dh in tangent.by_u]
        direct = jnp.concatenate([jnp.einsum("msj,smc->mcj", by_z / now.push, z) for by_z, _ in parts], axis=2)
        through = layer.value_by_u.averaged([by_dz / now.push for _, by_dz in parts], now.t + 1)
        response = direct / count + jnp.einsum("mck,mkj->mcj", coupling, through)
    return Passive(crossed, own, response)


def tangent_kernel_of(problem: Problem, features: Array, gradients: tuple[Array, ...]) -> tuple[Array, Array]:
    """Gradients (L, T+1, Q, Q, C, C), and the sum over layers of G^(l+1) Phi^l with G^(L+1) = 1 between classes."""
    times = jnp.arange(features.shape[1])
    phi = features[:, times, :, times].swapaxes(0, 1)[..., None, None]
    below = problem.gram[:, :, None, None], *phi
    above = *gradients, jnp.eye(problem.classes)
    return jnp.stack(gradients), sum((one * other for one, other in zip(below, above, strict=True)), jnp.zeros(()))


@jax.jit
def linear_gradients_of_classes(
    problem: Problem, f: Array, features: Array, signals: Array, feature_response: Array, signal_response: Array
) -> tuple[Array, Array]:
    r"""Class by class: gradients (L, T+1, Q, Q, C, C) and the tangent kernel (T+1, Q, Q, C, C).

    Fields that feel everything and that nothing feels, g_c = r_c + D' h. With X = <g_c q>, from the last layer on:

    .. math::
       D' &= B' + \eta\gamma_0 X, \quad M = D' R, \quad
          G \leftarrow G + M C X^\top + (M C X^\top)^\top + D' H^l D'^\top\\
       X &\leftarrow [X + M (H^{l-1} D^\top + C Q^{l+1})]\,R'^\top, \qquad B' \leftarrow M
    """
    depth, times, size = features.shape[:3]
    n, rate, classes = times * size, problem.learning_rate * problem.richness, problem.classes
    when = jnp.repeat(jnp.arange(times), size)
    earlier = when[:, None] > when
    h, q, a, b = (one.reshape(depth, n, n) for one in (features, signals, feature_response, signal_response))
    h = jnp.concatenate([jnp.tile(problem.gram, (times, times))[None], h])
    a = jnp.concatenate([jnp.zeros((1, n, n)), a])
    errors = problem.errors(f).reshape(n, classes)
    q = jnp.concatenate([q, (errors @ errors.T)[None]])

    def now(left: Array, right: Array) -> Array:
        """Products at equal times, (T+1, Q, Q, C, C), of rows (C, n, n)."""
        split = (one.reshape(classes, times, size, n) for one in (left, right))
        return jnp.einsum("ctmk,dtnk->tmncd", *split)

    def equal(kernel: Array) -> Array:
        times_now = jnp.arange(times)
        return kernel.reshape(times, size, times, size)[times_now, :, times_now][..., None, None]

    crossed = jnp.broadcast_to(errors.T[:, None], (classes, n, n))  # <w_c(0) r^L>
    response = jnp.zeros((classes, n, n))
    gradient = jnp.broadcast_to(jnp.eye(classes), (times, size, size, classes, classes))
    kernel, gradients = equal(h[depth]) * gradient, list[Array]()
    for i in reversed(range(depth)):  # layer l = i + 1
        c, d = earlier * (a[i] + rate * h[i]), earlier * (b[i] + rate * q[i + 1])
        coupling = earlier * (response + rate * crossed)
        moved = coupling @ inverse(c, d, times)
        echo = now(moved @ c, crossed)
        gradient = gradient + echo + echo.transpose(0, 2, 1, 4, 3) + now(coupling @ h[i + 1], coupling)
        crossed = (crossed + moved @ (h[i] @ d.T + c @ q[i + 1])) @ inverse(d, c, times).T
        response = moved
        kernel = kernel + equal(h[i]) * gradient
        gradients.insert(0, gradient)
    return jnp.stack(gradients), kernel
