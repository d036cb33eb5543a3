"""Figures of the book: the house style, theory over experiment, and `explore`, which makes a figure move."""

from .comparison import compare, note
from .style import use_style

__all__ = ["compare", "note", "use_style"]
