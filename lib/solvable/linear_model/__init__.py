"""The linear scaling model: a random-feature student of a power-law teacher, trained by gradient flow."""

from . import experiment, theory
from .curves import FinalLoss, LossCurves

__all__ = ["FinalLoss", "LossCurves", "experiment", "theory"]
