"""Checks of the part "Lazy and rich", a module for each page."""

from . import classes, deep_theory, finite, kernel_limit, one_dial, one_neuron, problems, statics

__all__ = ["classes", "deep_theory", "finite", "kernel_limit", "one_dial", "one_neuron", "problems", "statics"]
