"""Finite networks: models, training, and what to measure on them while their width grows."""

from .architectures import limits
from .base import Network
from .coordinates import coordinate_check
from .custom import Custom
from .heads import common_share
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
    "common_share",
    "coordinate_check",
    "deviations",
    "limits",
    "train",
    "transfer",
]
