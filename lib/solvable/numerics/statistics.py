"""How sure a statistic of independent draws is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def jackknife(statistic: Callable[[np.ndarray], Any], draws: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """A statistic over all draws, which stand on this axis, and its standard error by leaving out one at a time."""
    count = draws.shape[axis]
    left = np.array([statistic(np.delete(draws, one, axis=axis)) for one in range(count)])
    return np.asarray(statistic(draws)), np.asarray(np.sqrt((count - 1) * left.var(axis=0)))
