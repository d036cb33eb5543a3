"""Feature learning in infinitely wide networks: mean-field theory of two layers, of many, and of linear ones.

`two_layer`, `deep` and `deep_linear` train, and `finite` is their experiment; `expansion` is slightly rich. Part "Lazy
and rich" of the book.
"""

from .corrections import Expansion, expansion
from .deep_linear_networks import deep_linear
from .deep_networks import deep
from .experiment import finite
from .results import MeanField, TwoTime
from .two_layers import two_layer

__all__ = ["Expansion", "MeanField", "TwoTime", "deep", "deep_linear", "expansion", "finite", "two_layer"]
