r"""Neurons of the posterior by sequential Monte Carlo: turn the tilt on, weigh, resample, and move.

Every round finds the kappa that the present samples call for, goes towards it as far as their weights allow, draws
them anew by weight, and moves each by Hamiltonian Monte Carlo in xi, with h = A xi, at the energy

.. math:: U(\xi) = \frac{|\xi|^2}{2} - \frac{\gamma_0^2}{2} \big|\kappa^\top\phi(A\xi)\big|^2
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ..gaussian import Function
from ..numerics.roots import bisect
from .newton import effective_samples, fit, log_tilt
from .results import Task

KEPT = 8  # states of every chain that are kept, at a kappa that does not move any more
LEAPS = 8  # of the leapfrog, in each of
MOVES = 2  # moves a round
QUARTER = 1.6 / LEAPS  # the largest step: all leaps are then a quarter of an oscillation of the prior
ACCEPTED = 0.8  # the share that step sizes aim at

State = tuple[Array, Array, Array, Array]


def sample(xi: Array, key: Array, task: Task, root: Array, *, phi: Function, rounds: int) -> tuple[Array, Array]:
    """From R samples of the prior (R, S, P): samples (R, KEPT S, P), and the kappa at which all were drawn."""

    def value(xi: Array) -> Array:
        return phi(xi @ root)

    def energy(xi: Array, kappa: Array) -> Array:
        return (xi**2).sum(axis=-1) / 2 - log_tilt(value(xi), kappa, task)

    force = jax.grad(lambda xi, kappa: -energy(xi, kappa).sum())

    def move(xi: Array, kappa: Array, step: Array, key: Array) -> tuple[Array, Array]:
        """One Hamiltonian proposal for every chain, and the share that was accepted."""
        kick, choice = jax.random.split(key)
        momentum = jax.random.normal(kick, xi.shape)
        speed = momentum + step / 2 * force(xi, kappa)

        def leap(_: ArrayLike, state: tuple[Array, Array]) -> tuple[Array, Array]:
            place, speed = state
            place = place + step * speed
            return place, speed + step * force(place, kappa)

        place, speed = jax.lax.fori_loop(0, LEAPS, leap, (xi, speed))
        speed = speed - step / 2 * force(place, kappa)
        lost = energy(place, kappa) - energy(xi, kappa) + ((speed**2).sum(-1) - (momentum**2).sum(-1)) / 2
        accept = jnp.log(jax.random.uniform(choice, lost.shape)) < -lost
        return jnp.where(accept[..., None], place, xi), jnp.minimum(1, jnp.exp(-lost)).mean()

    def moves(xi: Array, kappa: Array, step: Array, key: Array) -> tuple[Array, Array]:
        def one(state: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], None]:
            xi, step = state
            xi, share = move(xi, kappa, step, key)
            return (xi, jnp.clip(step * jnp.exp(share - ACCEPTED), QUARTER / 20, QUARTER)), None

        return jax.lax.scan(one, (xi, step), jax.random.split(key, MOVES))[0]

    def round(state: State, given: tuple[Array, Array]) -> tuple[State, None]:
        (xi, kappa, step, kept), (number, key) = state, given
        draw, walk = jax.random.split(key)
        now = value(xi).reshape(-1, task.known)
        ahead = jnp.where(number < rounds, fit(now, kappa, task).kappa - kappa, 0)
        kappa, log_weights = _as_far_as_weights_allow(now, kappa, ahead, task)
        weights, keys = jax.nn.softmax(log_weights.reshape(xi.shape[:2])), jax.random.split(draw, len(xi))
        xi = jax.vmap(lambda one, key, weights: one[systematic(key, weights)])(xi, keys, weights)
        xi, step = moves(xi, kappa, step, walk)
        return (xi, kappa, step, kept.at[:, jnp.maximum(number - rounds, 0)].set(xi)), None

    count, kept = rounds + KEPT, jnp.zeros((len(xi), KEPT, *xi.shape[1:]))
    given = jnp.arange(count), jax.random.split(key, count)
    (xi, kappa, _, kept), _ = jax.lax.scan(round, (xi, jnp.zeros_like(task.targets), jnp.array(QUARTER), kept), given)
    return kept.reshape(len(xi), -1, task.known), kappa


def _as_far_as_weights_allow(value: Array, kappa: Array, ahead: Array, task: Task) -> tuple[Array, Array]:
    """The largest share of the way at which the samples are worth half their number; and their weights there."""
    before, enough = log_tilt(value, kappa, task), len(value) / 2

    def log_weights(share: Array) -> Array:
        return log_tilt(value, kappa + share * ahead, task) - before

    def are_worth_enough(share: Array) -> Array:
        return effective_samples(log_weights(share)) > enough

    share = jnp.where(are_worth_enough(jnp.array(1.0)), 1.0, bisect(are_worth_enough, 0.0, 1.0, halvings=10)[0])
    return kappa + share * ahead, log_weights(share)


def systematic(key: Array, weights: Array) -> Array:
    """Indices drawn by weight, each about as often as it is worth."""
    count = len(weights)
    places = (jax.random.uniform(key) + jnp.arange(count)) / count
    return jnp.minimum(jnp.searchsorted(jnp.cumsum(weights), places), count - 1)
