"""The spherical glass at finite size: draw the couplings, step the spins on their sphere, repeat."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_key
from .._memory import require_memory
from .._repeats import mean_and_std, over_repeats
from ..results import at_steps
from .checks import check_run
from .glass import Runs, SphericalGlass

__all__ = ["langevin"]

LARGEST = 1 << 30  # bytes of the couplings of one sample


@at_steps
@finite_answer
def langevin(
    glass: SphericalGlass,
    steps: int,
    step_size: ArrayLike,
    *,
    overlap: ArrayLike = 0.0,
    size: int,
    key: Array,
    repeats: int = 16,
) -> Runs:
    r"""Projected Langevin dynamics of `repeats` samples of N spins.

    .. math::
       H &= -\sqrt{\tfrac{a_2}{N}} \sum_{ij} A_{ij} s_i s_j - \tfrac{\sqrt{a_3}}{N} \sum_{ijk} K_{ijk} s_i s_j s_k
       - \tfrac{\kappa}{2N} (s\cdot v)^2, \qquad A, K \sim N(0, 1) \\
       u &= s_n - h\,\nabla H(s_n) + \sqrt{2Th}\,\xi_n, \qquad s_{n+1} = \sqrt N\, u/|u|

    Args:
      glass: the model; couplings with p = 2 and 3 only.
      steps: how many, whole and >= 1, and every state is kept; or a list of step numbers.
      step_size: h > 0.
      overlap: s.v / N of the start, exactly, between -1 and 1.
      size: N, whole and >= 2.
      key: a jax random key; repeat i uses the i-th of ``jax.random.split(key, repeats)``.
      repeats: samples of couplings, starts and noise, >= 2.

    Returns:
      ``Runs`` of T = steps + 1 rows: means over samples of correlation, energy and overlap, with standard deviations.

    Raises:
      ValueError: for an argument out of range, other couplings, or a size whose couplings need over a gigabyte.
      TypeError: for a `glass` that is no `SphericalGlass`.

    The experiment of `theory.descent` at the same step; means and limit differ by the scatter of samples, which falls
    as 1 / sqrt(N). Costs repeats x steps x N^2, or N^3 with three-spin couplings.
    Source: the definition of the model, after L. Cugliandolo, J. Kurchan (1993) and the talk of B. Bordelon (2025).
    Book: "From coupled spins to one spin in a bath".
    """
    size, (steps, *settings) = require_count("size", size, 2), check_run(glass, steps, step_size, overlap)
    repeats = require_count("repeats", repeats, 2)
    require_key(key)
    if not set(glass.couplings) <= {2, 3}:
        raise ValueError(f"couplings must have p = 2 and 3 only in an experiment; got p = {sorted(glass.couplings)}")
    if 8 * size ** max(glass.couplings) >= LARGEST:
        raise ValueError(
            f"size must be smaller with {max(glass.couplings)}-spin couplings; got {size}, over a gigabyte"
        )
    require_memory(lambda steps, repeats: 8 * (steps * size + 2 * repeats * steps**2), steps=steps, repeats=repeats)
    samples, made = over_repeats(lambda one: _sample(glass, size, steps, *settings, one), key, repeats)
    (c, e, m), (c_std, e_std, m_std) = mean_and_std(samples)
    parameters = {"glass": glass, "size": size, "step_size": step_size, "overlap": overlap, **made}
    return Runs(settings[0] * jnp.arange(steps + 1), c, e, m, c_std, e_std, m_std, parameters)


@partial(jax.jit, static_argnums=(1, 2))
def _sample(
    glass: SphericalGlass, size: int, steps: int, h: Array, overlap: Array, key: Array
) -> tuple[Array, Array, Array]:
    """Correlation (T, T), energy (T,) and overlap (T,) of one sample."""
    of_pairs, of_triples, of_start, of_noise = jax.random.split(key, 4)
    pairs, triples = (glass.couplings.get(p, jnp.zeros(())) for p in (2, 3))
    a = jax.random.normal(of_pairs, (size, size)) if 2 in glass.couplings else None
    k = jax.random.normal(of_triples, (size, size, size)) if 3 in glass.couplings else None

    def energy(s: Array) -> Array:
        total = -glass.spike * s[0] ** 2 / 2  # v = sqrt(N) e_1
        if a is not None:
            total = total - jnp.sqrt(pairs / size) * (s @ a @ s)
        if k is not None:
            total = total - jnp.sqrt(triples) / size * (((k @ s) @ s) @ s)
        return total

    def step(s: Array, noise_key: Array) -> tuple[Array, tuple[Array, Array]]:
        value, slope = jax.value_and_grad(energy)(s)
        kick = jnp.sqrt(2 * glass.temperature * h) * jax.random.normal(noise_key, s.shape)
        moved = s - h * slope + kick
        return jnp.sqrt(size) * moved / jnp.linalg.norm(moved), (s, value / size)

    rest = jax.random.normal(of_start, (size,)).at[0].set(0.0)
    start = jnp.sqrt(size * (1 - overlap**2)) * rest / jnp.linalg.norm(rest)
    start = start.at[0].set(jnp.sqrt(size) * overlap)
    _, (path, energies) = jax.lax.scan(step, start, jax.random.split(of_noise, steps + 1))
    return path @ path.T / size, energies, path[:, 0] / jnp.sqrt(size)
