"""Feature learning in infinitely wide networks: mean-field theory of two layers, of many, and of linear ones.

`two_layer`, `deep` and `deep_linear` train, and `finite` is their experiment; `expansion` is slightly rich. `posterior`
is what equilibrium has learned, and `langevin` samples finite networks from it. Part "Lazy and rich" of the book.
"""

from . import posterior
from .deep import deep
from .deep_linear import deep_linear
from .expansion import Expansion, expansion
from .experiment import finite
from .langevin import langevin
from .posterior import Posterior
from .results import MeanField, TwoTime
from .two_layer import two_layer

__all__ = [
    "Expansion",
    "MeanField",
    "Posterior",
    "TwoTime",
    "deep",
    "deep_linear",
    "expansion",
    "finite",
    "langevin",
    "posterior",
    "two_layer",
]
