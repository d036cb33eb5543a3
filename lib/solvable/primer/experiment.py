"""The primer's models at finite size: draw the couplings or the data, run, repeat."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    MOST,
    as_floats,
    finite_answer,
    require,
    require_count,
    require_key,
    require_nonnegative,
    require_scalar,
    require_times,
)
from .._memory import require_memory
from .._pytree import Numbers
from .._repeats import mean_and_std, over_repeats
from ..numerics.stepping import runge_kutta
from ..results import LossCurves, require_steps
from .checks import check_gain, check_rate, check_regression
from .results import Chaos, Correlation

__all__ = ["linear_network", "regression", "regression_flow", "tanh_network"]

STEP = 0.1  # of the Runge-Kutta rule, in the unit of the neurons' time constant
LONGEST = MOST * STEP
LARGEST = 1 << 30  # bytes


@finite_answer
def linear_network(times: Numbers, *, gain: ArrayLike, size: int, key: Array, repeats: int = 16) -> Correlation:
    r"""Random linear networks of N neurons, left alone from a random start.

    .. math:: \dot x = -x + g J x, \quad J_{ij} \sim N(0, 1/N), \quad |x(0)|^2 = N, \qquad
              C(t, t') = \frac{x(t)\cdot x(t')}{N}

    Args:
      times: shape (T,), >= 0, in any order, in units of the neurons' time constant.
      gain: g >= 0, a scalar.
      size: N, whole and >= 2.
      key: a jax random key; repeat i uses the i-th of ``jax.random.split(key, repeats)``.
      repeats: number of networks and starts, >= 2.

    Returns:
      ``Correlation`` with ``values`` of shape (T, T): mean and standard deviation over networks.

    Raises:
      ValueError: for an argument out of range, named with its value, or a matrix of over a gigabyte.
      RuntimeError: where jax is in float32.

    Runge-Kutta steps of at most 0.1, with an error near 1e-5; four products of a matrix and a vector each.
    Source: the definition of the model, after H. Sompolinsky, A. Crisanti, H. Sommers (1988), with linear neurons.
    Book: "Beyond glasses".
    """
    times, gain = require_times(times), check_gain(gain)
    require("times", times, f"at most {LONGEST:.3g}, in steps of {STEP}", lambda t: t <= LONGEST)
    size, repeats = _check_draws(size, repeats, key)
    require_memory(lambda count, repeats: 16 * repeats * count**2, **{"len(times)": len(times), "repeats": repeats})
    order = np.argsort(times)
    samples, made = over_repeats(lambda one: _decay(times[order], gain, size, one), key, repeats)
    samples = samples[:, np.argsort(order)][:, :, np.argsort(order)]
    return Correlation(times, *mean_and_std(samples), {"gain": gain, "size": size, **made})


@partial(jax.jit, static_argnums=2)
def _decay(times: Array, gain: Array, size: int, key: Array) -> Array:
    of_couplings, of_start = jax.random.split(key)
    growth = gain * jax.random.normal(of_couplings, (size, size)) / jnp.sqrt(size) - jnp.eye(size)
    x = jax.random.normal(of_start, (size,))

    def move(x: Array, gap: Array) -> tuple[Array, Array]:
        count = jnp.ceil(gap / STEP).astype(int)
        h = gap / jnp.maximum(count, 1)

        def step(_: Array, x: Array) -> Array:
            return runge_kutta(lambda x: growth @ x, x, h)

        x = jax.lax.fori_loop(0, count, step, x)
        return x, x

    _, path = jax.lax.scan(move, jnp.sqrt(size) * x / jnp.linalg.norm(x), jnp.diff(times, prepend=0.0))
    return path @ path.T / size


@finite_answer
def tanh_network(
    gain: ArrayLike,
    lags: Numbers,
    *,
    size: int,
    time: float | int = 200.0,
    burn_in: float | int = 50.0,
    key: Array,
    repeats: int = 4,
) -> Chaos:
    r"""Random networks of N tanh neurons, watched after a burn-in, each with a nearby twin.

    .. math:: \dot x = -x + J \tanh x, \quad J_{ij} \sim N(0, g^2/N), \qquad
              \dot\delta = -\delta + J\,(\tanh' x \cdot \delta), \qquad
              \lambda_{\max} \approx \frac{\ln |\delta(t)| - \ln |\delta(0)|}{t}

    Args:
      gain: g >= 0, a scalar.
      lags: shape (L,), >= 0, at most `time`, in units of the neurons' time constant; they are rounded to steps of 0.1.
      size: N, whole and >= 2.
      time: how long each network is watched, at least 0.1, in time constants.
      burn_in: how long it runs before that, >= 0, in time constants.
      key: a jax random key; repeat i uses the i-th of ``jax.random.split(key, repeats)``.
      repeats: number of networks, >= 2.

    Returns:
      ``Chaos`` with ``correlation`` of shape (L,): means over networks, time and neurons, with standard deviations over
      networks.

    Raises:
      ValueError: for an argument out of range, named with its value, or paths that need over a gigabyte.
      RuntimeError: where jax is in float32.

    Runge-Kutta steps of 0.1, four products of a matrix and two vectors each. Small networks are less chaotic than the
    theory says: use N >= 1,000, and more the nearer g is to 1.
    Source: the definition of the model, after H. Sompolinsky, A. Crisanti, H. Sommers (1988). Book: "Beyond glasses".
    """
    gain, lags = check_gain(gain), require_times(lags, "lags")
    size, repeats = _check_draws(size, repeats, key)
    for name, value in (("time", time), ("burn_in", burn_in)):
        require_scalar(name, value)
        require_nonnegative(name, value)
    require("burn_in", burn_in, f"at most {LONGEST:.3g}, in steps of {STEP}", lambda t: t <= LONGEST)
    steps, before = round(float(time) / STEP), round(float(burn_in) / STEP)
    shifts = np.round(np.asarray(lags) / STEP).astype(int)
    if steps < 1 or shifts.max() > steps:
        raise ValueError(f"time must be at least {STEP} and the longest lag; got {time}")
    if 8 * size * max(size, steps) > LARGEST:
        raise ValueError(f"size and time must be smaller; got {size} and {time}, with paths of over a gigabyte")
    require_memory(lambda repeats: 8 * (1 + 2 * len(shifts)) * repeats, repeats=repeats)
    runs, made = over_repeats(lambda one: _watch(gain, shifts, size, steps, before, one), key, repeats)
    (correlation, variance, activity, lyapunov), (correlation_std, _, _, lyapunov_std) = mean_and_std(runs)
    return Chaos(
        jnp.asarray(shifts * STEP),
        correlation,
        variance,
        activity,
        lyapunov,
        correlation_std=correlation_std,
        lyapunov_std=lyapunov_std,
        parameters={"gain": gain, "time": time, "burn_in": burn_in, "size": size, **made},
    )


@partial(jax.jit, static_argnums=(2, 3, 4))
def _watch(gain: Array, shifts: Array, size: int, steps: int, before: int, key: Array) -> tuple[Array, ...]:
    """After the warm-up: correlation at the shifts, variance, mean activity, and the growth of a small difference."""
    of_couplings, of_start, of_twin = jax.random.split(key, 3)
    j = gain * jax.random.normal(of_couplings, (size, size)) / jnp.sqrt(size)
    start = jax.random.normal(of_start, (size,)), jax.random.normal(of_twin, (size,))

    def velocity(both: Array) -> Array:
        x, d = both.T
        active = jnp.tanh(x)
        return j @ jnp.stack([active, (1 - active**2) * d], axis=1) - both

    def step(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        x, d = runge_kutta(velocity, jnp.stack(state, axis=1), STEP).T
        length = jnp.linalg.norm(d)
        return (x, d / length), (state[0], jnp.log(length))

    (x, d), _ = jax.lax.scan(step, (start[0], start[1] / jnp.linalg.norm(start[1])), None, length=before)
    _, (path, growth) = jax.lax.scan(step, (x, d), None, length=steps)

    def at(shift: Array) -> Array:
        """Mean over the pairs of times that lie within the path."""
        products = jnp.mean(path * jnp.roll(path, -shift, axis=0), axis=1)
        return jnp.where(jnp.arange(steps) < steps - shift, products, 0.0).sum() / (steps - shift)

    correlation = jax.lax.map(at, jnp.minimum(shifts, steps - 1))
    return correlation, jnp.mean(path**2), jnp.mean(jnp.tanh(path) ** 2), growth.mean() / STEP


@finite_answer
def regression(
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    aspect: ArrayLike,
    noise: ArrayLike = 0.0,
    dimensions: int,
    key: Array,
    repeats: int = 32,
) -> LossCurves:
    r"""Least squares on random data sets, each descended exactly along its eigenvectors.

    .. math:: y_\mu = \frac{x_\mu \cdot w_\star}{\sqrt D} + \sigma\epsilon_\mu, \qquad
              w(t+1) = w(t) + \eta\, \frac{\sqrt D}{P} X^\top \Big(y - \frac{X w(t)}{\sqrt D}\Big), \qquad w(0) = 0

    where X and the teacher are unit Gaussians.

    Args:
      steps: step numbers, whole and >= 0, shape (T,); or one whole number: all up to it.
      learning_rate: eta > 0, in units of 1 / eigenvalue.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.
      dimensions: D, whole and >= 2; round(D / aspect) data points are drawn, at least 1.
      key: a jax random key; repeat i uses the i-th of ``jax.random.split(key, repeats)``.
      repeats: number of data sets and teachers, >= 2.

    Returns:
      ``LossCurves`` of shape (T,) with mean and standard deviation over repeats: ``test`` is :math:`|w - w_\star|^2/D`,
      without the noise, ``train`` includes it. ``parameters`` holds the aspect ratio of the whole numbers.

    Raises:
      ValueError: for an argument out of range, named with its value, a matrix of over a gigabyte, or a learning rate at
        which a loss leaves float64.
      RuntimeError: where jax is in float32.

    Exact for each data set. Costs O(repeats D^3).
    Source: the definition of the model of `exact.regression`. Book: "Beyond glasses".
    """
    return _least_squares(require_steps(steps), check_rate(learning_rate), aspect, noise, dimensions, key, repeats)


@finite_answer
def regression_flow(
    times: Numbers,
    *,
    aspect: ArrayLike,
    noise: ArrayLike = 0.0,
    dimensions: int,
    key: Array,
    repeats: int = 32,
) -> LossCurves:
    r"""Gradient flow of least squares on random data sets: `regression` with endlessly small steps.

    .. math:: \dot w = \frac{\sqrt D}{P} X^\top \Big(y - \frac{X w}{\sqrt D}\Big), \qquad w(0) = 0

    Args:
      times: shape (T,), >= 0, in any order, in units of 1 / eigenvalue.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.
      dimensions: D, whole and >= 2; round(D / aspect) data points are drawn, at least 1.
      key: a jax random key; repeat i uses the i-th of ``jax.random.split(key, repeats)``.
      repeats: number of data sets and teachers, >= 2.

    Returns:
      ``LossCurves`` of shape (T,), as `regression`.

    Raises:
      ValueError: for an argument out of range, named with its value, or a matrix of over a gigabyte.
      RuntimeError: where jax is in float32.

    Exact for each data set. Costs O(repeats D^3).
    Source: the definition of the model of `exact.regression_flow`. Book: "Beyond glasses".
    """
    return _least_squares(require_times(times), None, aspect, noise, dimensions, key, repeats)


def _least_squares(
    times: Numbers, eta: Array | None, aspect: ArrayLike, noise: ArrayLike, dimensions: int, key: Array, repeats: int
) -> LossCurves:
    times, (aspect, noise) = as_floats(times), check_regression(aspect, noise)
    dimensions, repeats = _check_draws(dimensions, repeats, key, "dimensions")
    table = {"dimensions": dimensions, "1 / aspect": 1 / float(aspect)}
    require_memory(lambda d, share: 16 * d**2 * share, **table)
    samples = max(1, round(dimensions / float(aspect)))
    require_memory(lambda repeats: 8 * (1 + 4 * len(times)) * repeats, repeats=repeats)
    losses, made = over_repeats(lambda one: _fit(times, noise, eta, dimensions, samples, one), key, repeats)
    (test, train), (test_std, train_std) = mean_and_std(losses)
    parameters = {"aspect": dimensions / samples, "noise": noise, "samples": samples, "dimensions": dimensions}
    parameters |= made if eta is None else {"learning_rate": eta, **made}
    return LossCurves(times, test, train, test_std, train_std, parameters=parameters)


@partial(jax.jit, static_argnums=(3, 4))
def _fit(times: Array, noise: Array, eta: Array | None, d: int, p: int, key: Array) -> tuple[Array, Array]:
    of_data, of_teacher, of_noise = jax.random.split(key, 3)
    x = jax.random.normal(of_data, (p, d))
    teacher = jax.random.normal(of_teacher, (d,))
    error = jnp.sqrt(noise) * jax.random.normal(of_noise, (p,))
    lam, vectors = jnp.linalg.eigh(x.T @ x / p)
    lam = jnp.maximum(lam, 0.0)
    off, push = vectors.T @ teacher, vectors.T @ (x.T @ error) * jnp.sqrt(d) / p

    def losses(t: Array) -> tuple[Array, Array]:
        q = jnp.exp(-lam * t) if eta is None else (1 - eta * lam) ** t
        small = lam < 1e-12
        learned = jnp.where(small, t if eta is None else eta * t, (1 - q) / jnp.where(small, 1.0, lam))
        v = vectors @ (q * off - learned * push)
        wrong = x @ v / jnp.sqrt(d) + error
        return v @ v / d, wrong @ wrong / p

    return jax.vmap(losses)(times)


def _check_draws(size: int, repeats: int, key: Array, name: str = "size") -> tuple[int, int]:
    require_key(key)
    size, repeats = require_count(name, size, 2), require_count("repeats", repeats, 2)
    if 8 * size**2 > LARGEST:
        raise ValueError(f"{name} must be smaller; got {size}, whose matrix needs over a gigabyte")
    return size, repeats
