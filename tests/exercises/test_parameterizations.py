"""Parameterizations: right answers found in another way, wrong ones that are no known slip, and what is drawn."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import exercises
from solvable.networks import MLP, Custom, Transfer, coordinate_check, train
from solvable.parameterizations import ABC, exponents, mup


def optimum(rates, losses):
    """By the library."""
    return float(Transfer(jnp.ones(1), jnp.asarray(rates), jnp.asarray(losses)[None]).optimum[0])


def count(p):
    found = exponents(ABC(a=(0, p["a"], p["a"]), b=(0, p["b"], p["b"]), c=p["c"]), depth=2)
    return [found.own[0], found.own[1], found.output, found.output_change]


def wishes(p):
    moved = mup().shift(hidden=p["a"] - 0.5, output=p["a"] - 0.5)
    return [moved.b[1], moved.c, moved.sgd[1]]


def port(p):
    small, wide = (
        [
            getattr(mup().scale(kind, width=n, fan_in=n, optimizer="adam", multiplier_free=True), what)
            for what in ("std", "learning_rate") for kind in ("hidden", "output")
        ]
        for n in (p["width"], p["wide"])
    )  # fmt: skip
    given = [p["spread"], p["readout"], p["rate"], p["readout_rate"]]
    return [g * w / s for g, w, s in zip(given, wide, small, strict=True)]


WAYS = {"count": count, "optimum": lambda p: optimum, "port": port, "wishes": wishes}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WAYS)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"parameterizations.{name}", seed=seed)
    verdict = exercises.check(f"parameterizations.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


def straight(rates, losses):
    """A parabola, but in the rate itself."""
    best = int(np.argmin(losses.mean(axis=1)))
    bend, slope, _ = np.polyfit(rates[best - 1 : best + 2], np.log(losses).mean(axis=1)[best - 1 : best + 2], 2)
    return -slope / (2 * bend)


def reckless(rates, losses):
    eta, loss = np.log(rates), np.nan_to_num(np.log(losses).mean(axis=1), posinf=1e3)
    best = int(np.argmin(loss))
    bend, slope, _ = np.polyfit(eta[best - 1 : best + 2], loss[best - 1 : best + 2], 2)
    return np.exp(-slope / (2 * bend))


WRONG = {  # what people answer, and words that the reply must hold
    "count": [
        ([0.0, 0.5, 0.0, 0.5], "root of N counts"),
        ([0.5, 0.5, -0.5, 0.5], "D does not count"),
        ([0.0, 3.0, -0.5, 0.5], "aligned sum"),
        ([0.0, 0.5, -0.5, 2.0], "the output's weights"),
        (0.5, "4 numbers"),
    ],
    "wishes": [
        ([0.0, 0.5, 0.0], "Stable passes\\? No"),
        ([0.3, 0.5, 0.0], "The function learns\\? No"),
        ([0.3, 0.0, -0.6], "The features learn\\? No: the weights of hidden layer 1"),
        ([0.3, 0.5], "3 numbers"),
    ],
    "port": [
        ([0.0884, 0.000488, 0.000125, 0.0001875], "Spread of the hidden"),
        ([0.0221, 0.00781, 0.000125, 0.0001875], "last row of muP"),
        ([0.0221, 0.000488, 0.000125, 0.1], "readout weights: N aligned"),
    ],
    "same": [
        (3.0, "equal on both sides"),
    ],
    "adam": [
        ([0.0, 0.0], "ever more with the width"),
        ([-1.0, -1.0], "no harm"),
        ([-0.5, -1.0], "no sum over N helps"),
        (-0.5, "2 numbers"),
    ],
    "rates": [
        (lambda n: {"input": 1.0, "hidden": n**0.5, "output": 1.0}, "weights of the input layer .* N\\^-1"),
        (lambda n: {"input": n, "hidden": 1.0, "output": 1 / n}, "weights of the hidden layer .* N\\^-0.5"),
        (lambda n: {"input": n, "hidden": n**0.5, "output": 1.0}, "weights of the output layer .* N\\^\\+1"),
        (lambda n: {"input": n + 900.0, "hidden": 1.0, "output": 1 / n}, "one power"),
        (lambda n: {"input": n, "hidden": 1.0}, "keys 'input', 'hidden', 'output'"),
        (lambda n: {"input": -n, "hidden": 1.0, "output": 1 / n}, "positive"),
    ],
    "optimum": [
        (straight, "mean of the log losses"),
        (reckless, "diverges"),
        (lambda r, x: r, "one number"),
    ],
    "drift": [(0.001, "table of exponents")],
    "seeds": [
        (12.0, "both at this width"),
    ],
    "extrapolate": [(0.05, "s/N")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"parameterizations.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_the_two_names_are_one_network():
    """What the exercise claims, trained: NTK with a richness of gamma_0 sqrt(N) is muP."""
    p, x = exercises.parameters("parameterizations.same"), jax.random.normal(jax.random.key(1), (4, 5))
    answer = exercises.REGISTRY["parameterizations.same"].right(**p)
    losses = [
        train(
            MLP(p["width"], parameterization=name, richness=g, dtype=float), x, x[:, 0], 10,
            learning_rate=0.3, key=jax.random.key(0),
        ).loss
        for name, g in (("ntk", answer), ("mup", p["richness"]))
    ]  # fmt: skip
    assert losses[0][-1] < 0.8 * losses[0][0]
    assert_allclose(losses[0], losses[1], rtol=1e-10)


@pytest.mark.parametrize(("power", "passes"), [(0.5, True), (1.5, False)])
def test_the_rates_of_the_exercise_pass_the_coordinate_check(power, passes):
    def make(width):
        spread = {"input": 0.25, "hidden": width**-0.25, "output": 1 / width}
        shapes = {"input": (16, width), "hidden": (width, width), "output": (width,)}

        def start(key, inputs, outputs):
            keys = jax.random.split(key, 3)
            return {
                name: spread[name] * jax.random.normal(one, shapes[name])
                for one, name in zip(keys, shapes, strict=True)
            }

        def forward(weights, x):
            h1 = x @ weights["input"]
            h2 = width**-0.25 * jnp.tanh(h1) @ weights["hidden"]
            return jnp.tanh(h2) @ weights["output"], jnp.stack([h1, h2])

        return Custom(start, forward, lambda optimizer: {"input": width, "hidden": width**power, "output": 1 / width})

    x = jax.random.normal(jax.random.key(1), (4, 16))
    found = coordinate_check(
        make, [32, 256], x, jnp.sign(x[:, 0]), learning_rate=1e-4, steps=1, key=jax.random.key(0), repeats=16
    )
    assert found.passed is passes, str(found)


def by_parabola(losses_to_log):
    """The statement's recipe, for one number a rate."""

    def best(rates, losses):
        with np.errstate(invalid="ignore"):
            y = losses_to_log(losses)
        i = int(np.argmin(np.where(np.isfinite(y), y, np.inf)))
        if not np.isfinite(y[i - 1 : i + 2]).all() or i in (0, len(y) - 1):
            return rates[i]
        fit = np.polyfit(np.log(rates[i - 1 : i + 2]), y[i - 1 : i + 2], 2)
        return np.exp(-fit[1] / (2 * fit[0]))

    return best


def test_only_the_mean_log_loss_has_the_optimum():
    for seed in range(25):
        for recipe, passes in (
            (lambda losses: np.log(losses).mean(axis=1), True),
            (lambda losses: np.log(losses.mean(axis=1)), False),
            (lambda losses: np.log(losses[:, 0]), False),
            (lambda losses: losses.mean(axis=1), False),
        ):
            verdict = exercises.check("parameterizations.optimum", by_parabola(recipe), seed=seed)
            assert verdict.passed == passes, (seed, verdict)
