"""Checks of the part "Lazy and rich", a module for each page."""

from . import one_neuron

__all__ = ["one_neuron"]
