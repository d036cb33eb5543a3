"""Checks of the part "Bottlenecks", a module for each page."""

from . import (
    batches,
    circle,
    compute,
    ensembles,
    feature_learning,
    finite_width,
    fresh_data,
    mode_errors,
    nonlinearity,
    power_laws,
    problems,
    solvable_model,
    spectra,
    test_train,
    three_bottlenecks,
)

__all__ = [
    "batches",
    "circle",
    "compute",
    "ensembles",
    "feature_learning",
    "finite_width",
    "fresh_data",
    "mode_errors",
    "nonlinearity",
    "power_laws",
    "problems",
    "solvable_model",
    "spectra",
    "test_train",
    "three_bottlenecks",
]
