"""The claims of "What a batch buys" on momentum; those on batches stand with "Fresh data"."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory

SPECTRUM = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
SIZES = {"width": 256, "samples": 1000}


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_momentum_multiplies_time_and_students_agree(momentum):
    steps = np.unique(np.logspace(0, 3.6, 21).astype(int))
    method = {"learning_rate": 0.5, "momentum": momentum, **SIZES}
    limit = theory.gradient_descent(SPECTRUM, steps, **method)
    flow = theory.gradient_flow(SPECTRUM, 0.5 * steps / (1 - momentum), **SIZES)
    late = steps > 10 / (1 - momentum)
    assert_allclose(limit.test[late], flow.test[late], rtol=0.02)
    runs = experiment.gradient_descent(SPECTRUM, steps, **method, key=jax.random.key(3), repeats=16)
    assert (np.abs(runs.test - limit.test) < 4 * runs.test_error + 0.02 * limit.test).all()
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
