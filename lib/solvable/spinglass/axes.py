r"""Two axes of time on which a glass of any age looks alike: rows on a logarithmic clock, nodes between two logarithms.

Rows stand at :math:`w(t_n) = n\,\Delta w`, with

.. math:: w(t) = \ln\Big(1 + \frac tb\Big) + k \ln \frac{1 + t/b_1}{1 + t/b_2}

where the last term puts more rows between b_1 and b_2, where C falls from 1. Within a row, the time u before t is

.. math::
   x = \frac{1}{L(t)} \ln \frac{u + a}{t - u + a}, \qquad L(t) = \ln(1 + t/a), \qquad
   \rho = L\,\frac{\partial u}{\partial (L x)} \Big/ L = \frac{(u + a)(t - u + a)}{t + 2a}

so that x runs from -1 at u = 0 to 1 at u = t, and the nodes are the same for every t: both ends have their scale a, and
all scales between have their share. All times are in units of the glass's own rate. Distances to the diagonal are
carried: as a difference of two late times they would lose their digits.
"""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from .._pytree import numpy_for
from ..numerics.panels import Place, lagrange

NEAR = 0.75  # a
FIRST = 2e-3  # b
MORE, FROM, UNTIL = 2.0, 0.1, 20.0  # k, b_1, b_2
WITHIN = 6  # rows that a time in between is read from; with 8 the last interval, one-sided, is unstable


def clock(t: Any) -> Any:
    """w(t)."""
    xp = numpy_for(t)
    return xp.log1p(t / FIRST) + MORE * (xp.log1p(t / FROM) - xp.log1p(t / UNTIL))


def clock_rate(t: Any) -> Any:
    """dw/dt."""
    return 1 / (FIRST + t) + MORE * (1 / (FROM + t) - 1 / (UNTIL + t))


def row_times(count: int, step: float) -> np.ndarray:
    """The times of rows 0, 1, ..., count - 1, by Newton steps in ln(1 + t / b), in which w is between 1 and 1 + k."""
    w = step * np.arange(count)
    z = np.minimum(w, 700.0)
    for _ in range(60):
        t = FIRST * np.expm1(z)
        z = np.maximum(z - (clock(t) - w) / (clock_rate(t) * (FIRST + t)), 0.0)
    return FIRST * np.expm1(z)


def rows_around(t: Any, step: Any, last: Any) -> Place:
    """The rows, none beyond `last`, from which a time is read, and their weights."""
    xp = numpy_for((t, step, last))
    position = clock(t) / step
    first = xp.clip(xp.floor(position).astype(np.int32) - (WITHIN // 2 - 1), 0, last - WITHIN + 1)
    return Place(first, lagrange(position - first, np.arange(WITHIN)))


def span(t: Any) -> Any:
    """L(t)."""
    return numpy_for(t).log1p(t / NEAR)


def parts(t: Any, x: Any) -> Any:
    """A time t in two, u and t - u, at the coordinate x."""
    y = span(t) * x
    return tuple(numpy_for((t, x)).maximum((t + 2 * NEAR) * _logistic(one) - NEAR, 0.0) for one in (y, -y))


def coordinate(u: Any, tau: Any, length: Any) -> Any:
    """x of the time u before t = u + tau, of which `length` is L(t)."""
    return numpy_for((u, tau, length)).log((u + NEAR) / (tau + NEAR)) / length


def density(u: Any, tau: Any) -> Any:
    """rho, du for one unit of L x."""
    return (u + NEAR) * (tau + NEAR) / (u + tau + 2 * NEAR)


def _logistic(y: Any) -> Any:
    return jax.nn.sigmoid(y) if isinstance(y, jax.core.Tracer) else 1 / (1 + np.exp(-y))
