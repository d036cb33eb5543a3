"""The coordinate check as a picture: size against width, a panel for every layer."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .._checks import require_kind
from ..networks import CoordinateCheck
from ..networks.verdicts import MARKS, rounded
from .style import GREY
from .words import number

COLOURS = {True: "C2", False: "C1", None: GREY}


def layer_sizes(found: Any) -> list[Axes]:
    r"""Draw a coordinate check: how every layer starts and how it changes, against the width.

    .. math:: \text{rms}\,h^l(0), \quad \text{rms}\,[h^l(t) - h^l(0)] \;\propto\; N^{x}

    and the same of the output, in units of their values at the smallest width: flat lines are good ones. A panel's head
    says whether the layer passed, ``✓``, ``✗``, or ``?`` where nothing can be said. Points are root mean squares over
    seeds, with one standard error on either side; the legend gives the powers.

    Args:
      found: what `networks.coordinate_check` returns.

    Returns:
      The axes of the panels, of the hidden layers first and of the output last.

    Raises:
      TypeError: for what is no `networks.CoordinateCheck`.

    Book: "The coordinate check".
    """
    require_kind("found", found, CoordinateCheck)
    layers, widths = found.layers, np.asarray(found.widths)
    rows = -(-len(layers) // 2)
    _, grid = plt.subplots(rows, 2, figsize=(5.0, 2.3 * rows), sharex=True, sharey=True, squeeze=False)
    axes = list(grid.flat)
    for ax in axes[len(layers) :]:
        ax.set_axis_off()
    for ax, layer in zip(axes, layers, strict=False):
        for label, sizes, slope in (
            ("start", layer.start, layer.start_exponent),
            ("change", layer.change, layer.change_exponent),
        ):
            if not np.isnan(slope.value):  # rounding has no power, and is not drawn
                size, error = _means(sizes)
                ax.errorbar(widths, size, error, fmt="o-", label=f"{label} $N^{{{rounded(slope.value)}}}$")
        ax.set_xscale("log")
        ax.set_yscale("log", base=2)
        ax.yaxis.set_major_formatter(lambda size, _: number(size))
        ax.set_title(f"{MARKS[layer.holds]} {layer.name}", color=COLOURS[layer.holds])
        ax.set_xticks(widths, [number(width) for width in widths])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        if ax.get_legend_handles_labels()[1]:
            ax.legend(handlelength=1)
    low, high = axes[0].get_ylim()
    axes[0].set_ylim(min(low, 0.4), max(high, 2.5))  # flat lines look flat
    for row in grid:
        row[0].set_ylabel(f"size, 1 at N = {number(widths[0])}")
    for ax in axes[: len(layers)][-2:]:
        ax.set_xlabel("width N")
        ax.tick_params(labelbottom=True)
    return axes[: len(layers)]


def _means(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares over seeds in units of the first, and their standard errors; (W, S) to (W,)."""
    squares: np.ndarray = sizes**2
    mean = squares.mean(axis=1)
    error = squares.std(axis=1, ddof=1) / np.sqrt(squares.shape[1]) / (2 * np.sqrt(mean))
    return np.sqrt(mean / mean[0]), error / np.sqrt(mean[0])
