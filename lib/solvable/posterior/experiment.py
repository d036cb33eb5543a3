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
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    MOST,
    as_floats,
    concrete,
    finite_answer,
    require_count,
    require_dtype,
    require_key,
    require_positive,
    require_scalar,
)
from .._grams import gram_of
from .._memory import require_memory
from ..gaussian import Function, activation_function
from ..networks import MLP
from .results import Posterior, Task, checked_task, gathered, spread

SHARE = 0.2  # of the default step in that at which the stiffest weight of the untrained network turns unstable
BETWEEN = 10  # steps from one measurement to the next


@finite_answer
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
    repeats: int = 8,
    dtype: Any = jnp.float32,
) -> Posterior:
    r"""Networks of finite width, sampled from the Gibbs measure of their weights; each begins in the prior.

    .. math:: W_{n+1} = W_n - h\, \nabla E(W_n) + \sqrt{h/2}\, (\xi_n + \xi_{n+1}), \qquad
              E = \frac{\beta\gamma_0^2 N}{2} \sum_\mu (f_\mu - y_\mu)^2 + \frac{|W|^2}{2}

    with independent unit Gaussians :math:`\xi`, and networks as in `meanfield.finite`.

    Args:
      inputs: x of all Q points, shape (Q, D); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      width: N, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0.
      inverse_temperature: beta > 0.
      key: a jax random key.
      depth: L, hidden layers, whole and >= 1.
      time: > 0, during which is measured, every tenth step, in units of the time in which weights of the prior forget.
      burn_in: time before that, > 0.
      step_size: h > 0; by default a fifth of that at which the untrained network would turn unstable,
        2 / (1 + beta lambda), with the largest eigenvalue of its tangent kernel.
      repeats: networks, >= 2, whose spread is the standard error.
      dtype: of the weights, a type of floats.

    Returns:
      `Posterior`; ``preactivations`` are those of the last state, of all networks and neurons.

    Raises:
      ValueError: for an argument out of range, or a step size that is unstable.
      TypeError: for a dtype that is no type of floats.
      RuntimeError: where jax is in float32.

    Sharing its noise between two steps makes the stationary law exact where the energy is quadratic, and wrong by
    O(h^2) elsewhere (Euler's is wrong by O(h)). Cost: time / step_size x repeats x Q x N x (D + depth N).
    Source: Leimkuhler and Matthews (2013). Book: "Statics: what equilibrium has learned".
    """
    x, gram = gram_of(inputs)
    require_dtype("dtype", dtype)
    task = checked_task(gram, targets, richness, inverse_temperature)
    phi = activation_function(activation)
    require_key(key)
    width, depth, repeats = (
        require_count("width", width),
        require_count("depth", depth),
        require_count("repeats", repeats, 2),
    )
    sizes, itemsize = {"repeats": repeats, "width": width, "depth": depth}, jnp.dtype(dtype).itemsize
    require_memory(lambda c, n, d: itemsize * c * n * (6 * (x.shape[1] + (d - 1) * n) + d * len(x)), **sizes)
    for name, value in (("time", time), ("burn_in", burn_in)):
        require_scalar(name, value)
        require_positive(name, value)
    if step_size is not None:
        require_scalar("step_size", step_size)
        require_positive("step_size", step_size)
    spans = as_floats(burn_in), as_floats(time)
    step = None if step_size is None else as_floats(step_size)
    shape = repeats, width, depth
    means, deviations, h, step = _run(key, x.astype(dtype), task, step, spans, phi=phi, shape=shape)
    counted = concrete(sum(spans) / step)
    if counted is not None and not counted <= MOST:
        raise ValueError(
            f"time and burn_in must hold at most {MOST} steps; got {time} and {burn_in} by {float(step):.3g}"
        )
    known = concrete(means[0])
    if known is not None and not np.isfinite(known).all():
        raise ValueError(f"step_size must be small enough for a stable run; {float(step):.4g} diverged")
    made = {"width": width, "step_size": step, "time": time, "burn_in": burn_in, "key": jax.random.key_data(key)}
    return gathered(means, deviations, repeats, task, preactivations=h, parameters=made)


@partial(jax.jit, static_argnames=("phi", "shape"))
def _run(
    key: Array,
    x: Array,
    task: Task,
    step: ArrayLike | None,
    spans: tuple[ArrayLike, ArrayLike],
    *,
    phi: Function,
    shape: tuple[int, int, int],
) -> tuple[tuple[Array, ...], tuple[Array, ...], Array, Array]:
    """Means over time and networks of f (Q,), features (L, Q, Q) and w^2; their spread; the last h^L; and the step."""
    (repeats, width, depth), dtype = shape, x.dtype
    network = MLP(width, depth=depth, activation=phi, richness=task.richness, dtype=dtype)
    blank, layers = ravel_pytree(network.init(key, x.shape[1:], task.targets.shape[1:]))
    targets, known = task.targets.astype(dtype), x[: task.known]
    strength = (task.inverse_temperature * task.richness**2 * width).astype(dtype)

    def energy(flat: Array) -> Array:
        missed = network.apply(layers(flat), known) - targets
        return strength * (missed**2).sum() / 2 + (flat**2).sum() / 2

    slopes = jax.grad(lambda weights: jax.vmap(energy)(weights).sum())

    def normal(key: Array) -> Array:
        return jax.random.normal(key, (repeats, blank.size), dtype)

    def move(state: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], None]:
        (weights, old), new = state, normal(key)
        return (weights - h * slopes(weights) + jnp.sqrt(h / 2) * (old + new), new), None

    def walk(state: tuple[Array, Array], key: Array) -> tuple[Array, Array]:
        return jax.lax.scan(move, state, jax.random.split(key, BETWEEN))[0]

    def measured(weights: Array) -> tuple[Array, Array, Array]:
        networks = jax.vmap(layers)(weights)
        f, h = jax.vmap(lambda one: network.forward(one, x))(networks)
        value = phi(h)
        w = networks["output"]
        square = (w**2).mean(axis=-1) if task.targets.ndim == 1 else w.swapaxes(-1, -2) @ w / width
        return f, value @ value.swapaxes(-1, -2) / width, square

    def look(i: ArrayLike, state: tuple) -> tuple:
        walked = walk(state[0], jax.random.fold_in(during, i))
        return walked, jax.tree.map(jnp.add, state[1], measured(walked[0]))

    first, noise, before, during = jax.random.split(key, 4)
    start = normal(first)
    if step is None:  # 2 over the largest curvature of the energy
        rows = jax.jacrev(lambda flat: network.apply(layers(flat), known).ravel())(start[0])
        step = SHARE * 2 / (1 + strength * jnp.linalg.eigvalsh(rows @ rows.T)[-1])
    h = jnp.asarray(step, dtype)
    count = [jnp.maximum(1, jnp.round(span / h / BETWEEN)).astype(int) for span in spans]
    count = [jnp.where(sum(spans) / h <= MOST, one, 0) for one in count]  # else an error follows
    none = jax.tree.map(lambda one: jnp.zeros(one.shape), jax.eval_shape(measured, start))
    state = jax.lax.fori_loop(
        0, count[0], lambda i, state: walk(state, jax.random.fold_in(before, i)), (start, normal(noise))
    )
    state, sums = jax.lax.fori_loop(0, count[1], look, (state, none))
    single = tuple(one / count[1] for one in sums)
    last = jax.vmap(lambda flat: network.forward(layers(flat), known)[1][-1])(state[0])
    means = tuple(one.mean(axis=0) for one in single)
    return means, spread(single), last.swapaxes(1, 2).reshape(repeats * width, -1), h
