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


def narrow_sgd(p):
    """Rates from the sizes of one draw of the backward pass at two very different widths, without activations."""
    logs = []
    for wide in (400, 6400):
        few, random = round(wide ** p["beta"]), np.random.default_rng(0)
        g3 = random.normal(size=(64, wide)) / wide
        g2 = g3 @ random.normal(size=(wide, few)) / few**0.5
        g1 = g2 @ random.normal(size=(few, wide)) / wide**0.5
        sizes = [np.sqrt(np.mean(g**2)) for g in (g1, g2, g3)]
        logs.append(np.log([1 / sizes[0], 1 / (wide * sizes[1]), 1 / (few * sizes[2])]))
    return np.round(np.subtract(*logs[::-1]) / np.log(16), 2)


def narrow_passed(p):
    """The movement, and its worst case for a unit spread, from matrices at two widths."""
    logs = []
    for wide in (400, 6400):
        few, random = round(wide ** p["beta"]), np.random.default_rng(0)
        v = random.normal(size=(few, wide)) / wide**0.5
        g2 = random.normal(size=few) * wide ** (-(1 + p["beta"]) / 2)
        moved = np.sqrt(np.mean((wide * v @ (v.T @ g2)) ** 2))
        worst = np.linalg.norm(v, 2) * wide**0.5 * (wide / few) ** 0.5  # of entries of unit spread
        logs.append(np.log([moved, 1 / worst, wide**0.5 / worst]))
    return np.subtract(*logs[::-1]) / np.log(16)


def vertex(left, middle, right, spacing):
    return spacing * (left - right) / 2 / (left + right - 2 * middle)


def sweep_errors(p):
    """By finite differences of the parabola's lowest point, where the exercise has formulas."""
    d, small = p["spacing"], 1e-5
    losses = p["bend"] * np.array([d, 0, d]) ** 2
    slopes = [(vertex(*(losses + small * one), d) - vertex(*losses, d)) / small for one in np.eye(3)]
    shift = vertex(*(losses + small * np.array([-d, 0, d]) ** 3), d) / small * p["cubic"]
    return [p["scatter"] / p["seeds"] ** 0.5 * np.linalg.norm(slopes), abs(shift)]


def sweep_spacing(p):
    spacings = np.linspace(0.2, 3, 2801)
    errors = [np.hypot(*sweep_errors(p | {"spacing": one})) for one in spacings]
    return [spacings[np.argmin(errors)], min(errors)]


def sweep_split(p):
    """The cheapest of all splits."""
    narrow = p["error"] ** 2 / p["goal"] ** 2 * np.linspace(1.01, 30, 200_001)
    wide = 1 / (p["goal"] ** 2 / p["error"] ** 2 - 1 / narrow)
    best = np.argmin(narrow + p["ratio"] ** 2 * wide)
    return [narrow[best], wide[best]]


def test_powers_of_a_narrow_layer_are_those_of_matrices():
    """One draw at widths 400 and 6,400, beta = 0.4 (11 and 33 neurons): powers to 0.08."""
    p = exercises.parameters("parameterizations.problem-narrow-sgd")
    for name, found in (("sgd", narrow_sgd(p)), ("passed", narrow_passed(p))):
        right = exercises.REGISTRY[f"parameterizations.problem-narrow-{name}"].right(**p)
        assert_allclose(found, right, atol=0.08)


WAYS = {
    "count": count,
    "optimum": lambda p: optimum,
    "port": port,
    "problem-sweep-errors": sweep_errors,
    "problem-sweep-spacing": sweep_spacing,
    "problem-sweep-split": sweep_split,
    "wishes": wishes,
}


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
    "problem-narrow-adam": [([0.7, 1, 0.4, 1], "Input"), ([0, 1, 0.4, 0], "Readout"), ([0, 1], "4 numbers")],
    "problem-narrow-sgd": [([0.5, -0.3, 0.6], "Input"), ([1, -0.3, 0.2], "terms in the sum"), ("x", "3 numbers")],
    "problem-narrow-passed": [
        ([1, -0.8, -0.3], "through V"),
        ([0.3, -0.8, 1], "random sum"),
        ([0.3, 1, -0.3], "largest"),
    ],
    "problem-sweep-errors": [([0.2, 0.06], "Linearise"), ([0.0791, 0.2], "cubic term alone"), ([-1, 1], "positive")],
    "problem-sweep-spacing": [([2.0, 0.1], "Differentiate"), ([0.9635, 0.3], "both errors"), ([-1, 1], "positive")],
    "problem-sweep-split": [([50, 20], "Narrow"), ([80, 50], "Wide"), ([-1, 1], "positive")],
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


@pytest.mark.parametrize(("power", "passes"), [(0.5, True), pytest.param(1.5, False, marks=pytest.mark.slow)])
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
