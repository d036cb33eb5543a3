"""Checks of the part "Depth limits", a module for each page."""

from . import depth, training, walk

__all__ = ["depth", "training", "walk"]
