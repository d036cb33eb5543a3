"""The spectrum of two exponents: against plain sums, traced and endless."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import zeta

from solvable import Spectrum, random_features
from solvable.linear_model import theory


def sums(spectrum, kappa):
    """Trace, power, and the effective dimension: what theories use."""
    return jnp.array([spectrum.counts @ spectrum.eigenvalues, spectrum.task_power.sum(), spectrum.dimension(kappa)])


@pytest.mark.parametrize("latent", [1, 2, 13, 1000, 12_345])
def test_a_traced_number_of_modes_has_the_sums_of_single_modes(latent):
    alpha, beta = 0.7, 0.4
    single = Spectrum.power_law(a=2 * alpha + 2 * beta, b=2 * alpha, modes=latent, normalize=False)
    plain = sums(single, 1e-3)
    assert_allclose(sums(random_features.spectrum(alpha, beta, latent=latent), 1e-3), plain, rtol=1e-9)
    traced = jax.jit(lambda v: sums(random_features.spectrum(alpha, beta, latent=v), 1e-3))
    assert_allclose(traced(float(latent)), plain, rtol=1e-9)


def test_another_number_of_modes_compiles_nothing():
    @jax.jit
    def loss(latent, width):
        spectrum = random_features.spectrum(1.0, 0.7, latent=latent)
        return theory.sgd(spectrum, [64, 4096], learning_rate=0.2, batch_size=1, width=width).test

    known = [theory.sgd(random_features.spectrum(1.0, 0.7, latent=v), [64, 4096], learning_rate=0.2, batch_size=1,
                        width=v / 10).test for v in (300, 70_000)]  # fmt: skip
    assert_allclose([loss(v, v / 10) for v in (300.0, 70_000.0)], known, rtol=1e-8)
    assert loss._cache_size() == 1


@pytest.mark.parametrize("alpha", [0.55, 1.0, 2.0])
def test_endlessly_many_modes_have_the_sums_of_zeta(alpha):
    found = random_features.spectrum(alpha, 0.3, latent=np.inf)
    trace, power, _ = sums(found, 1.0)
    assert trace == pytest.approx(zeta(2 * alpha), rel=1e-9)
    assert power == pytest.approx(zeta(2 * alpha + 0.6), rel=1e-9)


@pytest.mark.parametrize(
    ("latent", "says"),
    [
        (0, "latent must be whole, >= 1 and at most 2\\^64, or inf; got 0"),
        (2.5, "latent must be whole, >= 1 and at most 2\\^64, or inf; got 2.5"),
        (1e30, "latent must be whole, >= 1 and at most 2\\^64, or inf; got 1e\\+30"),
        (np.nan, "latent must be whole"),
        (np.inf, "alpha must be > 1/2 where latent is inf, or the eigenvalues have no sum; got 0.4"),
    ],
)
def test_bad_input_is_named(latent, says):
    with pytest.raises(ValueError, match=says):
        random_features.spectrum(0.4, 0.3, latent=latent)
