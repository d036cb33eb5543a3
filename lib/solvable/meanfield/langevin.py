r"""Finite networks in equilibrium: noisy training with weight decay, for as long as it takes to forget the start.

.. math:: dW = \Big[-W + \beta\gamma_0^2 N \sum_\mu (y_\mu - f_\mu)\, \frac{\partial f_\mu}{\partial W}\Big] dt
               + \sqrt2\, dB, \qquad p(W) \propto e^{-\beta\gamma_0^2 N \sum_\mu (f_\mu - y_\mu)^2 / 2 - |W|^2/2}
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, require_count, require_key, require_positive, require_scalar, require_shape
from ..gaussian import Function, activation_function
from .posterior.results import Posterior, Task, checked_task, gathered, spread

SHARE = 0.2  # of the default step in that at which the stiffest weight of the untrained network turns unstable
BETWEEN = 10  # steps from one measurement to the next

Weights = dict[str, Array]


def start(key: Array, dimensions: int, width: int, depth: int, dtype: Any = float) -> Weights:
    """All weights N(0, 1): input (N, D), hidden (L-1, N, N), output (N,)."""
    shapes = {"input": (width, dimensions), "hidden": (depth - 1, width, width), "output": (width,)}
    keys = jax.random.split(key, len(shapes))
    return {name: jax.random.normal(one, shapes[name], dtype) for name, one in zip(shapes, keys, strict=True)}


def forward(weights: Weights, x: Array, phi: Function, richness: ArrayLike) -> tuple[Array, Array]:
    """Outputs (Q,) and preactivations (L, Q, N) of a network at inputs (Q, D)."""
    width = len(weights["output"])
    layers = [x @ weights["input"].T / x.shape[1] ** 0.5]
    for matrix in weights["hidden"]:
        layers.append(phi(layers[-1]) @ matrix.T / width**0.5)
    return phi(layers[-1]) @ weights["output"] / (richness * width), jnp.stack(layers)


def langevin(
    inputs: Array,
    targets: Array,
    *,
    width: int,
    activation: str | Function,
    richness: ArrayLike,
    inverse_temperature: ArrayLike,
    key: Array,
    depth: int = 1,
    time: float = 40.0,
    burn_in: float = 10.0,
    step_size: float | None = None,
    chains: int = 8,
    dtype: Any = jnp.float32,
) -> Posterior:
    r"""Networks of finite width, sampled from the Gibbs measure of their weights; each begins in the prior.

    .. math:: W_{n+1} = W_n - h\, \nabla E(W_n) + \sqrt{h/2}\, (\xi_n + \xi_{n+1}), \qquad E = -\ln p

    Args:
      inputs: x of all Q points, shape (Q, D); the first P have targets, the others are test points.
      targets: y, shape (P,).
      width: N, whole and >= 1.
      activation: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0.
      inverse_temperature: beta > 0.
      key: a jax random key.
      depth: L, hidden layers, whole and >= 1.
      time: during which is measured, in units of the time in which weights of the prior forget.
      burn_in: time before that.
      step_size: h; by default a fifth of that at which the untrained network would turn unstable,
        2 / (1 + beta lambda), with the largest eigenvalue of its tangent kernel.
      chains: networks, >= 2, whose spread is the standard error.
      dtype: of the weights.

    Returns:
      ``Posterior``; ``preactivations`` are those of the last state, of all networks and neurons.

    Raises:
      ValueError: for an argument out of range, or a step size that is unstable.

    Sharing its noise between two steps makes the stationary law exact where the energy is quadratic, and wrong by
    O(h^2) elsewhere (Euler's is wrong by O(h)). Cost: time / step_size x chains x Q x N x (D + depth N). Source:
    Leimkuhler and Matthews (2013). Book: "Statics: what equilibrium has learned".
    """
    require_shape("inputs", inputs, 2, "one point a row, shape (Q, D)")
    x = jnp.asarray(inputs, float)
    task = checked_task(x @ x.T / x.shape[1], targets, richness, inverse_temperature)
    phi = activation_function(activation)
    require_key(key)
    width, depth, chains = (
        require_count("width", width),
        require_count("depth", depth),
        require_count("chains", chains, 2),
    )
    for name, value in (("time", time), ("burn_in", burn_in)):
        require_scalar(name, value)
        require_positive(name, value)
    first, later = jax.random.split(key)
    weights, bound = _start(first, x, task, phi=phi, shape=(chains, width, depth), dtype=dtype)
    step_size = SHARE * float(bound) if step_size is None else step_size
    require_positive("step_size", step_size)
    rounds: list[ArrayLike] = [max(1, round(span / float(step_size) / BETWEEN)) for span in (burn_in, time)]
    means, deviations, h = _run(weights, later, x.astype(dtype), task, step_size, rounds, phi=phi)
    known = concrete(means[0])
    if known is not None and not np.isfinite(known).all():
        raise ValueError(f"step_size must be small enough for a stable run; {step_size} diverged")
    made = {"width": width, "step_size": step_size, "time": time, "burn_in": burn_in, "key": jax.random.key_data(key)}
    return gathered(means, deviations, chains, task, preactivations=h, parameters=made)


@partial(jax.jit, static_argnames=("phi", "shape", "dtype"))
def _start(
    key: Array, x: Array, task: Task, *, phi: Function, shape: tuple[int, int, int], dtype: Any
) -> tuple[Weights, Array]:
    """Networks of the prior, and the largest stable step of the first: 2 over the largest curvature of its energy."""
    chains, width, depth = shape
    weights = jax.vmap(lambda one: start(one, x.shape[1], width, depth, dtype))(jax.random.split(key, chains))
    first, known = jax.tree.map(lambda w: w[0], weights), x[: task.known].astype(dtype)
    slopes = jax.jacrev(lambda w: forward(w, known, phi, task.richness)[0])(first)
    rows = jnp.concatenate([one.reshape(task.known, -1) for one in slopes.values()], axis=1)
    curvature = task.inverse_temperature * task.richness**2 * width * jnp.linalg.eigvalsh(rows @ rows.T)[-1]
    return weights, 2 / (1 + curvature)


@partial(jax.jit, static_argnames="phi")
def _run(
    weights: Weights, key: Array, x: Array, task: Task, step: ArrayLike, rounds: list[ArrayLike], *, phi: Function
) -> tuple[tuple[Array, ...], tuple[Array, ...], Array]:
    """Means over time and networks of f (Q,), features (L, Q, Q) and w^2; their spread; and the last h^L."""
    dtype, width, chains = x.dtype, weights["output"].shape[-1], len(weights["output"])
    richness, targets = task.richness.astype(dtype), task.targets.astype(dtype)
    strength, h = (task.inverse_temperature * task.richness**2 * width).astype(dtype), jnp.asarray(step, dtype)

    def energy(weights: Weights) -> Array:
        missed = forward(weights, x[: task.known], phi, richness)[0] - targets
        return strength * (missed**2).sum() / 2 + sum((w**2).sum() for w in weights.values()) / 2

    slopes = jax.grad(lambda weights: jax.vmap(energy)(weights).sum())

    def normal(key: Array) -> Weights:
        keys = jax.random.split(key, len(weights))
        return {
            name: jax.random.normal(one, w.shape, dtype) for one, (name, w) in zip(keys, weights.items(), strict=True)
        }

    def move(state: tuple[Weights, Weights], key: Array) -> tuple[tuple[Weights, Weights], None]:
        weights, old = state
        new = normal(key)
        after = jax.tree.map(
            lambda w, slope, a, b: w - h * slope + jnp.sqrt(h / 2) * (a + b), weights, slopes(weights), old, new
        )
        return (after, new), None

    def measured(weights: Weights) -> tuple[Array, Array, Array]:
        f, layers = jax.vmap(lambda one: forward(one, x, phi, richness))(weights)
        value = phi(layers)
        return f, value @ value.swapaxes(-1, -2) / width, (weights["output"] ** 2).mean(axis=-1)

    def walk(state: tuple[Weights, Weights], key: Array) -> tuple[Weights, Weights]:
        return jax.lax.scan(move, state, jax.random.split(key, BETWEEN))[0]

    def look(state: tuple, key: Array) -> tuple:
        walked = walk(state[0], key)
        return walked, jax.tree.map(jnp.add, state[1], measured(walked[0]))

    before, during, noise = jax.random.split(key, 3)
    none = jax.tree.map(lambda one: jnp.zeros(one.shape), jax.eval_shape(measured, weights))
    state = jax.lax.fori_loop(
        0, rounds[0], lambda i, state: walk(state, jax.random.fold_in(before, i)), (weights, normal(noise))
    )
    state, sums = jax.lax.fori_loop(
        0, rounds[1], lambda i, state: look(state, jax.random.fold_in(during, i)), (state, none)
    )
    last = jax.vmap(lambda one: forward(one, x[: task.known], phi, richness)[1][-1])(state[0])
    single = tuple(one / rounds[1] for one in sums)
    means = tuple(one.mean(axis=0) for one in single)
    return means, spread(single), last.swapaxes(1, 2).reshape(chains * width, -1)
