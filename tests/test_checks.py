"""Checks of what a user passes: numbers of every kind are numbers, and an error names the argument."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from solvable import _checks, fits
from solvable.linear_model import compute, exact, experiment, theory
from solvable.parameterizations import mup
from solvable.results import LossCurves, Result
from solvable.spectra import Spectrum

LARGE = 10**23  # compute in FLOPs, beyond 2^64


@pytest.mark.parametrize(
    "value",
    [
        LARGE,
        2**63,
        [10**18, LARGE],
        (LARGE, 0.5, True),
        [[2**63, 1], [LARGE, 2]],
        np.array([LARGE, 3]),
        np.uint8([7, 255]),
        jnp.asarray([0.5, 3], jnp.bfloat16),
        np.asarray(jnp.asarray([0.5, 3], jnp.float8_e4m3fn)),
        np.float16(2.5),
        jnp.asarray(3),
    ],
    ids=str,
)
def test_numbers_of_every_kind_are_numbers(value):
    _checks.require_positive("compute", value)
    with pytest.raises(ValueError, match="compute must be < 0; got"):
        _checks.require("compute", value, "< 0", lambda x: x < 0)
    found = _checks.as_floats(value)
    assert found.dtype == float
    assert_array_equal(found, np.asarray(value).astype(float))


@pytest.mark.parametrize(
    "value", ["3", None, 1j, [LARGE, "3"], [LARGE, None], 10**400, [1, 10**400], 10**5000, {}], ids=range(9)
)
def test_what_is_no_number_is_named(value):
    with pytest.raises(ValueError, match=r"^width must be > 0 and finite; got .{1,300}$"):
        _checks.require_positive("width", value)


SPECTRUM = Spectrum([1.0, 0.5], [1.0, 1.0])
FLOW = LossCurves(jnp.geomspace(1, 1e30, 9), jnp.geomspace(1, 1e-9, 9), jnp.ones(9), parameters={"width": 100})
CALLS = {
    "power_law": lambda x: fits.power_law(x, x[::-1], between=(x[1], x[-1])),
    "a fitted law": lambda x: fits.PowerLaw(0.5, 1.0, 0.0)(x),
    "envelope": lambda x: compute.envelope([FLOW], x[3:5]),
    "frontier": lambda x: compute.frontier(Spectrum.power_law(a=1.5, b=1.25, modes=10**12, binned=True), x[:1]),
    "gradient_flow": lambda x: theory.gradient_flow(SPECTRUM, x, width=x[4], samples=x[5], noise=x[6]),
    "sgd": lambda x: theory.sgd(SPECTRUM, x[:1], learning_rate=0.1, batch_size=x[4], width=x[5], noise=x[6]),
    "moments": lambda x: exact.sgd(SPECTRUM, [1], features=None, learning_rate=0.1, batch_size=x[4], noise=x[6]),
    "students": lambda x: experiment.gradient_flow(SPECTRUM, x, width=2, noise=x[6], key=jax.random.key(0), repeats=2),
    "stability_limit": lambda x: theory.stability_limit(SPECTRUM, width=x[5], samples=x[6]),
    "dimension": lambda x: SPECTRUM.dimension(x),
    "Spectrum": lambda x: Spectrum(x, x, x),
    "modes": lambda x: Spectrum.power_law(a=1.5, b=1.25, modes=x[6], binned=True),
    "scale": lambda x: mup().scale("hidden", width=int(x[6]), fan_in=int(x[6])),
}


SLOW = ("frontier", "sgd")


@pytest.mark.parametrize("call", [pytest.param(one, marks=[pytest.mark.slow] * (one in SLOW)) for one in CALLS])
def test_whole_numbers_beyond_two_to_the_64_are_taken(call):
    """They give what the same numbers give as floats."""
    found = [CALLS[call]([number(10**power) for power in range(17, 24)]) for number in (int, float)]
    found = [replace(one, parameters={}) if isinstance(one, Result) else one for one in found]
    assert all(np.isfinite(np.asarray(leaf, float)).all() for leaf in jax.tree.leaves(found))
    jax.tree.map(partial(assert_allclose, rtol=1e-12), *found)


def test_more_modes_than_two_to_the_64_are_counted():
    assert Spectrum.power_law(a=1.5, b=1.25, modes=LARGE, binned=True).modes == pytest.approx(LARGE)
