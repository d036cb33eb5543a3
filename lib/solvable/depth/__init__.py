"""Depth limits: residual networks whose branches shrink with the depth, as dynamical systems in layer time.

``theory.kernels`` and ``exact`` are what they compute at the start, ``theory.residual`` and ``theory.residual_linear``
train; ``experiment`` has the networks. The limit of width stands below, in ``meanfield`` and ``kernels``.
"""

from . import exact, experiment, theory
from .results import LayerTime

__all__ = ["LayerTime", "exact", "experiment", "theory"]
