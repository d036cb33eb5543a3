r"""Slightly rich: two layers in powers of the richness, by arithmetic with truncated series.

.. math:: h = \sum_k \gamma_0^k h_k, \quad z = \sum_k \gamma_0^k z_k, \qquad
          f = f_0 + \gamma_0^2 f_2 + O(\gamma_0^4), \qquad K = K_0 + \gamma_0^2 K_2 + O(\gamma_0^4)

Every line of `two_layer` is a sum or a product, so it holds between the coefficients too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import finite_answer
from .._pytree import Numbers, pytree
from .._repeats import mean_and_std
from ..gaussian import Function, activation_function
from ..numerics.gaussians import square_root
from ..results import Result, at_richness, at_steps
from .particles import neurons
from .problem import Problem, checked, first_kernel, require_stable
from .results import MeanField

ORDERS = 4  # coefficients 0..3: f of order 2 needs h and z of order 3, since f = <z phi(h)> / gamma_0


@pytree
@dataclass(frozen=True)
class Expansion(Result):
    """Two layers to second order in the richness; the first axis is (order 0, order 2), order 1 vanishes.

    Attributes:
      outputs: shape (2, T+1, P), f_0 and f_2 on the training points; (2, T+1, P, C) of several outputs.
      test: shape (2, T+1, M), or (2, T+1, M, C), on the points without a target.
      features: Phi at equal times, shape (2, 1, T+1, Q, Q), as one layer of `MeanField`.
      gradients: G at equal times, shape (2, 1, T+1, Q, Q); None for several outputs.
      tangent_kernel: K, shape (2, T+1, Q, Q); None for several outputs.
      signals: the signal's kernel at equal times, shape (2, 1, T+1, Q, Q), of several outputs; None for one.
      parameters: what made it, by name.
    """

    outputs: Float[Array, "2 T P"] | Float[Array, "2 T P C"]
    test: Float[Array, "2 T M"] | Float[Array, "2 T M C"]
    features: Float[Array, "2 L T Q Q"]
    gradients: Float[Array, "2 L T Q Q"] | None
    tangent_kernel: Float[Array, "2 T Q Q"] | None
    signals: Float[Array, "2 L T Q Q"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @finite_answer
    def at(self, richness: ArrayLike) -> MeanField:
        r"""The sum of both orders at one richness, in the form of `two_layer`.

        .. math:: f = f_0 + \gamma_0^2 f_2, \qquad K = K_0 + \gamma_0^2 K_2

        Args:
          richness: gamma_0 >= 0, one number.

        Returns:
          `MeanField` without preactivations and standard deviations.

        Raises:
          ValueError: for a richness out of range, or one at which the sum overflows.
        """
        return MeanField(**at_richness(self, richness))


@at_steps
@finite_answer
def expansion(
    gram: Array,
    targets: Array,
    *,
    activation: str | Function,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    particles: int = 2**12,
    repeats: int = 4,
    weights: Numbers | None = None,
) -> Expansion:
    r"""Full-batch gradient descent of an infinitely wide network with one hidden layer, to second order in gamma_0.

    .. math::
       h &= \sum_k \gamma_0^k h_k, \qquad z = \sum_k \gamma_0^k z_k\\
       h_{k+1}(t+1) &= h_{k+1}(t) + \eta\, \Phi^0 \sum_{i+j=k} D_i(t)\, g_j(t), \qquad
       z_{k+1}(t+1) = z_{k+1}(t) + \eta \sum_{i+j=k} D_i(t)\cdot\phi_j(t)\\
       f &= f_0 + \gamma_0^2 f_2 + O(\gamma_0^4), \qquad K = K_0 + \gamma_0^2 K_2 + O(\gamma_0^4)

    with the coefficients of :math:`\phi(h)`, of :math:`g = \phi'(h) z`, of
    :math:`f = \langle z\phi(h)\rangle / \gamma_0` and of D = p (y - f); h_0 ~ N(0, Phi^0) and z_0 ~ N(0, 1) stay. With
    several outputs each has its own z_c, f_c and D_c, and D g stands for the sum of D_c g_c.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      activation: phi: "linear", "erf", "gelu", "tanh", or a function with three derivatives.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key; it scrambles the Sobol points.
      particles: neurons in each sample, more than 1.5 (Q + C), a power of 2 best; each has a twin with the opposite
        z(0).
      repeats: independent samples, >= 2.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu sum_c (f_c - y_c)^2 / 2. 1 by default.

    Returns:
      `Expansion`; ``expansion.at(richness)`` is a `MeanField`.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound; for ReLU, since
        neurons that cross its kink make the first correction one of order gamma_0.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; what is left out is O(gamma_0^4). With the
    same key, particles and repeats both this and `two_layer` see the same neurons, so that their difference is of order
    gamma_0^4, whatever the number of particles. Source: the equations of Bordelon and Pehlevan (2022), expanded; order
    gamma_0^2 after Bordelon (2025), the talk. Book: "Lazy to rich, one dial".
    """
    phi = activation_function(activation)
    if activation == "relu" or phi is jax.nn.relu:
        raise ValueError("activation must be smooth; got 'relu', whose first correction is of order gamma_0")
    problem, steps = checked(gram, targets, weights, 1.0, learning_rate, steps)
    known, draws = problem.known, neurons(key, len(problem.gram), particles, repeats, steps, problem.classes)
    (f, features, back), _ = mean_and_std(_sweep(problem, draws, phi=phi, steps=steps))
    kernel = None if problem.several else features + back * problem.gram
    gradients, signals = (None, back[:, None]) if problem.several else (back[:, None], None)
    require_stable(problem, f[0, :, :known], lambda: first_kernel(problem, phi, 1) if kernel is None else kernel[0])
    given = problem.parameters | {"repeats": repeats, "particles": particles, "key": jax.random.key_data(key)}
    del given["richness"]  # it has all of them
    return Expansion(f[:, :, :known], f[:, :, known:], features[:, None], gradients, kernel, signals, given)


@partial(jax.jit, static_argnames=("phi", "steps"))
def _sweep(problem: Problem, draws: Array, *, phi: Function, steps: int) -> tuple[Array, Array, Array]:
    """Of every sample, orders 0 and 2: outputs (2, T+1, Q) and both kernels (2, T+1, Q, Q)."""
    gram, rate, points = problem.gram, problem.learning_rate, len(problem.gram)
    slope = _derivative(phi)

    def one(draws: Array) -> tuple[Array, Array, Array]:
        u, w = draws[:, :points] @ square_root(gram), draws[:, points:]
        h = jnp.zeros((ORDERS, 2 * len(u), points)).at[0].set(jnp.concatenate([u, u]))
        z = jnp.zeros((ORDERS, 2 * len(u), problem.classes)).at[0].set(jnp.concatenate([w, -w]))

        def step(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, Array, Array]]:
            h, z = state
            value, slopes = _composed(phi, h), _composed(slope, h)
            f = _product(z[:, :, None], value[..., None])[1:].mean(axis=1)  # f = <z phi(h)> / gamma_0, orders 0, 1, 2
            f = f.reshape(ORDERS - 1, points, *problem.targets.shape[1:])
            errors = problem.errors(f).at[1:].add(-problem.errors(jnp.zeros_like(f[1:])))  # the target is of order 0
            errors = jnp.pad(errors, ((0, 1), *((0, 0),) * (errors.ndim - 1)))  # (ORDERS, Q) or (ORDERS, Q, C)
            each = errors.reshape(ORDERS, 1, points, problem.classes)
            q = _product(slopes, _product(each, z[:, :, None]).sum(axis=-1))
            g = q if problem.several else _product(slopes, z)
            h_step = rate * q @ gram
            z_step = rate * _product(each, value[..., None]).sum(axis=2)
            after = h.at[1:].add(h_step[:-1]), z.at[1:].add(z_step[:-1])

            def kernel(a: Array) -> Array:
                return _product(a[:, :, :, None], a[:, :, None, :]).mean(axis=1)[::2]

            return after, (f[::2], kernel(value), kernel(g))

        last, seen = jax.lax.scan(step, (h, z), length=steps)
        seen = jax.tree.map(lambda all, end: jnp.concatenate([all, end[None]]), seen, step(last, None)[1])
        return jax.tree.map(lambda x: x.swapaxes(0, 1), seen)

    return jax.lax.map(one, draws)


def _product(a: Array, b: Array) -> Array:
    """Of two series, coefficient by coefficient."""
    return jnp.stack([sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(len(a))])


def _composed(function: Function, series: Array) -> Array:
    """The series of function(series)."""
    path: Callable[[Array], Array] = lambda g: function(sum((c * g**k for k, c in enumerate(series)), jnp.zeros(())))  # noqa: E731
    coefficients = []
    for k in range(len(series)):
        coefficients.append(path(jnp.zeros(())) / factorial(k))
        path = _derivative(path)
    return jnp.stack(coefficients)


def _derivative(function: Function) -> Function:
    """Of a function that acts entry by entry, or of one number."""
    return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))[1]
