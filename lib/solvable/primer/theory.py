"""Mean-field theories of the primer's models: a chaotic network at one lag, regression at two times."""

from .baths import regression
from .chaos import tanh_network

__all__ = ["regression", "tanh_network"]
