"""Three more systems that dynamical mean-field theory solves: linear and chaotic networks, and regression."""

from . import exact, experiment, theory
from .results import Chaos, Correlation

__all__ = ["Chaos", "Correlation", "exact", "experiment", "theory"]
