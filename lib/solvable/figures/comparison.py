"""Theory laid over experiment, with words on how far apart they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.container import Container

from .._checks import require_array, require_count, require_text, shown
from .series import Means
from .words import number

AXES = {
    "times": "time $t$",
    "width": "width $N$",
    "samples": "samples $P$",
    "depth": "depth $L$",
    "batch_size": "batch size $B$",
}
"""What axes are called where the figure does not say; others by their own names."""

FEW = 10
"""So many values of an axis, not more, are each a tick."""

WORTH_COMPARING = 1e-4
"""Losses below this share of the first one are not compared: rounding and rare draws rule there."""


def compare(
    limit: Any,
    runs: Any = None,
    *,
    axis: str = "times",
    ax: Axes | None = None,
    label: str | None = None,
    which: str = "test",
    since: int | None = None,
    color: str | None = None,
) -> Axes:
    """Draw a theory over its experiment, and say in the legend how far apart they are.

    Against time the experiment is a band of one standard deviation over repeats around a thin mean; against another
    axis, of which few values were tried, it is points with bars of one standard deviation. The theory is a dark dashed
    line on top, in the same colour. The legend gives the largest relative deviation of the theory from
    the mean wherever the loss exceeds 1e-4 of its first value, and how many standard errors (s.e.) that is. Of
    what is no loss it gives the largest deviation itself.

    Args:
      limit: the theory, for instance `linear_model.LossCurves` or `spinglass.TwoTime`; against another axis than time
        its numbers alone do, one for each value of `runs`.
      runs: the experiment at the same values of the axis, with ``_std`` beside each curve; None draws the theory alone.
      axis: against what: ``"times"``, or another list of numbers that the results hold as a field or among their
        parameters, such as ``"samples"``, ``"width"`` or ``"depth"``.
      ax: where to draw; the current axes by default.
      label: what the legend calls the pair, for instance ``"N = 128"``.
      which: the curve: ``"test"`` or ``"train"``, on logarithmic axes; or another field of both, such as ``"energy"``.
      since: of a function of two times, such as ``"correlation"``: draw its column of this number, against the time
        that has passed since.
      color: any matplotlib colour; the next of the cycle by default.

    Returns:
      The axes.

    Raises:
      ValueError: for a `which` that `limit` does not have, an `axis` that no result has, a `since` that is no number of
        a time, or for `runs` at other values of the axis than `limit`.
      TypeError: for a limit without times, runs that are no experiment with that axis, or a label or an axis that is no
        string.
    """
    if label is not None:
        require_text("label", label)
    limit, every = _paired(limit, runs, axis, which, since)
    ax = plt.gca() if ax is None else ax
    loss = which in ("test", "train")

    def column(x: Any) -> np.ndarray:
        return np.asarray(x) if since is None else np.asarray(x)[since:, since]

    x = every if since is None else every[since:] - every[since]
    later = (x > 0) & (x < np.inf)
    theory = column(getattr(limit, which))
    entry: tuple[Any, ...]
    if runs is None:
        entry, words = tuple(ax.plot(x[later], theory[later], color=color)), label
    else:
        mean, std = (column(getattr(runs, which + part)) for part in ("", "_std"))
        draw = _band if axis == "times" else _bars
        entry = draw(ax, x[later], mean[later], std[later], color)
        dark = _darker(entry[-1].get_color())
        entry += tuple(ax.plot(x[later], theory[later], "--", color=dark, linewidth=1.6))
        words = _verdict(label, x, theory, mean, std / np.sqrt(float(runs.parameters["repeats"])), loss)
    if words:
        ax.add_container(Container(entry, label=words))  # a tuple: the legend lays its parts over each other
    ax.set(xscale="log", yscale="log" if loss else "linear")
    if axis != "times" and len(every) <= FEW:
        ax.set_xticks(every[later], [number(one) for one in every[later]])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    ax.set_xlabel(ax.get_xlabel() or (AXES.get(axis, axis.replace("_", " ")) if since is None else "time passed"))
    ax.set_ylabel(ax.get_ylabel() or (f"{which} loss" if loss else which))
    if ax.get_legend_handles_labels()[1]:
        ax.legend()
    return ax


def means(runs: Any, which: str = "test") -> Means:
    r"""An experiment's means over its repeats, for the ``experiment`` of `explore`.

    .. math:: \bar y \pm \frac{\text{standard deviation}}{\sqrt{\text{repeats}}}

    Args:
      runs: the experiment, with times, for instance `linear_model.LossCurves`.
      which: the curve, a field with one number a time.

    Returns:
      ``Means`` against the times, each with one standard error on either side.

    Raises:
      TypeError: for runs that are no experiment with times and repeats.
      ValueError: for a `which` that `runs` does not have, or that is no curve.

    Book: "A model you can solve".
    """
    if not (hasattr(runs, "times") and "repeats" in getattr(runs, "parameters", {})):
        raise TypeError(f"runs must be the result of an experiment, with times and repeats; got {shown(runs)}")
    if not isinstance(which, str) or np.shape(getattr(runs, which, None)) != np.shape(runs.times):
        raise ValueError(f"which must be a curve of {type(runs).__name__}, for instance 'test'; got {which!r}")
    mean, error = np.asarray(getattr(runs, which)), np.asarray(runs.error(which))
    return Means(np.asarray(runs.times), mean, mean - error, mean + error)


def _paired(limit: Any, runs: Any, axis: str, which: str, since: int | None) -> tuple[Any, np.ndarray]:
    """The theory as a result, and the values of the axis; or an error that names what does not fit."""
    require_text("axis", axis, 1)
    tried = _along(runs, axis)
    if runs is not None and (tried is None or "repeats" not in getattr(runs, "parameters", {})):
        raise TypeError(f"runs must be the result of an experiment, with {axis} and repeats; got {shown(runs)}")
    if axis != "times" and tried is not None and not hasattr(limit, "parameters"):
        numbers = require_array("limit", limit, 1, f"a result, or numbers, one for each of {axis}")
        if numbers.shape != tried.shape:
            raise ValueError(f"limit must have a number for each of {len(tried)} {axis}; got {len(numbers)}")
        limit = replace(runs, **{which: numbers}) if hasattr(runs, str(which)) else runs
    every = _along(limit, axis)
    if every is None and axis != "times":
        every = tried  # a theory need not hold what it was asked for
    if every is None and axis == "times":
        raise TypeError(f"limit must be a result with times, for instance LossCurves; got {shown(limit)}")
    if every is None:
        raise ValueError(f"axis must be 'times', or a list of numbers that limit or runs hold; got {axis!r}")
    if since is not None and require_count("since", since, 0) >= len(every):
        raise ValueError(f"since must be the number of a time, below {len(every)}; got {since}")
    if not isinstance(which, str) or not hasattr(limit, which):
        raise ValueError(f"which must be a field of {type(limit).__name__}, for instance 'test'; got {which!r}")
    if since is not None and (axis != "times" or np.ndim(getattr(limit, which)) != 2):
        raise ValueError(f"since must be None where {which} is no function of two times; got {since}")
    if tried is not None and (tried.shape != every.shape or not np.allclose(tried, every)):
        raise ValueError(f"runs must have the {axis} of limit, so that they can be compared point by point")
    return limit, every


def _along(result: Any, axis: str) -> np.ndarray | None:
    """The values of an axis that a result holds as a field or a parameter; None where it has none."""
    found = getattr(result, axis, getattr(result, "parameters", {}).get(axis))
    return None if found is None or np.ndim(found) != 1 else np.asarray(found, float)


def _band(ax: Axes, x: Any, mean: Any, std: Any, color: Any) -> tuple[Any, ...]:
    """One standard deviation around a thin mean."""
    (line,) = ax.plot(x, mean, color=color, linewidth=0.8)
    return ax.fill_between(x, mean - std, mean + std, color=line.get_color(), alpha=0.25, linewidth=0), line


def _bars(ax: Axes, x: Any, mean: Any, std: Any, color: Any) -> tuple[Any, ...]:
    """Points, with bars of one standard deviation."""
    (points,) = ax.plot(x, mean, "o", color=color)
    return ax.vlines(x, mean - std, mean + std, color=points.get_color()), points


def _verdict(label: str | None, times: Any, theory: Any, mean: Any, error: Any, loss: bool) -> str:
    """The legend's words: how far the theory lies from the mean at worst, and in standard errors."""
    deviation = np.abs(theory - mean)
    if loss:
        worth = ~(mean <= WORTH_COMPARING * mean[np.argmin(times)])  # what is no number is worth a look
        deviation = np.where(worth, deviation / np.where(worth, mean, 1.0), 0.0)
    worst = int(np.argmax(deviation))
    text = f"within {100 * deviation[worst]:.2g} %" if loss else f"within {deviation[worst]:.2g}"
    if error[worst] > 0:
        text += f" ({np.abs(theory - mean)[worst] / error[worst]:.1f} s.e.)"
    return f"{label}: {text}" if label else text


def _darker(color: Any) -> tuple[float, ...]:
    return tuple(0.45 * channel for channel in to_rgb(color))
