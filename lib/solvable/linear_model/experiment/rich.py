"""Random students whose features learn: two trained layers on top of the fixed features of `students`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import (
    as_floats,
    concrete,
    finite_answer,
    require,
    require_kind,
    require_known,
    require_scalar,
    require_times,
)
from ..._memory import require_memory
from ..._pytree import Numbers
from ..._repeats import over_repeats
from ...numerics.stepping import in_order, runge_kutta
from ...spectra import Spectrum
from ..results import LossCurves
from ..theory.rich import check_richness, learn
from . import students

STEP = 0.4  # of the explicit integrator, in the unit of the fastest rate
MOST_STEPS = 1_000_000


@finite_answer
def feature_learning(
    spectrum: Spectrum,
    times: Numbers,
    *,
    richness: ArrayLike,
    hidden: ArrayLike = np.inf,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    key: Array,
    repeats: int = 32,
) -> LossCurves:
    r"""Test and train loss of `repeats` two-layer linear networks on random features and data.

    .. math:: f = w \cdot V \phi, \quad \phi = A\psi/\sqrt N, \qquad
              \dot w = V g, \quad \dot V = \gamma^2\, w\, g^\top, \quad g = \frac1P \Phi^\top(y - f), \qquad
              \gamma = \frac{\gamma_0}{2}

    from w = 0 and a Gaussian V with `hidden` rows, V^T V = 1 on average. The features A are fixed: they and the data
    set the bottlenecks, while V and w learn.

    Args:
      spectrum: the K modes, one by one.
      times: shape (T,), >= 0, in the unit of `theory.feature_learning`.
      richness: gamma_0, >= 0 and at most 1e100; 0 with infinite `hidden` is `gradient_flow`.
      hidden: size H of the trained hidden layer, whole, or ``inf``.
      width: number of features N, whole, or ``inf``: the network is then handed the K modes.
      samples: training points P, whole, or ``inf``: the network then descends the population loss.
      noise: variance of the label noise, >= 0.
      key: a jax random key. Repeat i uses the i-th of ``jax.random.split(key, repeats)``, however they are chunked.
      repeats: number of independent draws of features, hidden layer, data and noise, >= 2.

    Returns:
      ``LossCurves`` of shape (T,): mean and standard deviation over repeats; ``test`` excludes the noise variance and
      ``train`` includes it.

    Raises:
      ValueError: for an argument out of range, a binned spectrum, a student that needs over 16 GiB, or times that a
        finite `hidden` would need over a million steps for.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    With infinite `hidden` a student costs what it costs in `gradient_flow`, and 8,000 sums over min(N, P) rates; its
    equation is stepped as in `theory.feature_learning`. A finite one is stepped with a fourth-order Runge-Kutta rule,
    hidden x min(N, P) numbers a step.
    Source: the definition of the model, after Bordelon, Atanasov, Pehlevan (2025), ICLR.
    Book: "Feature learning changes the exponent".
    """
    require_kind("spectrum", spectrum, Spectrum)
    times = require_times(times)
    check_richness(richness)
    require_scalar("hidden", hidden)
    require("hidden", hidden, "a whole number >= 1, or inf", lambda x: (x >= 1) & (x == np.floor(x)))
    sizes: dict[str, Any] = {"width": width, "samples": samples}
    n, p = students.check(spectrum, noise, key, repeats, **sizes)
    require_known("hidden", hidden)
    known = np.asarray(concrete(hidden))
    modes, neurons = len(spectrum.eigenvalues), None if np.isinf(known) else int(known)
    if neurons is not None:
        _require_affordable(spectrum, times, richness)
    require_memory(lambda hidden: 64 * modes * hidden, hidden=neurons or 1)
    each = students.student_bytes(modes, times.size, n, p) + 64 * modes * (neurons or 1)

    def curves(keys: Array) -> tuple[Array, ...]:
        disorder = students.draw(keys, modes, width=n, samples=p)
        return _losses(spectrum, as_floats(noise), disorder, times, as_floats(richness) / 2, keys, neurons)

    (test, train), made = over_repeats(curves, key, repeats, each)
    if not np.isfinite(test).all():
        raise ValueError(f"times must be reached within {MOST_STEPS} steps where hidden is finite; got {times.max():g}")
    parameters = {"spectrum": spectrum, **sizes, "noise": noise, "richness": richness, "hidden": hidden}
    return students.gather(times, test, train, parameters | made)


@partial(jax.jit, static_argnums=6)
def _losses(
    spectrum: Spectrum,
    noise: Array,
    disorder: students.Draws,
    times: Array,
    gamma: Array,
    keys: Array,
    neurons: int | None,
) -> tuple[Array, ...]:
    def progress(key: Array, rates: Array, drive: Array) -> Array:
        if neurons is None:
            return learn(rates, drive, times, gamma)
        first = jax.random.normal(jax.random.fold_in(key, 2), (neurons, rates.size)) / jnp.sqrt(neurons)
        return step_network(first, rates, drive, times, gamma)

    def losses(one: students.Draws, key: Array) -> tuple[Array, ...]:
        student = students.train(spectrum, noise, one, Partial(progress, key))
        return students.population_loss(spectrum, student.modes), student.train

    return jax.vmap(losses)(disorder, keys)


def step_network(
    first: Float[Array, "H J"], rates: Float[Array, " J"], drive: Float[Array, " J"], times: Array, gamma: Array
) -> Float[Array, "J T"]:
    """u = V^T w of the network itself, both layers stepped together from V = `first` and w = 0."""
    Layers = tuple[Array, Array]

    def velocity(layers: Layers) -> Layers:
        v, w = layers
        g = drive - rates * (v.T @ w)
        return gamma**2 * jnp.outer(w, g), v @ g

    State = tuple[Array, Array, Layers]

    def until(state: State, time: Array) -> tuple[State, Array]:
        def step(state: State) -> State:
            count, now, (v, w) = state
            fastest = rates.max() * (jnp.sum(v**2, axis=0).max() + gamma**2 * (w @ w))
            h = jnp.minimum(STEP / (fastest + gamma * jnp.linalg.norm(drive)), time - now)
            return count + 1, jnp.where(h < time - now, now + h, time), runge_kutta(velocity, (v, w), h)

        state = jax.lax.while_loop(lambda state: (state[1] < time) & (state[0] < MOST_STEPS), step, state)
        _, now, (v, w) = state
        return state, jnp.where(now < time, jnp.nan, v.T @ w)

    start = jnp.zeros((), int), jnp.zeros(()), (first, jnp.zeros(len(first)))
    learned: Array = in_order(lambda ascending: jax.lax.scan(until, start, ascending)[1], times)
    return learned.T


def _require_affordable(spectrum: Spectrum, times: Array, richness: ArrayLike) -> None:
    """Raise ValueError where an explicit integrator would step for hours."""
    length = float(jnp.linalg.norm(spectrum.teacher))
    fastest = float(spectrum.eigenvalues.max()) * (2 + float(np.asarray(richness)) * length)
    longest = STEP * MOST_STEPS / fastest
    require("times", times, f"at most {longest:.3g} where hidden is finite", lambda x: x <= longest)
