"""`explore`: one pure function and a few knobs become a figure that moves, live or on the built page."""

from __future__ import annotations

import os
from typing import Any

from ..series import Knob
from ..words import Number
from .asked import Curves, Explorer, check

__all__ = ["explore"]


def explore(
    curves: Curves,
    controls: dict[str, Knob],
    *,
    name: str,
    x: str,
    y: str,
    log: str = "xy",
    xlim: tuple[Number, Number],
    ylim: tuple[Number, Number],
    caption: str,
    alt: str,
    marks: dict[str, str] | None = None,
    experiment: Curves | None = None,
) -> Any:
    """Make a figure that moves: a theory, and the experiment that it should predict.

    With a live kernel (Jupyter, Colab) it has sliders that compute anew. While the book is built
    (environment variable ``SOLVABLE_BOOK``) `curves` is evaluated on the grid of the knobs' values, and the
    page draws these numbers without a kernel; between grid points it interpolates only where that was
    measured to be exact to a pixel. The experiment is slow: it is run where each knob stands at one of its
    ``measured`` values, while the book is built, or for the setting of the moment, by a button, in a notebook.

    Args:
      curves: pure function of the knobs, ``curves(**values)``, from numbers to ``{label: series}``, each a
        `Line`, `Band`, `Points` or `HeatMap`. Shapes must not depend on the values. Written with
        jax.numpy it is batched by ``vmap``; otherwise it is called once a setting.
      controls: the knobs, each a `Knob`, under the names of the function's arguments.
      name: a stable id, of small letters, digits and hyphens.
      x, y: labels of the axes, plain text.
      log: which axes are logarithmic: "xy", "x", "y" or ""; with "z" the colours of a heat map too.
      xlim, ylim: limits of the axes, (low, high); they do not move.
      caption: what the figure shows; ``$...$`` is mathematics.
      alt: what it looks like, for a reader who does not see it.
      marks: look of single series, ``{label: "C1--"}``: a colour of the cycle, C0 to C6, or ``k``, and ``-``,
        ``--`` or ``:``.
      experiment: a function of the knobs like `curves`, of what was measured instead, under the labels of the curves
        that it belongs to; see `means`. It is called once a setting, and its shapes must not depend on the values.

    Returns:
      Something that a notebook displays: an ``ipywidgets`` box, or on the built page the figure as HTML.

    Raises:
      ValueError: for bad input, named; where `curves` or `experiment` fails at a setting, or both make more than 100 kB
        of data.
      TypeError: for curves or an experiment that are no functions, controls or marks that are no dictionary, a control
        that is no `Knob`, or words that are no strings.

    Book: every page with sliders.
    """
    looks = {} if marks is None else marks
    explorer = Explorer(curves, controls, name, x, y, log, xlim, ylim, caption, alt, looks, experiment)
    check(explorer)
    if os.environ.get("SOLVABLE_BOOK"):
        from .page import Page

        return Page.of(explorer)
    from .live import live  # a notebook's widgets are slow to import

    return live(explorer)
