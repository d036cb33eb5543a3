"""An explorer's curves at one setting, drawn with matplotlib."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm, Normalize
from matplotlib.container import Container
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.lines import Line2D

from ..series import Band, HeatMap, Means, Points, Series
from ..style import COLOURS, STYLE, label_ticks
from .asked import Explorer

LOOK = STYLE | {"figure.figsize": (6.4, 4.2), "font.size": 11, "axes.labelsize": 12, "legend.fontsize": 10}


def draw(
    explorer: Explorer,
    curves: Mapping[str, Series],
    zlim: tuple[float, float] | None = None,
    measured: Mapping[str, Series] | None = None,
) -> Figure:
    """A figure of the curves, and of what was measured; it does not touch pyplot or the user's settings."""
    figure = frame(explorer)
    put(explorer, figure, curves, zlim, measured)
    return figure


def frame(explorer: Explorer) -> Figure:
    """The axes without curves."""
    with mpl.rc_context(LOOK):
        figure = Figure()
        FigureCanvasAgg(figure)
        ax = figure.add_subplot()
        ax.set_xscale("log" if "x" in explorer.log else "linear")
        ax.set_yscale("log" if "y" in explorer.log else "linear")
        ax.set(xlim=explorer.xlim, ylim=explorer.ylim, xlabel=explorer.x, ylabel=explorer.y)
        label_ticks(figure)
        return figure


@mpl.rc_context(LOOK)
def put(
    explorer: Explorer,
    figure: Figure,
    curves: Mapping[str, Series],
    zlim: tuple[float, float] | None = None,
    measured: Mapping[str, Series] | None = None,
) -> list[Any]:
    """Draw the series, and a legend if there is none yet; what comes back has ``remove()``."""
    ax = figure.axes[0]
    looks = {label: explorer.style(place, label) for place, label in enumerate(curves)}
    theory = [(series, label, looks[label]) for label, series in curves.items()]
    trials = [(series, "_", looks[label]) for label, series in (measured or {}).items()]
    drawn: list[Any] = []
    for series, label, style in theory + trials:
        color, dash = COLOURS[style.color], style.dash
        if isinstance(series, HeatMap):
            norm = (LogNorm if "z" in explorer.log else Normalize)(*(zlim or (None, None)))
            mesh = ax.pcolormesh(*series, norm=norm, shading="nearest", rasterized=True, zorder=0)
            drawn += [figure.colorbar(mesh, label=label), mesh]  # a bar goes before what it explains
            ax.grid(False)
        elif isinstance(series, Band):
            drawn.append(ax.fill_between(*series, color=color, alpha=0.25, linewidth=0, label=label))
        elif isinstance(series, Points):
            drawn += ax.plot(*series, "o", color=color, label=label)
        elif isinstance(series, Means):
            whisker = np.stack([series.y - series.low, series.high - series.y])
            drawn.append(ax.errorbar(series.x, series.y, whisker, fmt="o", color=color, label=label))
        else:
            gaps = np.where(np.isfinite(series.x) & np.isfinite(series.y), series.y, np.nan)
            drawn += ax.plot(series.x, gaps, dash, color=color, label=label)
    if ax.get_legend() is None and ax.get_legend_handles_labels()[1]:
        handles = ax.get_legend_handles_labels()[0]
        if explorer.controls and explorer.experiment:
            look: dict[str, Any] = {"color": COLOURS[6]}
            handles += [
                Line2D([], [], label="theory", **look),
                Line2D([], [], marker="o", ls="", label="experiment", **look),
            ]
        ax.legend(handles=handles)
    return drawn


class Canvas:
    """Axes and letters drawn once, before them curves that are replaced; heat maps are drawn anew, with their bar."""

    def __init__(self, explorer: Explorer):
        self.explorer = explorer
        self.clear()

    def clear(self) -> None:
        """Nothing is drawn yet, or what is there cannot be trusted."""
        self.figure = frame(self.explorer)
        self.drawn: list[Any] = []
        self.behind: Any = None

    def png(self, curves: Mapping[str, Series], measured: Mapping[str, Series]) -> bytes:
        """The figure with these series, as a PNG file."""
        if any(isinstance(series, HeatMap) for series in curves.values()):
            return _png(draw(self.explorer, curves, measured=measured))
        try:
            return self._replaced(curves, measured)
        except Exception:
            self.clear()  # half of it may stand there
            raise

    def _replaced(self, curves: Mapping[str, Series], measured: Mapping[str, Series]) -> bytes:
        ax, canvas = self.figure.axes[0], _canvas(self.figure)
        for one in self.drawn:
            one.remove()
        self.drawn = put(self.explorer, self.figure, curves, measured=measured)
        parts = [one.get_children() if isinstance(one, Container) else [one] for one in self.drawn]
        moving = [artist for some in parts for artist in some] + [ax.get_legend()] * (ax.get_legend() is not None)
        if self.behind is None:
            canvas.draw()  # which lays the axes out
            self.figure.set_layout_engine("none")
            for artist in moving:
                artist.set_visible(False)
            canvas.draw()
            self.behind = canvas.copy_from_bbox(self.figure.bbox)
            for artist in moving:
                artist.set_visible(True)
        canvas.restore_region(self.behind)
        for artist in sorted(moving, key=lambda artist: artist.get_zorder()):
            ax.draw_artist(artist)
        return _file(canvas)


def _canvas(figure: Figure) -> Any:
    figure.set_dpi(120)
    return figure.canvas


def _png(figure: Figure) -> bytes:
    canvas = _canvas(figure)
    canvas.draw()
    return _file(canvas)


def _file(canvas: Any) -> bytes:
    file = io.BytesIO()
    imsave(file, canvas.buffer_rgba(), format="png", pil_kwargs={"compress_level": 1})
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
