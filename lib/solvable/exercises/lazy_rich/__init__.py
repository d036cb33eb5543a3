"""Checks of the part "Lazy and rich", a module for each page."""

from . import statics

__all__ = ["statics"]
