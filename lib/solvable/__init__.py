"""Solvable models of scaling and emergence in deep learning: each solved as a limit and as an experiment."""

from . import (
    data,
    depth,
    gaussian,
    kernels,
    linear_model,
    meanfield,
    networks,
    parameterizations,
    posterior,
    primer,
    random_features,
    spinglass,
)
from ._version import __version__
from .spectra import Spectrum

__all__ = [
    "Spectrum",
    "__version__",
    "data",
    "depth",
    "gaussian",
    "kernels",
    "linear_model",
    "meanfield",
    "networks",
    "parameterizations",
    "posterior",
    "primer",
    "random_features",
    "spinglass",
]
