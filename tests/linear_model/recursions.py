"""What one-pass SGD is tested against."""

import numpy as np


def recursion(q, u, floor, eta, batch, noise, steps):
    """The oracle, written out."""
    found = {}
    for t in range(max(steps) + 1):
        found[t] = floor + q @ u
        u = (1 - 2 * eta * q + eta**2 * q**2 * (1 + 1 / batch)) * u + eta**2 * q * (found[t] + noise) / batch
    return np.array([found[t] for t in steps])


def accelerated(q, u, floor, schedule, batch, noise, steps, counts=1.0):
    """The same with momentum: second moments of (distance, velocity), a 2 x 2 matrix for each direction."""
    moments, found = np.zeros((len(q), 2, 2)), {}
    moments[:, 0, 0] = u
    for t in range(max(steps) + 1):
        found[t] = floor + q @ moments[:, 0, 0]
        fades, g1, g2, g3 = (float(one) for one in schedule.coefficients(t))
        push = np.array([-g2 - g1 * g3, g1])  # what a gradient does to both
        drift = np.array([[1.0, -g3 * (1 - fades)], [0.0, 1 - fades]]) + q[:, None, None] * np.outer(push, [1.0, 0.0])
        scatter = (q**2 * moments[:, 0, 0] + counts * q * (found[t] + noise)) / batch
        moments = drift @ moments @ drift.transpose(0, 2, 1) + scatter[:, None, None] * np.outer(push, push)
    return np.array([found[t] for t in steps])
