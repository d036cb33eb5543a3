"""What jax does with the limits: derivatives beside central differences, maps, compilation, and no single precision."""

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
TIMES, STEPS = [3.0, 300.0], [1, 30, 3000, 30_000]  # the last two by the other contour of discrete time


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
    "gradient_descent, early": (
        lambda s, **k: both(theory.gradient_descent(s, STEPS[:2], momentum=0.5, **k)),
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
FAST = {"final_loss", "mode_errors"}


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


inf = np.inf
MANY = np.logspace(-1, 5, 13)


def test_nothing_compiles_when_values_change():
    """Width, samples, noise, times and exponents are traced: a slider step costs no compilation."""
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, _, **__: compiled.append(event) if event.endswith("backend_compile_duration") else None
    )

    def step(a, b, width, samples, noise, times):
        spectrum = Spectrum.power_law(a=a, b=b, modes=123)
        theory.gradient_flow(spectrum, times, width=width, samples=samples, noise=noise)
        theory.mode_errors(spectrum, times, width=width, samples=samples)
        theory.final_loss(spectrum, width=width, samples=samples, noise=noise, ridge=noise)

    step(1.5, 1.25, 33, 44, 0.1, np.logspace(0, 3, 11))
    assert compiled  # the listener hears
    compiled.clear()
    step(1.7, 1.1, inf, 55, 0.0, np.logspace(1, 4, 11))
    step(2.0, 0.9, 22.5, inf, 0.2, np.linspace(0, 9, 11))
    assert compiled == []
    step(1.5, 1.25, 33, 44, 0.1, np.logspace(0, 3, 12))  # another number of times does compile
    assert compiled


def test_vmap_and_jit_go_through():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=80)
    widths = jnp.array([10.0, 40.0, inf])
    batched = jax.jit(jax.vmap(lambda n: theory.gradient_flow(spectrum, MANY, width=n, samples=60).test))(widths)
    single = [theory.gradient_flow(spectrum, MANY, width=n, samples=60).test for n in widths]
    assert_allclose(batched, single, rtol=1e-9, atol=1e-14)
    exponents = jnp.array([1.3, 2.0])
    over_a = jax.vmap(lambda a: theory.final_loss(Spectrum.power_law(a=a, b=1.2, modes=80), width=20).test)(exponents)
    assert_allclose(over_a[1], theory.final_loss(Spectrum.power_law(a=2.0, b=1.2, modes=80), width=20).test)


def test_float32_is_refused_with_the_line_to_write():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match=r'jax\.config\.update\("jax_enable_x64", True\)'):
            theory.gradient_flow(spectrum, [1.0])
        with pytest.raises(RuntimeError, match="jax_enable_x64"):
            Spectrum.power_law(a=1.5, b=1.25, modes=10)
    finally:
        jax.config.update("jax_enable_x64", True)
