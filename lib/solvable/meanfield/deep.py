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
from .deep_linear import assembled
from .echoes import Echoes, in_blocks, mean
from .particles import require_particles, square_root, whiten
from .problem import Problem, checked
from .results import MeanField, TwoTime

PUSH = 0.05  # of the spread of h^1, for neurons with a kink: less drowns in noise, more hides single steps
FLOOR = 1e-9  # of the mean variance: pivots below are rounding, since kernels over time are nearly singular


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

    Args:
      depth: L, whole and >= 1.
      activation: as for `two_layer`; a function of your own must have two derivatives: a kink is heard in "relu" only.
      particles: neurons of each layer in one sample; more than 3 (steps + 1) Q of them.
      repeats: independent samples, >= 2; their spread is the standard error.
      responses: False drops A and B, as if gradients did not depend on activations: wrong, and instructive.

    Other arguments, errors and source as for `two_layer`; ``two_time`` holds kernels and responses.

    Every row of time needs earlier rows only, so nothing is iterated or damped. A and B are derivatives of each
    neuron's path; for ReLU, where phi'' is a spike, they are differences between paths that are 0.05 standard
    deviations apart. These are noisy, and the noise raises G by a share of order 1 / particles: take thousands,
    and look at ``gradients_error``. Cost: repeats x depth x particles x (steps Q)^3; memory 5 (depth - 1) x particles x
    (steps Q)^2 numbers. Book: "Deep mean-field theory".
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


@partial(jax.jit, static_argnames=("phi", "depth", "steps", "particles", "responses"))
def _sweep(
    problem: Problem, key: Array, *, phi: Function, depth: int, steps: int, particles: int, responses: bool
) -> tuple[Array, ...]:
    """Outputs (T+1, Q), h of the last layer at the end (S, Q), and everything between two times."""
    size, times = len(problem.gram), steps + 1
    n, rate = times * size, problem.learning_rate * problem.richness
    when = jnp.repeat(jnp.arange(times), size)
    start, ones, zeros, unit = jnp.tile(problem.gram, (times, times)), jnp.ones((n, n)), jnp.zeros((n, n)), jnp.eye(n)
    normals = [
        _twins(one, particles, size if i == 0 else n, 1 if i == depth - 1 else n)
        for i, one in enumerate(jax.random.split(key, depth))
    ]
    first_field = normals[0][0] @ square_root(problem.gram)
    kink = phi is jax.nn.relu
    push = _pushes(problem, particles) if kink else jnp.ones(())  # of smooth neurons any: they answer in proportion

    def cut(matrix: Array, t: Array) -> Array:
        return jax.lax.dynamic_slice_in_dim(matrix, t * size, size, axis=-2)

    def put(matrix: Array, rows: Array, t: Array) -> Array:
        return jax.lax.dynamic_update_slice_in_dim(matrix, rows, t * size, axis=matrix.ndim - 2)

    def put_columns(matrix: Array, columns: Array, t: Array) -> Array:
        return jax.lax.dynamic_update_slice_in_dim(matrix, columns, t * size, axis=matrix.ndim - 1)

    def kernel(matrix: Array, now: Array, so_far: Array, t: Array) -> Array:
        rows = now.T @ so_far / len(now)
        return put_columns(put(matrix, rows, t), rows.T, t)

    def extended(root: Array, covariance: Array, t: Array) -> Array:
        """The Cholesky factor with the rows of time t."""
        rows = cut(covariance, t)
        before = jax.scipy.linalg.solve_triangular(root, jnp.where(when < t, rows, 0).T, lower=True).T
        left = jax.lax.dynamic_slice_in_dim(rows, t * size, size, axis=1) - before @ before.T
        floor = FLOOR * jnp.trace(covariance) / ((t + 1) * size)
        return put(root, put_columns(before, _cholesky(left, floor), t), t)

    def advance(state: tuple, t: Array) -> tuple[tuple, tuple[Array, Array]]:
        layers, pull = list(state[0]), state[1]
        earlier, here = when < t, [push * one for one in in_blocks(cut(unit, t), times)]
        tangents: list[tuple[Any, ...]] = []
        for i, (eps, _) in enumerate(normals):
            layer, below = layers[i], layers[i - 1].features if i else start
            u, root = first_field, layer.u_root
            if i:
                root = extended(root, below, t)
                u = eps @ cut(root, t).T
            c = jnp.where(earlier, rate * cut(below, t) * pull, 0) + (cut(layers[i - 1].up, t) if i else 0)
            h = u + layer.g @ c.T
            value, slope, bend = _derivatives(phi, h)
            so_far = put_columns(layer.value, value, t)
            layer = layer._replace(u_root=root, value=so_far, features=kernel(layer.features, value, so_far, t))
            by_r = by_u = None
            beside = _beside(h), _beside(slope)
            if layer.g_by_r is not None:
                by_r = layer.g_by_r.heard(c, t)
                moved = [_felt(kink, *beside, dh) for dh in by_r]
                up = put(layer.up, mean(moved, push), t)
                layer = layer._replace(value_by_r=layer.value_by_r.extended(moved, t), up=up)
            if layer.g_by_u is not None:
                by_u = [one + more for one, more in zip(here, layer.g_by_u.heard(c, t), strict=True)]
                layer = layer._replace(
                    value_by_u=layer.value_by_u.extended([_felt(kink, *beside, dh) for dh in by_u], t)
                )
            layers[i] = layer
            tangents.append((h, slope, bend, by_r, by_u))
        f: Any = None
        for i in reversed(range(depth)):
            layer, above = layers[i], layers[i + 1].gradients if i < depth - 1 else ones
            h, slope, bend, by_r, by_u = tangents[i]
            r, root = normals[i][1], layer.r_root
            if i < depth - 1:
                root = extended(root, above, t)
                r = r @ cut(root, t).T
            d = jnp.where(earlier, rate * cut(above, t) * pull, 0) + cut(layer.down, t)
            z = r + layer.value @ d.T
            if f is None:
                half = len(z) // 2  # twins first, since f(0) = 0
                said = z * jax.lax.dynamic_slice_in_dim(layer.value, t * size, size, axis=1)
                f = (said[:half] + said[half:]).mean(axis=0) / (2 * problem.richness)
                pull = jax.lax.dynamic_update_slice(pull, problem.errors(f), (t * size,))
            g = slope * z
            so_far = put_columns(layer.g, g, t)
            layer = layer._replace(r_root=root, g=so_far, gradients=kernel(layer.gradients, g, so_far, t))
            react = partial(_felt_back, kink, _beside(h), _beside(slope), _beside(bend), _beside(z))
            if by_r is not None:
                heard = [one + more for one, more in zip(here, layer.value_by_r.heard(d, t + 1), strict=True)]
                layer = layer._replace(g_by_r=layer.g_by_r.extended(list(map(react, by_r, heard)), t))
            if by_u is not None:
                moved = list(map(react, by_u, layer.value_by_u.heard(d, t + 1)))
                layer = layer._replace(g_by_u=layer.g_by_u.extended(moved, t))
                layers[i - 1] = layers[i - 1]._replace(down=put(layers[i - 1].down, mean(moved, push), t))
            layers[i] = layer
        return (layers, pull), (f, tangents[-1][0])

    def empty(i: int) -> _Layer:
        neurons, silent = jnp.zeros((2 * particles, n)), Echoes.silent(times, size, 2 * particles)
        by_r = silent if responses and i < depth - 1 else None
        by_u = silent if responses and i > 0 else None
        return _Layer(zeros, zeros, zeros, zeros, unit, unit, neurons, neurons, by_r, by_r, by_u, by_u)

    state = [empty(i) for i in range(depth)], jnp.zeros(n)
    (layers, _), (f, h) = jax.lax.scan(advance, state, jnp.arange(times))

    def stacked(name: str) -> Array:
        return jnp.stack([getattr(layer, name) for layer in layers]).reshape(depth, times, size, times, size)

    return f, h[-1], *(stacked(name) for name in ("features", "gradients", "up", "down"))


def _twins(key: Array, particles: int, first: int, last: int) -> tuple[Array, Array]:
    """Whitened normal variables for u and r of each neuron, and of its twin with the opposite r."""
    both = whiten(jax.random.normal(key, (particles, first + last)))
    u, r = both[:, :first], both[:, first:]
    return jnp.concatenate([u, u]), jnp.concatenate([r, -r])


def _pushes(problem: Problem, particles: int) -> Array:
    """How far the field of each neuron with a kink is pushed, (2 particles, 1): twins opposite ways."""
    size = PUSH * jnp.sqrt(jnp.trace(problem.gram) / len(problem.gram))
    return size * jnp.repeat(jnp.array([1.0, -1.0]), particles)[:, None]


def _felt(kink: bool, h: Array, slope: Array, dh: Array) -> Array:
    """Change of phi(h) where h changes: by a finite amount for ReLU, whose phi'' is a spike, else to first order."""
    return jax.nn.relu(h + dh) - jax.nn.relu(h) if kink else slope * dh


def _felt_back(kink: bool, h: Array, slope: Array, bend: Array, z: Array, dh: Array, dz: Array) -> Array:
    """Change of g = phi'(h) z where h and z change."""
    return (h + dh > 0) * (z + dz) - slope * z if kink else bend * z * dh + slope * dz


def _beside(x: Array) -> Array:
    """(S, Q) as (Q, S, 1), to stand beside rows of `Echoes`."""
    return x.T[..., None]


def _derivatives(phi: Function, h: Array) -> tuple[Array, Array, Array]:
    """phi, phi' and phi'', entry by entry."""

    def slope(x: Array) -> tuple[Array, Array]:
        return jax.jvp(phi, (x,), (jnp.ones_like(x),))

    (value, first), (_, second) = jax.jvp(slope, (h,), (jnp.ones_like(h),))
    return value, first, second


def _cholesky(matrix: Array, floor: Array) -> Array:
    """Of a small matrix whose pivots may be rounding: none is smaller than the floor."""

    def column(j: Array, root: Array) -> Array:
        rest = matrix[:, j] - root @ root[j]
        pivot = jnp.sqrt(jnp.maximum(rest[j], floor))
        below = jnp.arange(len(matrix)) > j
        return root.at[:, j].set(jnp.where(below, rest / pivot, 0).at[j].set(pivot))

    return jax.lax.fori_loop(0, len(matrix), column, jnp.zeros_like(matrix))
