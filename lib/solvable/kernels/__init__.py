"""The kernel limit: infinitely wide networks that stay lazy, `both` kernels and what training with them does.

`gradient_flow` and `gradient_descent` train; `nngp`, `ntk` and `both` are the kernels; `empirical` is that of a
finite network, and `alignment` says how well one suits a task. Part "Lazy and rich" of the book.
"""

from .alignments import alignment
from .dynamics import Predictions, gradient_descent, gradient_flow
from .finite import empirical
from .theory import Kernels, both, nngp, ntk

__all__ = [
    "Kernels",
    "Predictions",
    "alignment",
    "both",
    "empirical",
    "gradient_descent",
    "gradient_flow",
    "nngp",
    "ntk",
]
