"""The linear scaling model: a random-feature student of a power-law teacher, trained by gradient flow."""

from . import compute, exact, experiment, theory
from .results import EnsembleCurves, FinalLoss, LossCurves

__all__ = ["EnsembleCurves", "FinalLoss", "LossCurves", "compute", "exact", "experiment", "theory"]
