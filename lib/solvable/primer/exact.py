"""Closed forms: random linear networks, and regression by random matrix theory."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, finite_answer, require_times
from .._memory import require_memory
from .._pytree import Numbers
from ..results import LossCurves, require_steps
from .checks import check_gain, check_rate, check_regression
from .results import Correlation

__all__ = ["linear_network", "regression", "regression_flow"]

NODES = 2000


@finite_answer
def linear_network(times: Numbers, *, gain: ArrayLike) -> Correlation:
    r"""A random linear network, left alone from a random start.

    .. math:: \dot x = -x + g J x, \quad J_{ij} \sim N(0, 1/N) \text{ all independent}: \qquad
              C(t,t') = e^{-(t+t')}\, I_0\big(2 g \sqrt{t t'}\big)

    Args:
      times: shape (T,), >= 0, in any order, in units of the neurons' time constant.
      gain: g >= 0, a scalar.

    Returns:
      ``Correlation`` with ``values`` of shape (T, T), 1 at the start. It grows for ever if g > 1.

    Raises:
      ValueError: for an argument out of range, named with its value, or times and a gain at which it leaves float64.
      RuntimeError: where jax is in float32.

    Exact for N -> infinity: without symmetry there is no memory, :math:`R = e^{-(t - t')}`, and C solves
    :math:`(1 + \partial_t)(1 + \partial_{t'})\,C = g^2 C`.
    Source: the theory of H. Sompolinsky, A. Crisanti, H. Sommers (1988), for linear neurons; solved on the page.
    Book: "Beyond glasses".
    """
    times, gain = require_times(times), check_gain(gain)
    require_memory(lambda count: 32 * count**2, **{"len(times)": len(times)})
    x = 2 * gain * jnp.sqrt(times[:, None] * times)
    decay = jnp.exp(x - times[:, None] - times)
    return Correlation(times, jax.scipy.special.i0e(x) * decay, None, {"gain": gain})


@finite_answer
def regression(steps: Numbers, *, learning_rate: ArrayLike, aspect: ArrayLike, noise: ArrayLike = 0.0) -> LossCurves:
    r"""Gradient descent of least squares on random data, by the eigenvalues of the data's covariance.

    .. math:: L(t) = \int\! \rho(\lambda)\Big[ q^2 + \sigma^2 \gamma\, \frac{(1 - q)^2}{\lambda} \Big] d\lambda, \qquad
              \hat L(t) = \int\! \rho(\lambda)\, \lambda q^2 d\lambda
              + \sigma^2 \Big[ 1 - \gamma + \gamma \int\! \rho(\lambda)\, q^2 d\lambda \Big]

    with the Marchenko-Pastur density, its mass at 0 included, and :math:`q = (1 - \eta\lambda)^t`.

    Args:
      steps: step numbers, whole and >= 0, shape (T,); or one whole number: all up to it.
      learning_rate: eta > 0, in units of 1 / eigenvalue.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), whose ``times`` are the step numbers; ``test`` is :math:`|w - w_\star|^2/D`, without
      the noise, and 1 at the start; ``train`` includes the noise.

    Raises:
      ValueError: for an argument out of range, named with its value, or a learning rate at which a loss leaves float64.
      RuntimeError: where jax is in float32.

    Exact for D, P -> infinity, with a quadrature error below 1e-12, or 1e-5 within 1 % of gamma = 1.
    Source: the law of V. Marchenko, L. Pastur (1967). Book: "Beyond glasses".
    """
    numbers = as_floats(require_steps(steps, known=False))
    eta, (aspect, noise) = check_rate(learning_rate), check_regression(aspect, noise)
    require_memory(lambda count: 8 * NODES * count, **{"len(steps)": len(numbers)})
    test, train = _regression(numbers, aspect, noise, eta)
    parameters = {"aspect": aspect, "noise": noise, "learning_rate": eta}
    return LossCurves(numbers, test, train, parameters=parameters)


@finite_answer
def regression_flow(times: Numbers, *, aspect: ArrayLike, noise: ArrayLike = 0.0) -> LossCurves:
    r"""Gradient flow of least squares on random data: `regression` with endlessly small steps.

    .. math:: L(t) = \int\! \rho(\lambda)\Big[ q^2 + \sigma^2 \gamma\, \frac{(1 - q)^2}{\lambda} \Big] d\lambda,
              \qquad q = e^{-\lambda t}

    Args:
      times: shape (T,), >= 0, in any order, in units of 1 / eigenvalue.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), as `regression`.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    Exact as `regression`. It is `linear_model.theory.gradient_flow` of D equal modes.
    Source: the law of V. Marchenko, L. Pastur (1967). Book: "Beyond glasses".
    """
    times, (aspect, noise) = require_times(times), check_regression(aspect, noise)
    require_memory(lambda count: 8 * NODES * count, **{"len(times)": len(times)})
    test, train = _regression(times, aspect, noise, None)
    return LossCurves(times, test, train, parameters={"aspect": aspect, "noise": noise})


@jax.jit
def _regression(times: Array, aspect: Array, noise: Array, eta: Array | None) -> tuple[Array, Array]:
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES  # equal steps: exact to rounding, as everything is periodic
    semicircle = 2 * np.sin(angle) ** 2 / NODES
    lam = 1 + aspect + 2 * jnp.sqrt(aspect) * np.cos(angle)
    weight = semicircle / lam
    null = jnp.maximum(1 - 1 / aspect, 0.0)  # directions that no data point shows

    def losses(t: Array) -> tuple[Array, Array]:
        log_q = -lam * t if eta is None else t * jnp.log(jnp.abs(1 - eta * lam))
        sign = 1.0 if eta is None else jnp.where((eta * lam > 1) & (t % 2 == 1), -1.0, 1.0)
        q = sign * jnp.exp(log_q)
        left = weight @ q**2 + null
        test = left + noise * aspect * (weight @ ((1 - q) ** 2 / lam))
        return test, weight @ (lam * q**2) + noise * (1 - aspect + aspect * left)

    return jax.vmap(losses)(times)
