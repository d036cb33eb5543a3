"""The house style of every figure: colours that everybody can tell apart, sizes that a phone can show."""

from __future__ import annotations

import os
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullFormatter

from .words import number

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito (2008), without the yellow, which a white page swallows."""

GREY = "#666666"

STYLE: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.which": "major",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "font.size": 10,
    "figure.figsize": (5.0, 3.6),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "legend.fontsize": 8.5,
    "legend.frameon": True,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.handlelength": 1.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "image.cmap": "cividis",
    "svg.hashsalt": "solvable",  # the same figure is the same file
}


class LogTicks(LogLocator):
    """Powers of ten, where an axis shows two of them; else round numbers such as 0.2, 0.5 and 1."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        """The ticks between two values, as matplotlib asks for them."""
        low, high = sorted((vmin, vmax))
        tens = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)

        def seen(ticks: np.ndarray) -> np.ndarray:
            return ticks[(ticks >= low * (1 - 1e-9)) & (ticks <= high * (1 + 1e-9))]

        if len(seen(tens)) >= 2:
            return super().tick_values(vmin, vmax)
        enough = 3 if low >= 1e-3 else 2  # 3×10⁻⁵ is long
        for parts in ((1, 3), (2, 5), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
            if len(ticks := seen(np.outer(tens, parts).ravel())) >= enough:
                return ticks
        return seen(np.asarray(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high)))


class LogWords(Formatter):
    """Powers of ten as such where all ticks are; else numbers as a person writes them."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One number, for instance that under the mouse."""
        return number(x)

    def format_ticks(self, values: Any) -> list[str]:
        """The labels of an axis."""
        powers = np.log10(values)
        if len(powers) > 1 and np.allclose(powers, np.round(powers)):
            return [f"$\\mathdefault{{10^{{{power:.0f}}}}}$" for power in powers]
        return [number(value) for value in values]


def label_ticks(figure: Figure) -> None:
    """Give logarithmic axes, colour bars among them, `LogTicks`: in base ten, and where nobody has chosen ticks."""
    for axis in [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) if axis.get_scale() == "log"]:
        transform: Any = axis.get_transform()
        if type(axis.get_major_locator()) is LogLocator and transform.base == 10:
            axis.set_major_locator(LogTicks())
            axis.set_major_formatter(LogWords())
            axis.set_minor_formatter(NullFormatter())


def use_style() -> None:
    """Draw every following matplotlib figure in the style of this book.

    Sets matplotlib's defaults (``STYLE``) and, in a notebook, asks for vector pictures: while the book is built, of
    every panel and at two widths. Importing the library does neither. ``matplotlib.rcdefaults()`` takes it back.
    """
    mpl.rcParams.update(STYLE)
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})
    except (ImportError, AttributeError):  # not in a notebook
        return
    if os.environ.get("SOLVABLE_BOOK"):
        from IPython import get_ipython

        from .pictures import pictures

        get_ipython().display_formatter.formatters["image/svg+xml"].for_type(Figure, pictures)
