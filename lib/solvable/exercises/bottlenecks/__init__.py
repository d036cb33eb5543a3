"""Checks of the part "Bottlenecks", a module for each page or two."""

from . import (
    circle,
    compute,
    ensembles,
    feature_learning,
    finite_width,
    fresh_data,
    mode_errors,
    parting,
    power_laws,
    solvable_model,
    three_bottlenecks,
)

__all__ = [
    "circle",
    "compute",
    "ensembles",
    "feature_learning",
    "finite_width",
    "fresh_data",
    "mode_errors",
    "parting",
    "power_laws",
    "solvable_model",
    "three_bottlenecks",
]
