"""The linear model's limit: N, P and the effective dimension large together, disorder averaged.

Student f = w.A psi / sqrt(N) with A of shape (N, K) and Gaussian entries, P Gaussian inputs, labels
y = wbar.psi + noise, trained on the mean square error from w = 0. Equations: see `response`.
"""

from .descent import gradient_descent, stability_limit
from .ensembles import ensemble
from .final import final_loss
from .flow import gradient_flow, mode_errors
from .stochastic import sgd, sgd_stability_limit

__all__ = [
    "ensemble",
    "final_loss",
    "gradient_descent",
    "gradient_flow",
    "mode_errors",
    "sgd",
    "sgd_stability_limit",
    "stability_limit",
]
