"""The end of training, and ridge regression: theory against students, singular sizes, and the best ridge."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

from solvable import Spectrum
from solvable.linear_model import experiment, theory

inf = np.inf


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=400)


@pytest.mark.parametrize(
    ("width", "samples", "noise"),
    [
        (100, 150, 0.0),
        pytest.param(inf, 150, 0.1, marks=pytest.mark.slow),
        (200, 80, 0.05),
        pytest.param(100, inf, 0.0, marks=pytest.mark.slow),
    ],
)
def test_theory_predicts_the_students(spectrum, width, samples, noise):
    """Within 3 standard errors + 2 %, test and train, from a small ridge to a large one."""
    ridge, sizes = np.array([1e-4, 1e-3, 1e-2, 0.1]), {"width": width, "samples": samples, "noise": noise}
    limit = theory.final_loss(spectrum, ridge=ridge, **sizes)
    runs = experiment.final_loss(spectrum, ridge=ridge, **sizes, key=jax.random.key(1), repeats=150)
    for which in ("test", "train"):
        mean, predicted = getattr(runs, which), getattr(limit, which)
        error = getattr(runs, f"{which}_std") / np.sqrt(150)
        assert np.all(error <= 0.03 * mean)
        assert np.all(np.abs(predicted - mean) <= 3 * error + 0.02 * mean), predicted / mean - 1


@pytest.mark.slow
def test_double_descent(spectrum):
    """Least-norm students around P = N, noise 0.05: the peak, both of its sides, and what removes it."""
    samples, width, noise = [25, 50, 200, 400], 100, 0.05
    for p in samples:
        limit = theory.final_loss(spectrum, width=width, samples=p, noise=noise)
        runs = experiment.final_loss(spectrum, width=width, samples=p, noise=noise, key=jax.random.key(p), repeats=200)
        assert runs.error("test") <= 0.03 * runs.test
        assert abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test
    peak = theory.final_loss(spectrum, width=width, samples=np.array([50, 98, 200]), noise=noise).test
    assert peak[1] > 5 * max(peak[0], peak[2])
    best = [theory.optimal_ridge(spectrum, width=width, samples=p, noise=noise) for p in (50, 98, 200)]
    tamed = theory.final_loss(spectrum, width=width, samples=np.array([50, 98, 200]), noise=noise, ridge=np.array(best))
    assert np.all(np.diff(tamed.test) < 0)  # with its best ridge the student has no peak


@pytest.mark.slow
@pytest.mark.parametrize(("width", "samples"), [(100, 300), (300, 100), (80, inf), (inf, 80)])
def test_ridgeless_student_and_teacher(width, samples):
    """All teacher weights equal, c = lambda: the resolution-limited model of Bahri et al., at its end."""
    task = Spectrum.power_law(a=1.5, b=1.5, modes=1000)
    limit = theory.final_loss(task, width=width, samples=samples)
    runs = experiment.final_loss(task, width=width, samples=samples, key=jax.random.key(8), repeats=100)
    assert runs.error("test") <= 0.02 * runs.test
    assert abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test


def test_no_ridge_is_the_end_of_training(spectrum):
    sizes = {"width": 30, "samples": 20, "noise": 0.1, "key": jax.random.key(2), "repeats": 5}
    least_norm = experiment.final_loss(spectrum, **sizes)
    trained = experiment.gradient_flow(spectrum, [1e9], **sizes)
    assert least_norm.test.shape == ()
    assert_allclose(least_norm.test, trained.test[0], rtol=1e-6)


def test_the_best_ridge_of_a_gaussian_teacher(spectrum):
    """Where every weight has the same variance, Bayes' rule gives noise / (P wbar^2)."""
    even = Spectrum.power_law(a=1.5, b=1.5, modes=500)
    variance = even.task_power[0] / even.eigenvalues[0]
    for samples, noise in ((50, 0.1), (300, 0.01), (50, 100.0), (300, 1e-4)):
        best = theory.optimal_ridge(even, samples=samples, noise=noise)
        assert_allclose(best, noise / (samples * variance), rtol=1e-4 if noise < 1e-3 else 1e-5)


def test_the_best_ridge_says_that_it_has_no_derivative(spectrum):
    assert_allclose(
        jax.vmap(lambda s: theory.optimal_ridge(spectrum, samples=s, noise=0.1))(jax.numpy.array([50.0, 80.0])),
        [theory.optimal_ridge(spectrum, samples=s, noise=0.1) for s in (50, 80)],
        rtol=1e-5,
    )
    with pytest.raises(TypeError, match="differentiate final_loss"):
        jax.grad(lambda noise: theory.optimal_ridge(spectrum, samples=50, noise=noise))(0.1)


def test_the_best_ridge_is_a_minimum(spectrum):
    sizes = {"width": 100, "samples": 80, "noise": 0.1}

    def loss(log_ridge):
        return float(theory.final_loss(spectrum, ridge=np.exp(log_ridge), **sizes).test)

    found = minimize_scalar(loss, bracket=[-8, -4, 0], options={"xtol": 1e-9})
    assert_allclose(theory.optimal_ridge(spectrum, **sizes), np.exp(found.x), rtol=1e-4)
    assert theory.optimal_ridge(spectrum, width=100) == 0  # all the data and no noise: nothing to guard against


@pytest.mark.parametrize(
    ("ridge", "message"),
    [
        (-0.1, "ridge must be >= 0 and finite; got -0.1"),
        (np.array([0.1, np.nan]), "ridge must be >= 0 and finite; got nan"),
        (np.ones((2, 2)), r"ridge must be one number or a list of numbers; got shape \(2, 2\)"),
    ],
)
def test_bad_input(spectrum, ridge, message):
    with pytest.raises(ValueError, match=message):
        experiment.final_loss(spectrum, width=10, samples=10, ridge=ridge, key=jax.random.key(0), repeats=2)


def test_singular_final_losses_are_values():
    """N = P < K diverges; where N or P reaches K the limit is taken; nothing is NaN."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=60)

    def final(**kwargs):
        result = theory.final_loss(spectrum, **kwargs)
        return float(result.test), float(result.train)

    assert final(width=30, samples=30) == (inf, 0.0)
    assert final(width=60, samples=inf) == (0.0, 0.0)
    assert final(width=inf, samples=60) == (0.0, 0.0)
    assert final(width=70, samples=60, noise=0.1)[0] == inf
    assert final(width=60, samples=80, noise=0.1) == pytest.approx((0.1 * 60 / 20, 0.1 * (1 - 60 / 80)))
    assert final(width=inf, samples=80, noise=0.1) == pytest.approx((0.1 * 60 / 20, 0.1 * (1 - 60 / 80)))
    assert final(width=60, samples=60, noise=0.1)[0] == inf
    corner = final(width=60, samples=60)
    assert corner[0] == pytest.approx(final(width=60, samples=60, ridge=1e-13)[0], rel=1e-3)
    near = final(width=60, samples=40)  # N = K is nothing special while P < K
    assert near[0] == pytest.approx(final(width=60 - 1e-7, samples=40)[0], rel=1e-5)
    assert near[1] == 0.0


@pytest.mark.parametrize(
    ("width", "samples", "noise", "ridge"), [(50, 80, 0.1, 0.01), (80, 50, 0.0, 1e-3), (60, 60, 0.1, 1e-4)]
)
def test_static_ridge_against_brute_force(width, samples, noise, ridge):
    """delta |w|^2 added to the mean square error, 600 draws: within 3 standard errors + 2 %."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=300)
    lam = np.asarray(spectrum.eigenvalues)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    rng = np.random.default_rng(1)
    test, train = [], []
    for _ in range(600):
        a = rng.standard_normal((width, lam.size)) / np.sqrt(width)
        psi = rng.standard_normal((samples, lam.size)) * np.sqrt(lam)
        y = psi @ teacher + np.sqrt(noise) * rng.standard_normal(samples)
        phi = psi @ a.T
        w = np.linalg.solve(phi.T @ phi / samples + ridge * np.eye(width), phi.T @ y / samples)
        test.append(lam @ (teacher - a.T @ w) ** 2)
        train.append(np.mean((y - phi @ w) ** 2))
    final = theory.final_loss(spectrum, width=width, samples=samples, noise=noise, ridge=ridge)
    for value, draws in ((final.test, test), (final.train, train)):
        mean, error = np.mean(draws), np.std(draws) / np.sqrt(len(draws))
        assert error < 0.025 * mean
        assert abs(value - mean) < 3 * error + 0.02 * mean


def test_bad_ridge_is_named():
    with pytest.raises(ValueError, match=r"ridge must be >= 0 and finite; got -1"):
        theory.final_loss(Spectrum.power_law(a=1.5, b=1.25, modes=10), ridge=-1)
