"""The linear model at finite size: draw features and data, train exactly, repeat. Units as in `theory`."""

from .regression import regression
from .rich_students import feature_learning
from .runs import final_loss, gradient_descent, gradient_flow, mode_errors
from .streams import sgd
from .tables import ensemble

__all__ = [
    "ensemble",
    "feature_learning",
    "final_loss",
    "gradient_descent",
    "gradient_flow",
    "mode_errors",
    "regression",
    "sgd",
]
