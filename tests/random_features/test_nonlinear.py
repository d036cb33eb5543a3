"""Nonlinear features: formulas against samples, laws against drawn spectra."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import erf

from solvable import Spectrum
from solvable.random_features import nonlinear

KEY = jax.random.key(0)
ONES = {1: lambda x: x, 2: lambda x: x**2, 3: lambda x: x**3, "relu": lambda x: np.maximum(x, 0), "erf": erf}


def drawn(exponent, width, latent=None, key=KEY):
    spectrum = Spectrum.power_law(a=2.0, b=exponent, modes=latent or 10 * width, normalize=False)
    return nonlinear.gram(spectrum, width, key=key)


@pytest.mark.parametrize("activation", ONES)
def test_covariances_are_those_of_samples(activation):
    gram = drawn(1.5, 12, 40) / 3
    normals = np.random.default_rng(0).normal(size=(400_000, 12)) @ np.linalg.cholesky(gram).T
    features = ONES[activation](normals)
    sampled, fourth = (one.T @ one / len(features) for one in (features, features**2))
    chance = ((fourth - sampled**2).sum() / len(features)) ** 0.5  # expected size of the samples' error
    assert chance < (0.02 if activation == 3 else 0.007) * np.linalg.norm(sampled)
    assert np.linalg.norm(nonlinear.covariance(gram, activation) - sampled) < 2 * chance


def test_a_gram_matrix_is_that_of_its_weights():
    """Its mean is tr(Lambda) 1, and its square that of Wishart matrices, over draws; blocks are all drawn."""
    spectrum = Spectrum.power_law(a=2.0, b=1.2, modes=3000, normalize=False)
    lam = np.asarray(spectrum.eigenvalues)
    draws = np.stack([nonlinear.gram(spectrum, 6, key=key) for key in jax.random.split(KEY, 60)])
    assert_allclose(draws.mean(axis=0), lam.sum() * np.eye(6), atol=5 * (2 * (lam**2).sum() / 60) ** 0.5)
    off = draws[:, *np.triu_indices(6, 1)]
    assert (off**2).mean() == pytest.approx((lam**2).sum(), rel=0.2)
    flat = Spectrum(jnp.ones(3000), jnp.ones(3000))
    assert np.trace(nonlinear.gram(flat, 6, key=KEY)) == pytest.approx(18_000, rel=0.05)


def octaves(ratio, first, last):
    """Means over factors of two: one eigenvalue of x^2 scatters by sqrt(8 / d), and products come in ties."""
    edges = first * 2 ** np.arange(int(np.log2(last / first)) + 1)
    return np.array([ratio[low - 1 : high - 1].mean() for low, high in pairwise(edges)])


@pytest.mark.parametrize("exponent", [1.5, 2.0])
@pytest.mark.parametrize(("width", "draws"), [(400, 4), pytest.param(2000, 1, marks=pytest.mark.slow)])
def test_a_square_does_little_to_a_power_law(exponent, width, draws):
    grams = [drawn(exponent, width, key=key) for key in jax.random.split(KEY, draws)]
    linear, square = (
        np.mean([np.linalg.eigvalsh(nonlinear.covariance(gram, p))[::-1] / width for gram in grams], axis=0)
        for p in (1, 2)
    )
    single, double = (np.asarray(nonlinear.law(p, width, exponent)) for p in (1, 2))
    assert_allclose(octaves(linear / single, 10, width // 20), 1, atol=0.08)
    ratio = octaves(square / double, 10, width // 4)
    assert ratio.min() > 0.78
    assert ratio.max() < 1.8
    product = 4 * np.asarray(nonlinear.products(width - 1, exponent))
    found = octaves(square[1:] / product, 10, min(200, width // 10))  # the first eigenvalue is the mean's
    assert_allclose(found, 1, atol=0.08 if exponent == 2 else 0.26)


def test_products_are_sorted_pairs():
    a, b = np.triu_indices(60)
    known = np.sort(((a + 1.0) * (b + 1.0)) ** -1.3)[::-1][:55]
    assert_allclose(nonlinear.products(55, 1.3), known, rtol=1e-14)
    assert len(nonlinear.products(1, 2.0)) == 1


def test_a_law_is_a_power_times_logarithms():
    assert_allclose(nonlinear.law(1, 5, 1.5), np.arange(1.0, 6) ** -1.5)
    assert nonlinear.law(3, 10, 2.0)[-1] == pytest.approx((np.log(11) ** 2 / 10) ** 2)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: nonlinear.covariance(jnp.array([[1.0, 0.2], [0.1, 1.0]]), 2), "gram must be symmetric"),
        (lambda: nonlinear.covariance(jnp.array([[1.0, 2.0], [2.0, 1.0]]), 2), "gram must have no negative eigenvalue"),
        (
            lambda: nonlinear.covariance(jnp.eye(2), 4),
            r"activation must be one of the powers \(1, 2, 3\), or phi; got 4",
        ),
        (lambda: nonlinear.covariance(jnp.eye(2), "cube"), "activation must be"),
        (lambda: nonlinear.gram(Spectrum.power_law(a=2, b=1.5, modes=64, binned=True), 4, key=KEY), "multiplicities"),
        (lambda: nonlinear.law(0, 5, 1.5), "power must be a whole number >= 1; got 0"),
        (lambda: nonlinear.products(5, 0.0), "exponent must be > 0 and finite; got 0.0"),
        (lambda: nonlinear.products(0, 1.0), "modes must be a whole number >= 1; got 0"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
