"""Finite networks: models, training, and what to measure on them while their width grows."""

from .base import Network
from .coordinates import coordinate_check
from .custom import Custom
from .metrics import METRICS
from .optima import Transfer, transfer
from .perceptrons import MLP, ResidualMLP
from .training import Run, train
from .transformers import Transformer
from .verdicts import CoordinateCheck, LayerSizes
from .widths import Deviations, deviations

__all__ = [
    "METRICS",
    "MLP",
    "CoordinateCheck",
    "Custom",
    "Deviations",
    "LayerSizes",
    "Network",
    "ResidualMLP",
    "Run",
    "Transfer",
    "Transformer",
    "coordinate_check",
    "deviations",
    "train",
    "transfer",
]
