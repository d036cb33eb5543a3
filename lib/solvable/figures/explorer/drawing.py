"""An explorer's curves at one setting, drawn with matplotlib."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from ..series import Band, HeatMap, Means, Points, Series
from ..style import COLOURS, STYLE
from .asked import Explorer

LOOK = STYLE | {"figure.figsize": (6.4, 4.2), "font.size": 11, "axes.labelsize": 12, "legend.fontsize": 10}


def draw(
    explorer: Explorer,
    curves: Mapping[str, Series],
    zlim: tuple[float, float] | None = None,
    measured: Mapping[str, Series] | None = None,
) -> Figure:
    """A figure of the curves, and of what was measured; it does not touch pyplot or the user's settings."""
    with mpl.rc_context(LOOK):
        figure = Figure()
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
        ax.set_xscale("log" if "x" in explorer.log else "linear")
        ax.set_yscale("log" if "y" in explorer.log else "linear")
        ax.set(xlim=explorer.xlim, ylim=explorer.ylim, xlabel=explorer.x, ylabel=explorer.y)
        looks = {label: explorer.style(place, label) for place, label in enumerate(curves)}
        theory = [(series, label, looks[label]) for label, series in curves.items()]
        trials = [(series, "_", looks[label]) for label, series in (measured or {}).items()]
        for series, label, style in theory + trials:
            color, dash = COLOURS[style.color], style.dash
            if isinstance(series, HeatMap):
                norm = (LogNorm if "z" in explorer.log else Normalize)(*(zlim or (None, None)))
                mesh = ax.pcolormesh(*series, norm=norm, shading="nearest", rasterized=True, zorder=0)
                figure.colorbar(mesh, label=label)
                ax.grid(False)
            elif isinstance(series, Band):
                ax.fill_between(*series, color=color, alpha=0.25, linewidth=0, label=label)
            elif isinstance(series, Points):
                ax.plot(*series, "o", color=color, label=label)
            elif isinstance(series, Means):
                whisker = np.stack([series.y - series.low, series.high - series.y])
                ax.errorbar(series.x, series.y, whisker, fmt="o", color=color, label=label)
            else:
                gaps = np.where(np.isfinite(series.x) & np.isfinite(series.y), series.y, np.nan)
                ax.plot(series.x, gaps, dash, color=color, label=label)
        if ax.get_legend_handles_labels()[1]:
            ax.legend()
        return figure


def png(figure: Figure, dpi: int = 160) -> bytes:
    """The figure as a PNG file."""
    with mpl.rc_context(LOOK):
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=dpi)
        return file.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as an SVG file, the same bytes every time."""
    with mpl.rc_context(LOOK):
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        return file.getvalue()


def data_uri(kind: str, content: bytes) -> str:
    """A file as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
