"""Modes that share an eigenvalue: with a multiplicity or written one by one, every theory says the same."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model, random_features

from .public import FUNCTIONS

KEY = jax.random.key(0)
COUNTS = np.array([1, 3, 2])
SHARED = Spectrum([1.0, 0.5, 0.2], [1.0, 0.9, 0.3], COUNTS)
WRITTEN = Spectrum(np.repeat([1.0, 0.5, 0.2], COUNTS), np.repeat([1.0, 0.3, 0.15], COUNTS))
TIMES, STEPS = [0.0, 0.3, 2.0, 30.0], [0, 1, 2, 5, 40]
SIZES = {"width": 7.0, "samples": 9.0}
STUDENT = SIZES | {"noise": 0.1}
RUNS = {"width": 7, "key": KEY, "repeats": 2}
SCHEDULE = random_features.momentum.DanaDecaying(learning_rate=0.1, power=0.8, delta=5.0)

exact, experiment, theory = linear_model.exact, linear_model.experiment, linear_model.theory
CALLS = {
    "Spectrum.dimension": lambda s: s.dimension([0.1, 1.0], order=2),
    "linear_model.compute.frontier": lambda s: linear_model.compute.frontier(s, [30.0, 100.0]),
    "linear_model.exact.momentum": lambda s: exact.momentum(s, STEPS, schedule=SCHEDULE, batch_size=2, noise=0.1),
    "linear_model.exact.sgd": lambda s: exact.sgd(s, STEPS, features=None, learning_rate=0.3, batch_size=2, noise=0.1),
    "linear_model.theory.ensemble": lambda s: theory.ensemble(s, TIMES, inits=2, datasets=3, **STUDENT),
    "linear_model.theory.feature_learning": lambda s: theory.feature_learning(s, TIMES, richness=2.0),
    "linear_model.theory.final_loss": lambda s: theory.final_loss(
        s, width=[2.0, 7.0, np.inf], samples=[4.0, 12.0, 9.0], noise=0.1, ridge=[0.0, 0.0, 0.02]
    ),
    "linear_model.theory.first_order": lambda s: theory.first_order(s, TIMES),
    "linear_model.theory.gradient_descent": lambda s: theory.gradient_descent(s, STEPS, learning_rate=0.2, **STUDENT),
    "linear_model.theory.gradient_flow": lambda s: theory.gradient_flow(s, TIMES, **STUDENT),
    "linear_model.theory.mode_errors": lambda s: theory.mode_errors(s, TIMES, **SIZES),
    "linear_model.theory.optimal_ridge": lambda s: theory.optimal_ridge(s, **STUDENT),
    "linear_model.theory.sgd": lambda s: theory.sgd(s, STEPS, learning_rate=0.3, batch_size=2, width=7.0, noise=0.1),
    "linear_model.theory.sgd_stability_limit": lambda s: theory.sgd_stability_limit(s, batch_size=2, width=7.0),
    "linear_model.theory.stability_limit": lambda s: theory.stability_limit(s, momentum=0.5, **SIZES),
    "random_features.exact.volterra": lambda s: random_features.exact.volterra(
        s, STEPS, features=None, learning_rate=0.3, batch_size=2
    ),
    "random_features.theory.volterra": lambda s: random_features.theory.volterra(
        s, STEPS, learning_rate=0.3, batch_size=2, width=5.0
    ),
}
REFUSE = {  # their modes are drawn one by one
    "linear_model.experiment.ensemble": lambda s: experiment.ensemble(s, TIMES, **RUNS),
    "linear_model.experiment.feature_learning": lambda s: experiment.feature_learning(s, TIMES, richness=1.0, **RUNS),
    "linear_model.experiment.final_loss": lambda s: experiment.final_loss(s, **RUNS),
    "linear_model.experiment.gradient_descent": lambda s: experiment.gradient_descent(
        s, STEPS, learning_rate=0.01, **RUNS
    ),
    "linear_model.experiment.gradient_flow": lambda s: experiment.gradient_flow(s, TIMES, **RUNS),
    "linear_model.experiment.mode_errors": lambda s: experiment.mode_errors(s, TIMES, **RUNS),
    "linear_model.experiment.momentum": lambda s: experiment.momentum(
        s, STEPS, schedule=SCHEDULE, batch_size=2, **RUNS
    ),
    "linear_model.exact.momentum": lambda s: exact.momentum(
        s, STEPS, schedule=SCHEDULE, features=jnp.ones((2, 3)), batch_size=2
    ),
    "linear_model.experiment.sgd": lambda s: experiment.sgd(s, STEPS, learning_rate=0.01, batch_size=2, **RUNS),
    "linear_model.exact.sgd": lambda s: exact.sgd(
        s, STEPS, features=jnp.ones((2, 3)), learning_rate=0.01, batch_size=2
    ),
    "random_features.exact.volterra": lambda s: random_features.exact.volterra(
        s, STEPS, features=jnp.ones((2, 3)), learning_rate=0.01
    ),
    "random_features.nonlinear.gram": lambda s: random_features.nonlinear.gram(s, 4, key=KEY),
    "random_features.theory.measures": lambda s: random_features.theory.measures(s, [0.1], width=4),
}


def takes_a_spectrum(path, one):
    """Methods of the spectrum itself do, where they are no way to make one."""
    arguments = inspect.signature(one).parameters.values()
    return any(it.annotation in ("Spectrum", Spectrum) for it in arguments) or (
        path.startswith("Spectrum.") and not inspect.ismethod(one)
    )


def test_no_function_of_a_spectrum_is_forgotten():
    assert set(CALLS) | set(REFUSE) == {path for path, one in FUNCTIONS.items() if takes_a_spectrum(path, one)}


def test_the_spectrum_itself():
    assert SHARED.modes == WRITTEN.modes == 6
    assert_allclose(SHARED.counts @ SHARED.eigenvalues, WRITTEN.counts @ WRITTEN.eigenvalues)
    assert_allclose(SHARED.task_power.sum(), WRITTEN.task_power.sum())


@pytest.mark.parametrize("name", CALLS)
def test_a_multiplicity_is_modes_one_by_one(name):
    found, expected = (jax.tree.leaves(without_parameters(CALLS[name](one))) for one in (SHARED, WRITTEN))
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        one = np.asarray(one)
        if one.ndim == 2 and one.shape[1] == len(COUNTS):  # a column for each mode
            one = np.repeat(one, COUNTS, axis=1)
        assert np.all(np.isfinite(one))
        assert_allclose(one, other, rtol=1e-7, atol=1e-10)


def without_parameters(result):
    """Arrays that were computed: neither the spectrum itself nor how well an equation was solved."""
    fields = getattr(result, "__dataclass_fields__", None)
    return [getattr(result, name) for name in fields if name not in ("parameters", "residual")] if fields else result


@pytest.mark.parametrize("name", REFUSE)
def test_an_experiment_wants_modes_one_by_one(name):
    with pytest.raises(ValueError, match="spectrum must have its modes one by one"):
        REFUSE[name](SHARED)


def test_one_step_by_hand():
    """The issue's numbers: two eigenvalues, of which the second belongs to three modes."""
    found = exact.sgd(
        Spectrum([1, 0.5], [1, 1], [1, 3]), [1], features=None, learning_rate=0.3, batch_size=2, noise=0.1
    )
    assert found.test[0] == pytest.approx(1.434125, abs=1e-12)


def test_features_that_are_no_numbers_are_named():
    spectrum = Spectrum([1.0, 0.5], [1.0, 1.0])
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="features must be finite"):
            exact.sgd(spectrum, [1], features=jnp.array([[1.0, bad]]), learning_rate=0.1, batch_size=2)
    assert np.isnan(exact.basis(spectrum, jnp.array([[1.0, np.nan]])).rates).all()
