"""The house style of every figure: colours that everybody can tell apart, sizes that a phone can show."""

from __future__ import annotations

import os
from typing import Any

import matplotlib as mpl
from cycler import cycler

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
        from matplotlib.figure import Figure

        from .pictures import pictures

        get_ipython().display_formatter.formatters["image/svg+xml"].for_type(Figure, pictures)
