"""The kernel limit: infinitely wide networks that stay lazy, `both` kernels and what training with them does.

`gradient_flow` and `gradient_descent` train; `nngp`, `ntk` and `both` are the kernels; `empirical` is that of a
finite network, `alignment` says how well one suits a task, and `classes` where it puts classes. Part "Lazy and rich" of
the book.
"""

from .alignments import Classes, alignment, classes
from .dynamics import Predictions, gradient_descent, gradient_flow
from .finite import empirical
from .theory import Kernels, both, nngp, ntk

__all__ = [
    "Classes",
    "Kernels",
    "Predictions",
    "alignment",
    "both",
    "classes",
    "empirical",
    "gradient_descent",
    "gradient_flow",
    "nngp",
    "ntk",
]
