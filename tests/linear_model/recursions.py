"""What one-pass SGD is tested against."""

import numpy as np


def recursion(q, u, floor, eta, batch, noise, steps):
    """The oracle, written out."""
    found = {}
    for t in range(max(steps) + 1):
        found[t] = floor + q @ u
        u = (1 - 2 * eta * q + eta**2 * q**2 * (1 + 1 / batch)) * u + eta**2 * q * (found[t] + noise) / batch
    return np.array([found[t] for t in steps])
