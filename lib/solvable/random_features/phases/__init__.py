r"""Phases: which parts of the loss survive where, and how a budget f = d t is best split between width and steps.

Four parts compete, each a power of the steps t and of the width d at the largest learning rate that is stable, which
falls as :math:`d^{2\alpha - 1}` where :math:`2\alpha < 1`:

.. math::
   F_0 \sim d^{-2\alpha + \max(0,\, 1 - 2\beta)}, \qquad
   F_{pp} \sim (\gamma t)^{-(2\alpha + 2\beta - 1)/2\alpha}, \qquad
   F_{ac} \sim d^{-1} (\gamma t)^{-1 + 1/2\alpha}, \qquad
   K_{pp} \sim \gamma\, (\gamma t)^{-2 + 1/2\alpha}
"""

from .budgets import frontier
from .table import Phase, Term, classify

__all__ = ["Phase", "Term", "classify", "frontier"]
