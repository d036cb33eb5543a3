"""Fits of scaling laws: straight lines on logarithmic axes, and how straight they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._checks import require, require_known, require_range, require_shape
from ._pytree import Numbers

__all__ = ["PowerLaw", "power_law"]


class PowerLaw(NamedTuple):
    r"""A fitted power law, a function of x.

    .. math:: y = \text{prefactor} \cdot x^{-\text{exponent}}

    Attributes:
      exponent: a number, positive where y falls.
      prefactor: a number, y at x = 1.
      drift: a number, the exponent of the upper half of the range minus that of the lower half, in log x. A law that
        holds has a drift near 0; a small exponent with a large drift is a curve that is still bending.
    """

    exponent: float
    prefactor: float
    drift: float

    def __call__(self, x: Numbers) -> np.ndarray:
        """The fitted line.

        Args:
          x: positive numbers, of any shape.

        Returns:
          y at these, an array of the shape of `x`.
        """
        return np.asarray(self.prefactor * np.asarray(x, float) ** -self.exponent)


def power_law(x: Numbers, y: Numbers, *, between: tuple[float | int, float | int] = (0.0, np.inf)) -> PowerLaw:
    r"""Fit a power law by least squares in the logarithms, every factor of x counting the same.

    .. math:: \min_{A,\,p}\; \sum_i \Delta_i\, \big(\log y_i - \log A + p \log x_i\big)^2, \qquad
              y \approx A\, x^{-p}

    with :math:`\Delta_i` the spacing of log x at point i.

    Args:
      x: shape (n,), positive and increasing: mode numbers, widths, times.
      y: shape (n,), positive.
      between: the range (low, high) of x that is fitted, ends included; it holds at least four points, two on either
        side of its middle in log x.

    Returns:
      ``PowerLaw`` of three numbers: exponent p, prefactor A and drift. Points that crowd together on the logarithmic
      axis, as mode numbers do, share their weight.

    Raises:
      ValueError: for an argument out of range, named with its value, traced by jax, or with too few points in the
        range.

    Exact for a power law; of a curve that bends it is a mean slope, and the drift tells.
    Source: weighted least squares; the drift is this library's. Book: "Power law in, power law out".
    """
    for name, value in (("x", x), ("y", y)):
        require_known(name, value)
        require_shape(name, value, 1, "one number per point, shape (n,)")
        require(name, value, "positive and finite", lambda v: (v > 0) & np.isfinite(v))
    if np.shape(x) != np.shape(y):
        raise ValueError(f"y must have one number per x; got shapes {np.shape(y)} and {np.shape(x)}")
    at, value = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    if not (np.diff(at) > 0).all():
        raise ValueError("x must increase from point to point")
    low, high = require_range("between", between)
    kept = (np.exp(at) >= low * (1 - 1e-12)) & (np.exp(at) <= high * (1 + 1e-12))
    if kept.sum() < 4:
        raise ValueError(f"between must hold at least four points; got {kept.sum()} between {low:g} and {high:g}")
    at, value = at[kept], value[kept]
    weight = np.sqrt(np.gradient(at))

    def slope(part: np.ndarray) -> np.ndarray:
        return np.polyfit(at[part], value[part], 1, w=weight[part])

    upper = at >= (at[0] + at[-1]) / 2
    if min(upper.sum(), (~upper).sum()) < 2:
        raise ValueError("between must hold two points on either side of its middle in log x, to know the drift")
    gradient, start = slope(np.ones_like(upper))
    drift = slope(~upper)[0] - slope(upper)[0]
    return PowerLaw(-float(gradient), float(np.exp(start)), float(drift))
