"""A measured power of the width, with what the seeds leave open."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TOLERANCE = 0.1  # of an exponent that should be 0
STEP = 0.5  # from one exponent to the next


class Slope(NamedTuple):
    """A measured exponent and its standard error."""

    value: float
    error: float

    @property
    def is_known(self) -> bool:
        """Whether two standard errors are below 1/2, the step between the exponents that counting gives."""
        return 2 * self.error < STEP

    @property
    def is_zero(self) -> bool:
        """Within 0.1 and two standard errors."""
        return abs(self.value) <= TOLERANCE + 2 * self.error


def line_weights(widths: np.ndarray) -> np.ndarray:
    """Weights with which the logarithms of values at these widths add up to the slope of a straight line."""
    log = np.log(np.asarray(widths, float))
    log = log - log.mean()
    return log / (log @ log)
