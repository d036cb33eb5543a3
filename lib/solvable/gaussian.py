r"""Gaussian averages of activations: what a wide layer does to the correlation of two inputs.

.. math:: \langle\phi(u)\phi(v)\rangle, \quad \langle\phi'(u)\phi'(v)\rangle, \qquad
          (u, v) \sim N\!\left(0, \begin{pmatrix} q & k\\ k & q'\end{pmatrix}\right)

In closed form where there is one, by the trapezoid rule on a wide grid otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ._checks import as_array, concrete, require, require_known, require_one_of, require_scalar
from .numerics import quadrature
from .numerics.arctan import arctan2

__all__ = ["Averages", "activation_function", "averages", "diagonal", "quadrature_error"]

Function = Callable[[Array], Array]

ROUGH = 0.05  # by how much of itself an average may change when the nodes are doubled


class Averages(NamedTuple):
    r"""Two averages over a pair of Gaussians.

    .. math:: \langle\phi(u)\,\phi(v)\rangle, \qquad \langle\phi'(u)\,\phi'(v)\rangle

    Attributes:
      product: the first, an array of the broadcast shape of the arguments.
      slopes: the second, an array of the same shape.
    """

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
    r"""The function of this name, or the function itself.

    .. math::
       &\text{linear: } x, \quad \text{relu: } \max(0, x), \quad \tanh x \\
       &\text{erf: } \frac{2}{\sqrt\pi} \int_0^x e^{-t^2} dt, \quad
       \text{gelu: } \frac x2 \Big(1 + \mathrm{erf}\,\frac{x}{\sqrt2}\Big)

    Args:
      activation: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function of arrays, entry by entry.

    Returns:
      A function of arrays, entry by entry.

    Raises:
      ValueError: for a name that is none.

    Source: the usual definitions; GELU, without its tanh approximation, after D. Hendrycks, K. Gimpel (2016).
    Book: "The kernel limit".
    """
    if callable(activation):
        return activation
    require_one_of("activation", activation, ACTIVATIONS, " or a function")
    return ACTIVATIONS[activation]


def averages(activation: str | Function, variance1: ArrayLike, variance2: ArrayLike, covariance: ArrayLike) -> Averages:
    r"""<phi(u) phi(v)> and <phi'(u) phi'(v)> for Gaussian pairs, entry by entry.

    With s^2 = q q' - k^2 and d = (1 + q)(1 + q') - k^2:

    .. math::
       \text{linear:}&\quad k, \quad 1\\
       \text{ReLU:}&\quad \frac{s + (\pi - \theta)\,k}{2\pi}, \quad \frac{\pi - \theta}{2\pi},
          \qquad \theta = \operatorname{atan2}(s, k)\\
       \text{erf:}&\quad \frac2\pi \operatorname{atan2}(2k, e), \quad \frac{4}{\pi e},
          \qquad e^2 = (1 + 2q)(1 + 2q') - 4k^2\\
       \text{GELU:}&\quad k A + B \Big(s^2 + \frac{k^2}{1+q} + \frac{k^2}{1+q'}\Big),\\
          &\quad A + k B \Big(\frac1{1+q} + \frac1{1+q'} + \frac1d\Big),\\
          &\quad A = \frac14 + \frac{\operatorname{atan2}(k, \sqrt d)}{2\pi},\; B = \frac{1}{2\pi\sqrt d}

    Args:
      activation: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function of arrays, entry by entry.
      variance1: q >= 0, a number or an array.
      variance2: q' >= 0, a number or an array; the three broadcast.
      covariance: k, a number or an array, at most sqrt(q q') in size, to rounding.

    Returns:
      ``Averages`` of the broadcast shape, in the precision of the arguments.

    Raises:
      ValueError: for an activation that is none, shapes that do not broadcast, a variance or covariance that cannot be,
        variances beyond what this precision, or the rule below, can hold, or where jax differentiates along the
        variances or the covariance of a function with a kink that has no closed form.

    No digit depends on the order of the two variances. Closed forms are exact to rounding; close to k = sqrt(q q') the
    square root s doubles it to half the digits, so take `diagonal` there. Others use the trapezoid rule:
    `quadrature_error` states how far it is off, and past 5 % it is refused. Slopes are exact too; those of ReLU at
    k = +-sqrt(q q') are means of both sides. Source: the ReLU and erf forms are Cho and Saul's (2009) and Williams'
    (1997). Book: "The kernel limit".
    """
    activation_function(activation)
    for name, value in (("variance1", variance1), ("variance2", variance2)):
        require(name, value, ">= 0 and finite", np.isfinite)
    require("covariance", covariance, "finite", np.isfinite)
    shapes = [np.shape(value) for value in (variance1, variance2, covariance)]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"variance1, variance2 and covariance must broadcast; got shapes {shapes}") from None
    given = _floats(variance1, variance2, covariance)
    for name, variance in zip(("variance1", "variance2"), given, strict=False):
        _require_variance(name, activation, variance)
    _require_covariance(*given)
    q1, q2, k = given
    if activation == "relu":
        # homogeneous: computed at variances near 1, since the squares of others may leave the range of numbers
        one, other = _root_scale(q1), _root_scale(q2)
        product, slopes = _relu(q1 / one / one, q2 / other / other, k / one / other)
        return Averages(product * one * other, slopes)
    return pairs(activation, q1, q2, k)


def pairs(activation: str | Function, q1: Array, q2: Array, k: Array) -> Averages:
    """The averages of ``averages``, of arrays of one shape, without checks; for ReLU at variances whose product is a
    number.
    """
    if isinstance(activation, str) and activation in CLOSED:
        return CLOSED[activation](q1, q2, k)
    return _by_quadrature(activation_function(activation), q1, q2, k)


@partial(jax.jit, static_argnums=0)
def _by_quadrature(phi: Function, q1: Array, q2: Array, k: Array) -> Averages:
    phi, constants = quadrature.opened(phi, q1.dtype)
    functions = phi, quadrature.slope(phi)

    def both(row: tuple[Array, ...]) -> Averages:
        return Averages(*(quadrature.expected(one, one, row, constants) for one in functions))

    found = jax.lax.map(both, (q1.ravel(), q2.ravel(), k.ravel()))
    return Averages(*(one.reshape(q1.shape) for one in found))


def diagonal(activation: str | Function, variance: ArrayLike) -> Averages:
    r"""<phi(u)^2> and <phi'(u)^2>, where both inputs are the same one.

    .. math:: \langle\phi(u)^2\rangle, \quad \langle\phi'(u)^2\rangle, \quad u \sim N(0, q); \qquad
              \text{ReLU: } \frac q2, \quad \frac12

    and for linear, erf and GELU the closed forms of `averages` at k = q' = q.

    Args:
      activation: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function of arrays, entry by entry.
      variance: q >= 0, a number or an array.

    Returns:
      ``Averages`` of the shape of `variance`, in its precision.

    Raises:
      ValueError: for an activation that is none, a variance that cannot be, or beyond what this precision, or the
        trapezoid rule, can hold, or where jax differentiates along the variance of a function with a kink that has no
        closed form.

    Closed forms are exact to rounding. Others use the trapezoid rule, whose error `quadrature_error` states.
    Source: Y. Cho, L. Saul (2009) for ReLU, C. Williams (1997) for erf. Book: "The kernel limit".
    """
    activation_function(activation)
    require("variance", variance, "finite", np.isfinite)
    (q,) = _floats(variance)
    _require_variance("variance", activation, q)
    if activation == "relu":
        return Averages(q / 2, jnp.full_like(q, 0.5))
    if isinstance(activation, str) and activation in CLOSED:
        return CLOSED[activation](q, q, q)
    phi, constants = quadrature.opened(activation_function(activation), q.dtype)
    return Averages(*(quadrature.spread(quadrature.squared(f), q, constants) for f in (phi, quadrature.slope(phi))))


def quadrature_error(activation: str | Function, variance: float) -> float:
    r"""How far the trapezoid rule is off at this variance; 0 for closed forms.

    .. math:: 2 \max\Big( \big|\langle\phi^2\rangle_{401} - \langle\phi^2\rangle_{201}\big|,\;
              \big|\langle\phi'^2\rangle_{401} - \langle\phi'^2\rangle_{201}\big| \Big), \qquad u \sim N(0, q)

    by rules of 201 nodes, as the averages have, and of 401, from -9 to 9 standard deviations.

    Args:
      activation: ``"linear"``, ``"relu"``, ``"erf"``, ``"gelu"``, ``"tanh"``, or a function of arrays, entry by entry.
      variance: q >= 0, a known number.

    Returns:
      A number, in the unit of the averages themselves; NaN where the activation holds a value that jax is tracing.

    Raises:
      ValueError: for an activation that is none, or a variance that is negative, not finite, no number or traced by
        jax; closed forms do not look at it.

    Twice the change when the nodes are doubled: where the slope jumps, doubling takes away half of the error; for
    smooth functions it takes away nearly all, and the estimate is twice the error.
    Source: the estimate of L. Richardson (1911) for an error that halves. Book: "The kernel limit".
    """
    if isinstance(activation, str) and activation in CLOSED:
        return 0.0
    require_known("variance", variance)
    require_scalar("variance", variance)
    require("variance", variance, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    sums = quadrature.coarse_and_fine(activation_function(activation), float(variance))
    return math.nan if sums is None else 2 * float(np.abs(sums[0] - sums[1]).max())


def _floats(*values: ArrayLike) -> tuple[Array, ...]:
    """Arrays of one shape and precision: that of the values where they have one."""
    arrays = [as_array(value) for value in values]
    plain = [1.0 if isinstance(value, int | float) else array for value, array in zip(values, arrays, strict=True)]
    common = jnp.result_type(*plain)  # a number that Python writes has no precision of its own
    kind = common if jnp.issubdtype(common, jnp.floating) else float
    return tuple(jnp.broadcast_arrays(*(x.astype(kind) for x in arrays)))


def _require_variance(name: str, activation: str | Function, variance: Array) -> None:
    """Raise ValueError for a variance that cannot be, or whose averages would be wrong."""
    require(name, variance, ">= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))
    least, most = variances_of(activation, variance.dtype)
    require(
        name,
        variance,
        f"0, or from {least:.3g} to {most:.3g} in {variance.dtype}",
        lambda x: (x == 0) | ((x >= least) & (x <= most)),
    )
    if (array := concrete(variance)) is not None and array.size:
        require_resolved(name, activation, float(array.max()))


def variances_of(activation: str | Function, dtype: Any) -> tuple[float, float]:
    """Variances that a precision holds: so large that parts of them still have digits, and that no square overflows."""
    info = jnp.finfo(dtype)
    least, most = float(info.tiny) / float(info.eps), float(info.max)
    return least, most if activation in ("linear", "relu") else math.sqrt(most) / 4


def require_resolved(name: str, activation: str | Function, variance: float) -> None:
    """Raise ValueError where the trapezoid rule is too coarse for a variance."""
    if isinstance(activation, str) and activation in CLOSED:
        return
    sums = quadrature.coarse_and_fine(activation_function(activation), variance)
    if sums is not None and not (np.abs(sums[0] - sums[1]) <= ROUGH * np.abs(sums[1])).all():
        raise ValueError(
            f"{name} must be smaller for this activation: at {variance:.3g} the nodes of the trapezoid rule "
            f"are too far apart, and averages change from {sums[0]} to {sums[1]} when they are doubled"
        )


def _require_covariance(q1: Array, q2: Array, k: Array) -> None:
    """Raise ValueError for a covariance beyond what the variances allow, to rounding."""
    variances = concrete(q1), concrete(q2)
    if variances[0] is None or variances[1] is None:
        return require("covariance", k, "finite", np.isfinite)
    most = np.sqrt(variances[0]) * np.sqrt(variances[1])
    allowed = "at most sqrt(variance1 variance2) in size"
    require("covariance", k, allowed, lambda k: np.abs(k) <= most * (1 + 1e3 * np.finfo(most.dtype).eps))
    return None


def _root_scale(q: Array) -> Array:
    """A power of two near sqrt(q) and at most that, so that nothing is rounded."""
    root = jnp.sqrt(jax.lax.stop_gradient(q))
    return jnp.where(root > 0, root / jnp.frexp(root)[0] / 2, 1)


def _linear(q1: Array, q2: Array, k: Array) -> Averages:
    return Averages(k, jnp.ones_like(k))


def _relu(q1: Array, q2: Array, k: Array) -> Averages:
    s = _root(q1 * q2 - k**2)
    angle = jnp.pi - jnp.where((s == 0) & (k == 0), jnp.pi / 2, arctan2(s, k))  # of a zero: neither along nor against
    return Averages((s + angle * k) / (2 * jnp.pi), angle / (2 * jnp.pi))


def _erf(q1: Array, q2: Array, k: Array) -> Averages:
    root = jnp.sqrt(1 + 2 * (q1 + q2) + 4 * _cut(q1 * q2 - k**2))
    return Averages(2 / jnp.pi * arctan2(2 * k, root), 4 / (jnp.pi * root))


def _gelu(q1: Array, q2: Array, k: Array) -> Averages:
    square = _cut(q1 * q2 - k**2)
    d = 1 + (q1 + q2) + square
    both = 1 / (1 + q1) + 1 / (1 + q2)
    a = 0.25 + arctan2(k, jnp.sqrt(d)) / (2 * jnp.pi)
    b = 1 / (2 * jnp.pi * jnp.sqrt(d))
    return Averages(k * a + b * (square + k**2 * both), a + k * b * (both + 1 / d))


CLOSED = {"linear": _linear, "relu": _relu, "erf": _erf, "gelu": _gelu}


def _root(x: Array) -> Array:
    """The square root, with slope 0 where there is none."""
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)


def _cut(x: Array) -> Array:
    """At 0 from below, where only rounding goes; its slope stays 1."""
    return x + jax.lax.stop_gradient(jnp.maximum(-x, 0))
