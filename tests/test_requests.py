"""What is asked for beside it changes no answer: no grid inside a solver is made of the times or lags of a request."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, depth, kernels, linear_model, meanfield, networks, primer, random_features, spinglass

from .public import with_argument

KEY = jax.random.key(0)
SPECTRUM = Spectrum.power_law(a=1.5, b=1.25, modes=20)
STUDENT = {"width": 7.0, "samples": 9.0, "noise": 0.1}
RUNS = {"width": 7, "samples": 9, "key": KEY, "repeats": 2}
TIMES, STEPS = [0.0, 0.5, 3.0, 40.0], [0, 1, 7, 60]
GLASS = spinglass.SphericalGlass({3: 0.5})
GRAM, TARGETS = jnp.array([[1.0, 0.3], [0.3, 0.8]]), jnp.array([1.0, -0.5])
X = jax.random.normal(KEY, (4, 3), float)
SCHEDULE = random_features.momentum.DanaDecaying(learning_rate=0.1, power=0.8, delta=5.0)

exact, experiment, theory = linear_model.exact, linear_model.experiment, linear_model.theory


def curves(found):
    return found.test, found.train


@functools.cache
def old():
    return spinglass.aging.flow(GLASS, 160.0)


LISTS = {  # a call, what is asked for, what is asked for beside it, and how exactly the rest must stay
    "kernels.gradient_flow": (lambda t: kernels.gradient_flow(GRAM, TARGETS, t).outputs, TIMES, [1e300], 1e-13),
    "linear_model.compute.envelope": (
        lambda c: linear_model.compute.envelope([theory.gradient_flow(SPECTRUM, np.logspace(0, 6), width=9.0)], c).loss,
        [20.0, 100.0], [9e6], 1e-13,
    ),
    "linear_model.compute.frontier": (
        lambda c: linear_model.compute.frontier(SPECTRUM, c).loss,
        [30.0, 100.0], [3000.0], 1e-12,
    ),
    "linear_model.exact.sgd": (
        lambda t: exact.sgd(SPECTRUM, t, features=None, learning_rate=0.3, batch_size=2).test, STEPS, [100_000], 1e-13,
    ),
    "linear_model.exact.momentum": (
        lambda t: exact.momentum(SPECTRUM, t, schedule=SCHEDULE, batch_size=2).test, STEPS, [100_000], 1e-13,
    ),
    "linear_model.experiment.ensemble": (
        lambda t: experiment.ensemble(SPECTRUM, t, **RUNS).test, TIMES, [1e300], 1e-12,
    ),
    "linear_model.experiment.feature_learning": (
        lambda t: curves(experiment.feature_learning(SPECTRUM, t, richness=2.0, **RUNS)),
        TIMES, [1e-9, 1.7, 1e20], 1e-12,
    ),
    "linear_model.experiment.gradient_descent": (
        lambda t: curves(experiment.gradient_descent(SPECTRUM, t, learning_rate=0.1, **RUNS)), STEPS, [10**12], 1e-12,
    ),
    "linear_model.experiment.gradient_flow": (
        lambda t: curves(experiment.gradient_flow(SPECTRUM, t, **RUNS)), TIMES, [1e300], 1e-12,
    ),
    "linear_model.experiment.mode_errors": (
        lambda t: experiment.mode_errors(SPECTRUM, t, **RUNS).transpose(1, 0, 2), TIMES, [1e300], 1e-12,
    ),
    "linear_model.experiment.momentum": (
        lambda t: experiment.momentum(SPECTRUM, t, schedule=SCHEDULE, batch_size=2, width=7, key=KEY, repeats=2).test,
        STEPS, [3000], 1e-12,
    ),
    "linear_model.experiment.sgd": (
        lambda t: experiment.sgd(SPECTRUM, t, learning_rate=0.1, batch_size=2, width=7, key=KEY, repeats=2).test,
        STEPS, [3000], 1e-12,
    ),
    "linear_model.theory.ensemble": (lambda t: theory.ensemble(SPECTRUM, t, **STUDENT).test, TIMES, [1e12], 1e-10),
    "linear_model.theory.feature_learning": (
        lambda t: theory.feature_learning(SPECTRUM, t, richness=2.0).test, TIMES, [1e-9, 1.7, 1e20], 1e-12,
    ),
    "linear_model.theory.first_order": (lambda t: tuple(theory.first_order(SPECTRUM, t)), TIMES, [1e12], 1e-12),
    "linear_model.theory.gradient_descent": (
        lambda t: curves(theory.gradient_descent(SPECTRUM, t, learning_rate=0.2, **STUDENT)), STEPS, [10**9], 1e-8,
    ),
    "linear_model.theory.gradient_flow": (
        lambda t: curves(theory.gradient_flow(SPECTRUM, t, **STUDENT)), TIMES, [1e-9, 1e12], 1e-10,
    ),
    "linear_model.theory.mode_errors": (
        lambda t: theory.mode_errors(SPECTRUM, t, width=7.0, samples=9.0), TIMES, [1e12], 1e-10,
    ),
    "linear_model.theory.sgd": (
        lambda t: theory.sgd(SPECTRUM, t, learning_rate=0.3, batch_size=2, width=7.0, noise=0.1).test,
        STEPS, [10**12], 1e-10,
    ),
    "primer.exact.linear_network": (
        lambda t: primer.exact.linear_network(t, gain=0.8).values[:, :4], TIMES, [1e9], 1e-13,
    ),
    "primer.exact.regression": (
        lambda t: curves(primer.exact.regression(t, learning_rate=0.2, aspect=0.5, noise=0.1)), STEPS, [10**12], 1e-13,
    ),
    "primer.exact.regression_flow": (
        lambda t: curves(primer.exact.regression_flow(t, aspect=0.5, noise=0.1)), TIMES, [1e300], 1e-13,
    ),
    "primer.experiment.linear_network": (
        lambda t: primer.experiment.linear_network(t, gain=0.8, size=20, key=KEY, repeats=2).values[:, :4],
        TIMES, [2000.0], 1e-13,
    ),
    "primer.experiment.regression": (
        lambda t: curves(
            primer.experiment.regression(t, learning_rate=0.2, aspect=0.5, dimensions=8, key=KEY, repeats=2)
        ), STEPS, [10**12], 1e-12,
    ),
    "primer.experiment.regression_flow": (
        lambda t: curves(primer.experiment.regression_flow(t, aspect=0.5, dimensions=8, key=KEY, repeats=2)),
        TIMES, [1e300], 1e-12,
    ),
    "primer.experiment.tanh_network": (
        lambda t: primer.experiment.tanh_network(
            2.0, t, size=20, time=40, burn_in=5, key=KEY, repeats=2
        ).correlation,
        [0.0, 1.0, 5.0], [40.0], 1e-13,
    ),
    "primer.theory.tanh_network": (lambda t: primer.theory.tanh_network(2.0, t).correlation, [0.0, 1, 5], [1e5], 1e-13),
    "random_features.exact.volterra": (
        lambda t: random_features.exact.volterra(SPECTRUM, t, features=None, learning_rate=0.3).loss,
        STEPS, [200], 1e-13,
    ),
    "random_features.phases.frontier": (
        lambda c: random_features.phases.frontier(1.0, 0.7, c).loss, [1e4, 1e5], [1e6], 1e-8,
    ),
    "random_features.theory.volterra": (
        lambda t: random_features.theory.volterra(SPECTRUM, t, learning_rate=0.3, width=9.0).loss, STEPS, [10**9], 1e-9,
    ),
    "spinglass.aging.Aging.two_time": (lambda t: old().two_time(t).response[:, :4], TIMES, [150.0], 1e-12),
    "spinglass.exact.two_spin": (
        lambda t: spinglass.exact.two_spin(t, temperature=0.5).correlation[:, :4], TIMES, [1e6], 1e-14,
    ),
}  # fmt: skip
LINEAR = {"depth": 2, "richness": 1.0, "learning_rate": 0.1}
ENDS = {  # a call up to a number of steps or a time, a near end and a far one; the rows in common must be the same
    "depth.experiment.finite": (
        lambda n: depth.experiment.finite(
            X[:2], TARGETS, width=8, activation="tanh", key=KEY, repeats=2, steps=n, **LINEAR
        ).outputs, 4, 40,
    ),
    "depth.theory.residual_linear": (
        lambda n: depth.theory.residual_linear(GRAM, TARGETS, steps=n, **LINEAR).outputs, 4, 12,
    ),
    "depth.theory.residual_linear_limit": (
        lambda n: depth.theory.residual_linear_limit(GRAM, TARGETS, steps=n, **LINEAR).outputs, 4, 12,
    ),
    "kernels.gradient_descent": (
        lambda n: kernels.gradient_descent(GRAM, TARGETS, n, learning_rate=0.5).outputs, 5, 500,
    ),
    "meanfield.deep_linear": (
        lambda n: meanfield.deep_linear(GRAM, TARGETS, depth=2, richness=1, learning_rate=0.1, steps=n).outputs, 4, 12,
    ),
    "meanfield.expansion": (
        lambda n: meanfield.expansion(
            GRAM, TARGETS, activation="tanh", learning_rate=0.1, steps=n, key=KEY, particles=16, repeats=2
        ).outputs[1], 4, 40,
    ),
    "meanfield.finite": (
        lambda n: meanfield.finite(
            X[:2], TARGETS, width=8, activation="tanh", richness=1.0, learning_rate=0.1, steps=n, key=KEY, repeats=2
        ).outputs, 4, 40,
    ),
    "meanfield.two_layer": (
        lambda n: meanfield.two_layer(
            GRAM, TARGETS, activation="relu", richness=1.0, learning_rate=0.1, steps=n, key=KEY, particles=16, repeats=2
        ).outputs, 4, 40,
    ),
    "networks.train": (
        lambda n: networks.train(networks.MLP(8), X, X[:, 0], n, learning_rate=0.1, key=KEY).loss, 4, 40,
    ),
    "primer.theory.regression": (lambda n: primer.theory.regression(n, learning_rate=0.2, aspect=0.5).test, 4, 40),
    "random_features.words.bigram_model": (
        lambda n: random_features.words.bigram_model(GRAM, n, width=3, key=KEY).loss, 4, 40,
    ),
    "spinglass.theory.descent": (lambda n: spinglass.theory.descent(GLASS, n, 0.1).energy, 4, 40),
    "spinglass.theory.flow": (lambda t: spinglass.theory.flow(GLASS, t, 0.05).energy, 1.0, 4.0),
}  # fmt: skip
FRESH = {  # numbers are drawn for as many steps as are asked for, or the end is all that is shown
    "depth.theory.residual", "meanfield.deep", "posterior.langevin", "networks.coordinate_check",
    "networks.deviations", "networks.transfer", "numerics.laplace.circle", "spinglass.experiment.langevin",
    "spinglass.single_site.iterate", "spinglass.single_site.march",
}  # fmt: skip


def test_no_request_is_forgotten():
    asked = with_argument("times", "steps", "lags", "compute", "time")
    assert asked == set(LISTS) | set(ENDS) | FRESH | {"spinglass.aging.flow"}  # which has a test of its own


def with_grids_of_their_own(names):
    """Theories in the fast run; experiments and sums follow their times one by one."""
    slow = {"linear_model.compute.frontier", "meanfield.expansion", "meanfield.finite"}
    slow |= {"depth.theory.residual_linear_limit", "random_features.phases.frontier"}  # several solutions each
    return [
        pytest.param(name, marks=pytest.mark.slow) if ".experiment." in name or name in slow else name for name in names
    ]


@pytest.mark.parametrize("name", with_grids_of_their_own(LISTS))
def test_one_more_point_changes_no_other(name):
    call, asked, beside, rtol = LISTS[name]
    alone, together = (jax.tree.leaves(call(jnp.asarray(t, float))) for t in (asked, [*asked, *beside]))
    for one, other in zip(alone, together, strict=True):
        assert np.all(np.isfinite(one))
        assert_allclose(np.asarray(other)[: len(asked)], one, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", with_grids_of_their_own(ENDS))
def test_going_on_changes_nothing_before(name):
    call, near, far = ENDS[name]
    short, long = np.asarray(call(near)), np.asarray(call(far))
    assert len(short) < len(long)
    assert_allclose(long[: len(short)], short, rtol=1e-12, atol=1e-14)


STEPPED = [name for name, call in ENDS.items() if isinstance(call[1], int)]


@pytest.mark.parametrize("name", with_grids_of_their_own(STEPPED))
def test_a_list_of_steps_gives_these_rows(name):
    call, near, _ = ENDS[name]
    every, some = np.asarray(call(near)), np.asarray(call([near, 0, 2]))
    assert_allclose(some, every[[near, 0, 2]], rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError, match=r"steps must be whole numbers"):
        call([1.5])


@pytest.mark.parametrize("name", with_grids_of_their_own(name for name, call in LISTS.items() if call[1] is STEPS))
def test_a_whole_number_gives_all_steps_up_to_it(name):
    call = LISTS[name][0]
    for one, other in zip(jax.tree.leaves(call(3)), jax.tree.leaves(call([0, 1, 2, 3])), strict=True):
        assert np.array_equal(one, other)


def test_a_list_of_steps_reaches_all_that_a_result_holds():
    """Both times of a correlation, errors, and what lies between two times in a result of its own."""
    bath = spinglass.theory.descent(GLASS, 4, 0.1)
    some = spinglass.theory.descent(GLASS, [0, 4], 0.1)
    assert_allclose(some.times, [0, 0.4])
    assert_allclose(some.response, bath.response[::4, ::4])
    runs, few = (spinglass.experiment.langevin(GLASS, n, 0.1, size=8, key=KEY, repeats=3) for n in (4, [1, 4]))
    assert_allclose(few.correlation_std, runs.correlation_std[jnp.ix_(jnp.array([1, 4]), jnp.array([1, 4]))])
    whole, part = (
        meanfield.deep_linear(GRAM, TARGETS, depth=2, richness=1, learning_rate=0.1, steps=n) for n in (4, [3])
    )
    assert_allclose(part.two_time.features, whole.two_time.features[:, 3:4, :, 3:4])
    assert_allclose(part.features, whole.features[:, 3:4])


def test_a_glass_goes_on_as_it_was():
    """The same rows; what is shown of old age follows on what is shown of youth where one end is a power of 2 later."""
    near, far = spinglass.aging.flow(GLASS, 20), old()
    for name in ("times", "energy"):
        assert_allclose(getattr(far, name)[: len(getattr(near, name))], getattr(near, name), rtol=1e-12, atol=1e-14)
    ages = len(near.shown) - 1  # the last is read from other rows: no later ones are there
    for name in ("shown", "correlation", "integrated"):
        assert_allclose(getattr(far, name)[:ages], getattr(near, name)[:ages], rtol=1e-12, atol=1e-14)


def test_a_far_lag_leaves_the_exponent():
    """The issue's request: -0.0254 before, and NaN for 1e5."""
    for lags in ([0, 1, 5], [0, 1, 5, 1e4], [0, 1, 5, 1e5], [0, 1, 5, 1e300]):
        found = primer.theory.tanh_network(2.0, lags)
        assert found.lyapunov == pytest.approx(0.1124581, abs=2e-7)
        assert abs(found.zero_mode) < 1e-9
    assert found.correlation[-1] == 0


def test_far_lags_fall_on_as_the_equation_says():
    """Delta'' = rate^2 Delta where Delta is small: the logarithm is a straight line, across the end of the grid too."""
    found = primer.theory.tanh_network(2.0, np.arange(20.0, 60.0, 4.0))
    falls = np.diff(np.log(np.asarray(found.correlation)))
    assert_allclose(falls, falls.mean(), rtol=2e-3)


@pytest.mark.parametrize("kernel", [kernels.nngp, kernels.ntk])
@pytest.mark.parametrize(("activation", "times"), [("relu", 1e9), ("erf", 1e9), ("tanh", 3.0)])
def test_an_input_beside_changes_no_kernel(kernel, activation, times):
    alone = kernel(X, depth=2, activation=activation)
    together = kernel(jnp.concatenate([X, times * X[:1]]), depth=2, activation=activation)
    assert_allclose(together[:4, :4], alone, rtol=1e-12)
