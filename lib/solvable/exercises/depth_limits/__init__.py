"""Checks of the part "Depth limits", a module for each page."""

from . import depth, walk

__all__ = ["depth", "walk"]
