"""Checks of the part "Depth limits", a module for each page."""

from . import depth, tuning, walk

__all__ = ["depth", "tuning", "walk"]
