"""A still figure as a page of the built book needs it: at a desk's width and at a telephone's, panel by panel."""

from __future__ import annotations

import html
import io
import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnchoredOffsetbox, HPacker, VPacker
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from .style import label_ticks

DESK, PHONE = 5.5, 3.2
"""Widths in inches of 96 pixels: what the column of a page shows, so that 8.25 points are 11 pixels on both."""

SQUAREST = 0.85
"""Height by width of what a telephone shows, at least: an upright screen has room below, none beside."""

MARKER = 2.5
"""Half of a marker's size, in points: a legend keeps this distance."""

NOTE = "note"
"""The ``gid`` of the grey line: the page prints it as text, below the figure."""


def pictures(figure: Figure) -> str:
    """The figure as one SVG file that holds several, for ``tools/sphinx_ext/pictures.py`` to lay out.

    Each inner ``svg`` is of class ``desk``, ``phone`` or, where panels stand side by side, ``panel``, which is drawn
    once, as wide as a telephone; so is a figure that is narrower. Shown by itself the file is what a desk shows.
    """
    notes: list[Any] = figure.findobj(lambda artist: artist.get_gid() == NOTE)
    for note in notes:
        note.set_visible(False)
        note.set_in_layout(False)
    label_ticks(figure)
    width, height = figure.get_size_inches()
    drawn = [one for panel in _panels(figure) for one in _drawn(figure, panel, height / width)]
    figure.set_size_inches(width, height)
    words = " ".join(" ".join(note.get_text().split()) for note in notes)
    return _together(drawn, words)


def _panels(figure: Figure) -> list[list[Any]]:
    """Axes that stand in one place of a grid; a list with nothing in it for a figure that is drawn as a whole."""
    places: dict[Any, list[Any]] = {}
    for ax in figure.axes:
        spec = ax.get_subplotspec()
        if spec is not None and (ax.axison or ax.has_data()):
            places.setdefault((spec.num1, spec.num2), []).append(ax)
    return list(places.values()) if len(places) > 1 else [[]]


def _drawn(figure: Figure, panel: list[Any], ratio: float) -> list[tuple[str, str, float, float]]:
    """Class, SVG, width and height in inches of one panel."""
    if panel:
        rows, columns = panel[0].get_subplotspec().get_gridspec().get_geometry()
        ratio *= columns / rows
        if columns > 1:
            with _alone(figure, panel):
                return [("panel", *_narrow(figure, ratio))]
    if not panel and figure.get_figwidth() < PHONE:
        return [("panel", *_svg(figure, figure.get_figwidth(), ratio))]
    with _alone(figure, panel):
        return [("desk", *_svg(figure, DESK, ratio)), ("phone", *_narrow(figure, ratio))]


@contextmanager
def _alone(figure: Figure, panel: list[Any]) -> Iterator[None]:
    """While this lasts, the figure has no other panel; labels that it shared with others are its own."""
    if not panel:
        yield
        return
    bars = [one.colorbar.ax for ax in panel for one in [*ax.collections, *ax.images] if one.colorbar]
    first = panel[0] is figure.axes[0]
    others = [ax for ax in figure.axes if ax not in panel + bars] + ([] if first else [*figure.legends])
    places = {ax: ax.get_subplotspec() for ax in panel}
    before = {one: (one.get_visible(), one.get_in_layout()) for one in others}
    _own_labels(figure, panel[0])
    try:
        for one in others:
            one.set_visible(False)
            one.set_in_layout(False)
        for ax in panel:
            ax.set_subplotspec(GridSpec(1, 1, figure=figure)[0])
        yield
    finally:
        for ax, place in places.items():
            ax.set_subplotspec(place)
        for one, (visible, in_layout) in before.items():
            one.set_visible(visible)
            one.set_in_layout(in_layout)


def _own_labels(figure: Figure, ax: Any) -> None:
    for name, shared, side in (("x", ax.get_shared_x_axes(), "bottom"), ("y", ax.get_shared_y_axes(), "left")):
        for other in shared.get_siblings(ax):
            if other is not ax and other in figure.axes:
                label = getattr(ax, f"get_{name}label")() or getattr(other, f"get_{name}label")()
                getattr(ax, f"set_{name}label")(label)
                ax.tick_params(axis=name, which="major", **{f"label{side}": True})


def _narrow(figure: Figure, ratio: float) -> tuple[str, float, float]:
    """As wide as a telephone. A label that is too long for it, and holds no mathematics, becomes two lines."""
    ratio = max(ratio, SQUAREST)
    figure.set_size_inches(PHONE, PHONE * ratio)
    figure.draw_without_rendering()
    labels = [label for ax in figure.axes if ax.get_visible() for label in (ax.xaxis.label, ax.yaxis.label)]
    before = {label: label.get_text() for label in labels if "$" not in label.get_text()}
    for label, text in before.items():
        box = label.get_window_extent()
        if box.x0 < 0 or box.y0 < 0 or box.x1 > figure.bbox.x1 or box.y1 > figure.bbox.y1:
            label.set_text(textwrap.fill(text, len(text) // 2 + 4))
    try:
        return _with_room(figure, ratio)
    finally:
        for label, text in before.items():
            label.set_text(text)


def _with_room(figure: Figure, ratio: float) -> tuple[str, float, float]:
    """Legends that cover what is drawn stand above it, in rows that make the picture higher."""
    figure.draw_without_rendering()
    layout = figure.get_layout_engine()
    legends: list[Any] = [ax.get_legend() for ax in figure.axes if ax.get_visible() and covers(ax)]
    if not (legends and isinstance(layout, ConstrainedLayoutEngine)):
        return _svg(figure, PHONE, ratio)
    above = AnchoredOffsetbox(
        "upper center", child=_rows(figure, legends), pad=0.2, borderpad=0, frameon=False,
        bbox_to_anchor=(0.5, 1), bbox_transform=figure.transFigure,
    )  # fmt: skip
    above.set_in_layout(False)
    for legend in legends:
        legend.set_visible(False)
    figure.add_artist(above)
    high = above.get_window_extent().height / figure.dpi
    layout.set(rect=(0, 0, 1, PHONE * ratio / (PHONE * ratio + high)))
    try:
        return _svg(figure, PHONE, ratio + high / PHONE)
    finally:
        layout.set(rect=(0, 0, 1, 1))
        above.remove()
        for legend in legends:
            legend.set_visible(True)


def covers(ax: Any) -> bool:
    """Whether the legend of these axes, where they were drawn last, lies over a line, a marker, a band or a word.

    Or over the edge of the axes.
    """
    legend = ax.get_legend()
    if legend is None or not legend.get_visible():
        return False
    box = legend.get_window_extent()
    if box.x0 < ax.bbox.x0 or box.x1 > ax.bbox.x1:
        return True
    box = box.padded(ax.figure.dpi * MARKER / 72)
    return any(one.get_visible() and _touches(one, box) for one in [*ax.lines, *ax.collections, *ax.patches, *ax.texts])


def _touches(artist: Any, box: Bbox) -> bool:
    if isinstance(artist, Text):
        return bool(artist.get_text()) and bool(box.overlaps(artist.get_window_extent()))
    if isinstance(artist, PathCollection):
        return bool(box.count_contains(artist.get_offset_transform().transform(artist.get_offsets())))
    if isinstance(artist, Line2D) and artist.get_linestyle() == "None":
        return bool(box.count_contains(artist.get_transform().transform(artist.get_xydata())))
    paths = artist.get_paths() if isinstance(artist, Collection) else [artist.get_path()]
    filled = not isinstance(artist, (Line2D, LineCollection))
    return any(artist.get_transform().transform_path(path).intersects_bbox(box, filled) for path in paths)


def _rows(figure: Figure, legends: list[Any]) -> VPacker:
    """The entries of legends, in as many columns as a telephone has room for."""
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    size = legends[0].get_texts()[0].get_fontsize() * figure.dpi / 72
    titles = [legend.get_children()[0].get_children()[0] for legend in legends if legend.get_title().get_text()]
    tables = [legend.get_children()[0].get_children()[1] for legend in legends]
    entries = [one for table in tables for column in table.get_children() for one in column.get_children()]
    for columns in range(len(entries), 0, -1):
        packed: list[Any] = [
            VPacker(children=entries[i::columns], sep=0.4 * size, align="left") for i in range(columns)
        ]
        table = HPacker(children=packed, sep=1.5 * size, align="top")
        if columns == 1 or table.get_bbox(renderer).width < 0.97 * figure.bbox.width:
            break
    return VPacker(children=[*titles, table], sep=0.4 * size, align="center")


def _svg(figure: Figure, width: float, ratio: float) -> tuple[str, float, float]:
    figure.set_size_inches(width, width * ratio)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    text = file.getvalue()
    return text[text.index("<svg") :], width, width * ratio


def _together(drawn: list[tuple[str, str, float, float]], words: str) -> str:
    inner, at = [], {"desk": 0.0, "phone": 0.0, "panel": 0.0}
    for kind, svg, width, height in drawn:
        hidden = ' display="none"' if kind == "phone" else ""
        place = f'class="{kind}" y="{96 * at[kind]:.0f}" width="{96 * width:.0f}" height="{96 * height:.0f}"{hidden}'
        inner.append(re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', " " + place, svg, count=1))
        at[kind] += height
    wide = 96 * max(width for kind, _, width, _ in drawn if kind != "phone")
    high = 96 * (at["desk"] + at["panel"])
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="pictures"'
    box = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
    return f'{head} {box} data-note="{html.escape(words)}">\n{"".join(inner)}</svg>\n'
