"""Finite networks beside their limit."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_linear, finite, two_layer

from .points import CHANCES, GRAM, KEY, TARGETS, TASK, X, Y


@pytest.mark.parametrize(
    ("depth", "activation", "richness", "width"),
    [(1, "tanh", 2.0, 1000), (1, "relu", 2.0, 1000),
     pytest.param(2, "tanh", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "linear", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "relu", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "linear", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "tanh", 2.0, 1000, marks=pytest.mark.slow)],
)  # fmt: skip
def test_wide_networks_follow_the_theory(depth, activation, richness, width):
    repeats = (24 if depth == 1 else 16) * (3 if richness < 1 else 1)  # f(0) / f falls as 1 / gamma_0
    given = {"richness": richness, "learning_rate": 0.05, "steps": 12}
    known = GRAM[:3, :3]
    if activation == "linear":
        theory = deep_linear(known, Y, depth=depth, **given)
    elif depth == 1:
        theory = two_layer(known, Y, activation=activation, key=KEY, **given)
    else:
        particles = 3000 if activation == "relu" else 800
        theory = deep(known, Y, depth=depth, activation=activation, key=KEY, particles=particles, **given)
    tangent = {"tangent_kernel": depth == 2}
    found = finite(
        X[:3], Y, width=width, depth=depth, activation=activation, key=KEY, repeats=repeats, **tangent, **given
    )
    size, error = float(jnp.abs(theory.outputs).max()), found.error("outputs")
    assert error.max() < 0.015 * size
    assert (np.abs(found.outputs - theory.outputs) < 4 * np.hypot(error, theory.error("outputs")) + 0.004 * size).all()
    assert_allclose(found.features[:, -1], theory.features[:, -1], rtol=0.05, atol=0.02)
    if depth == 2:  # gradient kernels enter the tangent kernel
        largest = float(theory.tangent_kernel[-1].max())
        assert_allclose(found.tangent_kernel[-1], theory.tangent_kernel[-1], atol=0.05 * largest)


def test_finite_networks_have_the_limits_kernels_and_neurons():
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 10, "key": KEY}
    theory = two_layer(GRAM[:3, :3], Y, **given)
    found = finite(X[:3], Y, width=500, repeats=8, tangent_kernel=True, **given)
    assert_allclose(found.tangent_kernel, theory.tangent_kernel, rtol=0.05, atol=0.02)
    growth = [float(one.tangent_kernel[-1, 0, 0] / one.tangent_kernel[0, 0, 0]) for one in (found, theory)]
    assert growth[1] > 1.1
    assert growth[0] == pytest.approx(growth[1], rel=0.02)
    assert found.preactivations.shape == (2 * 8 * 500, 3)
    assert_allclose(jnp.cov(found.preactivations.T), jnp.cov(theory.preactivations.T), rtol=0.1, atol=0.03)
    assert_allclose(found.outputs[0], 0, atol=1e-14)
    assert found.loss[-1] == pytest.approx(float(theory.loss[-1]), rel=0.05)


def test_finite_networks_that_diverge_are_refused():
    with pytest.raises(ValueError, match=r"learning_rate must be smaller; at 50.0 a network diverged at step \d"):
        finite(X[:3], Y, width=8, activation="relu", richness=1.0, learning_rate=50.0, steps=30, key=KEY, repeats=2)


POINTS = jnp.linalg.cholesky(TASK) * 2  # x x^T / 4 is the task's Gram matrix
RATES = {"square": 0.04, "cross_entropy": 0.08}
TANH = {"square": 0.1, "cross_entropy": 0.08}  # whose tangent kernel is smaller


def theory_of_classes(depth, activation, loss, particles, **given):
    targets = TARGETS if loss == "square" else CHANCES
    given = {"learning_rate": (TANH if activation == "tanh" else RATES)[loss], "loss": loss} | given
    if activation == "linear":
        return deep_linear(TASK, targets, depth=depth, **given)
    if depth == 1:
        return two_layer(TASK, targets, activation=activation, key=KEY, **given)
    return deep(TASK, targets, depth=depth, activation=activation, key=KEY, particles=particles, **given)


def networks_of_classes(depth, activation, loss, **given):
    targets = TARGETS if loss == "square" else CHANCES
    rate = (TANH if activation == "tanh" else RATES)[loss]
    given = {"learning_rate": rate, "loss": loss, "key": KEY} | given
    return finite(POINTS, targets, depth=depth, activation=activation, **given)


def miss_in_errors(found, theory):
    """Largest difference of an output, over 4 standard errors and 0.4 % of the largest."""
    size = float(jnp.abs(theory.outputs).max())
    allowed = 4 * np.hypot(found.error("outputs"), theory.error("outputs")) + 0.004 * size
    return (np.abs(found.outputs - theory.outputs) / allowed).max()


@pytest.mark.parametrize(
    ("depth", "activation", "richness", "loss"),
    [(1, "relu", 2.0, "cross_entropy"),
     *(pytest.param(*one, marks=pytest.mark.slow) for one in (
         *((1, activation, richness, loss) for activation in ("tanh", "relu") for richness in (0.5, 2.0)
           for loss in RATES if (activation, richness, loss) != ("relu", 2.0, "cross_entropy")),
         *((depth, "linear", richness, loss) for depth, richness in ((1, 2.0), (2, 0.5), (3, 1.0)) for loss in RATES),
         *((depth, activation, richness, loss) for activation in ("tanh", "relu")
           for depth, richness in ((2, 0.5), (2, 2.0), (3, 1.0)) for loss in RATES)))],
)  # fmt: skip
def test_networks_with_several_outputs_follow_the_theory(depth, activation, richness, loss):
    """The fast one is smaller: its errors are larger, and so is what it can see."""
    slow = (depth, activation, richness, loss) != (1, "relu", 2.0, "cross_entropy")
    particles = 3000 if activation == "relu" else 800
    given = {"richness": richness, "steps": 15}
    theory = theory_of_classes(depth, activation, loss, particles, **given)
    size = {"width": 1000, "repeats": 16 * (3 if richness < 1 else 1)} if slow else {"width": 400, "repeats": 8}
    found = networks_of_classes(depth, activation, loss, **size, **given)
    assert np.abs(theory.outputs).max() > 0.5
    assert found.error("outputs").max() < (0.02 if slow else 0.05) * np.abs(theory.outputs).max()
    assert miss_in_errors(found, theory) < 1
    assert_allclose(found.features[:, -1], theory.features[:, -1], rtol=0.07, atol=0.02)


@pytest.mark.parametrize("depth", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_tangent_kernels_between_classes_are_those_of_networks(depth):
    """Which one gradient kernel for all classes would miss: what classes do to each other is a tenth or more of it."""
    slow = depth == 3
    given = {"richness": 2.0, "steps": 15 if slow else 6, "tangent_kernel": True}
    given["learning_rate"] = 0.04 if slow else 0.1
    theory = theory_of_classes(depth, "tanh", "square", 800 if slow else 300, **given)
    size = {"width": 800, "repeats": 24} if slow else {"width": 300, "repeats": 8}
    found = networks_of_classes(depth, "tanh", "square", **size, **given)
    kernel = np.asarray(theory.tangent_kernel[-1])
    largest, off = np.abs(kernel).max(), ~np.eye(3, dtype=bool)
    assert np.abs(kernel[..., off]).max() > 0.1 * largest
    miss, near = np.asarray(found.tangent_kernel[-1]) - kernel, 0.03 if slow else 0.06
    print(np.abs(miss).max() / largest, np.linalg.norm(miss[..., off]) / np.linalg.norm(kernel[..., off]))
    assert np.abs(miss).max() < near * largest
    assert np.linalg.norm(miss[..., off]) < 0.4 * np.linalg.norm(kernel[..., off])
    assert miss_in_errors(found, theory) < 1


@pytest.mark.slow
@pytest.mark.parametrize("depth", [2, 3])
def test_without_responses_several_outputs_are_off(depth):
    given = {"richness": 2.0 if depth == 2 else 1.0, "steps": 15}
    theory = theory_of_classes(depth, "tanh", "square", 800, responses=False, **given)
    found = networks_of_classes(depth, "tanh", "square", width=1000, repeats=16, **given)
    assert 0.05 < np.abs(found.outputs - theory.outputs).max() < 0.4
    assert miss_in_errors(found, theory) > 2
