"""The claims of "What a batch buys" on momentum; those on batches stand with "Fresh data"."""

import jax
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


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
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


def test_the_largest_speed_grows_with_momentum():
    """Each at 0.9 of its own limit: how far 300 steps get on the line of gradient flow."""
    far, plain = [], float(theory.stability_limit(SPECTRUM, **SIZES))
    for momentum in (0.0, 0.5, 0.9):
        limit = float(theory.stability_limit(SPECTRUM, momentum=momentum, **SIZES))
        assert limit == pytest.approx((1 + momentum) * plain, rel=1e-9)
        rate = 0.9 * limit
        loss = theory.gradient_descent(SPECTRUM, [300], learning_rate=rate, momentum=momentum, **SIZES).test
        flow = theory.gradient_flow(SPECTRUM, [300 * rate / (1 - momentum)], **SIZES).test
        assert_allclose(loss, flow, rtol=0.02)
        far.append(rate / (1 - momentum))
    assert far[2] > 15 * far[0]
