"""Power laws beside the slopes that were predicted for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .._checks import (
    as_floats,
    require_kind,
    require_known,
    require_positive,
    require_shape,
    require_text,
    shown,
)
from .series import Line
from .words import number

FEW = 6  # so many points have a tick each


def power_laws(
    x: Any, curves: Mapping[str, tuple[Any, float]], *, xlabel: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Draw curves on logarithmic axes, each with a thin black line of the slope that is claimed for it.

    The thin line goes through the curve's middle point, so that a wrong slope shows at both ends.

    Args:
      x: shape (X,), positive.
      curves: ``{label: (y, exponent)}``, y of shape (X,); the claim is ``y ~ x ** -exponent``.
      xlabel, ylabel: labels of the axes.
      ax: where to draw; the current axes by default.

    Returns:
      The axes.

    Raises:
      ValueError: for an x that is not positive or that jax traces, or for a curve of another shape than `x`.
      TypeError: for curves that are no dictionary, or labels that are no strings.
    """
    _check(x, curves)
    require_known("x", x)
    require_text("xlabel", xlabel)
    require_text("ylabel", ylabel)
    ax = plt.gca() if ax is None else ax
    x = np.asarray(x, float)
    middle = len(x) // 2
    for label, (y, exponent) in curves.items():
        y = np.asarray(y)
        if y.shape != x.shape:
            raise ValueError(f"curves must have one y per x; {label!r} has shape {y.shape} and x has {x.shape}")
        ax.loglog(x, y, "o-", label=label)
        ax.loglog(x, y[middle] * (x / x[middle]) ** -exponent, color="black", linewidth=0.9, zorder=3)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if len(x) <= FEW:
        ax.set_xticks(x, [number(one) for one in x])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    ax.legend()
    return ax


def power_lines(x: Any, curves: Mapping[str, tuple[Any, Any]]) -> dict[str, Line]:
    """Curves for an explorer, each as a `Line`, and beside it the slope that is claimed for it.

    Args:
      x: shape (X,), positive.
      curves: ``{label: (y, exponent)}``, y of shape (X,); the claim is ``y ~ x ** -exponent``. Curves and exponents may
        be traced by jax.

    Returns:
      ``{label: Line, "_" + label: Line}``: the second, which legends leave out, has the claimed slope and meets the
      first in its middle point.

    Raises:
      ValueError: for an x that is not positive, or a curve that is no pair.
      TypeError: for curves that are no dictionary.
    """
    _check(x, curves)
    x, middle = as_floats(x), len(x) // 2
    lines = {label: Line(x, y) for label, (y, _) in curves.items()}
    return lines | {f"_{name}": Line(x, y[middle] * (x / x[middle]) ** -p) for name, (y, p) in curves.items()}


def _check(x: Any, curves: Any) -> None:
    """Positive x, and curves with an exponent each, or an error that names what is wrong."""
    require_shape("x", x, 1, "a list of positive numbers, shape (X,)")
    require_positive("x", x)
    require_kind("curves", curves, Mapping)
    for label, curve in curves.items():
        if not isinstance(curve, Sequence) or len(curve) != 2:
            raise ValueError(f"curves must be {{label: (y, exponent)}}; {label!r} has {shown(curve)}")
