"""The response of one spin in a given bath, estimated from its paths in four ways."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .._checks import as_floats, finite_answer, require_count, require_key, require_kind
from .._memory import require_memory
from .._pytree import pytree
from ..results import Result
from .checks import check_glass
from .glass import SphericalGlass, TwoTime
from .paths import coloured, draw, push


@pytree
@dataclass(frozen=True)
class Responses(Result):
    """The response of one spin, estimated from its paths in four ways.

    Attributes:
      tangent: shape (T, T), the recursion of ds_n / d(h j_m) along a path.
      probe: shape (T, T), the derivative along random signs z of the field: R[n, m] = <(ds_n / d(h j).z) z_m>.
      novikov: shape (T, T), by parts on the white noise: R[n, m] = <s_n xi_m> / sqrt(2 T h); 0 where T = 0, where it
        says nothing.
      novikov_field: shape (T, T), by parts on the coloured field, <s_n eta_m> = h sum_k R[n, k] f'(C[k, m]), solved for
        R. Do not use it: f'(C) is singular to rounding, and its inverse turns sampling error into anything.
      parameters: what made them: glass, particles and key.
    """

    tangent: Float[Array, "T T"]
    probe: Float[Array, "T T"]
    novikov: Float[Array, "T T"]
    novikov_field: Float[Array, "T T"]
    parameters: dict[str, Any] = field(default_factory=dict)


@finite_answer
def responses(glass: SphericalGlass, bath: TwoTime, *, particles: int = 4000, key: Array) -> Responses:
    r"""Four estimates of the response of one spin in a given bath, of which one fails.

    .. math::
       R_{n+1,m} &= \frac{1}{\sqrt{Z_n}} \Big[ R_{nm} + h^2 \sum_k f''(C_{nk})\, R^{\text{bath}}_{nk}\, R_{km} \Big],
       \qquad R_{nm} = \frac1h \Big\langle \Big(\frac{\partial s_n}{\partial j} \cdot z\Big)\, z_m \Big\rangle \\
       R_{nm} &= \frac{\langle s_n \xi_m \rangle}{\sqrt{2Th}}, \qquad
       \langle s_n \eta_m \rangle = h \sum_k R_{nk}\, f'(C_{km})

    for paths s of `single_site.iterate` in the bath's C, R and Z, with random signs z.

    Args:
      glass: the model.
      bath: a `TwoTime`, what `theory.descent` found for it.
      particles: how many spins are drawn, whole and >= 2.
      key: a jax random key.

    Returns:
      ``Responses``, four arrays of the shape (T, T) of ``bath.response``, to be compared with it.

    Raises:
      ValueError: for an argument out of range, or a bath with another diagonal than that of `theory.descent`.
      TypeError: for a `glass` that is no `SphericalGlass`, or a `bath` that is no `TwoTime`.

    The first is exact in a given bath; the next two carry an error of order 1 / sqrt(particles); the fourth fails.
    Source: the second line is Novikov's theorem (1965); the paths are those of H. Eissfeller, M. Opper (1992).
    Book: "Write your own".
    """
    check_glass(glass)
    require_kind("bath", bath, TwoTime)
    require_key(key)
    particles = require_count("particles", particles, 2)
    require_memory(lambda particles: 64 * particles * len(bath.times), particles=particles)
    if np.asarray(bath.response)[0, 0] != 0:
        raise ValueError("bath must come from theory.descent, whose response is 0 on the diagonal; got 1 there")
    h = as_floats(bath.parameters["step_size"])
    tangent, probe, white, coloured_field = _responses(
        glass, h, bath.correlation, bath.response, bath.overlap, particles, key
    )
    parameters = {"glass": glass, "particles": particles, "key": jax.random.key_data(key)}
    return Responses(tangent, probe, white, coloured_field, parameters)


@partial(jax.jit, static_argnums=5)
def _responses(
    glass: SphericalGlass, h: Array, c: Array, r: Array, m: Array, particles: int, key: Array
) -> tuple[Array, ...]:
    steps = len(m) - 1
    of_paths, of_probe = jax.random.split(key)
    start, signs, z, white = draw(steps, particles, m[0], of_paths)
    field = coloured(z, glass.f(c, 1)[:-1, :-1])
    g, shrink = glass.f(c, 2) * r, jnp.diag(r, -1)
    kick = jnp.sqrt(2 * glass.temperature * h)

    def spins(extra: Array) -> Array:
        """The paths with a field of one's own in every step."""

        def step(n: Array, s: Array) -> Array:
            u = push(glass, h, s, n, g[n], field[:, n] + extra[:, n], m[n] * signs) + kick * white[:, n]
            return s.at[:, n + 1].set(u * shrink[n])

        return jax.lax.fori_loop(0, steps, step, jnp.zeros((particles, steps + 1)).at[:, 0].set(start))

    def tangent(n: Array, rows: Array) -> Array:
        return rows.at[n + 1].set(((rows[n] + h**2 * (g[n] @ rows)) * shrink[n]).at[n].set(shrink[n]))

    probe = jax.random.rademacher(of_probe, (particles, steps), float)
    s, moved = jax.jvp(spins, (jnp.zeros((particles, steps)),), (probe,))

    def square(x: Array) -> Array:
        return jnp.pad(x, ((0, 0), (0, 1)))  # no field acts after the last step

    hot = glass.temperature > 0
    white_noise = jnp.where(hot, s.T @ white / particles / jnp.where(hot, kick, 1.0), 0.0)
    solved = jnp.linalg.solve(glass.f(c, 1)[:-1, :-1], (s.T @ field / particles).T).T / h
    recursion = jax.lax.fori_loop(0, steps, tangent, jnp.zeros_like(r))
    return recursion, square(moved.T @ probe / particles / h), square(white_noise), square(solved)
