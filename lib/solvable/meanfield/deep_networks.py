r"""Deep mean-field theory: neurons of every layer in the fields and responses of all the others, in causal order.

.. math::
   h^l &= u^l + C^l g^l, \quad z^l = r^l + D^l \phi(h^l), \quad g^l = \phi'(h^l)\, z^l,
   \qquad u^l \sim N(0, \Phi^{l-1}), \quad r^l \sim N(0, G^{l+1})\\
   C^l(t,s) &= A^{l-1}(t,s) + \eta\gamma_0 \Phi^{l-1}(t,s) D(s)\,[s<t], \qquad
   D^l(t,s) = B^l(t,s) + \eta\gamma_0 G^{l+1}(t,s) D(s)\,[s<t]\\
   A^l &= \langle \partial\phi(h^l)/\partial r^l \rangle\ (s<t), \qquad
   B^l = \langle \partial g^{l+1}/\partial u^{l+1} \rangle\ (s \le t), \qquad A^0 = B^L = 0
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_flag, require_key
from .._memory import require_memory
from .._pytree import Numbers
from ..gaussian import Function, activation_function
from ..numerics.gaussians import require_particles, square_root
from ..results import at_steps
from .causal import columns, rows, with_averages, with_columns, with_root, with_rows
from .deep_linear_networks import assembled
from .echoes import Echoes, in_blocks, mean
from .neuron import Neuron
from .particles import twins
from .problem import Problem, checked
from .results import MeanField, TwoTime

PUSH = 0.05  # of the spread of h^1, for neurons with a kink: less drowns in noise, more hides single steps


@at_steps
@finite_answer
def deep(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    particles: int = 1000,
    repeats: int = 4,
    weights: Numbers | None = None,
    responses: bool = True,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide network with `depth` hidden layers, in one sweep through time.

    .. math::
       h^l &= u^l + C^l g^l, \quad z^l = r^l + D^l \phi(h^l), \quad g^l = \phi'(h^l)\, z^l,
       \qquad u^l \sim N(0, \Phi^{l-1}), \quad r^l \sim N(0, G^{l+1})\\
       C^l(t,s) &= A^{l-1}(t,s) + \eta\gamma_0 \Phi^{l-1}(t,s) D(s)\,[s<t], \qquad
       D^l(t,s) = B^l(t,s) + \eta\gamma_0 G^{l+1}(t,s) D(s)\,[s<t]\\
       A^l &= \langle \partial\phi(h^l)/\partial r^l \rangle\ (s<t), \qquad
       B^l = \langle \partial g^{l+1}/\partial u^{l+1} \rangle\ (s \le t), \qquad A^0 = B^L = 0\\
       \Phi^l &= \langle \phi(h^l)\phi(h^l) \rangle, \qquad G^l = \langle g^l g^l \rangle, \qquad
       f(t) = \frac{1}{\gamma_0} \langle z^L(t)\, \phi(h^L(t)) \rangle

    with D(s) = p (y - f(s)) and G^(L+1) = 1.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function with two derivatives: a kink is heard in
        "relu" only.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key.
      particles: neurons of each layer in one sample; more than 3 (steps + 1) Q of them. Each has a twin with the
        opposite r, so that f(0) = 0.
      repeats: independent samples, >= 2; their spread is the standard error.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.
      responses: False drops A and B, as if gradients did not depend on activations: wrong, and instructive.

    Returns:
      `MeanField`; ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for responses that are neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; the error is that of the samples. Every row
    of time needs earlier rows only, so nothing is iterated or damped. A and B are derivatives of each neuron's path;
    for ReLU, where phi'' is a spike, they are differences between paths that are 0.05 standard deviations apart. These
    are noisy, and the noise raises G by a share of order 1 / particles: take thousands, and look at
    ``error("gradients")``. Cost: repeats x depth x particles x (steps Q)^3; memory 5 (depth - 1) x particles x (steps
    Q)^2 numbers. Source: Bordelon and Pehlevan (2022), whose A and B are ours over gamma_0. Book: "Deep mean-field
    theory".
    """
    phi, depth = activation_function(activation), require_count("depth", depth)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps)
    require_key(key)
    require_flag("responses", responses)
    repeats, columns = require_count("repeats", repeats, 2), 2 * (steps + 1) * len(problem.gram)
    particles = require_particles(particles, columns)
    sizes = {"steps": steps, "particles": particles, "depth": depth, "repeats": repeats}
    require_memory(partial(_bytes, len(problem.gram)), **sizes)
    drawn = [
        _sweep(problem, one, phi=phi, depth=depth, steps=steps, particles=particles, responses=responses)
        for one in jax.random.split(key, repeats)
    ]
    f, h, *found = jax.tree.map(lambda *parts: jnp.stack(parts), *drawn)
    spread, count = f.std(axis=0, ddof=1), problem.known
    times = jnp.arange(steps + 1)
    features, gradients = (one[:, :, times, :, times].std(axis=1, ddof=1).swapaxes(0, 1) for one in found[:2])
    more: dict[str, Any] = {
        "preactivations": h.reshape(-1, h.shape[-1]),
        "outputs_std": spread[:, :count],
        "test_std": spread[:, count:],
        "features_std": features,
        "gradients_std": gradients,
        "parameters": problem.parameters
        | {"repeats": repeats, "particles": particles, "key": jax.random.key_data(key)},
    }
    return assembled(problem, f.mean(axis=0), TwoTime(*(one.mean(axis=0) for one in found)), more)


def _bytes(size: int, steps: float, particles: float, depth: float, repeats: float) -> float:
    """Memory of one sweep, and of what all of them return."""
    n = (steps + 1) * size
    return 8 * n * (n * (5 * (depth - 1) * particles + (6 + 4 * repeats) * depth) + 8 * depth * particles)


class _Layer(NamedTuple):
    """One hidden layer up to now; n = (T+1) Q indices k = (t, mu), S neurons. Rows to come are zero."""

    features: Array  # Phi, (n, n)
    gradients: Array  # G
    up: Array  # A
    down: Array  # B
    u_root: Array  # Cholesky factor of the layer below's Phi, with ones on the diagonal to come
    r_root: Array  # of the layer above's G
    value: Array  # phi(h), (S, n)
    g: Array
    value_by_r: Echoes | None  # d phi(h) / d r; None where nothing needs it
    g_by_r: Echoes | None
    value_by_u: Echoes | None
    g_by_u: Echoes | None


class _Now(NamedTuple):
    """What all layers share in the row of time t."""

    t: Array
    earlier: Array  # [s < t], (n,)
    errors: Array  # eta gamma_0 D(s), (n,), as far as it is known
    size: int  # Q
    pushed: list[Array]  # fields of time t that are pushed themselves, in blocks of `Echoes`
    push: Array
    neuron: Neuron

    def responses(self, below: Array, kernel: Array) -> Array:
        """Rows of time t of A + eta gamma_0 Phi D [s < t], or of B and G: C^l, or D^l."""
        learned = jnp.where(self.earlier, rows(kernel, self.t, self.size) * self.errors, 0)
        return learned + rows(below, self.t, self.size)

    def field(self, numbers: Array, root: Array) -> Array:
        """u(t) or r(t), (S, Q), of the covariance with this root."""
        return numbers @ rows(root, self.t, self.size).T

    def through(self, heard: list[Array]) -> list[Array]:
        """What a field feels that is pushed itself and hears of earlier pushes too."""
        return [one + more for one, more in zip(self.pushed, heard, strict=True)]

    def mean(self, moved: list[Array]) -> Array:
        """A response: what a push of one would do on average."""
        return mean(moved, self.push)


class _Tangent(NamedTuple):
    """h and its changes at time t, on the way from `_forward` to `_backward`."""

    h: Array  # (S, Q)
    slope: Array  # phi'(h)
    bend: Array  # phi''(h)
    by_r: list[Array] | None  # dh / dr
    by_u: list[Array] | None  # dh / du


def _forward(layer: _Layer, u: Array, phi_below: Array, a_below: Array, now: _Now) -> tuple[_Layer, _Tangent]:
    """Row t of h = u + C g with C = A + eta gamma_0 Phi D of the layer below; then Phi, A and what h feels."""
    t, neuron = now.t, now.neuron
    c = now.responses(a_below, phi_below)
    h = u + layer.g @ c.T
    value, slope, bend = neuron.derivatives(h)
    so_far = with_columns(layer.value, value, t)
    layer = layer._replace(value=so_far, features=with_averages(layer.features, value, so_far, t))
    by_r = by_u = None
    if layer.g_by_r is not None and layer.value_by_r is not None:
        by_r = layer.g_by_r.heard(c, t)
        moved = [neuron.felt(h, slope, dh) for dh in by_r]
        layer = layer._replace(
            value_by_r=layer.value_by_r.extended(moved, t), up=with_rows(layer.up, now.mean(moved), t)
        )
    if layer.g_by_u is not None and layer.value_by_u is not None:
        by_u = now.through(layer.g_by_u.heard(c, t))
        moved = [neuron.felt(h, slope, dh) for dh in by_u]
        layer = layer._replace(value_by_u=layer.value_by_u.extended(moved, t))
    return layer, _Tangent(h, slope, bend, by_r, by_u)


def _backward(layer: _Layer, z: Array, d: Array, tangent: _Tangent, now: _Now) -> tuple[_Layer, Array | None]:
    """Row t of g = phi'(h) z, with z = r + D phi(h); then G, what g feels, and B of the layer below."""
    t = now.t
    g = tangent.slope * z
    so_far = with_columns(layer.g, g, t)
    layer = layer._replace(g=so_far, gradients=with_averages(layer.gradients, g, so_far, t))

    def felt(by: list[Array], heard: list[Array]) -> list[Array]:
        at = tangent.h, tangent.slope, tangent.bend, z
        return [now.neuron.felt_back(*at, dh, dz) for dh, dz in zip(by, heard, strict=True)]

    down = None
    if tangent.by_r is not None and layer.g_by_r is not None and layer.value_by_r is not None:
        moved = felt(tangent.by_r, now.through(layer.value_by_r.heard(d, t + 1)))
        layer = layer._replace(g_by_r=layer.g_by_r.extended(moved, t))
    if tangent.by_u is not None and layer.g_by_u is not None and layer.value_by_u is not None:
        moved = felt(tangent.by_u, layer.value_by_u.heard(d, t + 1))
        layer, down = layer._replace(g_by_u=layer.g_by_u.extended(moved, t)), now.mean(moved)
    return layer, down


@partial(jax.jit, static_argnames=("phi", "depth", "steps", "particles", "responses"))
def _sweep(
    problem: Problem, key: Array, *, phi: Function, depth: int, steps: int, particles: int, responses: bool
) -> tuple[Array, ...]:
    """Outputs (T+1, Q), h of the last layer at the end (S, Q), and everything between two times."""
    size, times = len(problem.gram), steps + 1
    n, rate = times * size, problem.learning_rate * problem.richness
    zeros, ones, unit = jnp.zeros((n, n)), jnp.ones((n, n)), jnp.eye(n)
    gram = jnp.tile(problem.gram, (times, times))  # Phi^0
    normals = [
        twins(one, particles, size if i == 0 else n, 1 if i == depth - 1 else n)
        for i, one in enumerate(jax.random.split(key, depth))
    ]
    first_field = normals[0][0] @ square_root(problem.gram)
    neuron = Neuron(phi)
    push = _pushes(problem, particles) if neuron.kink else jnp.ones(())  # smooth ones answer in proportion to any
    when = jnp.repeat(jnp.arange(times), size)

    def row(state: tuple[list[_Layer], Array], t: Array) -> tuple[tuple[list[_Layer], Array], tuple[Array, Array]]:
        layers, errors = list(state[0]), state[1]
        pushed = [push * one for one in in_blocks(rows(unit, t, size), times)]
        now = _Now(t, when < t, rate * errors, size, pushed, push, neuron)
        tangents = []
        for i, (u, _) in enumerate(normals):
            phi_below, a_below = (layers[i - 1].features, layers[i - 1].up) if i else (gram, zeros)
            root = with_root(layers[i].u_root, phi_below, t, size) if i else unit
            field = now.field(u, root) if i else first_field
            layer, tangent = _forward(layers[i]._replace(u_root=root), field, phi_below, a_below, now)
            layers[i] = layer
            tangents.append(tangent)
        for i in reversed(range(depth)):
            last, layer, r = i == depth - 1, layers[i], normals[i][1]
            g_above = ones if last else layers[i + 1].gradients  # G^{L+1} = 1
            root = layer.r_root if last else with_root(layer.r_root, g_above, t, size)
            d = now.responses(layer.down, g_above)
            z = (r if last else now.field(r, root)) + layer.value @ d.T
            if last:
                f = _outputs(z, columns(layer.value, t, size), problem.richness)
                errors = jax.lax.dynamic_update_slice(errors, problem.errors(f), (t * size,))
                now = now._replace(errors=rate * errors)
            layers[i], down = _backward(layer._replace(r_root=root), z, d, tangents[i], now)
            if down is not None:
                layers[i - 1] = layers[i - 1]._replace(down=with_rows(layers[i - 1].down, down, t))
        return (layers, errors), (f, tangents[-1].h)

    def empty(i: int) -> _Layer:
        neurons, silent = jnp.zeros((2 * particles, n)), Echoes.silent(times, size, 2 * particles)
        by_r = silent if responses and i < depth - 1 else None
        by_u = silent if responses and i > 0 else None
        return _Layer(zeros, zeros, zeros, zeros, unit, unit, neurons, neurons, by_r, by_r, by_u, by_u)

    state = [empty(i) for i in range(depth)], jnp.zeros(n)
    (layers, _), (f, h) = jax.lax.scan(row, state, jnp.arange(times))

    def stacked(name: str) -> Array:
        return jnp.stack([getattr(layer, name) for layer in layers]).reshape(depth, times, size, times, size)

    return f, h[-1], *(stacked(name) for name in ("features", "gradients", "up", "down"))


def _outputs(z: Array, value: Array, richness: Array) -> Array:
    """f(t) = <z phi(h)> / gamma_0 of the last layer; each neuron with its twin first, since f(0) = 0."""
    half, products = len(z) // 2, z * value
    return (products[:half] + products[half:]).mean(axis=0) / (2 * richness)


def _pushes(problem: Problem, particles: int) -> Array:
    """How far the field of each neuron with a kink is pushed, (2 particles, 1): twins opposite ways."""
    size = PUSH * jnp.sqrt(jnp.trace(problem.gram) / len(problem.gram))
    return size * jnp.repeat(jnp.array([1.0, -1.0]), particles)[:, None]
