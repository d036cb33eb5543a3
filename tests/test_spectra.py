"""Spectra: power laws, measured features, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model
from solvable.spectra import gauss_sum


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
        (lambda: Spectrum([1.0], [1.0]).dimension(-0.5), r"kappa must be >= 0 and finite; got -0\.5"),
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


@pytest.mark.parametrize(("first", "last", "points"), [(1, 1, 12), (3, 7, 12), (9, 100, 8), (1000, 1999, 3)])
def test_gauss_sums_are_exact_for_polynomials(first, last, points):
    nodes, weights = gauss_sum(first, last, points)
    assert len(nodes) == min(points, last - first + 1)
    k = np.arange(first, last + 1)
    for power in range(2 * len(nodes)):
        assert weights @ nodes**power == pytest.approx(np.sum(k ** float(power)), rel=1e-12)
    if len(nodes) < len(k):
        assert weights @ nodes ** (2 * len(nodes)) != pytest.approx(np.sum(k ** (2.0 * len(nodes))), rel=1e-12)


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.25), (5.0, 1.5), (2.0, 1.0), (1.2, 2.0)])
def test_a_binned_spectrum_is_the_whole_one(a, b):
    """5,000 modes as 100 numbers: every theory to 1e-9 of the loss + 1e-12 of its start, at any size."""
    whole, binned = (Spectrum.power_law(a=a, b=b, modes=5000, binned=x) for x in (False, True))
    assert len(binned.eigenvalues) < 150
    assert binned.modes == whole.modes == 5000
    assert_allclose(binned.dimension(1e-4), whole.dimension(1e-4), rtol=1e-10)
    times = np.logspace(0, 6, 13)
    for sizes in ({"width": 100, "samples": 300, "noise": 0.1}, {"width": 1000}, {"samples": 50}, {}):
        one, other = (linear_model.theory.gradient_flow(s, times, **sizes) for s in (whole, binned))
        assert_allclose(other.test, one.test, rtol=1e-9, atol=1e-12)
        assert_allclose(other.train, one.train, rtol=1e-9, atol=1e-12)
        one, other = (linear_model.theory.final_loss(s, **sizes) for s in (whole, binned))
        assert_allclose(other.test, one.test, rtol=1e-9, atol=1e-30)


def test_a_trillion_modes_are_few_numbers():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1e12, binned=True)
    assert len(spectrum.eigenvalues) < 500
    assert spectrum.modes == 10**12
    assert_allclose([spectrum.counts @ spectrum.eigenvalues, spectrum.task_power.sum()], 1, rtol=1e-12)
    with pytest.raises(ValueError, match="spectrum must have its modes one by one in an experiment"):
        linear_model.experiment.gradient_flow(spectrum, [1.0], width=2, key=jax.random.key(0), repeats=2)


def test_bad_multiplicities_are_named():
    with pytest.raises(ValueError, match=r"multiplicity must be positive and finite; got 0\.0"):
        Spectrum([1.0, 2.0], [1.0, 1.0], [1.0, 0.0])
    with pytest.raises(
        ValueError, match=r"multiplicity must have one number per eigenvalue; got shapes \(1,\) and \(2,\)"
    ):
        Spectrum([1.0, 2.0], [1.0, 1.0], [1.0])
