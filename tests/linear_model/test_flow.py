"""Gradient flow: the theory against direct sums, in its limits, and against trained students."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.tree_util import Partial
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory
from solvable.linear_model.experiment import students

inf = np.inf
TIMES = np.logspace(-1, 5, 13)
sizes = st.one_of(st.just(inf), st.floats(1, 300), st.integers(1, 300))
models = st.fixed_dictionaries(
    {
        "a": st.floats(1.05, 4),
        "b": st.floats(0.3, 3),
        "width": sizes,
        "samples": sizes,
        "noise": st.floats(0, 1),
    }
)
MANY = np.concatenate([[0.0], np.logspace(-2, 6, 15)])
DECADES = np.logspace(0, 5, 11)
CASES = [  # a, b, width, samples, noise, repeats: N and P >= 100 and not within 20 % of each other
    pytest.param(1.5, 1.25, 100, 150, 0.0, 300, marks=pytest.mark.slow),
    pytest.param(1.8, 1.4, 100, 150, 0.1, 500, marks=pytest.mark.slow),
    pytest.param(1.8, 1.4, inf, 150, 0.05, 800, marks=pytest.mark.slow),
    pytest.param(1.5, 1.25, 128, inf, 0.0, 200, marks=pytest.mark.slow),
    pytest.param(2.0, 1.0, 300, 120, 0.0, 1200, marks=pytest.mark.slow),
    (1.3, 1.6, 150, 400, 0.2, 200),
    pytest.param(2.5, 1.2, 100, 250, 0.02, 400, marks=pytest.mark.slow),
]


def test_without_limits_the_loss_is_the_direct_sum():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=500)
    curves = theory.gradient_flow(spectrum, TIMES, noise=0.3)
    direct = [np.sum(spectrum.task_power * np.exp(-2 * spectrum.eigenvalues * t)) for t in TIMES]
    assert_allclose(curves.test, direct, rtol=1e-13)
    assert_allclose(curves.train, np.array(direct) + 0.3, rtol=1e-13)


def test_unordered_times_and_a_single_late_one():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=300)
    shuffled = np.random.default_rng(0).permutation(TIMES)
    kwargs = {"width": 50, "samples": 80, "noise": 0.1}
    ordered = dict(zip(TIMES, theory.gradient_flow(spectrum, TIMES, **kwargs).test, strict=True))
    curves = theory.gradient_flow(spectrum, shuffled, **kwargs)
    assert_allclose(curves.test, [ordered[t] for t in shuffled], rtol=1e-9)
    assert_allclose(theory.gradient_flow(spectrum, [1e5], **kwargs).test[0], ordered[TIMES[-1]], rtol=1e-9)


def test_time_zero_is_the_whole_task():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=100, normalize=False)
    curves = theory.gradient_flow(spectrum, [0.0, 1e-9], width=10, samples=20, noise=0.2)
    assert curves.test[0] == spectrum.task_power.sum()
    assert_allclose(curves.train[0], spectrum.task_power.sum() + 0.2)
    assert_allclose(curves.test[1], curves.test[0], rtol=1e-7)  # and continuous there


@pytest.mark.slow
def test_mode_errors_make_the_bias():
    """H_k: 1 at the start, exp(-lambda t) without limits, and with P = N = inf its square is the loss."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=200)
    free = theory.mode_errors(spectrum, [0.0, *TIMES])
    assert free.shape == (14, 200)
    assert_allclose(free[0], 1.0)
    assert_allclose(free[1:], np.exp(-np.outer(TIMES, spectrum.eigenvalues)), rtol=1e-12, atol=1e-300)
    limited = theory.mode_errors(spectrum, TIMES, width=40, samples=60)
    bias = limited**2 @ spectrum.task_power
    assert np.all(bias < theory.gradient_flow(spectrum, TIMES, width=40, samples=60).test)
    final = 1 / (1 + np.asarray(spectrum.eigenvalues) / float(_kappa_star(spectrum, 40)))
    assert_allclose(theory.mode_errors(spectrum, [1e14], width=40, samples=60)[0], final, rtol=1e-6)


@pytest.mark.slow
def test_mode_errors_at_finite_time_and_size():
    """The contour against exp(-lambda t) where sizes do not matter, and against 300 students where they do."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=400)
    free = theory.mode_errors(spectrum, TIMES, width=1e14, samples=1e14)
    assert_allclose(free, np.exp(-np.outer(TIMES, spectrum.eigenvalues)), atol=1e-10)
    teacher = np.sqrt(np.asarray(spectrum.task_power / spectrum.eigenvalues))
    rng, found = np.random.default_rng(0), []
    until = Partial(students.flow, jnp.array([1000.0]))
    train = jax.jit(students.train)
    for _ in range(300):
        draws = (jnp.asarray(rng.standard_normal(shape)) for shape in ((100, 400), (150, 400), 150))
        student = train(spectrum, jnp.zeros(()), students.Draws(*draws), until)
        found.append(1 - np.asarray(student.modes[:, 0]) / teacher)
    expected = np.asarray(theory.mode_errors(spectrum, [1000.0], width=100, samples=150)[0])
    for modes in (slice(9, 20), slice(20, 50), slice(50, 100), slice(100, 200)):
        draws = np.array(found)[:, modes].mean(axis=1)
        error = draws.std() / np.sqrt(len(draws))
        assert error < 0.03
        assert abs(draws.mean() - expected[modes].mean()) < 3.5 * error
    twice = np.asarray(theory.mode_errors(spectrum, [2000.0], width=100, samples=150)[0])
    assert abs(np.array(found)[:, 50:100].mean() - twice[50:100].mean()) > 0.03  # and it would see a factor of two


def _kappa_star(spectrum, rank):
    low, high = 1e-30, 1.0
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if spectrum.dimension(middle) > rank else (low, middle)
    return high


@given(models)
@settings(max_examples=60)
def test_train_never_rises_and_nothing_is_negative_or_nan(model):
    spectrum = Spectrum.power_law(a=model["a"], b=model["b"], modes=64)
    kwargs = {name: model[name] for name in ("width", "samples", "noise")}
    curves = theory.gradient_flow(spectrum, MANY, **kwargs)
    assert np.all(np.diff(curves.train) <= 1e-10)  # L(0) = 1
    assert np.all(curves.test >= 0)
    assert np.all(curves.train >= 0)
    assert np.all(np.isfinite(curves.test))
    if kwargs["samples"] == inf:
        assert_allclose(curves.train, curves.test + kwargs["noise"], rtol=1e-12)
        assert np.all(np.diff(curves.test) <= 1e-10)
        wider = theory.gradient_flow(spectrum, MANY, **(kwargs | {"width": 1.5 * kwargs["width"]}))
        assert np.all(wider.test <= curves.test + 1e-10)


def test_with_finite_samples_the_test_loss_can_rise():
    """Late overfitting in time and double descent in width are physics, so no property above forbids them."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=400)
    noisy = theory.gradient_flow(spectrum, TIMES, width=100, samples=150, noise=0.2).test
    assert noisy[-1] > 1.5 * noisy.min()
    peak = [theory.final_loss(spectrum, width=n, samples=100, noise=0.1).test for n in (50, 95, 300)]
    assert peak[1] > 2 * max(peak[0], peak[2])


@given(models, st.floats(0.01, 100), st.floats(0.01, 100))
@settings(max_examples=30)
def test_rescaling(model, rate, power):
    """Eigenvalues times r is time times r; task power and noise times p is loss times p."""
    spectrum = Spectrum.power_law(a=model["a"], b=model["b"], modes=64)
    sizes = {"width": model["width"], "samples": model["samples"]}
    one = theory.gradient_flow(spectrum, MANY, noise=model["noise"], **sizes)
    scaled = Spectrum(spectrum.eigenvalues * rate, spectrum.task_power * power)
    two = theory.gradient_flow(scaled, MANY / rate, noise=model["noise"] * power, **sizes)
    assert_allclose(two.test, power * one.test, rtol=1e-7, atol=1e-10 * power)
    assert_allclose(two.train, power * one.train, rtol=1e-7, atol=1e-10 * power)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"times": [-1.0]}, r"times must be >= 0.*-1\.0.*index \(0,\)"),
        ({"times": [1.0, np.nan]}, r"times must be >= 0.*nan"),
        ({"times": [inf]}, r"times must be .*finite"),
        ({"times": 3.0}, r"times must be a list of times, shape \(T,\); got shape \(\)"),
        ({"times": []}, r"times .* shape \(0,\)"),
        ({"width": 0.5}, r"width must be >= 1 .*0\.5"),
        ({"width": np.nan}, r"width .*nan"),
        ({"width": np.array([5.0, 6.0])}, r"width must be one number.*shape \(2,\)"),
        ({"times": [1 + 1j]}, r"times must be >= 0"),
        ({"samples": 0}, r"samples must be >= 1"),
        ({"noise": -0.1}, r"noise must be >= 0 and finite; got -0\.1"),
    ],
)
def test_bad_input_is_named(kwargs, says):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    with pytest.raises(ValueError, match=says):
        theory.gradient_flow(spectrum, **({"times": [1.0]} | kwargs))


@pytest.mark.parametrize(("a", "b", "width", "samples", "noise", "repeats"), CASES)
def test_theory_predicts_the_experiment(a, b, width, samples, noise, repeats):
    """Within 3 standard errors + 2 %, wherever a loss exceeds 1e-4 of the start; standard error at most 1.5 %."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=400)
    sizes = {"width": width, "samples": samples, "noise": noise}
    limit = theory.gradient_flow(spectrum, DECADES, **sizes)
    runs = experiment.gradient_flow(spectrum, DECADES, **sizes, key=jax.random.key(7), repeats=repeats)
    for which in ("test", "train"):
        predicted, mean = getattr(limit, which), getattr(runs, which)
        error = runs.error(which)
        seen = np.asarray(mean) > 1e-4
        assert seen.any()
        assert np.all((error / mean)[seen] <= 0.015), np.max((error / mean)[seen])
        assert np.all((np.abs(predicted - mean) <= 3 * error + 0.02 * mean)[seen]), (predicted / mean - 1)[seen]


@pytest.mark.slow
def test_a_wrong_theory_would_be_seen():
    """The comparison has teeth: 20 % fewer samples in the theory, and it fails."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=400)
    runs = experiment.gradient_flow(
        spectrum, DECADES, width=100, samples=150, noise=0.1, key=jax.random.key(7), repeats=500
    )
    wrong = theory.gradient_flow(spectrum, DECADES, width=100, samples=120, noise=0.1)
    assert np.any(np.abs(wrong.test - runs.test) > 3 * runs.error("test") + 0.02 * runs.test)


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
def test_bad_input_of_the_experiment_is_named(kwargs, says):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=5)
    with pytest.raises(ValueError, match=says):
        experiment.gradient_flow(spectrum, **({"times": [1.0], "key": jax.random.key(0)} | kwargs))
