"""What is known exactly for one student, with its own features: the oracle of theory and experiment."""

from .accelerated import momentum
from .stochastic import moments as moments
from .stochastic import sgd
from .student import Basis as Basis
from .student import basis as basis

__all__ = ["momentum", "sgd"]
