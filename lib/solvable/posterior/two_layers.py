r"""The posterior of two wide layers, whose features learn: every neuron is drawn from a law that all of them make.

.. math::
   p(h) \propto N(h; 0, \Phi^0)\, e^{\gamma_0^2 (\kappa\cdot\phi(h))^2 / 2}, \qquad
   \Phi = \langle\phi\phi^\top\rangle_p, \qquad \kappa = (\Phi + 1/\beta)^{-1} y, \qquad f = \Phi \kappa

These are the stationary conditions of a concave function of P numbers, or P C of C outputs, so they have one solution:

.. math:: D(\kappa) = y\cdot\kappa - \frac{|\kappa|^2}{2\beta}
          - \frac{1}{\gamma_0^2} \ln \big\langle e^{\gamma_0^2 (\kappa\cdot\phi(h))^2/2} \big\rangle_{N(0, \Phi^0)}
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, finite_answer, require_count, require_key, require_one_of
from .._memory import require_memory
from ..gaussian import Function, activation_function
from ..numerics.gaussians import require_particles, sobol
from .chain import KEPT, sample, systematic
from .newton import Fit, fit
from .results import Posterior, Task, checked_task, gathered, spread

METHODS = ("importance", "chain")
FEW = 100  # effective samples of each repeat, below which an average is not to be trusted
HEAVY = 0.65  # power of the tail of the weights, likewise; from 1/2 on their variance is infinite
LEFT = 1e-8  # of the residual, in units of the largest target


class Points(NamedTuple):
    """Independent unit Gaussians to preactivations: h = A xi on training points, B xi + C zeta on the others."""

    known: Array  # A (P, P), symmetric
    cross: Array  # B (M, P)
    rest: Array  # C (M, M)

    @classmethod
    def of(cls, task: Task) -> Points:
        gram, count = task.gram, task.known
        values, vectors = jnp.linalg.eigh(gram[:count, :count])
        kept = values > 1e-12 * values[-1]
        root = jnp.where(kept, jnp.sqrt(jnp.where(kept, values, 1)), 0)
        cross = gram[count:, :count] @ (vectors * jnp.where(kept, 1 / jnp.where(kept, root, 1), 0)) @ vectors.T
        left, directions = jnp.linalg.eigh(gram[count:, count:] - cross @ cross.T)
        return cls((vectors * root) @ vectors.T, cross, directions * jnp.sqrt(jnp.maximum(left, 0)))

    def preactivations(self, xi: Array, zeta: Array) -> Array:
        """Of all points, from (..., P) and (..., M)."""
        return jnp.concatenate([xi @ self.known, xi @ self.cross.T + zeta @ self.rest.T], axis=-1)


@finite_answer
def two_layer(
    gram: Array,
    targets: Array,
    *,
    activation: str | Function,
    richness: ArrayLike,
    inverse_temperature: ArrayLike,
    key: Array,
    method: str = "importance",
    particles: int = 2**10,
    repeats: int = 16,
    rounds: int = 30,
) -> Posterior:
    r"""Infinitely wide networks with one hidden layer, drawn from the Gibbs measure of their weights.

    .. math::
       p(W) &\propto e^{-\beta\gamma_0^2 N \sum_\mu |f_\mu - y_\mu|^2 / 2 - |W|^2/2}, \qquad
       f = \frac{w\cdot\phi(h)}{\gamma_0 N}\\
       p(h) &\propto N(h; 0, \Phi^0)\, e^{\gamma_0^2 (\kappa\cdot\phi(h))^2 / 2}, \qquad
       \Phi = \langle\phi\phi^\top\rangle_p, \qquad \kappa = (\Phi + 1/\beta)^{-1} y\\
       f &= \Phi \kappa, \qquad \langle w^2\rangle = 1 + \gamma_0^2\, \kappa^\top\Phi\kappa

    With several outputs kappa has shape (P, C), and the tilt is :math:`e^{\gamma_0^2 |\kappa^\top\phi(h)|^2 / 2}`.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0; towards 0 the kernel stays that of the prior.
      inverse_temperature: beta > 0.
      key: a jax random key.
      method: "importance" weights draws of the prior: precise for few points and little richness. "chain" moves them
        by Hamiltonian Monte Carlo while the tilt is turned on: for the rest.
      particles: neurons in each sample, a power of 2 best, more than 1.5 Q for "importance". The chain keeps 8 states
        of each.
      repeats: independent samples, >= 2; their spread is the standard error.
      rounds: of the chain, while it follows the tilt, whole and >= 1; too few are an error, with advice.

    Returns:
      `Posterior` with L = 1.

    Raises:
      ValueError: for an argument out of range; where importance weights rest on less than 100 samples of a repeat, or
        on the largest few of all.
      RuntimeError: where jax is in float32, or where the chain has not arrived.

    Exact as width -> infinity at a fixed P; the error is that of the samples, and corrections of finite networks are
    O(1/N). Cost: repeats x particles x (P C)^2, times some 1000 for the chain. Source: Lauditi, Bordelon and Pehlevan
    (2025); Seroussi, Naveh and Ringel (2023). Book: "Statics: what equilibrium has learned".
    """
    phi = activation_function(activation)
    task = checked_task(gram, targets, richness, inverse_temperature)
    require_key(key)
    require_one_of("method", method, METHODS)
    repeats, rounds = require_count("repeats", repeats, 2), require_count("rounds", rounds)
    start, after = jax.random.split(key)
    weighted = method == "importance"
    size = require_particles(particles, len(task.gram)) if weighted else require_count("particles", particles, 2)
    shape = (repeats, size, len(task.gram))
    each = (5 if weighted else 5 * KEPT) * len(task.gram) + (task.targets.ndim - 1) * 2 * task.targets.size
    require_memory(lambda r, s, n: 8 * (each * r * s + n), repeats=repeats, particles=size, rounds=rounds)
    draws = sobol(start, *shape) if weighted else jax.random.normal(start, shape, float)
    whole, least, means, deviations, h = _average(task, draws, after, phi=phi, rounds=0 if weighted else rounds)
    _require_found(task, whole, least, method, h.shape[0] // repeats)
    return gathered(
        means,
        deviations,
        repeats,
        task,
        preactivations=h,
        effective_samples=whole.effective,
        residual=whole.residual,
        iterations=whole.iterations,
        parameters={
            "particles": size,
            "key": jax.random.key_data(key),
            "allowed": LEFT * jnp.abs(task.targets).max(),
        },
    )


@partial(jax.jit, static_argnames=("phi", "rounds"))
def _average(
    task: Task, draws: Array, key: Array, *, phi: Function, rounds: int
) -> tuple[Fit, Array, tuple[Array, ...], tuple[Array, ...], Array]:
    """The fit to all samples, how few any of them is worth; means and their spread; training preactivations."""
    points, known = Points.of(task), task.known
    moves, rest, choice = jax.random.split(key, 3)
    xi, zeta, base = draws[..., :known], draws[..., known:], jnp.zeros_like(task.targets)
    if rounds:
        xi, base = sample(xi, moves, task, points.known, phi=phi, rounds=rounds)
        zeta = jax.random.normal(rest, (*xi.shape[:2], zeta.shape[2]))
    h = xi @ points.known
    value = phi(h)
    whole = fit(value.reshape(-1, known), base, task)
    weights = whole.weights.reshape(value.shape[:2])

    def one(given: tuple[Array, ...]) -> tuple[Fit, Array, Array, Array]:
        """Of one sample: its own fit and kernel, its part of the common kernel, and neurons drawn by weight."""
        xi, zeta, h, weights, key = given
        value = phi(points.preactivations(xi, zeta))
        own = fit(value[:, :known], whole.kappa, task, base)
        alone, shared = (value.T @ (w[:, None] * value) for w in (own.weights, weights))
        drawn = h[systematic(key, weights / weights.sum())]
        return own._replace(weights=jnp.zeros(0)), alone, shared, drawn

    keys = jax.random.split(choice, len(draws))
    found, own, shares, drawn = jax.lax.map(one, (xi, zeta, h, weights, keys))

    def means(kernel: Array, kappa: Array) -> tuple[Array, ...]:
        f = kernel[:, :known] @ kappa
        return f, kernel[None], task.prior + task.richness**2 * kappa.T @ f[:known]

    single = jax.vmap(means)(own, found.kappa)
    whole, least = whole._replace(weights=jnp.zeros(0)), found.effective.min()
    return whole, least, means(shares.sum(axis=0), whole.kappa), spread(single), drawn.reshape(-1, known)


def _require_found(task: Task, whole: Fit, least: Array, method: str, size: int) -> None:
    """Raise where the average rests on few samples (ValueError), or the chain did not arrive (RuntimeError)."""
    names = (least, whole.residual, task.richness, jnp.abs(task.targets).max(), whole.tail)
    known = [concrete(one) for one in names]
    if any(one is None for one in known):
        return
    worth, residual, richness, largest, heavy = (float(one) for one in known if one is not None)
    if method == "importance":
        if not (worth >= FEW and heavy <= HEAVY):
            raise ValueError(
                f"richness must be small enough for importance weights: at {richness:.4g} they are worth {worth:.3g} "
                f"of {size} samples ({FEW} are needed), with a tail of power {heavy:.2g} (at most {HEAVY}); take "
                f"method='chain', more particles, or a smaller richness"
            )
    elif not (worth >= size / 4 and residual <= LEFT * largest):
        raise RuntimeError(
            f"rounds must suffice for the chain to arrive: at richness {richness:.4g} its samples are worth "
            f"{worth:.3g} of {size}, with a residual of {residual:.2g}; take more rounds or a smaller richness"
        )
