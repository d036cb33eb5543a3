"""The linear model's limit: N, P and the effective dimension large together, disorder averaged.

Student f = w.A psi / sqrt(N) with A of shape (N, K) and Gaussian entries, P Gaussian inputs, labels
y = wbar.psi + noise, trained on the mean square error from w = 0. The equations stand in `gradient_flow`; their
order, and how they are solved, in the module ``linear_model.theory.response``.
"""

from .corrections import first_order
from .descent import gradient_descent
from .ensembles import ensemble
from .final import final_loss, optimal_ridge
from .flow import gradient_flow, mode_errors
from .rich import feature_learning
from .stability import sgd_stability_limit, stability_limit
from .stochastic import sgd

__all__ = [
    "ensemble",
    "feature_learning",
    "final_loss",
    "first_order",
    "gradient_descent",
    "gradient_flow",
    "mode_errors",
    "optimal_ridge",
    "sgd",
    "sgd_stability_limit",
    "stability_limit",
]
