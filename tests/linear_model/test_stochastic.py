"""One-pass SGD: the average over features against the exact recursion, and the experiment's shortcut."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import exact, experiment, theory
from solvable.linear_model.experiment import stochastic as streams
from solvable.linear_model.theory.response import Disorder, differentiable, kappa_at
from solvable.linear_model.theory.stochastic import resolvents

from .recursions import recursion

STEPS = [0, 1, 5, 7, 8, 9, 20, 64, 256, 1024]


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=300)


@pytest.mark.parametrize(
    ("width", "repeats"),
    [(50, 600), pytest.param(100, 400, marks=pytest.mark.slow), pytest.param(200, 300, marks=pytest.mark.slow)],
)
@pytest.mark.parametrize(("rate", "batch", "noise"), [(0.3, 1, 0.0), (1.0, 8, 0.1)])
def test_theory_predicts_the_average_over_features(spectrum, width, repeats, rate, batch, noise):
    """The sheet's widths: within 3 standard errors + 2 %, standard errors at most 0.7 %."""
    method = {"learning_rate": rate, "batch_size": batch, "noise": noise, "width": width}
    limit = theory.sgd(spectrum, STEPS, **method)
    runs = experiment.sgd(spectrum, STEPS, **method, key=jax.random.key(1), repeats=repeats, average_batches=True)
    assert np.all(runs.error("test") / runs.test <= 0.007)
    assert np.all(np.abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test), limit.test / runs.test


@pytest.mark.parametrize(("rate", "batch", "noise"), [(0.3, 1, 0.1), (1.0, 8, 0.0), (2.0, 32, 0.3)])
def test_at_infinite_width_theory_is_the_recursion(spectrum, rate, batch, noise):
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    true = recursion(lam, c / lam, 0.0, rate, batch, noise, STEPS)
    method = {"learning_rate": rate, "batch_size": batch, "noise": noise}
    assert_allclose(theory.sgd(spectrum, STEPS, **method).test, true, rtol=1e-8)
    assert_allclose(exact.sgd(spectrum, STEPS, features=None, **method).test, true, rtol=1e-10)
    assert_allclose(exact.sgd(spectrum, STEPS, features=None, **method).train, true + noise, rtol=1e-10)


def decays(spectrum, rate, batch):
    """At infinite width the loss is a sum of powers of 1 - d: all d, by bisection below each pole, and their shares.

    The recursion of K modes is a diagonal matrix and one of rank one. Nothing is subtracted, so no digit is lost late.
    """
    lam, count, p = (np.asarray(one) for one in (spectrum.eigenvalues, spectrum.counts, spectrum.task_power))
    pole = 2 * rate * lam - (1 + 1 / batch) * (rate * lam) ** 2
    order = np.argsort(pole)
    pole, p, w = pole[order], p[order], (rate**2 / batch * count * lam**2)[order]
    apart, gap = pole - pole[:, None], np.diff(pole, prepend=0.0)
    low, high = np.log(gap) - 700, np.log(gap)  # of the logarithm of what a root is below its pole
    for _ in range(100):
        middle = (low + high) / 2
        beyond = (w / (apart + np.exp(middle)[:, None])).sum(axis=1) > 1
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    below = np.exp((low + high) / 2)[:, None]
    return pole - below[:, 0], (p / (apart + below)).sum(axis=1) / (w / (apart + below) ** 2).sum(axis=1)


@pytest.mark.parametrize(
    ("alpha", "beta"),
    [(1.5, 1.6), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1, 0.7), (0.7, 1.2), (2, 2.5)))],
)
def test_losses_that_fall_steeply_are_right_to_a_trillion_steps(alpha, beta):
    steps = np.array([16, 64, 1024, 10**5, 10**8, 10**12])
    spectrum = Spectrum.power_law(a=2 * alpha + 2 * beta, b=2 * alpha, modes=1e15, binned=True)
    rate = float(theory.sgd_stability_limit(spectrum, batch_size=1)) / 2
    d, share = decays(spectrum, rate, 1)
    true = np.exp(steps[:, None] * np.log1p(-d)) @ share
    assert_allclose(
        true[:3], exact.sgd(spectrum, steps[:3], features=None, learning_rate=rate, batch_size=1).test, rtol=1e-9
    )
    assert_allclose(theory.sgd(spectrum, steps, learning_rate=rate, batch_size=1).test, true, rtol=1e-9)


@pytest.mark.parametrize("width", [7.0, 40.0, np.inf])
def testresolvents_of_a_width_have_their_slopes(width):
    """g_F and g_K by their definitions, and by central differences between solutions of z = kappa (1 - d / N)."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=60)
    disorder, h = Disorder.of(jnp.asarray(width), jnp.asarray(jnp.inf), jnp.zeros(())), 1e-5
    z = jnp.array([0.3 + 0.2j, -0.05 + 0.04j, -0.4 + 0.3j])

    def at(z):
        kappa = kappa_at(spectrum, disorder, z)[0]
        return kappa, resolvents(spectrum, disorder, differentiable(spectrum, disorder, z, kappa))

    (kappa, found), ahead, back = at(z), at(z + h)[1], at(z - h)[1]
    lam, c = (np.asarray(one) for one in (spectrum.eigenvalues, spectrum.task_power))
    g_f = (c * kappa[:, None] / (lam + kappa[:, None])).sum(axis=1) / z
    g_k = -z * (lam / (lam + kappa[:, None])).sum(axis=1)
    for (value, slope), known, (high, _), (low, _) in zip(found, (g_f, g_k), ahead, back, strict=True):
        assert_allclose(value, known, rtol=1e-9)
        assert_allclose(slope, (high - low) / (2 * h), rtol=1e-5)


@pytest.mark.slow
def test_streams_of_the_experiment_are_those_streams(spectrum):
    """The experiment's shortcut, N correlated features instead of K modes, keeps mean and spread of the loss."""
    method = {"learning_rate": 0.5, "batch_size": 4, "noise": 0.1, "width": 30}
    streams = experiment.sgd(spectrum, [3, 30, 300], **method, key=jax.random.key(0), repeats=800)
    averaged = experiment.sgd(
        spectrum, [3, 30, 300], **method, key=jax.random.key(0), repeats=800, average_batches=True
    )
    assert np.all(np.abs(streams.test - averaged.test) < 3 * streams.error("test"))  # the same features in both
    assert np.all(streams.test_std > averaged.test_std)
    assert np.all(streams.error("test") / streams.test < 0.02)


def test_the_shortcut_of_the_experiment_keeps_the_distribution(spectrum):
    """Literal batches of 3 in all N features against the experiment's steps: mean, spread and skew of the loss."""
    rng, batch, repeats = np.random.default_rng(0), 3, 16_000
    a = jnp.asarray(rng.standard_normal((8, 300)))
    student = exact.basis(spectrum, a)
    q, target, floor = (np.asarray(x) for x in student[:3])
    off = np.tile(-target, (repeats, 1))
    for _ in range(12):
        phi = rng.standard_normal((repeats, batch, 8)) * np.sqrt(q)
        labels = np.sqrt(floor + 0.1) * rng.standard_normal((repeats, batch))
        error = labels - np.einsum("rbn,rn->rb", phi, off)
        off = off + 1.0 / batch * np.einsum("rb,rbn->rn", error, phi)
    literal = floor + off**2 @ q
    features = jnp.broadcast_to(a, (repeats, 8, 300))
    keys = jax.random.split(jax.random.key(3), repeats)
    settings = jnp.asarray(1.0), jnp.asarray(0.1), jnp.asarray(float(batch)), False
    quick = np.asarray(streams._streams(spectrum, jnp.array([12.0]), features, keys, *settings))[:, 0]
    assert np.mean(quick) == pytest.approx(np.mean(literal), abs=4 * np.std(literal) / np.sqrt(repeats))
    for share in (5, 25, 50, 75, 95):
        assert np.percentile(quick, share) == pytest.approx(np.percentile(literal, share), rel=0.05)
    assert np.std(quick) == pytest.approx(np.std(literal), rel=0.12)


def test_an_endless_batch_is_gradient_descent(spectrum):
    steps = [0, 3, 50, 64, 400]
    sgd = theory.sgd(spectrum, steps, learning_rate=1.0, batch_size=1e13, width=60)
    assert_allclose(sgd.test, theory.gradient_descent(spectrum, steps, learning_rate=1.0, width=60).test, rtol=1e-7)


@pytest.mark.slow
def test_a_trillion_modes_cost_nothing_and_change_nothing():
    """K = 1e12 in Gauss sums; and the same sums against all modes at K = 3,000."""
    steps = np.unique(np.logspace(0, 7, 40).astype(int))
    method = {"learning_rate": 0.3, "batch_size": 2, "noise": 0.1, "width": 500}
    whole, binned = (
        theory.sgd(Spectrum.power_law(a=1.6, b=1.3, modes=3000, binned=x), steps, **method).test for x in (False, True)
    )
    assert_allclose(binned, whole, rtol=1e-9)
    many = theory.sgd(Spectrum.power_law(a=1.6, b=1.3, modes=1e12, binned=True), steps, **method)
    assert np.all(many.test > 0)
    assert np.all(np.isfinite(many.test))


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"steps": [0.5]}, r"steps must be whole numbers >= 0; got 0\.5"),
        ({"learning_rate": -1.0}, r"learning_rate must be > 0 and finite; got -1\.0"),
        ({"batch_size": 0}, r"batch_size must be .*>= 1.*; got 0"),
        ({"noise": -0.1}, r"noise must be >= 0 and finite; got -0\.1"),
        ({"width": 0}, r"width must be .*>= 1.*; got 0"),
    ],
)
def test_bad_input_is_named(spectrum, kwargs, says):
    good = {"steps": [1], "learning_rate": 0.1, "batch_size": 1}
    with pytest.raises(ValueError, match=says):
        theory.sgd(spectrum, **(good | kwargs))
    with pytest.raises(ValueError, match=says):
        experiment.sgd(spectrum, **(good | kwargs), key=jax.random.key(0), repeats=2)


@pytest.mark.slow
def test_rates_and_batches_may_be_traced(spectrum):
    def loss(rate, batch):
        return theory.sgd(spectrum, STEPS, learning_rate=rate, batch_size=batch, width=70).test

    both = jax.vmap(loss)(jnp.array([0.2, 0.4]), jnp.array([1.0, 9.0]))
    assert_allclose(both[1], loss(0.4, 9), rtol=1e-9)
