"""Each exercise of the DMFT primer as a student does it: rightly, wrongly, and with a wrong kind of thing."""

import re

import numpy as np
import pytest
from answering import assert_right_passes_and_nonsense_does_not

from solvable import exercises
from solvable.primer import exact as regression
from solvable.primer import theory as networks
from solvable.spinglass import SphericalGlass, exact, theory

SEEDS = [None, pytest.param("ada", marks=pytest.mark.slow), pytest.param(17, marks=pytest.mark.slow)]
IDS = sorted(id for id in exercises.REGISTRY if id.startswith("dmft_primer."))


def right(id, p):
    """The answer, as the page's solution or in a way of its own."""
    if id == "dmft_primer.convention":
        return np.array([p["temperature"], p["energy"]]) / np.sqrt(2)
    if id == "dmft_primer.self-averaging":
        return p["size"] * (p["std"] / p["target"]) ** 2
    if id == "dmft_primer.energy":
        return lambda c, r, h: -h * np.sum((2 * p["a2"] * c + 3 * p["a3"] * c**2) * r)
    if id == "dmft_primer.spike":
        planted = SphericalGlass({2: 0.5}, p["temperature"], p["spike"])
        return theory.flow(planted, 30.0, 0.05, overlap=0.5).overlap[-1] ** 2
    if id == "dmft_primer.memory":
        return lambda c, r: (2 * p["a2"] + 12 * p["a4"] * c**2) * r
    if id == "dmft_primer.novikov":
        return lambda s, xi: s.T @ xi / len(s) / (2 * p["temperature"] * p["step_size"]) ** 0.5
    if id == "dmft_primer.forgetting":
        age, plateau = p["waiting"], 1 - p["temperature"]
        lags = age * np.logspace(-1, 2, 400)
        left = exact.two_spin(np.append(age, age + lags), temperature=p["temperature"]).correlation[1:, 0]
        return np.interp(-plateau / 2, -np.asarray(left), lags)
    if id == "dmft_primer.marginal":  # by bisection, where the check has the roots of a polynomial
        spins = p["p"]
        low, high = (spins - 2) / spins, 1.0
        for _ in range(60):
            q = (low + high) / 2
            stable = spins * (spins - 1) / 2 * q ** (spins - 2) * (1 - q) ** 2 < p["temperature"] ** 2
            low, high = (low, q) if stable else (q, high)
        return [low, (spins - 2) * (1 - low) / low]
    if id == "dmft_primer.gain":
        low, high = 1.1, 4.0
        for _ in range(9):  # the folded solution: these few calls are enough
            gain = (low + high) / 2
            slow = networks.tanh_network(gain, [0.0]).lyapunov < 1 / p["horizon"]
            low, high = (gain, high) if slow else (low, gain)
        return gain
    if id == "dmft_primer.stop":
        times = np.logspace(-1, 3, 2000)
        return times[np.argmin(regression.regression_flow(times, **p).test)]
    raise KeyError(f"no right answer written down for {id}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("id", IDS)
def test_right_answers_pass_and_nonsense_does_not(id, seed):
    assert_right_passes_and_nonsense_does_not(id, right, seed)


WRONG = {  # what people answer, and a word that the reply must hold
    "convention": [
        ([0.6, -1.4], "Nothing has changed"),
        ([0.8485, -1.98], "wrong way round"),
        ([0.3, -0.7], "differs by 2"),
        ([0.4243, -1.4], "Both change"),
        ([0.5, -1.0], "one convention as a constant"),
        (0.4243, "2 numbers"),
    ],
    "self-averaging": [
        (4000, "as 1/N"),
        (500 * 8**0.5, "upside down"),
        (64, "How large was it"),
        (10, "fluctuate more"),
        (9000, "law of the figure"),
        ("big", "one number"),
    ],
    "energy": [
        (lambda c, r, h: h * np.sum((0.6 * c + 0.75 * c**2) * r), "gain energy"),
        (lambda c, r, h: -np.sum((0.6 * c + 0.75 * c**2) * r), "each step is h long"),
        (lambda c, r, h: -h * np.sum((0.3 * c**2 + 0.25 * c**3) * r), "uses f\\."),
        (lambda c, r, h: -h * np.sum((0.6 * c + 77 * 0.25 * c) * r), "over earlier times"),
        (lambda c, r, h: -h * np.sum((0.6 + 1.5 * c) * r), "memory"),
        (lambda c, r, h: -h * np.sum(c), "over earlier times"),
        (lambda c, r, h: c, "one number"),
        (3.0, "function"),
    ],
    "spike": [
        (0.84, "zero temperature"),
        ((0.68 * 0.84) ** 0.5, "overlap itself"),
        (0.4, "Run `theory.flow`"),
        (2.0, "between 0 and 1"),
    ],
    "memory": [
        (lambda c, r: (0.6 * c + c**3) * r, "one more coupling"),
        (lambda c, r: 0.6 + 3 * c**2, "no echo"),
        (lambda c, r: r, "q\\^2/2"),
        (lambda c, r: r + c, "which derivative"),
        (lambda c, r: 1.0, "shape"),
        (lambda c, r: "x", "array of numbers"),
    ],
    "novikov": [
        (lambda s, xi: s.T @ xi / len(s), "This is <s xi>"),
        (lambda s, xi: s.T @ xi / len(s) / 0.06, "Divide by that, once"),
        (lambda s, xi: s.T @ xi / len(s) / 0.06**0.5 / 0.1, "step is already in it"),
        (lambda s, xi: s.T @ xi / 0.06**0.5, "their sum"),
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
        ([0.6, 0.67], "1 - T is"),
        ([0.7296, 0.37], "three-spin"),
        ([0.065, 14.0], "first line"),
        ([1.5, 0.1], "between 0 and 1"),
        (0.7, "2 numbers"),
    ],
    "gain": [
        (1.1, "silent state"),
        (0.9, "dies out"),
        (4.0, "too fast"),
        (1.3, "too slowly"),
        (50, "far below"),
    ],
    "stop": [(900.0, "train loss is lowest"), (0.3, "Still falling"), (20.0, "Past the lowest"), (-1, "positive")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_get_the_right_words(id, answer, says):
    verdict = exercises.check(f"dmft_primer.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_slips_made_from_the_right_answer_are_recognised():
    def says(id, answer):
        return exercises.check(f"dmft_primer.{id}", answer).message

    p = exercises.parameters("dmft_primer.forgetting")
    lag = right("dmft_primer.forgetting", p)
    assert "Subtract the waiting time" in says("forgetting", lag + p["waiting"])
    q, x = right("dmft_primer.marginal", exercises.parameters("dmft_primer.marginal"))
    assert "upside down" in says("marginal", [q, 1 / x])
    assert "how many spins" in says("marginal", [q, x / 2])
    assert "second line" in says("marginal", [q, 0.7 * x])
    assert exercises.check("dmft_primer.marginal", [round(q, 3), round(x, 3)]).passed
    barrier = min(root.real for root in np.roots([6, -12, 6, 0, -0.16]) if root.real > 0)
    assert "top of a barrier" in says("marginal", [barrier, x])
    for seed in range(40):  # the plateau of more spins is neither that of two nor of three
        p = exercises.parameters("dmft_primer.marginal", seed=seed)
        q = right("dmft_primer.marginal", p)[0]
        assert abs(q - (1 - p["temperature"])) > 0.01
        assert q > (p["p"] - 2) / p["p"] + 0.05
    spike = exercises.parameters("dmft_primer.spike")
    steps = theory.descent(SphericalGlass({2: 0.5}, spike["temperature"], spike["spike"]), 400, 0.1, overlap=0.5)
    assert "as `descent` is" in says("spike", float(steps.overlap[-1]) ** 2)
    assert "Time is the learning rate" in says("stop", 10 * right("dmft_primer.stop", {"aspect": 0.8, "noise": 0.5}))
    assert "limit of old glasses" in says("forgetting", 1.1 * lag)
    assert "finite numbers" in says("memory", lambda c, r: c * np.nan)
    assert "should be one number" in says("gain", "1.9")


def test_a_trapezoid_is_no_sum_for_any_student():
    """A function may work in single precision, and this is still far from the rounding that passes."""

    def trapezoid(p):
        return lambda c, r, h: -h * np.trapezoid((2 * p["a2"] * c + 3 * p["a3"] * c**2) * r)

    for seed in range(20):
        p = exercises.parameters("dmft_primer.energy", seed=seed)
        assert "trapezoid" in exercises.check("dmft_primer.energy", trapezoid(p), seed=seed).message


def test_right_answers_pass_for_every_student():
    for name in ("convention", "self-averaging", "marginal", "memory", "novikov"):
        id = f"dmft_primer.{name}"
        for seed in range(40):
            verdict = exercises.check(id, right(id, exercises.parameters(id, seed=seed)), seed=seed)
            assert verdict.passed, (seed, verdict)


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
