"""Figures of the book: the house style, theory over experiment, and `explore`, which makes a figure move."""

from .comparison import compare, means, note
from .explorer import explore
from .powers import power_laws, power_lines
from .series import Band, HeatMap, Knob, Line, Means, Points
from .style import use_style

__all__ = [
    "Band",
    "HeatMap",
    "Knob",
    "Line",
    "Means",
    "Points",
    "compare",
    "explore",
    "means",
    "note",
    "power_laws",
    "power_lines",
    "use_style",
]
