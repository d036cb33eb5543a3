"""The linear model at finite size: draw features and data, train exactly, repeat. Units as in `linear_model.theory`."""

from .accelerated import momentum
from .descent import gradient_descent
from .ensembles import ensemble
from .final import final_loss
from .flow import gradient_flow, mode_errors
from .rich import feature_learning
from .stochastic import sgd
from .subsamples import regression

__all__ = [
    "ensemble",
    "feature_learning",
    "final_loss",
    "gradient_descent",
    "gradient_flow",
    "mode_errors",
    "momentum",
    "regression",
    "sgd",
]
