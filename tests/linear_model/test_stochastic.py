"""One-pass SGD: the average over features against the exact recursion, the recursion against real streams."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import exact, experiment, theory
from solvable.linear_model.experiment import stochastic as streams

STEPS = [0, 1, 5, 7, 8, 9, 20, 64, 256, 1024]


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=300)


def recursion(q, u, floor, eta, batch, noise, steps):
    """The oracle, written out."""
    found = {}
    for t in range(max(steps) + 1):
        found[t] = floor + q @ u
        u = (1 - 2 * eta * q + eta**2 * q**2 * (1 + 1 / batch)) * u + eta**2 * q * (found[t] + noise) / batch
    return np.array([found[t] for t in steps])


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


def test_the_recursion_of_given_features_is_the_written_one(spectrum):
    lam, rng = np.asarray(spectrum.eigenvalues), np.random.default_rng(0)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    a = rng.standard_normal((30, 300))
    m = a / np.sqrt(30)
    q, vectors = np.linalg.eigh(m * lam @ m.T)
    best = np.linalg.solve(m * lam @ m.T, m @ (lam * teacher))
    floor = lam @ (teacher - m.T @ best) ** 2
    true = recursion(q, (vectors.T @ best) ** 2, floor, 0.5, 4, 0.2, STEPS)
    loss = exact.sgd(spectrum, STEPS, features=jnp.asarray(a), learning_rate=0.5, batch_size=4, noise=0.2)
    assert_allclose(loss.test, true, rtol=1e-9)
    shuffled = exact.sgd(spectrum, STEPS[::-1], features=jnp.asarray(a), learning_rate=0.5, batch_size=4, noise=0.2)
    assert_allclose(shuffled.test, true[::-1], rtol=1e-9)


def test_real_streams_follow_the_recursion(spectrum):
    """400 streams of one student in all K modes, sample by sample: within 3 standard errors of the recursion."""
    lam, rng = np.asarray(spectrum.eigenvalues), np.random.default_rng(2)
    teacher, steps, rate, noise = np.sqrt(np.asarray(spectrum.task_power) / lam), [1, 10, 100], 0.3, 0.1
    a = rng.standard_normal((20, 300))
    w, found = np.zeros((400, 20)), []
    for step in range(max(steps) + 1):
        if step in steps:
            found.append(((teacher - w @ a / np.sqrt(20)) ** 2) @ lam)
        psi = rng.standard_normal((400, 300)) * np.sqrt(lam)
        phi = psi @ a.T / np.sqrt(20)
        error = psi @ teacher + np.sqrt(noise) * rng.standard_normal(400) - np.sum(phi * w, axis=1)
        w = w + rate * error[:, None] * phi
    method = {"learning_rate": rate, "batch_size": 1, "noise": noise}
    loss = exact.sgd(spectrum, steps, features=jnp.asarray(a), **method).test
    mean, error = np.mean(found, axis=1), np.std(found, axis=1) / 20
    assert np.all(np.abs(loss - mean) < 3 * error)
    assert np.all(error / mean < 0.05)


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
    rng, batch, repeats = np.random.default_rng(0), 3, 4000
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


def test_the_limit_of_stability_is_where_the_recursion_turns(spectrum):
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    for batch in (1, 4, 32):
        limit = float(theory.sgd_stability_limit(spectrum, batch_size=batch))
        below, above = (recursion(lam, c / lam, 0.0, share * limit, batch, 0.0, [3000, 6000]) for share in (0.98, 1.02))
        assert below[1] < below[0]
        assert above[1] > above[0]
        with pytest.raises(ValueError, match=f"learning_rate must be below the stability limit {limit:.6g}"):
            theory.sgd(spectrum, [1], learning_rate=1.001 * limit, batch_size=batch)
    wide = theory.sgd_stability_limit(spectrum, batch_size=1, width=1e9)
    assert wide == pytest.approx(float(theory.sgd_stability_limit(spectrum, batch_size=1)), rel=1e-6)
    full = theory.sgd_stability_limit(spectrum, batch_size=1e12, width=80)  # an endless batch is gradient descent
    assert full == pytest.approx(float(theory.stability_limit(spectrum, width=80)), rel=1e-6)


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


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_equal_eigenvalues_have_a_limit_in_closed_form(batch):
    """K equal modes at infinite width: 2 B / (tr + (B + 1) lambda), the known limit of least mean squares."""
    spectrum = Spectrum(np.full(50, 0.3), np.ones(50))
    limit = theory.sgd_stability_limit(spectrum, batch_size=batch)
    assert limit == pytest.approx(2 * batch / (50 * 0.3 + (batch + 1) * 0.3), rel=1e-9)


def test_the_volterra_equation_of_the_page_is_the_recursion(spectrum):
    """L = F + eta^2/B sum K (L + sigma^2), in time, for one student's features."""
    eta, batch, noise = 0.5, 3, 0.2
    student = exact.basis(spectrum, jnp.asarray(np.random.default_rng(1).standard_normal((20, 300))))
    q, u, floor = np.asarray(student.rates), np.asarray(student.target) ** 2, float(student.irreducible)
    rho = (1 - eta * q) ** 2 + eta**2 * q**2 / batch
    loss = []
    for t in range(30):
        memory = sum(q**2 @ rho ** (t - 1 - s) * (loss[s] + noise) for s in range(t))
        loss.append(floor + (q * u) @ rho**t + eta**2 / batch * memory)
    settings = (jnp.asarray(float(x)) for x in (eta, batch, noise))
    assert_allclose(exact.moments(student, jnp.arange(30.0), *settings), loss, rtol=1e-11)


def test_divergence_is_an_error_and_no_number(spectrum):
    features = jnp.asarray(np.random.default_rng(0).standard_normal((400, 300)))  # some directions stay empty
    with pytest.raises(ValueError, match=r"learning_rate must be smaller; got 5\.0, and the loss grows"):
        exact.sgd(spectrum, [5000], features=features, learning_rate=5.0, batch_size=1)
    for average in (True, False):
        with pytest.raises(ValueError, match="learning_rate must be small enough for every student; got 5"):
            experiment.sgd(
                spectrum, [3000], learning_rate=5.0, batch_size=1, width=20,
                key=jax.random.key(0), repeats=2, average_batches=average,
            )  # fmt: skip
