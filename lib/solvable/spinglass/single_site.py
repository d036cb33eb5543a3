r"""One spin in a bath: the mean-field theory as a program that draws paths, with no formula for C and R.

.. math:: s_{n+1} = \frac{1}{\sqrt{Z_n}} \Big[ s_n + h\,\eta_n + h^2 \sum_{k<n} G_{nk}\, s_k + h\,\kappa\, m_n v
          + \sqrt{2 T h}\,\xi_n \Big], \qquad \langle \eta_n \eta_m \rangle = f'(C_{nm}), \quad G = f''(C)\,R

The bath is made of C = <s s> and R = <ds/d(h j)> of that same spin. Averages are over paths, so all of it carries an
error of order 1 / sqrt(paths).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import require, require_count, require_key, require_scalar
from .._pytree import pytree
from .glass import SphericalGlass, TwoTime

FLAT = 1e-8  # of f'(1): a new row of the noise that the earlier ones fix to this adds no number of its own


@pytree
@dataclass(frozen=True)
class Responses:
    """The response of one spin, estimated from its paths in four ways.

    Attributes:
      tangent: shape (T, T), the recursion of ds_n / d(h j_m) along a path.
      probe: the derivative along random signs z of the field: R[n, m] = <(ds_n / d(h j).z) z_m>.
      novikov: by parts on the white noise: R[n, m] = <s_n xi_m> / sqrt(2 T h); 0 where T = 0, where it says nothing.
      novikov_field: by parts on the coloured field, <s_n eta_m> = h sum_k R[n, k] f'(C[k, m]), solved for R. **Do not
        use it**: f'(C) is singular to rounding, and its inverse turns sampling error into anything.
    """

    tangent: Float[Array, "T T"]
    probe: Float[Array, "T T"]
    novikov: Float[Array, "T T"]
    novikov_field: Float[Array, "T T"]


def iterate(
    glass: SphericalGlass,
    steps: int,
    step_size: ArrayLike,
    *,
    overlap: ArrayLike = 0.0,
    paths: int = 4000,
    sweeps: int = 10,
    key: Array,
) -> TwoTime:
    r"""Guess C and R, draw paths in that bath, measure C and R, and again.

    Args:
      glass: the model.
      steps, step_size, overlap: as in `theory.descent`, which is the same for endless paths.
      paths: how many spins are drawn, whole and >= 2.
      sweeps: how often, whole and >= 1. No damping: sweep k gets a little more of early time right, for ever.
      key: a jax random key. All sweeps use the same random numbers, so that they settle on one solution.

    Returns:
      ``TwoTime``; ``parameters["changes"]``, shape (sweeps,), is by how much C moved at most in each sweep. It should
      have become small beside 1 / sqrt(paths), the sampling error.

    Raises:
      ValueError: for an argument out of range, named with its value.

    The first guess is C = exp(-|t - t'|), R = 0. A sweep costs paths x steps^2. Book: "Write your own".
    """
    steps, paths, h, m0 = _check(steps, step_size, overlap, paths, key)
    sweeps = require_count("sweeps", sweeps)
    c, r, m, changes = _iterate(glass, steps, h, m0, paths, sweeps, key)
    return _two_time(glass, h, c, r, m, {"overlap": overlap, "paths": paths, "changes": changes}, key)


def march(
    glass: SphericalGlass,
    steps: int,
    step_size: ArrayLike,
    *,
    overlap: ArrayLike = 0.0,
    paths: int = 4000,
    key: Array,
) -> TwoTime:
    r"""The same in one pass: the bath at step n needs the paths up to n only, so nothing has to be guessed.

    .. math:: \eta_n = \sum_{k<n} \ell_{nk}\, z_k + \ell_{nn}\, z_n, \qquad L L^\top = f'(C)
              \quad \text{one row of } L \text{ at each step}

    Args:
      glass, steps, step_size, overlap, paths, key: as in `iterate`.

    Returns:
      ``TwoTime``, with a sampling error of order 1 / sqrt(paths).

    Raises:
      ValueError: for an argument out of range, named with its value.

    Costs paths x steps^2, once. Book: "Write your own".
    """
    steps, paths, h, m0 = _check(steps, step_size, overlap, paths, key)
    c, r, m = _march(glass, steps, h, m0, paths, key)
    return _two_time(glass, h, c, r, m, {"overlap": overlap, "paths": paths}, key)


def responses(glass: SphericalGlass, bath: TwoTime, *, paths: int = 4000, key: Array) -> Responses:
    r"""Four estimates of the response of one spin in a given bath, of which one fails.

    Args:
      glass: the model.
      bath: what `theory.descent` found for it.
      paths: how many spins are drawn, whole and >= 2.
      key: a jax random key.

    Returns:
      ``Responses``, each of the shape of ``bath.response``, to be compared with it.

    Raises:
      ValueError: for an argument out of range, or a bath with another diagonal than that of `theory.descent`.

    Book: "Write your own".
    """
    require_key(key)
    paths = require_count("paths", paths, 2)
    if np.asarray(bath.response)[0, 0] != 0:
        raise ValueError("bath must come from theory.descent, whose response is 0 on the diagonal; got 1 there")
    h = jnp.asarray(bath.parameters["step_size"], float)
    return Responses(*_responses(glass, h, bath.correlation, bath.response, bath.overlap, paths, key))


def _check(
    steps: int, step_size: ArrayLike, overlap: ArrayLike, paths: int, key: Array
) -> tuple[int, int, Array, Array]:
    require_key(key)
    require_scalar("step_size", step_size)
    require("step_size", step_size, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))
    require_scalar("overlap", overlap)
    require("overlap", overlap, "between -1 and 1", lambda x: np.abs(x) <= 1)
    steps, paths = require_count("steps", steps), require_count("paths", paths, 2)
    return steps, paths, jnp.asarray(step_size, float), jnp.asarray(overlap, float)


def _two_time(glass: SphericalGlass, h: Array, c: Array, r: Array, m: Array, parameters: dict, key: Array) -> TwoTime:
    f1, memory = glass.f(c, 1) * r, glass.f(c, 2) * r * c
    energy = -h * f1.sum(axis=1) - glass.spike * m**2 / 2
    multiplier = glass.temperature + h * (f1 + memory).sum(axis=1) + glass.spike * m**2
    parameters = {"glass": glass, "step_size": h, **parameters, "key": jax.random.key_data(key)}
    return TwoTime(h * jnp.arange(len(m)), c, r, energy, multiplier, m, parameters)


def _draw(steps: int, paths: int, overlap: Array, key: Array) -> tuple[Array, ...]:
    """Start, planted signs, and the numbers behind the coloured and the white noise."""
    of_start, of_signs, of_field, of_noise = jax.random.split(key, 4)
    signs = jax.random.rademacher(of_signs, (paths,), float)
    start = overlap * signs + jnp.sqrt(1 - overlap**2) * jax.random.normal(of_start, (paths,))
    start = start / jnp.sqrt(jnp.mean(start**2))
    shape = (paths, steps)
    return start, signs, jax.random.normal(of_field, shape), jax.random.normal(of_noise, shape)


def _push(glass: SphericalGlass, h: Array, s: Array, n: Array, g: Array, field: Array, planted: Array) -> Array:
    """Spins n + 1 before they are put back on the sphere, without thermal noise; s has 0 after column n."""
    return s[:, n] + h * field + h**2 * (s @ g) + h * glass.spike * planted


@partial(jax.jit, static_argnums=(1, 4, 5))
def _iterate(
    glass: SphericalGlass, steps: int, h: Array, overlap: Array, paths: int, sweeps: int, key: Array
) -> tuple[Array, ...]:
    start, signs, z, white = _draw(steps, paths, overlap, key)
    kick = jnp.sqrt(2 * glass.temperature * h)

    def sweep(bath: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], Array]:
        c, r, m = bath
        g = glass.f(c, 2) * r
        values, vectors = jnp.linalg.eigh(glass.f(c, 1)[:-1, :-1])
        field = z @ (vectors * jnp.sqrt(jnp.maximum(values, 0.0)) @ vectors.T)

        def step(n: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            s, new_r = state
            u = _push(glass, h, s, n, g[n], field[:, n], m[n] * signs) + kick * white[:, n]
            length = jnp.sqrt(jnp.mean(u**2))
            row = ((new_r[n] + h**2 * (g[n] @ new_r)) / length).at[n].set(1 / length)
            return s.at[:, n + 1].set(u / length), new_r.at[n + 1].set(row)

        s = jnp.zeros((paths, steps + 1)).at[:, 0].set(start)
        s, new_r = jax.lax.fori_loop(0, steps, step, (s, jnp.zeros_like(r)))
        new_c = s.T @ s / paths
        return (new_c, new_r, signs @ s / paths), jnp.max(jnp.abs(new_c - c))

    time = h * jnp.arange(steps + 1)
    guess = jnp.exp(-jnp.abs(time[:, None] - time)), jnp.zeros((steps + 1, steps + 1)), overlap * jnp.exp(-time)
    (c, r, m), changes = jax.lax.scan(sweep, guess, None, length=sweeps)
    return c, r, m, changes


@partial(jax.jit, static_argnums=(1, 4))
def _march(glass: SphericalGlass, steps: int, h: Array, overlap: Array, paths: int, key: Array) -> tuple[Array, ...]:
    start, signs, z, white = _draw(steps, paths, overlap, key)
    kick, full = jnp.sqrt(2 * glass.temperature * h), glass.f(1.0, 1)
    place = jnp.arange(steps)

    def step(n: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        s, r, root = state
        c = s.T @ s[:, n] / paths  # a row of the correlation, 0 after n
        known = jnp.where(place < n, glass.f(c[:-1], 1), 0.0)
        safe = root + jnp.diag(jnp.where(jnp.diag(root) == 0, 1.0, 0.0))
        row = jax.scipy.linalg.solve_triangular(safe, known, lower=True)
        row = jnp.where((jnp.diag(root) > 0) & (place < n), row, 0.0)
        left = full - row @ row
        row = row.at[n].set(jnp.where(left > FLAT * full, jnp.sqrt(jnp.maximum(left, 0.0)), 0.0))
        g = glass.f(c, 2) * r[n]
        u = _push(glass, h, s, n, g, z @ row, jnp.mean(s[:, n] * signs) * signs) + kick * white[:, n]
        length = jnp.sqrt(jnp.mean(u**2))
        new = ((r[n] + h**2 * (g @ r)) / length).at[n].set(1 / length)
        return s.at[:, n + 1].set(u / length), r.at[n + 1].set(new), root.at[n].set(row)

    s = jnp.zeros((paths, steps + 1)).at[:, 0].set(start)
    empty = jnp.zeros((steps + 1, steps + 1))
    s, r, _ = jax.lax.fori_loop(0, steps, step, (s, empty, empty[:-1, :-1]))
    return s.T @ s / paths, r, signs @ s / paths


@partial(jax.jit, static_argnums=5)
def _responses(
    glass: SphericalGlass, h: Array, c: Array, r: Array, m: Array, paths: int, key: Array
) -> tuple[Array, ...]:
    steps = len(m) - 1
    of_paths, of_probe = jax.random.split(key)
    start, signs, z, white = _draw(steps, paths, m[0], of_paths)
    values, vectors = jnp.linalg.eigh(glass.f(c, 1)[:-1, :-1])
    field = z @ (vectors * jnp.sqrt(jnp.maximum(values, 0.0)) @ vectors.T)
    g, shrink = glass.f(c, 2) * r, jnp.diag(r, -1)
    kick = jnp.sqrt(2 * glass.temperature * h)

    def spins(extra: Array) -> Array:
        """The paths with a field of one's own in every step."""

        def step(n: Array, s: Array) -> Array:
            u = _push(glass, h, s, n, g[n], field[:, n] + extra[:, n], m[n] * signs) + kick * white[:, n]
            return s.at[:, n + 1].set(u * shrink[n])

        return jax.lax.fori_loop(0, steps, step, jnp.zeros((paths, steps + 1)).at[:, 0].set(start))

    def tangent(n: Array, rows: Array) -> Array:
        return rows.at[n + 1].set(((rows[n] + h**2 * (g[n] @ rows)) * shrink[n]).at[n].set(shrink[n]))

    probe = jax.random.rademacher(of_probe, (paths, steps), float)
    s, moved = jax.jvp(spins, (jnp.zeros((paths, steps)),), (probe,))

    def square(x: Array) -> Array:
        return jnp.pad(x, ((0, 0), (0, 1)))  # no field acts after the last step

    hot = glass.temperature > 0
    white_noise = jnp.where(hot, s.T @ white / paths / jnp.where(hot, kick, 1.0), 0.0)
    solved = jnp.linalg.solve(glass.f(c, 1)[:-1, :-1], (s.T @ field / paths).T).T / h
    recursion = jax.lax.fori_loop(0, steps, tangent, jnp.zeros_like(r))
    return recursion, square(moved.T @ probe / paths / h), square(white_noise), square(solved)
