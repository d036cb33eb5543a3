"""Checks of the part "Depth limits", a module for each page."""

from . import depth, training, transformers, tuning, walk

__all__ = ["depth", "training", "transformers", "tuning", "walk"]
