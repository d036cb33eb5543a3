"""What every theory does past stability, and without a task."""

import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_linear, expansion, two_layer

from .points import KEY

TRAIN = {"richness": 1.0, "steps": 8}
SAMPLE = {"activation": "linear", "key": KEY, "particles": 64, "repeats": 2}
PAST_STABILITY = {
    "two_layer": lambda x, y, rate: two_layer(x, y, learning_rate=rate, **TRAIN, **SAMPLE),
    "expansion": lambda x, y, rate: expansion(x, y, learning_rate=rate, steps=8, **SAMPLE),
    "deep": lambda x, y, rate: deep(x, y, depth=2, learning_rate=rate, **TRAIN, **SAMPLE),
    "deep_linear, one layer": lambda x, y, rate: deep_linear(x, y, depth=1, learning_rate=rate, **TRAIN),
    "deep_linear": lambda x, y, rate: deep_linear(x, y, depth=2, learning_rate=rate, **TRAIN),
}


@pytest.mark.parametrize("rate", [10.0, 1e100, 1e300])
@pytest.mark.parametrize("name", PAST_STABILITY)
def test_past_stability_there_is_no_answer(name, rate):
    """Whether numbers grow, become infinite, or are none: the closed solution had only NaN, and returned them."""
    with pytest.raises(ValueError, match=r"learning_rate must be below .* diverged at step [12]"):
        PAST_STABILITY[name](jnp.ones((1, 1)), jnp.ones(1), rate)


@pytest.mark.parametrize("name", PAST_STABILITY)
def test_without_a_task_nothing_diverges(name):
    assert_allclose(PAST_STABILITY[name](jnp.ones((1, 1)), jnp.zeros(1), 0.1).outputs, 0, atol=1e-12)
