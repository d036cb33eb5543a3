"""Figures of the book: the house style, theory over experiment, `explore`, which moves, and `guess`, which waits."""

from .comparison import compare, means
from .coordinates import layer_sizes
from .explorer import explore
from .guessing import guess
from .notes import note
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
    "guess",
    "layer_sizes",
    "means",
    "note",
    "power_laws",
    "power_lines",
    "use_style",
]
