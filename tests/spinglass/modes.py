"""Modes of a large glass of two spins."""

import numpy as np


def semicircle(count=800):
    """Eigenvalues of the couplings, and weights."""
    angle = np.pi * np.arange(1, count + 1) / (count + 1)
    return 2 * np.cos(angle), 2 * np.sin(angle) ** 2 / (count + 1)
