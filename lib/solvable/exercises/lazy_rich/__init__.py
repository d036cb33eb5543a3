"""Checks of the part "Lazy and rich", a module for each page."""

from . import kernel_limit

__all__ = ["kernel_limit"]
