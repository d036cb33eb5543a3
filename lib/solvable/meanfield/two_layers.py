r"""Feature learning in two layers: every neuron moves in the mean field of all the others.

.. math::
   h_\mu(t+1) &= h_\mu(t) + \eta\gamma_0 \sum_\nu \Phi^0_{\mu\nu} D_\nu(t)\, \phi'(h_\nu(t))\, z(t)\\
   z(t+1) &= z(t) + \eta\gamma_0 \sum_\nu D_\nu(t)\, \phi(h_\nu(t)), \qquad
   f_\mu(t) = \frac{1}{\gamma_0} \langle z(t)\, \phi(h_\mu(t)) \rangle

with D = p (y - f), from h(0) ~ N(0, Phi^0) and z(0) ~ N(0, 1).
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer
from .._pytree import Numbers
from .._repeats import mean_and_std
from ..gaussian import Function, activation_function
from ..numerics.gaussians import square_root
from ..results import at_steps
from .particles import neurons
from .problem import Problem, checked, require_stable
from .results import MeanField


@at_steps
@finite_answer
def two_layer(
    gram: Array,
    targets: Array,
    *,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    particles: int = 2**12,
    repeats: int = 4,
    weights: Numbers | None = None,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide network with one hidden layer.

    .. math::
       h_\mu(t+1) &= h_\mu(t) + \eta\gamma_0 \sum_\nu \Phi^0_{\mu\nu} D_\nu(t)\, \phi'(h_\nu(t))\, z(t)\\
       z(t+1) &= z(t) + \eta\gamma_0 \sum_\nu D_\nu(t)\, \phi(h_\nu(t)), \qquad
       f_\mu(t) = \frac{1}{\gamma_0} \langle z(t)\, \phi(h_\mu(t)) \rangle

    with D = p (y - f), from h(0) ~ N(0, Phi^0) and z(0) ~ N(0, 1).

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key; it scrambles the Sobol points.
      particles: neurons in each sample, more than 1.5 (Q + 1), a power of 2 best; each has a twin with the opposite
        z(0), so that f(0) = 0.
      repeats: independent samples, >= 2; their spread is the standard error.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.

    Returns:
      `MeanField` with L = 1, and without ``two_time``.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; the error is that of the samples. Cost:
    steps x repeats x particles x Q^2. Source: Bordelon and Pehlevan (2022). Book: "From neurons to one neuron".
    """
    phi = activation_function(activation)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps)
    points = len(problem.gram)
    draws = neurons(key, points, particles, repeats, steps)
    f, features, gradients, h = _sweep(problem, draws, phi=phi, steps=steps)
    mean, spread = mean_and_std((f, features, gradients))
    kernel = mean[1] + mean[2] * problem.gram
    require_stable(problem, kernel, mean[0][:, : problem.known])
    return MeanField(
        mean[0][:, : problem.known],
        mean[0][:, problem.known :],
        mean[1][None],
        mean[2][None],
        kernel,
        h.reshape(-1, points),
        spread[0][:, : problem.known],
        spread[0][:, problem.known :],
        spread[1][None],
        spread[2][None],
        parameters=problem.parameters | {"repeats": repeats, "particles": particles, "key": jax.random.key_data(key)},
    )


@partial(jax.jit, static_argnames=("phi", "steps"))
def _sweep(problem: Problem, draws: Array, *, phi: Function, steps: int) -> tuple[Array, Array, Array, Array]:
    """Of every sample: outputs (T+1, Q), both kernels (T+1, Q, Q), and the last h (2 S, Q)."""
    gram, rate = problem.gram, problem.learning_rate * problem.richness

    def one(draws: Array) -> tuple[Array, Array, Array, Array]:
        u, w = draws[:, :-1] @ square_root(gram), draws[:, -1]
        h, z = jnp.stack([u, u]), jnp.stack([w, -w])  # (2, S, Q), (2, S)

        def step(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
            h, z = state
            value, slope = jax.jvp(phi, (h,), (jnp.ones_like(h),))
            g = slope * z[..., None]
            said = z[..., None] * value
            f = (said[0] + said[1]).mean(axis=0) / (2 * problem.richness)  # twins first, since f(0) = 0
            pull = problem.errors(f)
            after = h + rate * (g * pull) @ gram, z + rate * value @ pull

            def kernel(a: Array) -> Array:
                flat = a.reshape(-1, a.shape[-1])
                return flat.T @ flat / len(flat)

            return after, (f, kernel(value), kernel(g))

        last, seen = jax.lax.scan(step, (h, z), length=steps)
        seen = jax.tree.map(lambda all, end: jnp.concatenate([all, end[None]]), seen, step(last, None)[1])
        return *seen, last[0].reshape(-1, len(gram))

    return jax.lax.map(one, draws)
