"""Checks of the part "Bottlenecks", a module for each page or two."""

from . import ensembles, fresh_data, solvable_model, three_bottlenecks

__all__ = ["ensembles", "fresh_data", "solvable_model", "three_bottlenecks"]
