"""Inverting Laplace transforms on a contour around the negative real axis, and power series on a circle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._checks import require, require_count
from .._memory import require_memory

__all__ = ["Contour", "circle", "talbot"]

LARGEST = 100  # points: the weights, and rounding with them, grow as e^(0.17 points)


class Contour(NamedTuple):
    """Nodes and weights of a contour in the upper half plane.

    Attributes:
      nodes: complex, shape (J,). Of `talbot` they are :math:`Z_j` at unit time, and :math:`Z_j/t` at time t.
      weights: of the same shape. Of `talbot` they are :math:`W_j` at unit time, and :math:`W_j/t` at time t.
    """

    nodes: np.ndarray
    weights: np.ndarray


def talbot(points: int) -> Contour:
    r"""Talbot's contour in the cotangent form, with Weideman's parameters.

    .. math:: f(t) = \frac{1}{2\pi i}\int e^{zt} F(z)\,dz \approx 2\,\mathrm{Re} \sum_j \frac{W_j}{t}\,F(Z_j/t),
              \qquad Z(\theta) = n\,(0.5017\,\theta\cot(0.6407\,\theta) - 0.6122 + 0.2645\,i\,\theta)

    Args:
      points: n, even, from 2 to 100: the number of nodes on the whole contour; half of it stands in the upper half
        plane.

    Returns:
      ``Contour``: nodes and weights, shape (n/2,) each. Valid where F is analytic off the negative real axis and
      :math:`F(\bar z) = \bar F(z)`.

    Raises:
      ValueError: for an odd number of points, or more than 100, whose weights would leave float64.

    The error of :math:`e^{-xt}`, for any x >= 0, is about :math:`3.89^{-n}`. Rounding stops the gain near n = 28.
    Source: J. A. C. Weideman, "Optimizing Talbot's contours for the inversion of the Laplace transform" (2006).
    Book: "A model you can solve".
    """
    require("points", points, "even and >= 2", lambda n: (n >= 2) & (n % 2 == 0))
    points = require_count("points", points, most=LARGEST)
    theta = np.pi * (2 * np.arange(1, points // 2 + 1) - 1) / points
    cot = 1 / np.tan(0.6407 * theta)
    nodes = points * (0.5017 * theta * cot - 0.6122 + 0.2645j * theta)
    slope = points * (0.5017 * (cot - 0.6407 * theta * (1 + cot**2)) + 0.2645j)
    return Contour(nodes, np.exp(nodes) * slope / (1j * points))


def circle(steps: int) -> Contour:
    r"""A circle for the coefficients f(0), ..., f(steps) of a series in 1/u.

    .. math:: F(u) = \sum_t f(t)\,u^{-t}, \qquad f(t) \approx 2\,\mathrm{Re} \sum_j w_j\, u_j^t\, F(u_j),
              \qquad |u_j| = e^{5/\mathrm{steps}}

    Args:
      steps: the last coefficient wanted, whole and >= 1.

    Returns:
      ``Contour``: nodes u_j and weights 1 / points of the upper half of the circle, shape (points/2,) each. On the
      whole circle stand 5 points for every step and 16 more, and one where that is odd.

    Raises:
      ValueError: for steps that are no whole number >= 1.

    Where f does not grow, the error is :math:`e^{-25}` from aliasing and :math:`e^{5}` times rounding.
    Source: Cauchy's integral by the trapezoid rule, as in L. N. Trefethen, J. A. C. Weideman (2014).
    Book: "What a batch buys".
    """
    steps = require_count("steps", steps)
    require_memory(lambda steps: 120 * steps, steps=steps)
    points = 5 * steps + 16 + (5 * steps) % 2
    angle = np.pi * (2 * np.arange(1, points // 2 + 1) - 1) / points
    return Contour(np.exp(5 / steps + 1j * angle), np.full(points // 2, 1 / points))
