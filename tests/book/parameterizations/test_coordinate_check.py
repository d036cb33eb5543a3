"""What "The coordinate check" says, at its own parameters."""

import jax
import jax.numpy as jnp
import pytest

from solvable import data
from solvable.networks import MLP, Custom, coordinate_check
from solvable.parameterizations import ABC, mup

X = jax.random.normal(jax.random.key(1), (4, 16))
Y = jnp.sign(X[:, 0])
ENDS = (32, 256)


def own(width, readout=-0.5, rates=lambda n: {"in": 1.0, "middle": 1.0, "out": 1.0}):
    """The reader's network of the page."""

    def start(key, inputs, outputs):
        shapes = {"in": (*inputs, width), "middle": (width, width), "out": (width,)}
        spread = {"in": inputs[0] ** -0.5, "middle": width**-0.5, "out": width**readout}
        keys = jax.random.split(key, 3)
        return {name: spread[name] * jax.random.normal(k, shapes[name]) for k, name in zip(keys, shapes, strict=True)}

    def forward(weights, x):
        h1 = x @ weights["in"]
        h2 = jax.nn.silu(h1 / jnp.sqrt(jnp.mean(h1**2, axis=1, keepdims=True))) @ weights["middle"]
        return jax.nn.silu(h2) @ weights["out"], jnp.stack([h1, h2])

    return Custom(start, forward, lambda optimizer: rates(width))


def checked(network, rate, **options):
    return coordinate_check(network, ENDS, X, Y, learning_rate=rate, key=jax.random.key(0), **{"repeats": 24} | options)


@pytest.mark.slow
def test_the_error_of_f_halves_with_four_times_the_seeds():
    errors = [
        coordinate_check(
            lambda n: MLP(n, depth=3), (32, 96, 256), X, Y, learning_rate=0.05, steps=1,
            key=jax.random.key(0), repeats=count,
        ).exponents("output_size")[0].error
        for count in (24, 96)
    ]  # fmt: skip
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.25)
    assert 2 * errors[1] == pytest.approx(0.05, abs=0.005)  # it takes a hundred seeds


def test_one_rate_of_adam_freezes_the_first_layer_on_digits():
    images, labels = data.images(32)["digits"]

    def check(abc):
        return coordinate_check(
            lambda n: MLP(n, depth=2, parameterization=abc), ENDS, images, labels,
            learning_rate=0.01, key=jax.random.key(0), optimizer="adam", repeats=12,
        )  # fmt: skip

    assert check(mup()).passed
    found = check(ABC(mup().a, mup().b, mup().c, adam=(-0.5, -0.5, -0.5)))
    assert [wish.holds for wish in found.verdict] == [True, False, False]
    first, second = found.exponents("feature_change")
    assert first.value == pytest.approx(-0.5, abs=0.03)
    assert -0.4 < second.value < -0.1  # handed on by the first layer, and its own


@pytest.mark.slow
def test_a_readers_network_fails_and_its_repair_passes():
    found = checked(own, 1e-4, steps=1)
    assert [wish.holds for wish in found.verdict] == [True, False, False]

    def repaired(width):
        return own(width, readout=-1.0, rates=lambda n: {"in": n / 32, "middle": 1.0, "out": 32 / n})

    assert checked(repaired, 0.02).passed
