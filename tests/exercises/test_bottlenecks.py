"""Each exercise as a student does it: rightly, wrongly in the ways people are wrong, and with a wrong kind of thing."""

import re

import numpy as np
import pytest
from answering import assert_right_passes_and_nonsense_does_not
from scipy.special import zeta

from solvable import Spectrum, exercises
from solvable.exercises.answers import Wrong
from solvable.linear_model import compute, theory

SEEDS = [None, "ada", pytest.param(17, marks=pytest.mark.slow)]


def right(id, p):
    """The answer, from the model itself and not from the check."""
    if id == "bottlenecks.loss-by-hand":
        return lambda lam, c, t: np.sum(c * np.exp(-2 * lam * t))
    if id == "bottlenecks.effective-ridge":
        spectrum, low, high = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]), 1e-12, 1.0
        for _ in range(100):
            middle = np.sqrt(low * high)
            low, high = (middle, high) if spectrum.dimension(middle) > p["width"] else (low, middle)
        return high
    if id == "bottlenecks.early-stopping":
        spectrum, times = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]), np.logspace(0, 5, 300)
        sizes = {name: p[name] for name in ("width", "samples", "noise")}
        return times[np.argmin(theory.gradient_flow(spectrum, times, **sizes).test)]
    if id == "bottlenecks.exponents":
        return [(p["a"] - 1) / p["b"], min(p["a"] - 1, 2 * p["b"]), min(p["a"] - 1, p["b"])]
    if id == "bottlenecks.which-binds":
        return min((p["time"] ** (1 / p["b"]), "time"), (p["samples"], "data"), (p["width"], "width"))[1]
    if id == "bottlenecks.which-variance":
        loss = theory.ensemble(
            Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]),
            [p["time"]],
            **{name: p[name] for name in ("width", "samples", "noise")},
        )
        parts = {"features": loss.init_variance, "data": loss.data_variance, "both": loss.both_variance}
        return max(parts, key=lambda name: float(parts[name][0]))
    if id == "bottlenecks.ensemble-size":  # by bisection, where the check has the formula
        spectrum, low, high = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]), 1.0, 1e4
        goal = theory.gradient_flow(spectrum, [p["time"]], width=2 * p["width"]).test[0]
        for _ in range(40):
            middle = np.sqrt(low * high)
            many = theory.ensemble(spectrum, [p["time"]], width=p["width"], inits=middle).test[0] > goal
            low, high = (middle, high) if many else (low, middle)
        return low
    if id == "bottlenecks.batch-noise":
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        method = {"learning_rate": p["learning_rate"], "width": p["width"]}
        sgd = theory.sgd(spectrum, [p["step"]], batch_size=p["batch_size"], noise=p["noise"], **method)
        return 1 - theory.gradient_descent(spectrum, [p["step"]], **method).test[0] / sgd.test[0]
    if id == "bottlenecks.batch-rate":
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        one = theory.sgd_stability_limit(spectrum, batch_size=1, width=p["width"])
        return theory.stability_limit(spectrum, width=p["width"]) / one
    if id == "bottlenecks.online-gap":
        return p["noise"]
    if id == "bottlenecks.bend":
        return p["factor"] ** p["b"]
    if id == "bottlenecks.fit-predict":  # weighted least squares by hand, where the check has the library's fit
        x = np.log(np.arange(10, 101))
        behind = [sum(p["task_power"][k - 1 :]) for k in range(10, 101)]
        weight = np.gradient(x)
        fits = [
            np.cov(x, np.log(y), aweights=weight)[0, 1] / np.cov(x, aweights=weight)
            for y in (p["eigenvalues"][9:100], behind)
        ]
        b, hard = -fits[0], -fits[1]
        return [hard / b, min(hard, 2 * b), min(hard, b)]
    if id == "bottlenecks.mode-floor":  # kappa by bisection
        spectrum, low, high = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]), 1e-12, 1.0
        for _ in range(100):
            middle = np.sqrt(low * high)
            more = spectrum.dimension(middle) > min(p["width"], p["samples"])
            low, high = (middle, high) if more else (low, middle)
        return high / (high + spectrum.eigenvalues[p["mode"] - 1])
    if id == "bottlenecks.width-cost":
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        free = np.sum(spectrum.task_power * np.exp(-2 * spectrum.eigenvalues * p["time"]))
        return 1 - free / theory.gradient_flow(spectrum, [p["time"]], width=p["width"]).test[0]
    if id == "bottlenecks.best-ridge":
        return theory.optimal_ridge(
            Spectrum.power_law(a=p["b"], b=p["b"], modes=p["modes"]), samples=p["samples"], noise=p["noise"]
        )
    if id == "bottlenecks.free-reuse":
        spectrum, times = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"]), np.logspace(-1, 6, 400)
        reused = theory.gradient_flow(spectrum, times, width=p["width"], samples=p["samples"]).test
        return np.interp(1.1, reused / theory.gradient_flow(spectrum, times, width=p["width"]).test, times)
    if id == "bottlenecks.frontier":
        a, b = p["a"], p["b"]
        width = 1 / (b + 1) if a - 1 < b else (a - b) / a
        return [(1 - width) * (a - 1) / b, width, 1 - width]
    if id == "bottlenecks.grow-width":
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"], binned=True)
        best = compute.frontier(spectrum, [p["compute"], 100 * p["compute"]]).width
        return best[1] / best[0]
    if id == "bottlenecks.rich-exponents":
        beta = (p["a"] - 1) / p["b"]
        return [beta, max(beta, 2 * beta / (1 + beta))]
    if id == "bottlenecks.sooner":
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        goal = theory.gradient_flow(spectrum, [p["time"]]).test[0]
        times = np.logspace(-2, np.log10(p["time"]), 400)
        path = np.asarray(theory.feature_learning(spectrum, times, richness=p["richness"]).test)
        return p["time"] / np.exp(np.interp(-np.log(goal), -np.log(path), np.log(times)))
    if id == "bottlenecks.circle-exponents":
        beta = (p["q"] - 0.5) / p["q_phi"]
        return [beta, max(beta, 2 * beta / (1 + beta))]
    if id == "bottlenecks.unreachable":  # by summing modes, where the check has zeta functions
        k = np.arange(1.0, 2_000_001)
        power = k ** (-2 * p["q"])
        beyond = (k[-1] + 0.5) ** (1 - 2 * p["q"]) / (2 * p["q"] - 1)
        return (np.sum(power[2::2]) + beyond / 2) / (np.sum(power) + beyond)
    raise KeyError(f"no right answer written down for {id}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("id", sorted(id for id in exercises.REGISTRY if id.startswith("bottlenecks.")))
def test_right_answers_pass_and_nonsense_does_not(id, seed):
    assert_right_passes_and_nonsense_does_not(id, right, seed)


WRONG = {  # what people answer, and a word that the reply must hold
    "bottlenecks.loss-by-hand": [
        (lambda lam, c, t: np.sum(c * np.exp(-lam * t)), "squared"),
        (lambda lam, c, t: np.sum(c * np.exp(-4 * lam * t)), "Too fast"),
        (lambda lam, c, t: np.sum(lam * c * np.exp(-2 * lam * t)), "enter twice"),
        (lambda lam, c, t: 2 * np.sum(c * np.exp(-2 * lam * t)), "t = 0"),
        (lambda lam, c, t: c * np.exp(-2 * lam * t), "shape"),
        (lambda lam, c, t: np.sum(c) / (1 + t), "decay is not"),
        (lambda lam, c, t: undefined_name, "NameError"),
        (lambda lam, c, t: "x", "one number, and this is text"),
        (lambda lam, c, t: (c * np.exp(-2 * lam * t), 1.0), "tuple with 2 entries: look for a comma"),
        (3.0, "function"),
    ],
    "bottlenecks.effective-ridge": [
        (1e-7, "more directions"),
        (0.1, "fewer directions"),
        ("x", "one number"),
    ],
    "bottlenecks.early-stopping": [(1e5, "argument of `gradient_flow`"), (0.2, "still falling"), (-3, "positive")],
    "bottlenecks.exponents": [
        ([4.0 / 1.2, 2.4, 1.2], "tail sum"),
        ([3.0, 2.4, 1.2], "k\\* grow"),
        ([2.5, 2.4, 2.4], "infinite ensemble"),
        ([2.5, 3.0, 1.2], "Data"),
        ([2.5, 2.4, 2.0], "variance"),
        ([-2.5, -2.4, -1.2], "positive"),
        ([2.5, 2.4], "3 numbers"),
        ([10**400, 1, 1], "3 numbers"),
    ],
    "bottlenecks.which-binds": [
        ("time", "not the time itself"),
        ("data", "reach further"),
        ("money", "one of the words"),
    ],
    "bottlenecks.which-variance": [
        ("features", "a larger part"),
        ("data", "a larger part"),
        ("bias", "one of the words"),
    ],
    "bottlenecks.ensemble-size": [
        (2, "The bias stays"),
        (4.0, "end above"),
        (12.0, "end below"),
        (0.5, "at least 1"),
        ("many", "one number"),
    ],
    "bottlenecks.batch-noise": [
        (1.5, "between 0 and 1"),
        (0.9, "Compare the same step"),
        ("some", "one number"),
    ],
    "bottlenecks.batch-rate": [(1 / 4.2098, "Upside down"), (2.0, "Divide two limits"), ("big", "one number")],
    "bottlenecks.online-gap": [(0, "leaves something out"), (0.3, "sample of the population"), ([1, 2], "one number")],
    "bottlenecks.fit-predict": [
        ([1.0, 1.5, 1.5], "fit the sum"),
        ([1.0, 3.0, 1.5], "fit the tail sum"),
        ([0.4, 0.5], "3 numbers"),
        (["a", 1, 2], "3 numbers"),
        ([-0.4, -0.5, -0.5], "positive"),
    ],
    "bottlenecks.mode-floor": [(12.0, "between 0 and 1"), (0.5, "very long time"), ("all", "one number")],
    "bottlenecks.width-cost": [(1.5, "between 0 and 1"), (0.9, "same time"), ("some", "one number")],
    "bottlenecks.best-ridge": [(-1, "positive"), (1.0, "smaller ridge"), (1e-7, "larger ridge"), ("x", "one number")],
    "bottlenecks.free-reuse": [(-2, "positive"), (1e5, "more than 10"), (0.1, "less than 10"), ("x", "one number")],
    "bottlenecks.frontier": [
        ([1.0, 0.4, 0.6], "floor of the width"),
        ([0.9, 0.8, 0.2], "three terms"),
        ([0.9, 0.625, 0.375], "time alone"),
        ([0.75, 0.6, 0.6], "add up to 1"),
        ([-0.75, 0.625, 0.375], "positive"),
    ],
    "bottlenecks.grow-width": [(2.0, "divide"), ("x", "one number")],
    "bottlenecks.rich-exponents": [
        ([0.4, 0.4], "is the task hard"),
        ([0.571428, 0.4], "wrong order"),
        ([0.6, 0.75], "fixed features"),
        ([-0.4, 0.57], "positive"),
    ],
    "bottlenecks.sooner": [(0.5, "faster"), (2.0, "already below"), (1e4, "not yet reached"), ("x", "one number")],
    "bottlenecks.circle-exponents": [
        ([0.466667, 0.466667], "is the task hard"),
        ([0.636364, 0.466667], "wrong order"),
        ([0.8, 0.888889], "not of the next one"),
        ([0.7, 0.823529], "exponent for ReLU"),
        ([0.933333, 0.965517], "not q_phi"),
        ([0.3, 0.5], "which modes are learned"),
        ([-0.466667, 0.636364], "positive"),
        ([0.5], "2 numbers"),
    ],
    "bottlenecks.unreachable": [
        (1 - 4**-0.9, "Mode 1 is odd"),
        (4**-0.9, "modes that the network does learn"),
        (1 - 0.181548, "what is left"),
        (0.341713, "Divide by"),
        (0.170857, "Scale the target"),
        (1 - 4**-0.9 - 1, "not negative"),
        (0.5, "even and odd"),
        ("none", "one number"),
    ],
    "bottlenecks.bend": [(4, "slower"), (4 ** (1 / 1.5), "other way round"), (5.0, "solve for t")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_get_the_right_words(id, answer, says):
    verdict = exercises.check(id, answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


@pytest.mark.parametrize("seed", ["ada", "bob", "cyd"])
@pytest.mark.parametrize(
    "id", [f"bottlenecks.{name}" for name in ("effective-ridge", "exponents", "bend", "ensemble-size")]
)
def test_no_message_shows_the_answer(id, seed):
    """The digits of the answer do not stand in what a wrong answer is told."""
    target = np.atleast_1d(right(id, exercises.parameters(id, seed=seed)))
    for answer, _ in WRONG[id]:
        message = exercises.check(id, answer, seed=seed).message
        assert not any(f"{number:.3g}" in message for number in target if len(f"{number:.3g}") > 2)


def test_a_seed_always_draws_the_same_numbers_and_others_draw_others():
    drawn = [exercises.parameters("bottlenecks.exponents", seed=seed) for seed in ("ada", "ada", "bob", "cyd", "dan")]
    assert drawn[0] == drawn[1]
    assert any(other != drawn[0] for other in drawn[2:])
    ratios = []
    for seed in range(50):  # width and data differ, on both sides of a - 1 = 2 b
        p = exercises.parameters("bottlenecks.exponents", seed=seed)
        ratios.append((p["a"] - 1) / p["b"])
    assert min(ratios) > 1.2
    assert any(ratio < 1.9 for ratio in ratios)
    assert any(ratio > 2.1 for ratio in ratios)
    for seed in range(50):  # and nobody has to tell two nearly equal bottlenecks apart
        p = exercises.parameters("bottlenecks.which-binds", seed=seed)
        reach = sorted([p["time"] ** (1 / p["b"]), p["width"], p["samples"]])
        assert reach[1] / reach[0] > 1.3


def test_unknown_exercises_are_named():
    with pytest.raises(ValueError, match=r"id must be one of bottlenecks\..*bottlenecks\.bend.*got 'nope'"):
        exercises.check("nope", 1)


def test_one_number_may_come_in_an_array():
    assert exercises.check("bottlenecks.bend", np.array([4**1.5])).passed
    assert not exercises.check("bottlenecks.bend", np.array([5.0])).passed


def test_where_two_slips_give_one_number_neither_is_named():
    """a = 3, b = 1.5: a / b = a - 1, so the reply must not guess which of the two it was."""
    exercise = exercises.REGISTRY["bottlenecks.exponents"]
    with pytest.raises(Wrong, match="just being learned"):
        exercise.check([2.0, 2.0, 1.5], {"a": 3.0, "b": 1.5})


@pytest.mark.slow
def test_every_draw_of_an_ensemble_has_one_clear_answer():
    """No near-ties between variances, each of which is the answer for some seed; and no endless ensembles."""
    largest = set()
    for seed in range(30):
        p = exercises.parameters("bottlenecks.which-variance", seed=seed)
        spectrum = Spectrum.power_law(a=p["a"], b=p["b"], modes=p["modes"])
        loss = theory.ensemble(spectrum, [p["time"]], **{name: p[name] for name in ("width", "samples", "noise")})
        parts = sorted(float(x[0]) for x in (loss.init_variance, loss.data_variance, loss.both_variance))
        assert parts[2] > 1.2 * parts[1]
        largest.add(right("bottlenecks.which-variance", p))
        count = right("bottlenecks.ensemble-size", exercises.parameters("bottlenecks.ensemble-size", seed=seed))
        assert 2.2 < count < 100
    assert largest == {"features", "data", "both"}


def test_slips_of_the_later_pages_are_recognised():
    """Answers to a neighbouring question, made from the right one."""

    def says(id, answer):
        return exercises.check(f"bottlenecks.{id}", answer).message

    fit = right("bottlenecks.fit-predict", exercises.parameters("bottlenecks.fit-predict"))
    assert "how many modes" in says("fit-predict", [fit[1], *fit[1:]]).lower()
    assert "smaller of" in says("fit-predict", [*fit[:2], 9.0])
    p = exercises.parameters("bottlenecks.mode-floor")
    floor = right("bottlenecks.mode-floor", p)
    assert "the part that it learns" in says("mode-floor", 1 - floor)
    assert "square" in says("mode-floor", floor**2)
    assert "counts from 0" in says("mode-floor", right("bottlenecks.mode-floor", p | {"mode": p["mode"] + 1}))
    assert "larger of the two" in says("mode-floor", right("bottlenecks.mode-floor", p | {"width": 300}))
    share = right("bottlenecks.width-cost", exercises.parameters("bottlenecks.width-cost"))
    assert "would be left" in says("width-cost", 1 - share)
    assert "Divide by" in says("width-cost", share / (1 - share))
    ridge = right("bottlenecks.best-ridge", exercises.parameters("bottlenecks.best-ridge"))
    assert "sum over the data" in says("best-ridge", 200 * ridge)
    p = exercises.parameters("bottlenecks.free-reuse")
    assert not exercises.check("bottlenecks.free-reuse", right("bottlenecks.free-reuse", p | {"samples": 100})).passed
    grown = right("bottlenecks.grow-width", exercises.parameters("bottlenecks.grow-width"))
    p = exercises.parameters("bottlenecks.grow-width")
    assert "very large budgets" in says("grow-width", 100 ** (1 / (1 + p["b"])))
    assert "each other's place" in says("frontier", [0.75, 0.375, 0.625])
    assert "factor of the time" in says("grow-width", 100 / grown)
    assert "Upside down" in says("grow-width", 1 / grown)


def test_exponents_on_the_circle_are_drawn_for_easy_and_hard_tasks():
    easy = [p for p in (exercises.parameters("bottlenecks.circle-exponents", seed=seed) for seed in range(40))]
    easy = [seed for seed, p in enumerate(easy) if (p["q"] - 0.5) / p["q_phi"] > 1]
    assert 0 < len(easy) < 40
    p = exercises.parameters("bottlenecks.circle-exponents", seed=easy[0])
    beta = (p["q"] - 0.5) / p["q_phi"]
    verdict = exercises.check("bottlenecks.circle-exponents", [beta, 2 * beta / (1 + beta)], seed=easy[0])
    assert "finite length" in verdict.message
    assert exercises.check("bottlenecks.circle-exponents", [beta, beta], seed=easy[0]).passed


def test_no_slip_passes_on_the_circle_for_any_student():
    for seed in range(200):
        q = exercises.parameters("bottlenecks.unreachable", seed=seed)["q"]
        left = right("bottlenecks.unreachable", {"q": q}) if seed < 3 else 1 - 4**-q - 1 / zeta(2 * q)
        assert exercises.check("bottlenecks.unreachable", left, seed=seed).passed
        for slip in (1 - 4**-q, 4**-q, 1 - left, left * zeta(2 * q), left * zeta(2 * q) / 2):
            assert not exercises.check("bottlenecks.unreachable", slip, seed=seed).passed


def test_shares_of_the_wrong_runs_are_recognised():
    p = exercises.parameters("bottlenecks.batch-noise")
    true = right("bottlenecks.batch-noise", p)
    assert "for the rest" in exercises.check("bottlenecks.batch-noise", 1 - true).message
    silent = right("bottlenecks.batch-noise", p | {"noise": 0.0})
    assert "without label noise" in exercises.check("bottlenecks.batch-noise", silent).message
