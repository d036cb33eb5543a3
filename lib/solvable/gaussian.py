r"""Gaussian averages of activations: what a wide layer does to the correlation of two inputs.

.. math:: \langle\phi(u)\phi(v)\rangle, \quad \langle\phi'(u)\phi'(v)\rangle, \qquad
          (u, v) \sim N\!\left(0, \begin{pmatrix} q & k\\ k & q'\end{pmatrix}\right)

In closed form where there is one, by the trapezoid rule on a wide grid otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ._checks import require

Function = Callable[[Array], Array]

# (arctan(t) / t - 1) / t^2 as a function of t^2: numerator and denominator for t < tan(pi / 8), a series to 3e-8
ARCTAN = (
    (-0.8750608600031904, -16.157537187333652, -75.00855792314705, -122.88666844901361, -64.85021904942025),
    (1.0, 24.858464901423062, 165.02700983169885, 432.88106049129027, 485.3903996359137, 194.5506571482614),
)
ARCTAN32 = (0.0029209076, -0.016368837, 0.043213402, -0.075523482, 0.10666067, -0.14211071, 0.19993774, -0.33333153)
NODES = 201  # of the trapezoid rule, in each direction
REACH = 9.0  # standard deviations, beyond which the density is below 1e-17


class Averages(NamedTuple):
    """<phi(u) phi(v)> and <phi'(u) phi'(v)>, arrays of one shape."""

    product: Array
    slopes: Array


ACTIVATIONS: dict[str, Function] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "erf": jax.lax.erf,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "tanh": jnp.tanh,
}


def activation_function(activation: str | Function) -> Function:
    """The function of this name, or the function itself.

    Raises:
      ValueError: for a name that is none.
    """
    if callable(activation):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {tuple(ACTIVATIONS)} or a function; got {activation!r}")
    return ACTIVATIONS[activation]


def averages(activation: str | Function, variance1: ArrayLike, variance2: ArrayLike, covariance: ArrayLike) -> Averages:
    r"""<phi(u) phi(v)> and <phi'(u) phi'(v)> for Gaussian pairs, entry by entry.

    With s^2 = q q' - k^2 and d = (1 + q)(1 + q') - k^2:

    .. math::
       \text{ReLU:}&\quad \frac{s + (\pi - \theta)\,k}{2\pi}, \quad \frac{\pi - \theta}{2\pi},
          \qquad \theta = \operatorname{atan2}(s, k)\\
       \text{erf:}&\quad \frac2\pi \operatorname{atan2}(2k, e), \quad \frac{4}{\pi e},
          \qquad e^2 = (1 + 2q)(1 + 2q') - 4k^2\\
       \text{GELU:}&\quad k A + B \Big(s^2 + \frac{k^2}{1+q} + \frac{k^2}{1+q'}\Big), \quad
          A + k B \Big(\frac1{1+q} + \frac1{1+q'} + \frac1d\Big),
          \qquad A = \frac14 + \frac{\operatorname{atan2}(k, \sqrt d)}{2\pi},\; B = \frac{1}{2\pi\sqrt d}

    Args:
      activation: "linear", "relu", "erf", "gelu", "tanh", or a function of arrays, entry by entry.
      variance1: q >= 0.
      variance2: q' >= 0; the three broadcast.
      covariance: k, at most sqrt(q q') in size.

    Returns:
      ``Averages`` of the broadcast shape, in the precision of the arguments.

    Raises:
      ValueError: for an activation that is none, or a negative variance.

    No digit depends on the order of the two variances. Closed forms are exact to rounding; close to k = sqrt(q q') the
    square root s doubles it to half the digits, so take `diagonal` there. Others use the trapezoid rule:
    `quadrature_error` states how far it is off. Source: the ReLU and erf forms are Cho and Saul's (2009) and Williams'
    (1997). Book: "The kernel limit".
    """
    for name, value in (("variance1", variance1), ("variance2", variance2)):
        require(name, value, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    phi = activation_function(activation)
    q1, q2, k = _floats(variance1, variance2, covariance)
    if isinstance(activation, str) and activation in CLOSED:
        return CLOSED[activation](q1, q2, k)
    found = jax.lax.map(lambda row: _by_quadrature(phi, *row), (q1.ravel(), q2.ravel(), k.ravel()))
    return Averages(*(one.reshape(q1.shape) for one in found))


def diagonal(activation: str | Function, variance: ArrayLike) -> Averages:
    """<phi(u)^2> and <phi'(u)^2>, where both inputs are the same one; arguments as for `averages`."""
    require("variance", variance, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    phi, (q,) = activation_function(activation), _floats(variance)
    if activation == "relu":
        return Averages(q / 2, jnp.full_like(q, 0.5))
    if isinstance(activation, str) and activation in CLOSED:
        return CLOSED[activation](q, q, q)
    x, weights = _rule(NODES, q.dtype)
    value, slope = _with_slope(phi, jnp.sqrt(q)[..., None] * x)
    return Averages(value**2 @ weights, slope**2 @ weights)


def quadrature_error(activation: str | Function, variance: float) -> float:
    """How far the trapezoid rule is off at this variance; 0 for closed forms.

    Twice the change when its nodes are doubled: where the slope jumps, doubling takes away half of the error.
    """
    if isinstance(activation, str) and activation in CLOSED:
        return 0.0
    phi, sums = activation_function(activation), []
    for nodes in (NODES, 2 * NODES - 1):
        x, weights = _rule(nodes, float)
        value, slope = _with_slope(phi, math.sqrt(variance) * x)
        sums.append(np.array([value**2 @ weights, slope**2 @ weights]))
    return 2 * float(np.abs(sums[0] - sums[1]).max())


@jax.custom_jvp
def arctan2(y: Array, x: Array) -> Array:
    """``jnp.arctan2`` to rounding, without branches or calls, so that a CPU computes several at a time.

    The smaller over the larger goes into a series: in double precision Cephes' (S. Moshier, 1989), folded about
    tan(pi / 8).
    """
    larger, smaller = jnp.maximum(jnp.abs(x), jnp.abs(y)), jnp.minimum(jnp.abs(x), jnp.abs(y))
    angle = _arctan(smaller / jnp.where(larger > 0, larger, 1))
    angle = jnp.where(jnp.abs(y) > jnp.abs(x), jnp.pi / 2 - angle, angle)
    angle = jnp.where(x < 0, jnp.pi - angle, angle)
    return jnp.where(y < 0, -angle, angle)


def _arctan(t: Array) -> Array:
    """For t in [0, 1]; in single precision without a second division."""
    if t.dtype != jnp.float64:
        return t + t * t**2 * _polynomial(ARCTAN32, t**2)
    folded = t > math.tan(math.pi / 8)
    t = jnp.where(folded, (t - 1) / (t + 1), t)
    above, below = (_polynomial(one, t**2) for one in ARCTAN)
    return jnp.where(folded, jnp.pi / 4, 0) + (t + t * t**2 * above / below)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """The highest power first."""
    found = jnp.full_like(x, coefficients[0])
    for one in coefficients[1:]:
        found = found * x + one
    return found


@arctan2.defjvp
def _arctan2_jvp(at: tuple[Array, Array], moves: tuple[Array, Array]) -> tuple[Array, Array]:
    (y, x), (dy, dx) = at, moves
    square = x**2 + y**2
    return arctan2(y, x), (x * dy - y * dx) / jnp.where(square > 0, square, 1)


def _floats(*values: ArrayLike) -> list[Array]:
    """Arrays of one shape and precision: that of the values where they have one."""
    arrays = [jnp.asarray(value) for value in values]
    common = jnp.result_type(*arrays)
    return jnp.broadcast_arrays(*(x.astype(common if jnp.issubdtype(common, jnp.floating) else float) for x in arrays))


def _linear(q1: Array, q2: Array, k: Array) -> Averages:
    return Averages(k, jnp.ones_like(k))


def _relu(q1: Array, q2: Array, k: Array) -> Averages:
    s = _root(q1 * q2 - k**2)
    angle = jnp.pi - arctan2(s, k)
    return Averages((s + angle * k) / (2 * jnp.pi), angle / (2 * jnp.pi))


def _erf(q1: Array, q2: Array, k: Array) -> Averages:
    root = jnp.sqrt(1 + 2 * (q1 + q2) + 4 * jnp.maximum(q1 * q2 - k**2, 0))
    return Averages(2 / jnp.pi * arctan2(2 * k, root), 4 / (jnp.pi * root))


def _gelu(q1: Array, q2: Array, k: Array) -> Averages:
    square = jnp.maximum(q1 * q2 - k**2, 0)
    d = 1 + (q1 + q2) + square
    both = 1 / (1 + q1) + 1 / (1 + q2)
    a = 0.25 + arctan2(k, jnp.sqrt(d)) / (2 * jnp.pi)
    b = 1 / (2 * jnp.pi * jnp.sqrt(d))
    return Averages(k * a + b * (square + k**2 * both), a + k * b * (both + 1 / d))


CLOSED = {"linear": _linear, "relu": _relu, "erf": _erf, "gelu": _gelu}


def _root(x: Array) -> Array:
    """The square root, with slope 0 where there is none."""
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)


def _rule(nodes: int, dtype: Any) -> tuple[Array, Array]:
    """Nodes of the trapezoid rule and their weights under the normal density."""
    x = np.linspace(-REACH, REACH, nodes)
    weights = np.exp(-(x**2) / 2)
    return jnp.asarray(x, dtype), jnp.asarray(weights / weights.sum(), dtype)


def _with_slope(phi: Function, x: Array) -> tuple[Array, Array]:
    return jax.jvp(phi, (x,), (jnp.ones_like(x),))


def _by_quadrature(phi: Function, q1: Array, q2: Array, k: Array) -> tuple[Array, Array]:
    """Over u along one axis, and the part of v that u does not know along the other."""
    q1, q2 = jnp.maximum(q1, q2), jnp.minimum(q1, q2)
    x, weights = _rule(NODES, q1.dtype)
    share = k / _root(jnp.maximum(q1, jnp.finfo(q1.dtype).tiny))
    v = share * x[:, None] + _root(q2 - share**2) * x
    (left, left_slope), (right, right_slope) = _with_slope(phi, _root(q1) * x), _with_slope(phi, v)
    return weights @ (left * (right @ weights)), weights @ (left_slope * (right_slope @ weights))
