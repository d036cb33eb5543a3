"""Two layers: particles against the closed solution, their number, and the kernel limit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels
from solvable.meanfield import deep_linear, two_layer

from .points import GRAM, KEY, SMALL, X, Y


@pytest.mark.parametrize("richness", [0.5, 2.0])
def test_linear_particles_are_the_closed_solution(richness):
    given = {"richness": richness, "learning_rate": 0.1, "steps": 20}
    found = two_layer(GRAM, Y, activation="linear", key=KEY, particles=64, **given)
    exact = deep_linear(GRAM, Y, depth=1, **given)
    for name in ("outputs", "test", "features", "gradients", "tangent_kernel", "loss"):
        assert_allclose(getattr(found, name), getattr(exact, name), atol=1e-10)
    assert found.error("outputs").max() < 1e-10
    assert_allclose(found.outputs[0], 0, atol=1e-15)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
@pytest.mark.parametrize("richness", [0.5, 2.0])
def test_two_layers_are_near_their_limit(activation, richness):
    given = {"activation": activation, "richness": richness, "learning_rate": 0.1, "steps": 30, "repeats": 2}
    found = two_layer(SMALL, Y[:2], key=KEY, particles=2**13, **given)
    fine = two_layer(SMALL, Y[:2], key=jax.random.key(9), particles=2**16, **given)
    assert_allclose(found.outputs, fine.outputs, atol=1e-3)


@pytest.mark.parametrize(
    ("activation", "power", "values"), [("tanh", 2, (0.05, 0.1, 0.2)), ("relu", 1, (0.0025, 0.005, 0.01))]
)
def test_little_richness_is_the_kernel_limit(activation, power, values):
    """|rich - lazy| falls as gamma^2; as gamma where neurons can cross a kink, for those that switch off stay off.

    The samples are the same, so that their error cancels.
    """
    kernel = kernels.ntk(X, depth=1, activation=activation)
    exact = kernels.gradient_descent(kernel[:3, :3], Y, 20, learning_rate=0.1, cross=kernel[3:, :3])
    lazy, *rich = (
        two_layer(GRAM, Y, activation=activation, richness=one, learning_rate=0.1, steps=20, key=KEY, particles=2**13)
        for one in (1e-4, *values)
    )
    assert_allclose(lazy.outputs, exact.outputs, atol=2e-3)
    assert_allclose(lazy.test, exact.test, atol=2e-3)
    gaps = [float(jnp.abs(one.outputs - lazy.outputs).max()) for one in rich]
    assert_allclose(np.diff(np.log(gaps)) / np.log(2), power, atol=0.1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gram": GRAM.at[0, 1].add(0.1)}, "gram must be symmetric; entries differ by 0.1"),
        ({"gram": GRAM - 3 * jnp.eye(4)}, "gram must have no negative eigenvalue; got -"),
        (
            {"targets": jnp.ones(5)},
            r"targets must have shape \(P,\) or .* row for each of the 4 points; got \(5,\)",
        ),
        ({"targets": jnp.ones((2, 1, 1))}, r"targets must have shape \(P,\) or \(P, C\)"),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"steps": 0}, "steps must be a whole number >= 1; got 0"),
        ({"particles": 6}, "particles must be a whole number >= 9; got 6"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"weights": jnp.ones(2)}, r"weights must have shape \(3,\); got \(2,\)"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"learning_rate": 3.0}, r"learning_rate must be below .* here 0\.\d+, .*; 3 diverged at step \d"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"gram": GRAM, "targets": Y, "activation": "relu", "richness": 1.0, "learning_rate": 0.1, "steps": 20}
    with pytest.raises(ValueError, match=message):
        two_layer(**given | {"key": KEY} | change)
