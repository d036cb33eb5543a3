"""Checks of the part "Depth limits", a module for each page."""

from . import depth

__all__ = ["depth"]
