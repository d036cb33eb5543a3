"""Power-law random features: a student of random directions, its phases, and what a nonlinearity does to a spectrum.

Data x with covariance diag(j^-2alpha) in v dimensions, targets sum_j j^-beta x_j, and a linear student of d random
features, trained by one-pass SGD: the linear model of `linear_model` under other names.
"""

from . import momentum, nonlinear, phases
from .model import spectrum

__all__ = ["momentum", "nonlinear", "phases", "spectrum"]
