r"""One spin in a bath: the mean-field theory as a program that draws paths, with no formula for C and R.

.. math:: s_{n+1} = \frac{1}{\sqrt{Z_n}} \Big[ s_n + h\,\eta_n + h^2 \sum_{k<n} G_{nk}\, s_k + h\,\kappa\, m_n v
          + \sqrt{2 T h}\,\xi_n \Big], \qquad \langle \eta_n \eta_m \rangle = f'(C_{nm}), \quad G = f''(C)\,R

The bath is made of C = <s s> and R = <ds/d(h j)> of that same spin. Averages are over paths, so all of it carries an
error of order 1 / sqrt(particles).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_key
from .._memory import require_memory
from ..results import at_steps
from .checks import check_run
from .glass import SphericalGlass, TwoTime
from .paths import coloured, draw, push
from .responses import Responses, responses

__all__ = ["Responses", "iterate", "march", "responses"]

FLAT = 1e-8  # of f'(1): a new row of the noise that the earlier ones fix to this adds no number of its own


@at_steps
@finite_answer
def iterate(
    glass: SphericalGlass,
    steps: int,
    step_size: ArrayLike,
    *,
    overlap: ArrayLike = 0.0,
    particles: int = 4000,
    sweeps: int = 10,
    key: Array,
) -> TwoTime:
    r"""Guess C and R, draw paths in that bath, measure C and R, and again.

    .. math::
       s_{n+1} &= \frac{1}{\sqrt{Z_n}} \Big[ s_n + h\,\eta_n + h^2 \sum_{k<n} G_{nk}\, s_k + h\,\kappa\, m_n v
       + \sqrt{2 T h}\,\xi_n \Big], \qquad \langle \eta_n \eta_m \rangle = f'(C_{nm}), \quad G = f''(C)\,R \\
       C_{nm} &\leftarrow \langle s_n s_m \rangle, \qquad m_n \leftarrow \langle s_n v \rangle, \qquad
       R_{n+1,m} \leftarrow \frac{1}{\sqrt{Z_n}} \Big[ R_{nm} + h^2 \sum_{k<n} G_{nk}\, R_{km} \Big], \quad
       R_{n+1,n} \leftarrow \frac{1}{\sqrt{Z_n}}

    with Z_n the mean square of the bracket over paths, and v a random sign of each.

    Args:
      glass: the model.
      steps: how many, whole and >= 1: all up to it; or a list of step numbers.
      step_size: h > 0.
      overlap: s.v / N of the random start, between -1 and 1.
      particles: how many spins are drawn, whole and >= 2.
      sweeps: how often, whole and >= 1. No damping: sweep k gets a little more of early time right, for ever.
      key: a jax random key. All sweeps use the same random numbers, so that they settle on one solution.

    Returns:
      ``TwoTime`` of T = steps + 1 rows; ``parameters["changes"]``, shape (sweeps,), is by how much C moved at most in
      each sweep. It should have become small beside 1 / sqrt(particles), the sampling error.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `glass` that is no `SphericalGlass`.

    The first guess is :math:`C = e^{-|t - t'|}`, R = 0. Endless paths would end at `theory.descent`, at the same step.
    A sweep costs particles x steps^2.
    Source: H. Eissfeller, M. Opper (1992); B. Bordelon's talk (2025). Book: "Write your own".
    """
    steps, particles, h, m0 = _check(glass, steps, step_size, overlap, particles, key)
    sweeps = require_count("sweeps", sweeps)
    require_memory(lambda sweeps: 8 * sweeps, sweeps=sweeps)
    c, r, m, changes = _iterate(glass, steps, h, m0, particles, sweeps, key)
    return _two_time(glass, h, c, r, m, {"overlap": overlap, "particles": particles, "changes": changes}, key)


@at_steps
@finite_answer
def march(
    glass: SphericalGlass,
    steps: int,
    step_size: ArrayLike,
    *,
    overlap: ArrayLike = 0.0,
    particles: int = 4000,
    key: Array,
) -> TwoTime:
    r"""The paths of `iterate` in one pass: the bath at step n needs them up to n only, so nothing has to be guessed.

    .. math:: \eta_n = \sum_{k<n} \ell_{nk}\, z_k + \ell_{nn}\, z_n, \qquad L L^\top = f'(C)
              \quad \text{one row of } L \text{ at each step}

    Args:
      glass: the model.
      steps: how many, whole and >= 1: all up to it; or a list of step numbers.
      step_size: h > 0.
      overlap: s.v / N of the random start, between -1 and 1.
      particles: how many spins are drawn, whole and >= 2.
      key: a jax random key.

    Returns:
      ``TwoTime`` of T = steps + 1 rows, with a sampling error of order 1 / sqrt(particles).

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `glass` that is no `SphericalGlass`.

    Endless paths would give `theory.descent`, at the same step. Costs particles x steps^2, once.
    Source: H. Eissfeller, M. Opper (1992). Book: "Write your own".
    """
    steps, particles, h, m0 = _check(glass, steps, step_size, overlap, particles, key)
    c, r, m = _march(glass, steps, h, m0, particles, key)
    return _two_time(glass, h, c, r, m, {"overlap": overlap, "particles": particles}, key)


def _check(
    glass: SphericalGlass, steps: int, step_size: ArrayLike, overlap: ArrayLike, particles: int, key: Array
) -> tuple[int, int, Array, Array]:
    require_key(key)
    steps, h, m0 = check_run(glass, steps, step_size, overlap)
    particles = require_count("particles", particles, 2)
    require_memory(lambda steps, particles: 32 * steps * (steps + particles), steps=steps, particles=particles)
    return steps, particles, h, m0


def _two_time(glass: SphericalGlass, h: Array, c: Array, r: Array, m: Array, parameters: dict, key: Array) -> TwoTime:
    energy, multiplier = _observed(glass, h, c, r, m)
    parameters = {"glass": glass, "step_size": h, **parameters, "key": jax.random.key_data(key)}
    return TwoTime(h * jnp.arange(len(m)), c, r, energy, multiplier, m, parameters)


@jax.jit
def _observed(glass: SphericalGlass, h: Array, c: Array, r: Array, m: Array) -> tuple[Array, Array]:
    """Energy and multiplier."""
    f1, memory = glass.f(c, 1) * r, glass.f(c, 2) * r * c
    energy = -h * f1.sum(axis=1) - glass.spike * m**2 / 2
    return energy, glass.temperature + h * (f1 + memory).sum(axis=1) + glass.spike * m**2


@partial(jax.jit, static_argnums=(1, 4, 5))
def _iterate(
    glass: SphericalGlass, steps: int, h: Array, overlap: Array, particles: int, sweeps: int, key: Array
) -> tuple[Array, ...]:
    start, signs, z, white = draw(steps, particles, overlap, key)
    kick = jnp.sqrt(2 * glass.temperature * h)

    def sweep(bath: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], Array]:
        c, r, m = bath
        g = glass.f(c, 2) * r
        field = coloured(z, glass.f(c, 1)[:-1, :-1])

        def step(n: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            s, new_r = state
            u = push(glass, h, s, n, g[n], field[:, n], m[n] * signs) + kick * white[:, n]
            length = jnp.sqrt(jnp.mean(u**2))
            row = ((new_r[n] + h**2 * (g[n] @ new_r)) / length).at[n].set(1 / length)
            return s.at[:, n + 1].set(u / length), new_r.at[n + 1].set(row)

        s = jnp.zeros((particles, steps + 1)).at[:, 0].set(start)
        s, new_r = jax.lax.fori_loop(0, steps, step, (s, jnp.zeros_like(r)))
        new_c = s.T @ s / particles
        return (new_c, new_r, signs @ s / particles), jnp.max(jnp.abs(new_c - c))

    time = h * jnp.arange(steps + 1)
    guess = jnp.exp(-jnp.abs(time[:, None] - time)), jnp.zeros((steps + 1, steps + 1)), overlap * jnp.exp(-time)
    (c, r, m), changes = jax.lax.scan(sweep, guess, None, length=sweeps)
    return c, r, m, changes


@partial(jax.jit, static_argnums=(1, 4))
def _march(
    glass: SphericalGlass, steps: int, h: Array, overlap: Array, particles: int, key: Array
) -> tuple[Array, ...]:
    start, signs, z, white = draw(steps, particles, overlap, key)
    kick, full = jnp.sqrt(2 * glass.temperature * h), glass.f(1.0, 1)
    place = jnp.arange(steps)

    def step(n: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        s, r, root = state
        c = s.T @ s[:, n] / particles  # a row of the correlation, 0 after n
        known = jnp.where(place < n, glass.f(c[:-1], 1), 0.0)
        safe = root + jnp.diag(jnp.where(jnp.diag(root) == 0, 1.0, 0.0))
        row = jax.scipy.linalg.solve_triangular(safe, known, lower=True)
        row = jnp.where((jnp.diag(root) > 0) & (place < n), row, 0.0)
        left = full - row @ row
        row = row.at[n].set(jnp.where(left > FLAT * full, jnp.sqrt(jnp.maximum(left, 0.0)), 0.0))
        g = glass.f(c, 2) * r[n]
        u = push(glass, h, s, n, g, z @ row, jnp.mean(s[:, n] * signs) * signs) + kick * white[:, n]
        length = jnp.sqrt(jnp.mean(u**2))
        new = ((r[n] + h**2 * (g @ r)) / length).at[n].set(1 / length)
        return s.at[:, n + 1].set(u / length), r.at[n + 1].set(new), root.at[n].set(row)

    s = jnp.zeros((particles, steps + 1)).at[:, 0].set(start)
    empty = jnp.zeros((steps + 1, steps + 1))
    s, r, _ = jax.lax.fori_loop(0, steps, step, (s, empty, empty[:-1, :-1]))
    return s.T @ s / particles, r, signs @ s / particles
