"""`guess`: the reader draws a curve where they expect it, and then sees the answer over it."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .._checks import require_kind, require_text, shown
from .explorer.asked import BOX, Explorer, all_checked, check_curves, check_frame
from .explorer.drawing import data_uri, draw, svg
from .explorer.grid import pixels
from .explorer.page import KINDS, frame_of, mathematics
from .notes import UNBROKEN, noted
from .series import Band, HeatMap, Series
from .words import Number

__all__ = ["guess"]


def guess(
    curves: Mapping[str, Series],
    *,
    known: Collection[str] = (),
    experiment: Mapping[str, Series] | None = None,
    name: str,
    x: str,
    y: str,
    log: str = "xy",
    xlim: tuple[Number, Number],
    ylim: tuple[Number, Number],
    caption: str,
    alt: str,
    answer: str,
    marks: Mapping[str, str] | None = None,
    results: Sequence[Any] = (),
    extra: str = "",
    **quantities: Any,
) -> Any:
    """Let the reader draw a curve before it is shown.

    On the built page (environment variable ``SOLVABLE_BOOK``) there are axes with the `known` curves at first. The
    reader draws over them with a mouse, a finger or the arrow keys, and asks for the answer: the other curves appear
    over the guess, with a sentence that says where it is furthest off and by how much, as a factor on a logarithmic
    axis. Without JavaScript and in print the figure stands there with its answer. In a notebook a button shows it.

    Args:
      curves: ``{label: series}``, each a `Line`, `Band`, `Points` or `Means`. A guess is compared with the first that
        is not known: no `Band`, finite, increasing in x, and with two points or more inside the axes.
      known: labels of the curves that are given from the beginning.
      experiment: what was measured, under the labels of the curves that it belongs to; it appears with these.
      name: a stable id, of small letters, digits and hyphens.
      x, y: labels of the axes, plain text.
      log: which axes are logarithmic: "xy", "x", "y" or "".
      xlim, ylim: limits of the axes, (low, high).
      caption: what is asked; ``$...$`` is mathematics. It stands there before the answer.
      alt: what is there before the answer, for a reader who does not see it.
      answer: what the answer looks like, for the same reader: it is said when the answer is shown.
      marks: look of single series, as in `explore`.
      results, extra, quantities: for the grey line, as in `note`.

    Returns:
      Something that a notebook displays: on the built page the figure as HTML, else an ``ipywidgets`` box.

    Raises:
      ValueError: for bad input, named; for curves that are all known, or of which the first that is not known cannot
        be drawn by hand.
      TypeError: for curves, an experiment or marks that are no dictionary, known or results that are no list, or words
        that are no strings.

    Book: "Test and train part ways".
    """
    for argument, value in (("curves", curves), ("experiment", {} if experiment is None else experiment)):
        require_kind(argument, value, Mapping)
    for argument, several in (("known", known), ("results", results)):
        require_kind(argument, several, (list, tuple))
    require_text("answer", answer, 1)
    if not curves:
        raise ValueError("curves must hold at least one series; got none")
    every = _known_first(all_checked("curves", curves), known)
    measured = (lambda: experiment) if experiment else None
    looks = {} if marks is None else marks
    frame = Explorer(lambda: every, {}, name, x, y, log, xlim, ylim, caption, alt, looks, measured)  # type: ignore[arg-type]
    check_frame(frame)
    check_curves(frame, every)
    _check_drawable(frame, every, len(known))
    words = noted(results, extra, quantities).replace(UNBROKEN, " ")
    made = Guess(frame, every, frame.measure({}, every), tuple(known), answer, words)
    return made if os.environ.get("SOLVABLE_BOOK") else live(made)


@dataclass(frozen=True)
class Guess:
    """What `guess` was given, checked; shown in a notebook's output, it is the figure of the built page.

    Attributes:
      frame: name, words, axes and looks.
      curves: all of them, the known ones first.
      measured: the experiment.
      known: labels of the curves that are given from the beginning.
      answer: what the others look like.
      note: the grey line.
    """

    frame: Explorer
    curves: Mapping[str, Series]
    measured: Mapping[str, Series]
    known: tuple[str, ...]
    answer: str
    note: str

    def drawn(self, answered: bool) -> Figure:
        """The figure, with its answer or without."""
        some = [
            {label: one for label, one in series.items() if answered or label in self.known}
            for series in (self.curves, self.measured)
        ]
        return draw(self.frame, some[0], measured=some[1])

    @property
    def data(self) -> dict[str, Any]:
        """What the page's script reads."""
        looks = {label: self.frame.style(place, label) for place, label in enumerate(self.curves)}

        def described(some: Mapping[str, Series]) -> list[dict[str, Any]]:
            return [
                {"label": label, "kind": KINDS[type(one)], "color": looks[label].color, "dash": looks[label].dash}
                | {"known": label in self.known, "fields": {part: _plain(getattr(one, part)) for part in one._fields}}
                for label, one in some.items()
            ]

        series = {"series": described(self.curves), "experiment": described(self.measured)}
        return frame_of(self.frame) | {"answer": self.answer} | series

    def __repr__(self) -> str:
        return f"<guess {self.frame.name}: {self.frame.alt}>"

    def _repr_html_(self) -> str:
        name, alt = html.escape(self.frame.name), html.escape(f"{self.frame.alt} {self.answer}")
        still = data_uri("svg+xml", svg(self.drawn(answered=True)))
        data = json.dumps(self.data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
        return f"""<figure class="explorer guess" id="guess-{name}">
<img class="explorer-still" alt="{alt}" src="{still}">
<div class="guess-board" hidden><div class="explorer-stage" role="img"></div>
<div class="guess-pen" role="slider" tabindex="0" aria-label="Your guess" aria-orientation="vertical"
 aria-valuemin="0" aria-valuemax="100" aria-valuenow="50"></div></div>
<div class="explorer-knobs" hidden>
<p class="guess-how">Draw with mouse or finger, or choose a place with ←&nbsp;→ and move it with ↑&nbsp;↓.</p>
<div class="explorer-buttons"><button type="button" class="guess-show">Show the answer</button>
<button type="button" class="guess-again">Start again</button></div>
</div>
<p class="explorer-said" aria-live="polite"></p>
<figcaption class="mathjax_process">{mathematics(self.frame.caption)}
<small class="explorer-note">{html.escape(self.note)}</small></figcaption>
<script type="application/json">{data}</script>
</figure>"""


def live(made: Guess) -> Any:
    """In a notebook: the picture, a button that shows the answer, or takes it away, and the caption."""
    import ipywidgets as widgets  # slow to import

    picture, button = widgets.HTML(), widgets.Button(layout=widgets.Layout(width="12em"))

    def show(answered: bool) -> None:
        alt = f"{made.frame.alt} {made.answer}" if answered else made.frame.alt
        image = data_uri("svg+xml", svg(made.drawn(answered)))
        style = "width:100%;max-width:640px"
        picture.value = f'<img src="{image}" alt="{html.escape(alt)}" style="{style}">'
        button.description = "Hide the answer" if answered else "Show the answer"

    button.on_click(lambda _: show(button.description == "Show the answer"))
    show(answered=False)
    caption = f"<p>{html.escape(made.frame.caption)} <small>{html.escape(made.note)}</small></p>"
    return widgets.VBox([picture, button, widgets.HTMLMath(caption)])


def _plain(numbers: np.ndarray) -> list[float | None]:
    """As JSON has them: six digits, nothing where there is no number."""
    return [float(f"{one:.6g}") if np.isfinite(one) else None for one in numbers]


def _known_first(curves: Mapping[str, Series], known: Collection[str]) -> dict[str, Series]:
    if unknown := [one for one in known if not isinstance(one, str) or one not in curves]:
        raise ValueError(f"known must name curves, some of {sorted(curves)}; got {shown(unknown[0])}")
    if len(set(known)) < len(known) or len(known) == len(curves):
        raise ValueError(f"known must name each curve once, and leave one to be guessed; got {shown(known)}")
    return {label: curves[label] for label in [*known, *(one for one in curves if one not in known)]}


def _check_drawable(frame: Explorer, curves: Mapping[str, Series], known: int) -> None:
    """The first curve that is not known can be drawn by a hand, and none needs a colour bar."""
    if maps := [label for label, series in curves.items() if isinstance(series, HeatMap)]:
        raise ValueError(f"curves[{maps[0]!r}] must be a Line, Band, Points or Means; got HeatMap")
    label, series = list(curves.items())[known]
    if isinstance(series, Band):
        raise ValueError(f"curves[{label!r}] must be a Line, Points or Means, as it is to be guessed; got Band")
    if not (np.isfinite(series.x).all() and np.isfinite(series.y).all() and (np.diff(series.x) > 0).all()):
        raise ValueError(f"curves[{label!r}] must be finite and increase in x, as it is to be guessed")
    places = pixels(frame, {(label, axis): getattr(series, axis) for axis in "xy"}, None)
    within = [(places[label, axis] >= 0) & (places[label, axis] <= BOX[axis]) for axis in "xy"]
    if not np.sum(within[0] & within[1]) >= 2:
        raise ValueError(f"curves[{label!r}] must have two points or more inside xlim and ylim; got fewer")
