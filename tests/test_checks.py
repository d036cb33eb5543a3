"""Checks of what a user passes: numbers of every kind are numbers, and an error names the argument."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from solvable import _checks, fits
from solvable.linear_model import compute, theory
from solvable.parameterizations import mup
from solvable.results import LossCurves
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


def test_whole_numbers_beyond_two_to_the_64_are_taken():
    """Each gives what the same numbers give as floats."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=LARGE, binned=True)
    flow = LossCurves(jnp.geomspace(1, 1e30, 9), jnp.geomspace(1, 1e-9, 9), jnp.ones(9), parameters={"width": 100})

    def everything(number):
        large = [number(10**power) for power in range(17, 24)]
        return [
            fits.power_law(large, large[::-1], between=(large[1], large[-1])),
            fits.PowerLaw(0.5, 1.0, 0.0)(large),
            compute.envelope([flow], large[3:5]),
            theory.gradient_flow(spectrum, [1, large[3]], width=large[4], samples=large[5], noise=large[6]).train,
            theory.sgd(spectrum, [1], learning_rate=0.1, batch_size=large[4], width=large[5], noise=large[6]).train,
            theory.stability_limit(spectrum, width=large[-1], samples=large[-1]),
            spectrum.dimension(large),
            Spectrum(large, large, large).modes,
            mup().scale("hidden", width=int(large[-1]), fan_in=int(large[-1])),
        ]

    jax.tree.map(assert_array_equal, everything(int), everything(float))
    assert spectrum.modes == pytest.approx(LARGE)
