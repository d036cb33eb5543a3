"""Theory against brute force: the one question of the book."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, _repeats, linear_model
from solvable.linear_model import experiment, theory
from solvable.linear_model.experiment import students

inf = np.inf
TIMES = np.logspace(0, 5, 11)

CASES = [  # a, b, width, samples, noise, repeats: N and P >= 100 and not within 20 % of each other
    pytest.param(1.5, 1.25, 100, 150, 0.0, 300, marks=pytest.mark.slow),
    pytest.param(1.8, 1.4, 100, 150, 0.1, 500, marks=pytest.mark.slow),
    pytest.param(1.8, 1.4, inf, 150, 0.05, 800, marks=pytest.mark.slow),
    pytest.param(1.5, 1.25, 128, inf, 0.0, 200, marks=pytest.mark.slow),
    pytest.param(2.0, 1.0, 300, 120, 0.0, 1200, marks=pytest.mark.slow),
    (1.3, 1.6, 150, 400, 0.2, 200),
    pytest.param(2.5, 1.2, 100, 250, 0.02, 400, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("a", "b", "width", "samples", "noise", "repeats"), CASES)
def test_theory_predicts_the_experiment(a, b, width, samples, noise, repeats):
    """Within 3 standard errors + 2 %, wherever a loss exceeds 1e-4 of the start; standard error at most 1.5 %."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=400)
    sizes = {"width": width, "samples": samples, "noise": noise}
    limit = theory.gradient_flow(spectrum, TIMES, **sizes)
    runs = experiment.gradient_flow(spectrum, TIMES, **sizes, key=jax.random.key(7), repeats=repeats)
    for which in ("test", "train"):
        predicted, mean = getattr(limit, which), getattr(runs, which)
        error = runs.error(which)
        seen = np.asarray(mean) > 1e-4
        assert seen.any()
        assert np.all((error / mean)[seen] <= 0.015), np.max((error / mean)[seen])
        assert np.all((np.abs(predicted - mean) <= 3 * error + 0.02 * mean)[seen]), (predicted / mean - 1)[seen]


def test_a_wrong_theory_would_be_seen():
    """The comparison has teeth: 20 % fewer samples in the theory, and it fails."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=400)
    runs = experiment.gradient_flow(
        spectrum, TIMES, width=100, samples=150, noise=0.1, key=jax.random.key(7), repeats=500
    )
    wrong = theory.gradient_flow(spectrum, TIMES, width=100, samples=120, noise=0.1)
    assert np.any(np.abs(wrong.test - runs.test) > 3 * runs.error("test") + 0.02 * runs.test)


@pytest.mark.parametrize(("width", "samples"), [(4, 6), (6, 4), (None, 5), (4, None), (None, None), (20, 15)])
def test_the_exact_flow_is_the_flow(width, samples):
    """The eigendecomposition against small Euler steps of dv/dt = -M (S v + Psi^T eps / P), for one student."""
    spectrum = Spectrum.power_law(a=1.5, b=1.0, modes=12)
    lam = np.asarray(spectrum.eigenvalues)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    key, noise, until, steps = jax.random.key(3), 0.3, 8.0, 40_000
    disorder = jax.tree.map(lambda x: x[0], students.draw(key[None], 12, width=width, samples=samples))
    m, s, pull = np.eye(12), np.diag(lam), np.zeros(12)
    if width:
        a = np.asarray(disorder.features)
        m = a.T @ a / width
    if samples:
        psi = np.asarray(disorder.data) * np.sqrt(lam)
        eps = np.sqrt(noise) * np.asarray(disorder.noise)
        s, pull = psi.T @ psi / samples, psi.T @ eps / samples
    v = teacher.copy()
    for _ in range(steps):
        half = v - until / steps / 2 * (m @ (s @ v + pull))
        v = v - until / steps * (m @ (s @ half + pull))
    test = lam @ v**2
    train = np.mean((psi @ v + eps) ** 2) if samples else test + noise
    student = students.train(spectrum, jnp.asarray(noise), disorder, partial(students.flow, jnp.array([0.0, until])))
    exact = students.population_loss(spectrum, student.modes)
    assert_allclose([exact[1], student.train[1]], [test, train], rtol=1e-7)
    assert_allclose(exact[0], spectrum.task_power.sum(), rtol=1e-12)


def test_repeats_do_not_depend_on_their_chunks(monkeypatch):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    kwargs = {"width": 8, "samples": 9, "key": jax.random.key(0), "repeats": 7}
    whole = experiment.gradient_flow(spectrum, TIMES, **kwargs)
    monkeypatch.setattr(_repeats, "CHUNK_BYTES", 100_000)
    pieces = experiment.gradient_flow(spectrum, TIMES, **kwargs)
    assert_allclose(whole.test, pieces.test, rtol=1e-9)
    assert_allclose(whole.test_std, pieces.test_std, rtol=1e-6)
    assert_allclose(whole.error("test"), whole.test_std / np.sqrt(7))
    other = experiment.gradient_flow(spectrum, TIMES, **(kwargs | {"key": jax.random.key(1)}))
    assert not np.allclose(other.test, whole.test)


def test_both_return_the_same_type():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    limit = theory.gradient_flow(spectrum, TIMES)
    runs = experiment.gradient_flow(spectrum, TIMES, key=jax.random.key(0), repeats=2)
    assert type(limit) is type(runs) is linear_model.LossCurves
    assert not limit.is_experiment
    assert runs.is_experiment
    assert_allclose(runs.test, limit.test, rtol=1e-9, atol=1e-15)  # no disorder: one exact answer
    assert_allclose(limit.error("test"), 0)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"noise": np.array([0.1, 0.2])}, r"noise must be one number.*shape \(2,\)"),
        ({"width": 0}, r"width must be a whole number >= 1, or inf; got 0"),
        ({"samples": 2.5}, r"samples must be a whole number >= 1, or inf; got 2\.5"),
        ({"noise": np.nan}, r"noise must be >= 0 and finite; got nan"),
        ({"repeats": 1}, r"repeats must be a whole number >= 2; got 1"),
        ({"times": [[1.0]]}, r"times must be a list of times"),
        ({"times": [[1.0], [1.0, 2.0]]}, r"times must have rows of one length; got \[\[1\.0\], \[1\.0, 2\.0\]\]"),
        ({"width": 1e12}, r"width=1e\+12 and samples=inf must be smaller with 5 modes: one student would need .* GiB"),
    ],
)
def test_bad_input_is_named(kwargs, says):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=5)
    with pytest.raises(ValueError, match=says):
        experiment.gradient_flow(spectrum, **({"times": [1.0], "key": jax.random.key(0)} | kwargs))


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


def test_a_key_that_is_none_is_named():
    from solvable._checks import require_key

    require_key(jax.random.key(0))
    for wrong in (0, np.zeros(2), jax.random.split(jax.random.key(0))):
        with pytest.raises(ValueError, match="key must be a jax random key, for instance"):
            require_key(wrong)
