"""Regression on subsamples of a population."""

import jax
import numpy as np
import pytest

from solvable import Spectrum
from solvable.linear_model import experiment, theory


def test_regression_on_a_gaussian_population_is_the_theory():
    """A population of Gaussian features with a known spectrum: 3 standard errors + the share of training points."""
    rng = np.random.default_rng(0)
    lam = np.arange(1, 81.0) ** -1.2
    features = rng.standard_normal((8000, 80)) * np.sqrt(lam)
    targets = features @ rng.standard_normal((80, 2)) + 0.1 * rng.standard_normal((8000, 2))
    spectrum, residual = Spectrum.from_features(features, targets)
    sizes = [20, 40, 160]  # fewer and more points than features
    limit = theory.final_loss(spectrum, samples=sizes, noise=residual)
    runs = experiment.regression(features, targets, sizes, key=jax.random.key(0), repeats=100)
    for i, size in enumerate(sizes):
        slack = 3 * runs.error("test")[i] + (size / 8000 + 1 / size) * runs.test[i]
        assert abs(limit.test[i] + residual - runs.test[i]) < slack
    assert np.all(runs.train[:2] < 1e-20)
    assert runs.train[2] == pytest.approx(float(limit.train[2]), rel=0.05)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"samples": [2.5]}, "samples must be whole numbers from 1 to 6; got 2.5"),
        ({"samples": [7]}, "samples must be whole numbers from 1 to 6; got 7"),
        ({"samples": []}, "samples must be a list of training sizes"),
        ({"features": np.full((6, 2), np.nan)}, "features must be finite"),
        ({"targets": np.ones((5, 1))}, "targets must have one row per row of features; got 5 and 6"),
    ],
)
def test_bad_populations_are_named(kwargs, says):
    good = {"features": np.eye(6)[:, :2], "targets": np.ones((6, 1)), "samples": [2], "key": jax.random.key(0)}
    with pytest.raises(ValueError, match=says):
        experiment.regression(**(good | kwargs))
