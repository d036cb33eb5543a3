"""Spectra: power laws, measured features, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum


def test_power_law():
    spectrum = Spectrum.power_law(a=1.5, b=2.0, modes=4, normalize=False)
    assert_allclose(spectrum.eigenvalues, [1, 1 / 4, 1 / 9, 1 / 16])
    assert_allclose(spectrum.task_power, np.array([1.0, 2, 3, 4]) ** -1.5)
    normal = Spectrum.power_law(a=1.5, b=2.0, modes=4)
    assert_allclose([normal.eigenvalues.sum(), normal.task_power.sum()], 1)
    assert_allclose(normal.eigenvalues[0] / normal.eigenvalues[3], 16)
    assert normal.modes == 4
    assert normal.eigenvalues.dtype == jnp.float64


def test_measured_features_give_back_a_known_population():
    """Features and targets built from a known spectrum; the rest of the targets is orthogonal to the features."""
    rng = np.random.default_rng(0)
    inputs, size, outputs = 60, 9, 3
    basis, _ = np.linalg.qr(rng.standard_normal((inputs, inputs)))
    lam, coefficients = np.linspace(3, 0.1, size), rng.standard_normal((size, outputs))
    psi = basis[:, :size] * np.sqrt(inputs * lam)
    rotation, _ = np.linalg.qr(rng.standard_normal((size, size)))
    rest = 0.3 * np.sqrt(inputs) * basis[:, size : size + outputs]
    spectrum, residual = Spectrum.from_features(psi @ rotation, psi @ coefficients + rest)
    assert_allclose(spectrum.eigenvalues, lam, rtol=1e-10)
    assert_allclose(spectrum.task_power, lam * np.sum(coefficients**2, axis=1), rtol=1e-10)
    assert_allclose(residual, outputs * 0.3**2, rtol=1e-10)


def test_features_without_variation_are_left_out():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 8))
    spectrum, residual = Spectrum.from_features(features, features[:, 0])
    assert spectrum.modes == 3
    assert residual < 1e-12
    wide, _ = Spectrum.from_features(rng.standard_normal((5, 20)), np.ones(5))
    assert wide.modes == 5


def test_dimension_counts_the_modes_above_a_resolution():
    spectrum = Spectrum([1.0, 0.1, 0.001], [1.0, 1.0, 1.0])
    assert_allclose(spectrum.dimension(0.0), 3)
    assert_allclose(spectrum.dimension(0.01), 1 / 1.01 + 10 / 11 + 1 / 11)
    assert_allclose(spectrum.dimension(np.array([0.01, 1e9]), 2), [1 / 1.01**2 + 100 / 121 + 1 / 121, 0], atol=1e-15)


def test_a_spectrum_is_a_pytree():
    spectrum = Spectrum.power_law(a=1.5, b=2.0, modes=4)
    doubled = jax.tree.map(lambda x: 2 * x, spectrum)
    assert_allclose(doubled.eigenvalues, 2 * spectrum.eigenvalues)
    batch = jax.vmap(lambda b: Spectrum.power_law(a=1.5, b=b, modes=4))(jnp.array([1.0, 2.0]))
    assert batch.eigenvalues.shape == (2, 4)
    assert_allclose(
        jax.grad(lambda b: Spectrum.power_law(a=1.5, b=b, modes=2, normalize=False).eigenvalues[1])(1.0),
        -np.log(2) / 2,
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Spectrum.power_law(a=1.0, b=1.0, modes=3), r"a must be > 1.*got 1\.0"),
        (lambda: Spectrum.power_law(a=np.nan, b=1.0, modes=3), r"a must be > 1.*got nan"),
        (lambda: Spectrum.power_law(a=np.array([1.5, 2.0]), b=1.0, modes=2), r"a must be one number.*shape \(2,\)"),
        (lambda: Spectrum.power_law(a=2.0, b=np.inf, modes=2), r"b must be > 0 and finite; got inf"),
        (lambda: Spectrum([1.0 + 1j], [1.0]), "eigenvalues must be positive and finite"),
        (lambda: Spectrum([1.0], [1.0]).dimension(-0.5), r"kappa must be >= 0; got -0\.5"),
        (lambda: Spectrum([1.0], [1.0]).dimension(0.5, 0), "order must be a whole number >= 1; got 0"),
        (lambda: Spectrum.power_law(a=2.0, b=0.0, modes=3), r"b must be > 0 and finite; got 0\.0"),
        (lambda: Spectrum.power_law(a=2.0, b=1.0, modes=0), r"modes must be a whole number >= 1; got 0"),
        (
            lambda: Spectrum([1.0, -1.0], [1.0, 1.0]),
            r"eigenvalues must be positive and finite; got -1\.0 .*\(1,\)",
        ),
        (
            lambda: Spectrum([1.0, 2.0], [1.0]),
            r"task_power must have one number per eigenvalue; .*\(1,\) and \(2,\)",
        ),
        (lambda: Spectrum([[1.0]], [[1.0]]), r"eigenvalues must be one number per mode.*\(1, 1\)"),
        (lambda: Spectrum([1.0], [np.inf]), r"task_power must be >= 0 and finite; got inf"),
        (lambda: Spectrum.from_features(np.zeros((3, 2)), np.ones(3)), "features must vary"),
        (lambda: Spectrum.from_features(np.ones(3), np.ones(3)), r"features must be a table.*\(3,\)"),
        (lambda: Spectrum.from_features(np.ones((3, 2)), np.ones(4)), r"targets must have one row.*4 and 3"),
        (
            lambda: Spectrum.from_features(np.full((3, 2), np.nan), np.ones(3)),
            r"features must be finite; got nan",
        ),
    ],
)
def test_bad_input_is_named(make, says):
    with pytest.raises(ValueError, match=says):
        make()
