"""Feature learning in infinitely wide networks: mean-field theory of two layers, of many, and of linear ones.

Part "Lazy and rich" of the book.
"""

from .deep import deep
from .deep_linear import deep_linear
from .expansion import Expansion, expansion
from .experiment import finite
from .results import MeanField, TwoTime
from .two_layer import two_layer

__all__ = ["Expansion", "MeanField", "TwoTime", "deep", "deep_linear", "expansion", "finite", "two_layer"]
