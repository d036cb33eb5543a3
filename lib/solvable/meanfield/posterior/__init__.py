"""Equilibrium: networks drawn from the Gibbs measure of their weights, in their limits.

`nngp_posterior` is the limit that stays lazy, `two_layer_posterior` and `deep_linear_posterior` are those that learn
features, `proportional` has as many neurons as data, `finite_linear` is exact. Book: "Statics: what equilibrium has
learned".
"""

from .linear import deep_linear_posterior, finite_linear, nngp_posterior, proportional
from .results import Posterior
from .two_layer import two_layer_posterior

__all__ = [
    "Posterior",
    "deep_linear_posterior",
    "finite_linear",
    "nngp_posterior",
    "proportional",
    "two_layer_posterior",
]
