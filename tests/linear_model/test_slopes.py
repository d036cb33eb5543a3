"""What jax differentiates in the limit, forward and backward, beside central differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.linear_model import theory
from solvable.spectra import Spectrum

SPECTRUM = Spectrum.power_law(a=1.6, b=1.3, modes=6)
DIRECTION = jnp.cos(jnp.arange(6.0))
SIZES = {"width": 31.0, "samples": 47.0}
STUDENT = SIZES | {"noise": 0.1}
TIMES, STEPS = [3.0, 300.0], [1, 30, 3000, 30_000]  # both contours of discrete time


def both(curves):
    return jnp.concatenate([jnp.ravel(curves.test), jnp.ravel(curves.train)])


FUNCTIONS = {  # of a spectrum and numbers, and the numbers
    "gradient_flow": (lambda s, **k: both(theory.gradient_flow(s, TIMES, **k)), STUDENT),
    "mode_errors": (lambda s, **k: theory.mode_errors(s, TIMES, **k).ravel(), SIZES),
    "first_order": (lambda s: jnp.concatenate(jax.tree.leaves(theory.first_order(s, [0.5, 3.0]))), {}),
    "ensemble": (lambda s, **k: theory.ensemble(s, TIMES, inits=2, datasets=3, **k).test, STUDENT),
    "final_loss": (lambda s, **k: both(theory.final_loss(s, **k)), STUDENT | {"ridge": 1e-3}),
    "gradient_descent": (
        lambda s, **k: both(theory.gradient_descent(s, STEPS, momentum=0.5, **k)),
        STUDENT | {"learning_rate": 0.2},
    ),
    "sgd": (
        lambda s, **k: theory.sgd(s, STEPS, **k).test,
        {"learning_rate": 0.2, "batch_size": 3.0, "width": 31.0, "noise": 0.1},
    ),
    "stability_limit": (lambda s, **k: theory.stability_limit(s, **k)[None], SIZES | {"momentum": 0.5}),
    "sgd_stability_limit": (
        lambda s, **k: theory.sgd_stability_limit(s, **k)[None],
        {"batch_size": 3.0, "width": 31.0},
    ),
}


FAST = {"final_loss", "gradient_descent", "sgd"}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[] if one in FAST else pytest.mark.slow) for one in FUNCTIONS]
)
def test_derivatives_agree_with_differences(name):
    """Along a move of all eigenvalues and all numbers at once, each by another share."""
    function, numbers = FUNCTIONS[name]

    def values(x):
        moved = Spectrum(SPECTRUM.eigenvalues * (1 + x * DIRECTION), SPECTRUM.task_power)
        shares = np.linspace(0.4, 1.3, len(numbers))
        return function(
            moved, **{of: at * (1 + x * share) for share, (of, at) in zip(shares, numbers.items(), strict=True)}
        )

    step = 1e-3
    near, far = (np.asarray(values(n * step) - values(-n * step)) for n in (1, 2))
    numeric = (8 * near - far) / (12 * step)  # to fourth order
    scale = np.abs(np.asarray(values(0.0)))
    assert (np.abs(numeric) > 1e-3 * scale).all()
    assert_allclose(jax.jvp(values, (0.0,), (1.0,))[1], numeric, rtol=2e-6)
    weights = jnp.asarray(1 / scale)
    assert_allclose(jax.grad(lambda x: weights @ values(x))(0.0), (numeric / scale).sum(), rtol=2e-6)
