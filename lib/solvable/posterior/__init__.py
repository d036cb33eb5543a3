"""Equilibrium: networks drawn from the Gibbs measure of their weights, in their limits and at finite width.

`nngp` is the limit that stays lazy, `two_layer` and `deep_linear` are those that learn features, `proportional` has as
many neurons as data, `finite_linear` is exact, and `langevin` samples finite networks; `expansion` is slightly rich.
Book: "Statics: what equilibrium has learned".
"""

from .corrections import Expansion, expansion
from .experiment import langevin
from .finite_width import finite_linear
from .linear import deep_linear, nngp, proportional
from .results import Posterior
from .two_layers import two_layer

__all__ = [
    "Expansion",
    "Posterior",
    "deep_linear",
    "expansion",
    "finite_linear",
    "langevin",
    "nngp",
    "proportional",
    "two_layer",
]
