"""Points of the tests, and how far two posteriors are apart."""

import jax
import jax.numpy as jnp
import numpy as np

KEY = jax.random.key(3)
X = jax.random.normal(jax.random.key(0), (5, 8), float)
GRAM = X @ X.T / 8
Y = jnp.array([1.0, -0.7, 0.4, 0.9])  # the fifth point is a test point
QUANTITIES = ("outputs", "test", "features", "readout")


def deviations(one, other):
    """Largest difference of each quantity in standard errors, and relative to its largest value; and the error."""
    found = {}
    for name in QUANTITIES:
        a, b = (np.asarray(getattr(p, name)) for p in (one, other))
        error = np.hypot(*(np.asarray(p.error(name)) for p in (one, other)))
        size = np.abs(b).max()
        found[name] = np.abs((a - b) / error).max(), np.abs(a - b).max() / size, error.max() / size
    return found


def assert_within_errors(one, other, largest_error):
    for name, (errors, _, size) in deviations(one, other).items():
        assert size < largest_error, (name, size)
        assert errors < 4, (name, errors)
