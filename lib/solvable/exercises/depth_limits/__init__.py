"""Checks of the part "Depth limits", a module for each page."""

from . import depth, transformers, tuning, walk

__all__ = ["depth", "transformers", "tuning", "walk"]
