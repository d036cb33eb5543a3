r"""What the heads of an attention layer have in common.

.. math:: s = \frac{\langle \Delta_h \cdot \Delta_{h'} \rangle_{h \neq h'}}{\langle \Delta_h \cdot \Delta_h \rangle_h}
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array

from .._checks import require, require_array, require_known, require_positive
from ..numerics.statistics import jackknife
from .slopes import Slope


def common_share(changes: Array) -> Slope:
    r"""The share of what the heads changed that all of them have in common.

    .. math:: s = \frac{\langle \Delta_h \cdot \Delta_{h'} \rangle_{h \neq h'}}
                       {\langle \Delta_h \cdot \Delta_h \rangle_h}

    averaged over networks, above and below the line. No head is compared with itself, so that heads which change
    independently have s = 0 in the mean, and heads which change alike have s = 1.

    Args:
      changes: of attention, or of its logits as `Transformer.logits` gives them, after training less before, shape
        (S, L, P, H, T, T) for S networks; at least two networks and two heads.

    Returns:
      A pair (value, error): s, and its standard error by leaving out one network after the other.

    Raises:
      ValueError: for changes of another shape, that are not finite, or that are zero; or traced by jax.

    Source: made here, for what Bordelon, Chaudhry, Pehlevan (2024) prove of long keys.
    Book: "Transformers: heads, keys, depth".
    """
    require_known("changes", changes)
    changes = require_array("changes", changes, 6, "changes of attention, shape (S, L, P, H, T, T)")
    require("changes", changes, "finite", np.isfinite)
    networks, _, _, heads, *_ = changes.shape
    if not (networks >= 2 and heads >= 2):
        raise ValueError(f"changes must be of at least two networks and two heads; got shape {changes.shape}")
    each = np.moveaxis(np.asarray(changes, float), 3, 1).reshape(networks, heads, -1)
    own = (each**2).sum(axis=(1, 2)) / heads
    require_positive("changes squared", own.sum())
    pairs = ((each.sum(axis=1) ** 2).sum(axis=1) - heads * own) / (heads * (heads - 1))

    def share(rows: np.ndarray) -> float:
        return float(rows[:, 0].sum() / rows[:, 1].sum())

    return Slope(*map(float, jackknife(share, np.stack([pairs, own], axis=1), axis=0)))
