"""The claims of "What a batch buys", at the page's own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory

SPECTRUM = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
SIZES = {"width": 256, "samples": 1000}


def test_a_student_can_take_an_eighth_more_than_the_average_theory_says():
    """40 students at N = 256: the full batch an eighth above 6.80; single samples and eights a fifth and 3/4 of it."""
    random, limits = np.random.default_rng(0), []
    for _ in range(40):
        seen = random.normal(size=(256, 1000)) * np.sqrt(np.asarray(SPECTRUM.eigenvalues) / 256)
        rates = np.linalg.eigvalsh(seen @ seen.T)
        limits.append([2 / rates[-1], *(largest_rate(rates, batch) for batch in (1, 8))])
    full, one, eight = np.array(limits).T
    said = float(theory.stability_limit(SPECTRUM, width=256))
    assert said == pytest.approx(6.80, abs=0.005)
    assert full.mean() / said == pytest.approx(1.125, abs=0.04)  # standard error 0.015
    assert full.std() / said == pytest.approx(0.1, abs=0.03)
    assert one.mean() == pytest.approx(float(theory.sgd_stability_limit(SPECTRUM, batch_size=1, width=256)), rel=0.03)
    assert (one / full).mean() == pytest.approx(1 / 5, abs=0.02)  # the theory's is 0.24
    assert (eight / full).mean() == pytest.approx(3 / 4, abs=0.025)  # the theory's is 0.84


def largest_rate(rates, batch):
    """Where sum_i (eta q_i)^2 / B / (2 eta q_i - (eta q_i)^2 (1 + 1/B)) = 1: one-pass SGD with given features."""
    low, high = 0.0, 2 / (rates[-1] * (1 + 1 / batch))
    for _ in range(50):
        eta = (low + high) / 2
        one = eta * rates
        back = np.sum(one / batch / (2 - one * (1 + 1 / batch)))
        low, high = (eta, high) if back < 1 else (low, eta)
    return low


@pytest.mark.parametrize("trained", [(64,), pytest.param((1, 8), marks=pytest.mark.slow)])
def test_the_same_samples_teach_the_same_in_any_batch(trained):
    """The first figure: students within 4 standard errors + 1/N of the theory, and of each other by theory."""
    seen, losses = 4 ** np.arange(7), {}
    for batch in (1, 8, 64):
        method = {"learning_rate": 0.04 * batch, "batch_size": batch, "width": 64}
        steps = seen[seen >= batch] // batch
        limit = theory.sgd(SPECTRUM, steps, **method)
        losses[batch] = np.asarray(limit.test)[-3:]
        if batch in trained:
            runs = experiment.sgd(SPECTRUM, steps, **method, key=jax.random.key(batch), repeats=24)
            assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + runs.test / 64)
    assert_allclose(losses[8], losses[1], rtol=0.03)
    assert_allclose(losses[64], losses[1], rtol=0.03)


@pytest.mark.parametrize(
    ("rate", "batch"),
    [(0.2, 8), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((0.2, 1), (0.4, 1), (0.4, 8)))],
)
def test_streams_stand_on_the_lines_of_the_explorer(rate, batch):
    """All points of one setting: within 4 standard errors + the theory's error, which is O(1/N)."""
    steps = np.unique(np.logspace(0, 4, 26).astype(int))[:16]
    method = {"learning_rate": rate, "width": 256, "noise": 0.1}
    for size in (batch, 10**9):
        limit = theory.sgd(SPECTRUM, steps, **method, batch_size=size)
        runs = experiment.sgd(SPECTRUM, steps, **method, batch_size=size, key=jax.random.key(0), repeats=24)
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + runs.test / 256)


@pytest.mark.slow
def test_the_first_swing_is_where_the_theory_is_worst():
    """Step 10 of a heavy ball: 6 % too low at N = 80, less at four times the size, and not without momentum."""
    task, off, error = Spectrum.power_law(a=1.8, b=1.4, modes=300), [], []
    for n, repeats, momentum in ((80, 1600, 0.9), (320, 400, 0.9), (80, 1600, 0.0)):
        method = {"learning_rate": 0.5, "momentum": momentum, "width": n, "samples": 3 * n // 2, "noise": 0.05}
        limit = theory.gradient_descent(task, [10], **method).test[0]
        runs = experiment.gradient_descent(task, [10], **method, key=jax.random.key(1), repeats=repeats)
        off.append(limit / runs.test[0] - 1)
        error.append(runs.error("test")[0] / runs.test[0])
    assert abs(off[0] + 0.059) <= 4 * error[0]
    assert off[0] < -3 * error[0]
    assert off[1] - off[0] > 2 * np.hypot(error[0], error[1])
    assert abs(off[1] + 0.022) <= 4 * error[1]
    assert abs(off[2]) <= 3 * error[2] + 0.02


@pytest.mark.parametrize("momentum", [0.9, *(pytest.param(one, marks=pytest.mark.slow) for one in (0.0, 0.5))])
def test_momentum_multiplies_time_and_students_agree(momentum):
    steps = np.unique(np.logspace(0, 3.6, 21).astype(int))
    method = {"learning_rate": 0.5, "momentum": momentum, **SIZES}
    limit = theory.gradient_descent(SPECTRUM, steps, **method)
    flow = theory.gradient_flow(SPECTRUM, 0.5 * steps / (1 - momentum), **SIZES)
    late = steps > 10 / (1 - momentum)
    assert_allclose(limit.test[late], flow.test[late], rtol=0.02)
    runs = experiment.gradient_descent(SPECTRUM, steps, **method, key=jax.random.key(3), repeats=16)
    assert (np.abs(runs.test - limit.test) < 4 * runs.error("test") + 0.02 * limit.test).all()
    rises = np.diff(limit.test[steps < 40]) > 0
    assert rises.any() == (momentum == 0.9)  # the swinging at the start


MOMENTA = (0.0, 0.5, 0.9)


def largest_rates():
    """Where gradient descent diverges, at each momentum."""
    return [float(theory.stability_limit(SPECTRUM, momentum=one, **SIZES)) for one in MOMENTA]


def test_the_largest_speed_grows_with_momentum():
    """Rates up to 1 + momentum times as large, and time runs 1 / (1 - momentum) times as fast."""
    plain, *others = largest_rates()
    assert_allclose(others, [(1 + one) * plain for one in MOMENTA[1:]], rtol=1e-9)
    assert others[-1] / (1 - MOMENTA[-1]) > 15 * plain


@pytest.mark.slow
def test_the_largest_speed_is_reached():
    """Each at 0.9 of its own limit: how far 300 steps get on the line of gradient flow."""
    far = []
    for momentum, limit in zip(MOMENTA, largest_rates(), strict=True):
        rate = 0.9 * limit
        loss = theory.gradient_descent(SPECTRUM, [300], learning_rate=rate, momentum=momentum, **SIZES).test
        flow = theory.gradient_flow(SPECTRUM, [300 * rate / (1 - momentum)], **SIZES).test
        assert_allclose(loss, flow, rtol=0.02)
        far.append(rate / (1 - momentum))
    assert far[2] > 15 * far[0]


def test_the_edge_of_stability_in_the_table():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
    one, eight = (float(theory.sgd_stability_limit(spectrum, batch_size=b, width=256)) for b in (1, 8))
    full = float(theory.stability_limit(spectrum, width=256))
    assert one / full == pytest.approx(1 / 4, abs=0.015)
    assert eight / full == pytest.approx(5 / 6, abs=0.015)  # and a student's own shares: above


def test_the_batch_does_not_matter_up_to_a_critical_one():
    many = Spectrum.power_law(a=1.5, b=1.25, modes=1e5, binned=True)

    shares = jnp.logspace(-2, -0.05, 12)

    def losses(batch, noise):
        top = theory.sgd_stability_limit(many, batch_size=batch, width=512)
        number = jnp.array([2**17 / batch])
        method = {"batch_size": batch, "noise": noise, "width": 512}
        return jax.vmap(lambda rate: theory.sgd(many, number, learning_rate=rate, **method).test[0])(top * shares)

    for noise in (0.0, 0.1, 0.5):
        curves = {batch: losses(batch, noise) for batch in (1.0, 64.0, 1024.0, 4096.0)}
        best = {batch: float(curve.min()) for batch, curve in curves.items()}
        assert abs(best[64] / best[1] - 1) < 0.01
        assert best[1024] / best[1] > 1.05
        assert best[4096] / best[1] == pytest.approx(1.46, abs=0.06)  # "by half"
        assert shares[curves[4096].argmin()] > 0.5  # the rate is at its limit
        assert shares[curves[1].argmin()] < 0.1


def test_near_the_edge_training_makes_things_worse():
    task = Spectrum.power_law(a=1.5, b=1.25, modes=1000, binned=True)
    assert 1.6 < theory.sgd_stability_limit(task, batch_size=1, width=256) < 1.7
    for noise in (0.01, 0.1, 0.5):
        assert theory.sgd(task, [10_000], learning_rate=1.6, batch_size=1, width=256, noise=noise).test[0] > 1

    def end(rate, batch):
        return theory.sgd(task, [10_000], learning_rate=rate, batch_size=batch, width=256, noise=0.5).test[0]

    assert end(0.2, 1) < end(0.4, 1)  # lower rate, lower floor
    assert end(0.4, 16) < end(0.4, 1)  # larger batch, lower floor
