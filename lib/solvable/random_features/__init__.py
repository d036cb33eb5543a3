"""Power-law random features: a student of random directions, its phases, and what a nonlinearity does to a spectrum.

Data x with covariance diag(j^-2alpha) in v dimensions, targets sum_j j^-beta x_j, and a linear student of d random
features, trained by one-pass SGD: the linear model of `linear_model` under other names.
"""

from . import exact, momentum, nonlinear, phases, theory, words
from .covariances import covariance
from .model import spectrum
from .results import Measures, Volterra

__all__ = [
    "Measures",
    "Volterra",
    "covariance",
    "exact",
    "momentum",
    "nonlinear",
    "phases",
    "spectrum",
    "theory",
    "words",
]
