"""Finite networks: models, training, and what to measure on them while their width grows."""

from .coordinates import CoordinateCheck, coordinate_check
from .deviations import Deviations, deviations
from .metrics import METRICS
from .models import MLP, Custom, Network, ResidualMLP, Transformer
from .training import Run, train
from .transfer import Transfer, transfer

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
