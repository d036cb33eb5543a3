"""The DMFT primer: right answers found in another way, wrong ones that are no known slip, and what is drawn."""

import re

import numpy as np
import pytest
from scipy.linalg import eigh_tridiagonal

from solvable import exercises
from solvable.primer import theory as primer
from solvable.spinglass import SphericalGlass, exact, theory


def marginal(p):
    """By bisection, where the exercise has the roots of a polynomial."""
    spins = p["p"]
    low, high = (spins - 2) / spins, 1.0
    for _ in range(60):
        q = (low + high) / 2
        stable = spins * (spins - 1) / 2 * q ** (spins - 2) * (1 - q) ** 2 < p["temperature"] ** 2
        low, high = (low, q) if stable else (q, high)
    return [low, (spins - 2) * (1 - low) / low]


Q = np.linspace(1e-4, 1 - 1e-4, 20_001)


def height(q, couplings):
    """T^2 of a plateau."""
    return sum(p * a * q ** (p - 2) for p, a in couplings.items()) * (1 - q)


def jump(p):
    """On a grid of plateaus, where the exercise has the top of a parabola."""
    squares = height(Q, {2: p["a2"], 3: p["a3"]})
    return [Q[squares.argmax()], squares.max() ** 0.5]


def tie(p):
    """By bisection: a larger coupling makes the top of a jump the larger one."""
    low, high = 0.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        squares = height(Q, {2: p["a2"], p["p"]: middle})
        low, high = (low, middle) if squares[Q > 0.1].max() > 2 * p["a2"] else (middle, high)
    return [high, Q[Q > 0.1][squares[Q > 0.1].argmax()]]


def relaxation(p):
    """By explicit steps, whose error goes as their size, where the exercise has implicit ones."""

    def falls(step):
        c, force = np.ones(20_000), np.zeros(20_000)
        for n in range(len(c) - 1):
            force[n] = 2 * p["a2"] * c[n] + 3 * p["a3"] * c[n] ** 2
            memory = force[1 : n + 1][::-1] @ np.diff(c[: n + 1])
            c[n + 1] = c[n] - step * (p["temperature"] * c[n] + memory / p["temperature"])
            if c[n + 1] < p["level"]:
                return step * (n + (c[n] - p["level"]) / (c[n] - c[n + 1]))
        raise AssertionError("never")

    return 2 * falls(0.025) - falls(0.05)


def onset(p):
    """The equal hilltops by bisection very close to g = 1, and the path by rolling; then scaled to this gain."""
    small, c = 1e-4, p["cubic"]
    low, high = 0.9 * small / (3 * c), 1.1 * small / (3 * c)
    for _ in range(60):
        variance = (low + high) / 2
        alpha, beta = 1 - ((1 + small) * (1 - 3 * c * variance)) ** 2, 6 * c**2 * (1 + small) ** 2
        low, high = (low, variance) if alpha > beta * variance**2 / 2 else (variance, high)
    delta = variance * np.linspace(0.5, 1, 200_001)[:-1]
    energy = alpha * (delta**2 - variance**2) - beta * (delta**4 - variance**4) / 2
    u = np.sqrt(1 - delta / variance)  # takes out the root at the start
    time = np.trapezoid(2 * u * variance / np.sqrt(energy), -u)
    return [variance / small * (p["gain"] - 1), time * small / (p["gain"] - 1)]


def onset_levels(p):
    """The lowest level on a grid."""
    s = np.linspace(-12, 12, 1201)
    waves = np.diag(2 / 0.02**2 + 1 - 6 / np.cosh(s) ** 2) - (np.eye(1201, k=1) + np.eye(1201, k=-1)) / 0.02**2
    small = p["gain"] - 1
    ground = small**2 / 3 * np.linalg.eigvalsh(waves)[0]
    return [np.sqrt(1 - ground) - 1, small]


def onset_reach(p):
    """The exponent from the waves in the well of the library's correlation, on a grid of our own."""
    lags = np.arange(0, 400, 0.1)
    found = primer.tanh_network(p["gain"], lags)
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    variance, delta = float(found.variance), np.asarray(found.correlation)
    x = np.sqrt(variance) * nodes[:, None, None]
    rest = np.sqrt(np.maximum(variance - delta**2 / variance, 0))
    other = delta / np.sqrt(variance) * nodes[:, None, None] + rest * nodes[None, :, None]
    slopes = (1 - np.tanh(x) ** 2) * (1 - np.tanh(other) ** 2)
    well = 1 - p["gain"] ** 2 * np.einsum("i,j,ijt->t", weights, weights, slopes) / (2 * np.pi)
    diagonal, beside = 2 / 0.01 + well, np.full(len(well) - 1, -1 / 0.01)
    beside[0] *= np.sqrt(2)  # an even wave on the half line
    ground = eigh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0))[0][0]
    return (np.sqrt(1 - ground) - 1) / ((p["gain"] - 1) ** 2 / 2)


WAYS = {
    "problem-jump": jump,
    "problem-tie": tie,
    "problem-relaxation": relaxation,
    "problem-onset": onset,
    "problem-onset-lyapunov": onset_levels,
    "problem-onset-reach": onset_reach,
    "marginal": marginal,
    "spike": lambda p: (
        theory.flow(SphericalGlass({2: 0.5}, p["temperature"], p["spike"]), 30.0, 0.05, overlap=0.5).overlap[-1] ** 2
    ),
}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WAYS)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"dmft_primer.{name}", seed=seed)
    verdict = exercises.check(f"dmft_primer.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


WRONG = {  # what people answer, and a word that the reply must hold
    "problem-jump": [
        ([0.7, 0.82], "first have a root"),
        ([0.3889, 0.5], "into the condition"),
        ([-0.4, 1], "positive"),
    ],
    "problem-tie": [([0.1, 0.5], "becomes unstable"), ([0.6, 0.9], "flat top"), ([0.6], "2 numbers")],
    "problem-relaxation": [(30.0, "not fallen so far"), (300.0, "fallen further"), (-1, "positive")],
    "problem-onset": [([0.05, 114.0], "third order"), ([0.02667, 20.0], "closed form"), ([-1, 1], "positive")],
    "problem-onset-lyapunov": [([0.1, 0.02], "lowest"), ([2e-4, 1.0], "disk"), ([-1, 1], "positive")],
    "problem-onset-reach": [(0.9, "divide it by"), (-1, "positive")],
    "convention": [
        ([0.5, -1.0], "one convention as a constant"),
        (0.4243, "2 numbers"),
    ],
    "self-averaging": [
        (10, "fluctuate more"),
        (9000, "law of the figure"),
        ("big", "one number"),
    ],
    "energy": [
        (lambda c, r, h: -h * np.sum((0.6 * c + 77 * 0.25 * c) * r), "over earlier times"),
        (lambda c, r, h: -h * np.sum(c), "over earlier times"),
        (lambda c, r, h: c, "one number"),
        (3.0, "function"),
    ],
    "spike": [
        (0.4, "Run `theory.flow`"),
        (2.0, "between 0 and 1"),
    ],
    "memory": [
        (lambda c, r: r + c, "which derivative"),
        (lambda c, r: 1.0, "shape"),
        (lambda c, r: "x", "array of numbers"),
    ],
    "novikov": [
        (lambda s, xi: xi.T @ s, "shape"),
        (lambda s, xi: s.T @ xi, "Average"),
    ],
    "forgetting": [
        (100, "Too soon"),
        (1e5, "Too late"),
        (-3, "positive"),
        ("long", "one number"),
    ],
    "marginal": [
        ([0.065, 14.0], "first line"),
        ([1.5, 0.1], "between 0 and 1"),
        (0.7, "2 numbers"),
    ],
    "gain": [
        (0.9, "dies out"),
        (4.0, "too fast"),
        (1.3, "too slowly"),
        (50, "far below"),
    ],
    "stop": [(900.0, "train loss is lowest"), (0.3, "Still falling"), (20.0, "Past the lowest"), (-1, "positive")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"dmft_primer.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_what_lies_near_the_right_answer_is_told_what_it_is():
    def says(id, answer):
        return exercises.check(f"dmft_primer.{id}", answer).message

    lag = exercises.REGISTRY["dmft_primer.forgetting"].right(**exercises.parameters("dmft_primer.forgetting"))
    assert "limit of old glasses" in says("forgetting", 1.1 * lag)
    q, x = marginal(exercises.parameters("dmft_primer.marginal"))
    assert "second line" in says("marginal", [q, 0.7 * x])
    assert exercises.check("dmft_primer.marginal", [round(q, 3), round(x, 3)]).passed
    spike = exercises.parameters("dmft_primer.spike")
    steps = theory.descent(SphericalGlass({2: 0.5}, spike["temperature"], spike["spike"]), 400, 0.1, overlap=0.5)
    assert "as `descent` is" in says("spike", float(steps.overlap[-1]) ** 2)
    assert "finite numbers" in says("memory", lambda c, r: c * np.nan)
    assert "should be one number" in says("gain", "1.9")


def test_the_plateau_of_more_spins_is_neither_that_of_two_nor_of_three():
    for seed in range(40):
        p = exercises.parameters("dmft_primer.marginal", seed=seed)
        q = marginal(p)[0]
        assert abs(q - (1 - p["temperature"])) > 0.01
        assert q > (p["p"] - 2) / p["p"] + 0.05


@pytest.mark.parametrize("temperature", [0.4, 0.7])
def test_glasses_of_the_exercise_are_too_young_for_the_formula(temperature):
    """The oldest and the youngest that a student gets; at 7 waiting times the limit would have half of the plateau."""
    for seed in range(40):
        p = exercises.parameters("dmft_primer.forgetting", seed=seed)
        assert 0.4 <= p["temperature"] <= 0.7
        assert 30 <= p["waiting"] <= 100
    for age in (30.0, 100.0):
        left = exact.two_spin([age, age + 6.954 * age], temperature=temperature).correlation[1, 0]
        assert left < 0.988 * (1 - temperature) / 2  # the check asks for 1 %
