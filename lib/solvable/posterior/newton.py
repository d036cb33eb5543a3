"""The saddle point of two layers on weighted samples: Newton's method on a concave function."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from .results import Task

STEPS = 60
SHARES = 0.5 ** jnp.arange(0.0, 14.0)  # of a Newton step, the best of which is taken


class Fit(NamedTuple):
    """The solution on one sample of S neurons."""

    kappa: Array  # (P,), or (P, C)
    weights: Array  # (S,), sum 1
    effective: Array  # samples that the weights are worth
    residual: Array  # |y - f - kappa / beta|, at worst
    iterations: Array
    tail: Array  # power of the weights' tail


def log_tilt(value: Array, kappa: Array, task: Task) -> Array:
    """gamma_0^2 |kappa^T phi|^2 / 2 of every neuron; `value` is phi(h), shape (..., P)."""
    square = (task.richness * value @ kappa) ** 2
    return (square if kappa.ndim == 1 else square.sum(axis=-1)) / 2


def effective_samples(log_weights: Array) -> Array:
    """(sum w)^2 / sum w^2."""
    return jnp.exp(2 * jax.nn.logsumexp(log_weights) - jax.nn.logsumexp(2 * log_weights))


def tail(weights: Array) -> Array:
    """The power k of the tail P(weight > w) ~ w^(-1/k), by Hill's estimate from the 3 sqrt(S) largest."""
    largest, _ = jax.lax.top_k(jnp.log(weights), int(3 * len(weights) ** 0.5) + 1)
    return (largest[:-1] - largest[-1]).mean()


def fit(value: Array, start: Array, task: Task, base: Array | None = None) -> Fit:
    """Maximise D(kappa) over samples, phi(h) of shape (S, P), that were drawn at kappa = `base`, or at `start`."""
    gamma2, beta, count = task.richness**2, task.inverse_temperature, task.known
    before = log_tilt(value, start if base is None else base, task)

    def gain(kappa: Array) -> Array:
        tilt = jax.nn.logsumexp(log_tilt(value, kappa, task) - before)
        return (task.targets * kappa).sum() - (kappa**2).sum() / (2 * beta) - tilt / gamma2

    def slopes(kappa: Array) -> tuple[Array, Array, Array]:
        """The slope of D, minus its second derivative, and the weights."""
        weights = jax.nn.softmax(log_tilt(value, kappa, task) - before)
        said = value @ kappa.reshape(count, -1)  # kappa^T phi, (S, C)
        felt = (value[:, :, None] * said[:, None]).reshape(len(value), -1)  # (S, P C)
        f = weights @ felt
        plain = value.T @ (weights[:, None] * value)
        bend = jnp.kron(plain, jnp.eye(said.shape[1])) + gamma2 * felt.T @ (weights[:, None] * felt)
        bend = bend - gamma2 * jnp.outer(f, f) + jnp.eye(len(f)) / beta
        return task.targets - f.reshape(kappa.shape) - kappa / beta, bend, weights

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, residual, step = state
        return (residual > 1e-11 * jnp.abs(task.targets).max()) & (step < STEPS)

    def improve(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        kappa, _, step = state
        slope, bend, _ = slopes(kappa)
        ahead = jnp.linalg.solve(bend, slope.ravel()).reshape(kappa.shape)
        gains = jax.lax.map(lambda share: gain(kappa + share * ahead), SHARES)
        kappa = kappa + SHARES[jnp.argmax(jnp.nan_to_num(gains, nan=-jnp.inf))] * ahead
        return kappa, jnp.abs(slopes(kappa)[0]).max(), step + 1

    kappa, residual, steps = jax.lax.while_loop(unfinished, improve, (start, jnp.array(jnp.inf), jnp.array(0)))
    weights = slopes(kappa)[2]
    return Fit(kappa, weights, 1 / (weights**2).sum(), residual, steps, tail(weights))
