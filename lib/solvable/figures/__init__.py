"""Figures of the book: the house style, theory over experiment, and `explore`, which makes a figure move."""

from .comparison import compare, means, note
from .coordinates import layer_sizes
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
    "layer_sizes",
    "means",
    "note",
    "power_laws",
    "power_lines",
    "use_style",
]
