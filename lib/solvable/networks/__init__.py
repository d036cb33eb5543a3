"""Finite networks: models, training, and what to measure on them while their width grows."""

from .coordinates import CoordinateCheck, coordinate_check
from .metrics import METRICS
from .models import MLP, Custom, Network, ResidualMLP, Transformer
from .optima import Transfer, transfer
from .training import Run, train
from .widths import Deviations, deviations

__all__ = [
    "METRICS",
    "MLP",
    "CoordinateCheck",
    "Custom",
    "Deviations",
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
