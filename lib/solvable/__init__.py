"""Solvable models of scaling and emergence in deep learning: each solved as a limit and as an experiment."""

from . import data, exercises, linear_model, networks, parameterizations, primer, spinglass
from ._version import __version__
from .spectra import Spectrum

__all__ = [
    "Spectrum",
    "__version__",
    "data",
    "exercises",
    "linear_model",
    "networks",
    "parameterizations",
    "primer",
    "spinglass",
]
