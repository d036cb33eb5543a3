"""The DMFT primer: right answers found in another way, wrong ones that are no known slip, and what is drawn."""

import re

import numpy as np
import pytest

from solvable import exercises
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


WAYS = {
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
