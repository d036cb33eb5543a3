"""The coordinate check as a picture: size against width, a panel for every layer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from .._checks import require_kind
from ..networks import CoordinateCheck
from ..networks.coordinates import MARKS
from .style import GREY
from .words import number

COLOURS = {True: "C2", False: "C1", None: GREY}


def layer_sizes(found: CoordinateCheck) -> list[Axes]:
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
    _, axes = plt.subplots(1, len(layers), figsize=(2.3 * len(layers), 2.6), sharey=True, squeeze=False)
    for ax, layer in zip(axes[0], layers, strict=True):
        for label, sizes, slope in (
            ("start", layer.start, layer.start_exponent),
            ("change", layer.change, layer.change_exponent),
        ):
            if not np.isnan(slope.value):  # rounding has no power, and is not drawn
                size, error = _means(sizes)
                ax.errorbar(widths, size, error, fmt="o-", label=f"{label} $N^{{{slope.value:.2f}}}$")
        ax.set(xscale="log", yscale="log", xlabel="width N")
        ax.set_title(f"{MARKS[layer.holds]} {layer.name}", color=COLOURS[layer.holds])
        ax.set_xticks(widths, [number(width) for width in widths])
        ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
        if ax.get_legend_handles_labels()[1]:
            ax.legend(handlelength=1)
    axes[0][0].set_ylabel(f"size, 1 at N = {number(widths[0])}")
    return list(axes[0])


def _means(sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Root mean squares over seeds in units of the first, and their standard errors; (W, S) to (W,)."""
    squares: np.ndarray = sizes**2
    mean = squares.mean(axis=1)
    error = squares.std(axis=1, ddof=1) / np.sqrt(squares.shape[1]) / (2 * np.sqrt(mean))
    return np.sqrt(mean / mean[0]), error / np.sqrt(mean[0])
