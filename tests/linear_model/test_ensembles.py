"""Ensembles: theory against averaged students, and the parts against each other."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory

inf = np.inf
TIMES = np.array([0.0, 1.0, 30.0, 1e3, 3e4])
SIZES = {"width": 80, "samples": 120, "noise": 0.05}


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=400)


@pytest.mark.parametrize(
    ("members", "repeats"),
    [
        pytest.param({}, 500, marks=pytest.mark.slow),
        pytest.param({"inits": 4}, 150, marks=pytest.mark.slow),
        pytest.param({"datasets": 3}, 150, marks=pytest.mark.slow),
        ({"inits": 4, "datasets": 3}, 80),
    ],
    ids=["one", "E=4", "D=3", "4x3"],
)
def test_theory_predicts_the_experiment(spectrum, members, repeats):
    """The sheet's four ensembles and sizes: within 3 standard errors + 2 %, standard errors at most 2 %."""
    limit = theory.ensemble(spectrum, TIMES, **members, **SIZES)
    runs = experiment.ensemble(spectrum, TIMES, **members, **SIZES, key=jax.random.key(5), repeats=repeats)
    assert np.all(runs.error("test") <= 0.02 * runs.test)
    assert np.all(np.abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test), limit.test / runs.test


@pytest.mark.slow
def test_every_part_is_what_an_analysis_of_variance_finds(spectrum):
    """Bias and the three variances one by one, within 3 % of the loss at every time."""
    limit = theory.ensemble(spectrum, TIMES, inits=3, datasets=3, **SIZES)
    runs = experiment.ensemble(spectrum, TIMES, inits=3, datasets=3, **SIZES, key=jax.random.key(1), repeats=100)
    single = theory.gradient_flow(spectrum, TIMES, **SIZES).test
    for part in ("bias", "init_variance", "data_variance", "both_variance"):
        assert np.all(np.abs(getattr(limit, part) - getattr(runs, part)) < 0.03 * single), part
        assert np.all(np.asarray(getattr(limit, part)) >= -1e-10)
    assert np.any(limit.both_variance > 0.1 * single)  # so that the comparison has teeth
    assert np.any(limit.init_variance > 0.1 * single)
    assert np.any(limit.data_variance > 0.1 * single)


@pytest.mark.slow
def test_pairs_of_their_own(spectrum):
    limit = theory.ensemble(spectrum, TIMES, inits=4, datasets=4, paired=True, **SIZES)
    runs = experiment.ensemble(
        spectrum, TIMES, inits=4, datasets=4, paired=True, **SIZES, key=jax.random.key(2), repeats=120
    )
    assert np.all(np.abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test)
    together = limit.init_variance + limit.data_variance + limit.both_variance
    assert_allclose(limit.test, limit.bias + together / 4, rtol=1e-12)
    assert_allclose(runs.both_variance[2:], together[2:], rtol=0.12)
    early = float(runs.both_variance[1] / together[1])  # t = 1: the theory neglects lambda_1 beside tr(Lambda)
    assert 1 < early < 1 + float(spectrum.eigenvalues[0] / spectrum.eigenvalues.sum())


def test_one_student_is_gradient_flow_and_all_of_them_are_the_bias(spectrum):
    one = theory.ensemble(spectrum, TIMES, **SIZES)
    assert_allclose(one.test, theory.gradient_flow(spectrum, TIMES, **SIZES).test, rtol=1e-9)
    endless = theory.ensemble(spectrum, TIMES, inits=inf, datasets=inf, **SIZES).test
    missed = theory.mode_errors(spectrum, TIMES, width=80, samples=120)
    assert_allclose(endless, missed**2 @ spectrum.task_power, rtol=1e-8)
    assert_allclose(endless, one.bias)


def test_a_resource_without_limit_has_no_variance(spectrum):
    wide = theory.ensemble(spectrum, TIMES, samples=120, noise=0.05)
    assert_allclose(wide.init_variance, 0, atol=1e-12)
    assert_allclose(wide.both_variance, 0, atol=1e-12)
    fed = theory.ensemble(spectrum, TIMES, width=80)
    assert_allclose(fed.data_variance, 0, atol=1e-12)


def test_wider_beats_an_ensemble_of_the_same_compute(spectrum):
    """The sheet's example, t = 300: one of 4 N, four of N, the endless ensemble; its digits."""
    table = {
        25: (0.1521, 0.0927, 0.0530, 0.0729),
        50: (0.0868, 0.0549, 0.0371, 0.0443),
        100: (0.0530, 0.0374, 0.0297, 0.0322),
    }
    for width, expected in table.items():
        one = theory.ensemble(spectrum, [300.0], width=width)
        four = theory.ensemble(spectrum, [300.0], width=width, inits=4)
        wide = theory.gradient_flow(spectrum, [300.0], width=4 * width)
        assert_allclose([one.test[0], four.test[0], wide.test[0], one.bias[0]], expected, atol=6e-5)
        assert wide.test[0] < four.test[0]


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"inits": 0}, "inits must be .*>= 1.*; got 0"),
        ({"datasets": np.nan}, "datasets must be .*>= 1.*; got nan"),
        ({"inits": 2, "paired": True}, "datasets must equal inits where they are paired; got 1 and 2"),
        ({"times": [-1.0]}, "times must be >= 0 and finite; got -1"),
    ],
)
def test_bad_input_is_named(spectrum, kwargs, says):
    good = {"times": [1.0]}
    with pytest.raises(ValueError, match=says):
        theory.ensemble(spectrum, **(good | kwargs))
    if kwargs.get("datasets") is None:
        with pytest.raises(ValueError, match=says):
            experiment.ensemble(spectrum, **(good | kwargs), key=jax.random.key(0), repeats=2)
