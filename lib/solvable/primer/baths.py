"""Least squares by two-time mean-field theory: an error in the bath of the weights, a weight in that of the errors."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count
from .._memory import require_memory
from ..results import LossCurves, at_steps
from .checks import check_rate, check_regression


@at_steps
@finite_answer
def regression(steps: int, *, learning_rate: ArrayLike, aspect: ArrayLike, noise: ArrayLike = 0.0) -> LossCurves:
    r"""Gradient descent of least squares on random data, by two-time mean-field theory.

    One error :math:`\Delta` of a data point, one wrong weight v, each in the bath of the other:

    .. math::
       \Delta_n &= u_n + \sigma\epsilon - \gamma\eta \sum_{m<n} R^v_{nm} \Delta_m, \qquad
       \langle u u \rangle = C^v \\
       v_{n+1} &= v_n - \eta \Big( g_n + \sum_{m\le n} R^\Delta_{nm} v_m \Big), \qquad
       \langle g g \rangle = \gamma\, C^\Delta

    with the correlations C and the responses R, to a push of u or of v, of these two.

    Args:
      steps: how many, whole and >= 1: all up to it; or a list of step numbers, shape (T,).
      learning_rate: eta > 0, in units of 1 / eigenvalue of the data's covariance.
      aspect: gamma = D / P > 0, dimensions over data points.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), whose ``times`` are the step numbers: ``test`` is C^v, without the noise, 1 at the
      start, ``train`` is C^Delta, with it, at equal times.

    Raises:
      ValueError: for an argument out of range, named with its value, or a learning rate at which a loss leaves float64.
      RuntimeError: where jax is in float32.

    Exact for D, P -> infinity at any learning rate; costs O(steps^3). `exact.regression` has the same numbers as an
    integral. Source: two-time theory as in the talk of B. Bordelon (2025); the equations are derived on the page.
    Book: "Beyond glasses".
    """
    steps = require_count("steps", steps)
    require_memory(lambda steps: 32 * (steps + 1) ** 2, steps=steps)
    eta = check_rate(learning_rate)
    gamma, sigma2 = check_regression(aspect, noise)
    test, train = _descend(steps + 1, eta, gamma, sigma2)
    parameters = {"aspect": gamma, "noise": sigma2, "learning_rate": eta}
    return LossCurves(jnp.arange(steps + 1.0), test, train, parameters=parameters)


@partial(jax.jit, static_argnums=0)
def _descend(size: int, eta: Array, gamma: Array, noise: Array) -> tuple[Array, Array]:
    def row(n: Array, matrices: tuple[Array, ...]) -> tuple[Array, ...]:
        """Row n of the errors from row n of the weights, then row n + 1 of the weights."""
        cv, rv, ce, re = matrices  # correlation and response of the weights, and of the errors
        re = re.at[n].set((jnp.arange(size) == n) - gamma * eta * (rv[n] @ re))
        of_u = re[n] @ (cv + noise)
        ce_row = re @ of_u
        ce = ce.at[n].set(ce_row).at[:, n].set(ce_row)
        echo = re[n] @ rv
        new_rv = jnp.where(jnp.arange(size) <= n, rv[n] - eta * echo, 0.0).at[n].set(1.0)
        kick = -gamma * eta * (rv @ ce[n])  # <g_n v_m>
        new_cv = cv[n] - eta * (re[n] @ cv + kick)
        rv = rv.at[n + 1].set(new_rv, mode="drop")
        kick = -gamma * eta * (ce[n] @ rv[n + 1])  # with v_{n+1} itself
        last = new_cv[n] - eta * (re[n] @ new_cv + kick)
        new_cv = jnp.where(jnp.arange(size) <= n, new_cv, 0.0).at[n + 1].set(last, mode="drop")
        cv = cv.at[n + 1].set(new_cv, mode="drop").at[:, n + 1].set(new_cv, mode="drop")
        return cv, rv, ce, re

    empty = jnp.zeros((size, size))
    cv, _, ce, _ = jax.lax.fori_loop(0, size, row, (empty.at[0, 0].set(1.0), empty, empty, empty))
    return jnp.diag(cv), jnp.diag(ce)
