"""The glass: its covariance, the two conventions, and glasses that are none."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.spinglass import SphericalGlass, theory


def test_f_and_its_derivatives():
    glass = SphericalGlass({2: 0.5, 3: 0.25})
    q = jnp.linspace(-1, 1, 7)
    assert_allclose(glass.f(q), q**2 / 2 + q**3 / 4)
    assert_allclose(glass.f(q, 1), q + 0.75 * q**2)
    assert_allclose(glass.f(q, 2), 1 + 1.5 * q)
    assert_allclose(SphericalGlass({1: 2.0}).f(q, 2), np.zeros(7))


def test_the_two_conventions_differ_by_the_root_of_two():
    """f = q^3 at temperature sqrt(2) T is f = q^3 / 2 at T, in time sqrt(2) t, with energies sqrt(2) as large."""
    ours = theory.descent(SphericalGlass({3: 0.5}, 0.3), 40, 0.1)
    theirs = theory.descent(SphericalGlass.with_unit_variance(3, 0.3 * 2**0.5), 40, 0.1 / 2**0.5)
    assert_allclose(theirs.correlation, ours.correlation, rtol=1e-12)
    assert_allclose(theirs.energy, 2**0.5 * ours.energy, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "couplings must be a dictionary {p: a_p} with an entry; got {}"),
        (({0: 1.0},), "couplings' p must be a whole number >= 1; got 0"),
        (({2: 0.0, 3: 0},), "couplings must not all be 0; got {2: 0.0, 3: 0}"),
        (({2: -1.0},), "couplings[2] must be >= 0 and finite; got -1.0"),
        (({2: 0.5}, -0.1), "temperature must be >= 0 and finite; got -0.1"),
        (({2: 0.5}, 0.0, np.nan), "spike must be >= 0 and finite; got nan"),
    ],
)
def test_bad_glasses(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SphericalGlass(*arguments)
