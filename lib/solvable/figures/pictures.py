"""A still figure as a page of the built book needs it: at a desk's width and at a telephone's, panel by panel."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

DESK, PHONE = 5.5, 3.2
"""Widths in inches of 96 pixels: what the column of a page shows, so that 8.25 points are 11 pixels on both."""

SQUAREST = 0.85
"""Height by width of what a telephone shows, at least: an upright screen has room below, none beside."""

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
        if spec is not None:
            places.setdefault((spec.num1, spec.num2), []).append(ax)
    return list(places.values()) if len(places) > 1 else [[]]


def _drawn(figure: Figure, panel: list[Any], ratio: float) -> list[tuple[str, str, float, float]]:
    """Class, SVG, width and height in inches of one panel."""
    if panel:
        rows, columns = panel[0].get_subplotspec().get_gridspec().get_geometry()
        ratio *= columns / rows
        if columns > 1:
            with _alone(figure, panel):
                return [("panel", *_svg(figure, PHONE, max(ratio, SQUAREST)))]
    if not panel and figure.get_figwidth() < PHONE:
        return [("panel", *_svg(figure, figure.get_figwidth(), ratio))]
    with _alone(figure, panel):
        return [("desk", *_svg(figure, DESK, ratio)), ("phone", *_svg(figure, PHONE, max(ratio, SQUAREST)))]


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
            if other in figure.axes and not getattr(ax, f"get_{name}label")():
                getattr(ax, f"set_{name}label")(getattr(other, f"get_{name}label")())
                ax.tick_params(axis=name, which="major", **{f"label{side}": True})


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
