"""Covariances of measured features: against repeated rows, and of random tables against what the counts alone say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, data, fits
from solvable.random_features import covariance, nonlinear

from .silverstein import expected

RANDOM = np.random.default_rng(0)


def test_weights_are_repeated_rows():
    """NumPy's own covariance of a table in which each row stands as often as it comes."""
    features, often = RANDOM.normal(size=(40, 7)) + 3, RANDOM.integers(0, 5, 40)
    repeated = np.cov(np.repeat(features, often, axis=0), rowvar=False, bias=True)
    found = covariance(features, weights=often)
    assert_allclose(found, np.linalg.eigvalsh(repeated)[::-1], rtol=1e-12)
    assert_allclose(covariance(features), np.linalg.eigvalsh(np.cov(features, rowvar=False, bias=True))[::-1])
    assert_allclose(covariance(features, weights=1e-3 * often), found, rtol=1e-12)
    assert_allclose(covariance(features, weights=1e306 * often), found, rtol=1e-12)


def test_shifts_and_turns_change_nothing_and_constants_have_no_variance():
    features = RANDOM.normal(size=(30, 5))
    turn = np.linalg.qr(RANDOM.normal(size=(5, 5)))[0]
    assert_allclose(covariance(features @ turn + 100), covariance(features), rtol=1e-10)
    beside = covariance(np.hstack([features, np.full((30, 2), 7.0)]))
    assert_allclose(beside[:5], covariance(features), rtol=1e-12)
    assert_allclose(beside[5:], 0, atol=1e-12)
    assert np.all(covariance(np.ones((4, 6))) == 0)
    assert np.all(covariance(RANDOM.normal(size=(3, 50))) >= 0)


@pytest.mark.parametrize(("corpus", "measured"), [(False, 0.15), (True, 0.99)])
def test_a_random_embedding_has_the_spectrum_that_the_counts_give_it(corpus, measured):
    """Mode by mode in the mean of 20 draws, each with its mirror image, so that its mean is zero as in the limit; and
    the issue's slope, +-.05, where one draw scatters by .02."""
    counts = data.words().counts if corpus else np.ones(2000)
    tables, k = RANDOM.normal(size=(20, 2000, 128)), np.arange(1, 129)
    both = np.append(counts, counts)
    found = np.array([covariance(np.vstack([table, -table]), weights=both) for table in tables])
    limit = expected(counts / counts.sum(), 128)
    error = found.std(axis=0, ddof=1)[4:60] / 20**0.5
    assert np.all(np.abs(found.mean(axis=0) - limit)[4:60] < 4 * error + 0.01 * limit[4:60])  # O(1/d) of the limit
    slopes = [fits.power_law(k, one, between=(5, 60)).exponent for one in found]
    predicted = fits.power_law(k, limit, between=(5, 60)).exponent
    assert np.mean(slopes) == pytest.approx(predicted, abs=4 * np.std(slopes) / 20**0.5)
    centred = [fits.power_law(k, covariance(one, weights=counts), between=(5, 60)).exponent for one in tables]
    assert np.mean(centred) == pytest.approx(measured, abs=0.05)


def test_words_are_data_of_random_features():
    """The table is W, the words' frequencies are the data's eigenvalues: one law of means, but for the centring."""
    counts = data.words(600).counts
    shares = counts / counts.sum()
    spectrum = Spectrum(shares, jnp.ones(600))
    keys = jax.random.split(jax.random.key(0), 20)
    grams = np.mean([np.linalg.eigvalsh(nonlinear.gram(spectrum, 40, key=key))[::-1] for key in keys], axis=0)
    tables = np.mean([covariance(RANDOM.normal(size=(600, 40)), weights=counts) for _ in keys], axis=0)
    assert_allclose(tables[4:30], grams[4:30], rtol=0.05)  # standard errors are 1-2 %, the mean takes off 1 %


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"features": [1.0, 2.0]}, r"features must be a table \(M inputs, S features\); got shape \(2,\)"),
        ({"features": [[1.0, np.nan]]}, "features must be finite"),
        ({"weights": [1.0, -1.0, 1.0]}, r"weights must be finite, >= 0 and not all zero; got -1.0 \(first at index"),
        ({"weights": [0.0, 0.0, 0.0]}, "weights must be finite, >= 0 and not all zero; got 0.0"),
        ({"weights": [1.0, 1.0]}, r"weights must have one number per row of features, 3; got shape \(2,\)"),
    ],
)
def test_bad_input_is_named(given, says):
    with pytest.raises(ValueError, match=says):
        covariance(**{"features": np.eye(3)} | given)
