"""Exercises of "Problems: noisy labels, and data for a budget"."""

from __future__ import annotations

from functools import lru_cache
from math import gamma
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from ...linear_model import compute, theory
from ...spectra import Spectrum
from ..core import Number, Numbers, Slip, exercise, is_close

POSITIVE = "Give the powers as positive numbers; that a loss falls is understood."

exercise(
    "bottlenecks.problem-noise-powers",
    2,
    Numbers("The three powers", ("time", "loss", "examples"), outside=POSITIVE),
    book={"a": 1.8, "b": 1.5},
    draw={"a": (1.4, 2.2, 2), "b": (1.3, 1.9, 1)},
    apart=True,
    right=lambda a, b: [b / a, (a - 1) / a, 1 / (a - 1)],
    slips={
        "data run out": Slip(
            lambda a, b: [b, None, None],
            "Time: this is when P examples are used up. With noise it pays to stop long before.",
        ),
        "in modes": Slip(
            lambda a, b: [1 / a, None, None],
            "Time: this counts the modes learned by then. How does their number grow with time?",
        ),
        "clean labels": Slip(
            lambda a, b: [None, a - 1, None],
            "Loss: this is the law of clean labels. Here modes past the best time carry more noise than task.",
        ),
        "of the terms": Slip(
            lambda a, b: [None, (a - 1) / b, None],
            "Loss: this is how the missed task falls with time. How does the best time grow with P?",
        ),
        "standard deviation": Slip(
            lambda a, b: [None, None, 2 / (a - 1)],
            "Examples: this is the power of 1/sigma. The question is for 1/sigma squared, the variance.",
        ),
        "upside down": Slip(
            lambda a, b: [None, None, a - 1],
            "Examples: this is the variance that matters at P examples, as a power of 1/P. Solve it for P.",
        ),
    },
    otherwise=(
        "Time: the missed task and the fitted noise are powers of t. At the best time the two are of one order.",
        "Loss: put the best time into either of the two terms.",
        "Examples: set this law equal to that of clean labels, and solve for P.",
    ),
    praise="The noise changes the slope and not only the height: each further mode must be paid with P / sigma^2.",
)


def _amplitudes(a: Any, b: Any) -> tuple[float, float]:
    """Of the fitted noise, t^(1/b) sigma^2 / P, and of the missed task, t^-(a-1)/b."""
    power = (a - 1) / b
    return (2 - 2 ** (1 / b)) * gamma(1 - 1 / b), gamma(power) * 2**-power / b


exercise(
    "bottlenecks.problem-noise-sums",
    2,
    Numbers("The two amplitudes", ("noise", "task"), outside="Both amplitudes are positive."),
    book={"a": 1.8, "b": 1.5},
    draw={"a": (1.4, 2.2, 2), "b": (1.3, 1.9, 2)},
    apart=True,
    right=lambda a, b: list(_amplitudes(a, b)),
    slips={
        "noise not squared": Slip(
            lambda a, b: [gamma(1 - 1 / b), None],
            "Noise: the share that is fitted enters the loss squared. Write out the square: two integrals of one kind.",
        ),
        "task not squared": Slip(
            lambda a, b: [None, gamma((a - 1) / b) / b],
            "Task: what is missed is squared in the loss, so the exponential falls twice as fast.",
        ),
        "no Jacobian": Slip(
            lambda a, b: [None, _amplitudes(a, b)[1] * b],
            "Task: with u = t k^-b in place of k, dk brings a factor that is missing here.",
        ),
    },
    otherwise=(
        "Noise: replace the sum by an integral over k, put u = t k^-b, and integrate by parts once.",
        "Task: replace the sum by an integral over k and put u = t k^-b. What is left is a Gamma function.",
    ),
    praise="Two Gamma functions, and the best time and loss are known in numbers, not only in powers.",
)


def _best(a: Any, b: Any, samples: Any, noise: Any) -> tuple[float, float]:
    """Time and loss where the sum of the two laws is lowest."""
    fitted, missed = _amplitudes(a, b)
    time = ((a - 1) * missed * samples / (fitted * noise)) ** (b / a)
    return time, missed * time ** (-(a - 1) / b) + noise / samples * fitted * time ** (1 / b)


NOISY = {"a": 1.8, "b": 1.5, "samples": 1000, "noise": 0.1}
NOISES = {"samples": (400, 2500, 0), "noise": (0.05, 0.4, 2)}

exercise(
    "bottlenecks.problem-noise-stop",
    2,
    Numbers("Time and loss", ("time", "loss"), outside="Both numbers are positive."),
    book=NOISY,
    draw=NOISES,
    right=lambda **drawn: list(_best(**drawn)),
    slips={
        "terms equal": Slip(
            lambda a, b, **sizes: [_best(a, b, **sizes)[0] * (a - 1) ** (-b / a), None],
            "Time: here the two terms are equal. Their sum is lowest where its derivative vanishes.",
        ),
        "noise counted": Slip(
            lambda **drawn: [None, _best(**drawn)[1] + drawn["noise"]],
            "Loss: the test loss of this book leaves out the noise of the label itself.",
        ),
        "task alone": Slip(
            lambda a, b, **sizes: [None, _amplitudes(a, b)[1] * _best(a, b, **sizes)[0] ** (-(a - 1) / b)],
            "Loss: this is the missed task alone. At the best time the noise costs as much, or nearly.",
        ),
    },
    otherwise=(
        "Time: differentiate the sum of the two laws with respect to t, amplitudes included.",
        "Loss: add the two laws at the best time.",
    ),
    praise="At the best time noise and task stand as a - 1 to 1, whatever P and sigma: powers share a minimum so.",
    tolerance=0.02,
)


def _measured(a: Any, b: Any, samples: Any, noise: Any) -> list[float]:
    """The best loss of the theory, and the noise with which the two laws would have it."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=1e6, normalize=False, binned=True)
    time, loss = _best(a, b, samples, noise)
    path = theory.gradient_flow(spectrum, time * np.logspace(-0.5, 1, 61), samples=samples, noise=noise).test
    found = float(path.min())
    return [found, noise * (found / loss) ** (a / (a - 1))]


exercise(
    "bottlenecks.problem-noise-within",
    3,
    Numbers("Loss and noise", ("loss", "noise"), outside="Both numbers are positive."),
    book=NOISY,
    draw=NOISES,
    right=_measured,
    slips={
        "two laws": Slip(
            lambda **drawn: [_best(**drawn)[1], None],
            "Loss: this is that of the two laws. Ask `theory.gradient_flow` for its lowest point.",
        ),
        "in proportion": Slip(
            lambda **drawn: [None, drawn["noise"] * _measured(**drawn)[0] / _best(**drawn)[1]],
            "Noise: the best loss is no multiple of the noise. With which power of it does it go?",
        ),
    },
    otherwise=(
        "Loss: take the lowest test loss of `theory.gradient_flow`, with these eigenvalues, not divided by their sum.",
        "Noise: which noise, put into your law of the best loss, gives the loss of the theory?",
    ),
    praise=lambda **drawn: (
        f"More noise than the labels have, by {_measured(**drawn)[1] - drawn['noise']:.2g}. Compare it with the loss."
    ),
    tolerance=(0.005, 0.02),
)


exercise(
    "bottlenecks.problem-budget-powers",
    2,
    Numbers("The three powers", ("reused", "fresh", "loss"), outside=POSITIVE),
    book={"a": 1.8, "b": 1.5},
    draw={"a": (1.3, 2.0, 2), "b": (1.2, 1.9, 1)},
    apart=True,
    right=lambda a, b: [1 / (1 + b), b / (1 + b), (a - 1) / (1 + b)],
    slips={
        "exchanged": Slip(
            lambda a, b: [b / (1 + b), 1 / (1 + b), None],
            "The first two are in each other's place. Which student meets an example more than once?",
        ),
        "all of the budget": Slip(
            lambda a, b: [1 / b, None, None],
            "Reused: this spends all of the budget on time. The width takes its share.",
        ),
        "time alone": Slip(
            lambda a, b: [None, None, (a - 1) / b],
            "Loss: this is its fall with time. A budget buys less time than that.",
        ),
    },
    otherwise=(
        "Reused: at the best split of a budget so many modes are learned. So many examples show them.",
        "Fresh: one example a step. With which power of the budget do the steps go?",
        "Loss: it is the task behind the last mode learned, at the best split.",
    ),
    praise="With reuse, examples and features grow in proportion: so many examples for each feature, at any budget.",
)

TASK = {"a": 1.8, "b": 1.5, "modes": 1e9}
FEW, BUDGETS = (np.logspace(1, 6.5, points) for points in (23, 1101))


@lru_cache
def _frontier(a: Any, b: Any, modes: Any, samples: Any = np.inf) -> np.ndarray:
    """Logarithms of the best loss and the best width: splines through those of a few budgets."""
    found = compute.frontier(Spectrum.power_law(a=a, b=b, modes=modes, binned=True), FEW, samples=samples)
    table = np.log(np.stack([found.loss, found.width]))
    return np.asarray(CubicSpline(np.log(FEW), table, axis=1)(np.log(BUDGETS)))


def _local(budget: Any, a: Any, b: Any, modes: Any) -> float:
    """The exponent over the decade around a budget, as a share of the one at infinity."""
    ends = np.log(np.clip(budget, 1e2, 1e6)) + np.log(10) * np.array([-0.5, 0.5])
    left, right = np.interp(ends, np.log(BUDGETS), _frontier(a, b, modes)[0])
    return float(left - right) / np.log(10) * (1 + b) / (a - 1)


def _begins(share: Any, **task: Any) -> float:
    budgets = np.logspace(2, 6, 161)
    return float(np.exp(np.interp(share, [_local(one, **task) for one in budgets], np.log(budgets))))


exercise(
    "bottlenecks.problem-budget-begins",
    2,
    Number("The budget", above=0, outside="The budget, a product of width and time, is positive."),
    book={**TASK, "share": 0.95},
    draw={"share": (0.9, 0.975, 3)},
    right=_begins,
    score=lambda found, share, **task: _local(found, **task) / share,
    slips={
        "lower end": Slip(
            lambda **drawn: _begins(**drawn) / 10**0.5,
            "This is the lower end of the decade. Name its middle, on the logarithmic axis.",
        ),
        "upper end": Slip(
            lambda **drawn: _begins(**drawn) * 10**0.5,
            "This is the upper end of the decade. Name its middle, on the logarithmic axis.",
        ),
    },
    otherwise=(
        "Here the exponent has not come so close yet. Ask `compute.frontier` at both ends of the decade.",
        "Here the exponent is closer already. Ask `compute.frontier` at both ends of the decade.",
    ),
    praise="A fit over a decade below this budget would have been honest, precise, and wrong by more than that.",
    tolerance=0.003,
)


def _runs_out(samples: Any, excess: Any, **task: Any) -> float:
    """The budget at which old data cost that share."""
    above = _frontier(**task, samples=samples)[0] - _frontier(**task)[0]
    return float(np.exp(np.interp(np.log(1 + excess), above, np.log(BUDGETS))))


OLD = {**TASK, "samples": 200, "excess": 0.1}
OLDER = {"samples": (80, 400, 0), "excess": (0.06, 0.15, 2)}

exercise(
    "bottlenecks.problem-budget-data",
    2,
    Number("The budget", above=0, outside="The budget, a product of width and time, is positive."),
    book=OLD,
    draw=OLDER,
    right=_runs_out,
    slips={
        "power alone": Slip(
            lambda a, b, modes, samples, excess: float(samples) ** (1 + b),
            "This is the power alone. The factor before it is far from one: ask the theory.",
        ),
        "as many features": Slip(
            lambda samples, excess, **task: float(
                np.exp(np.interp(np.log(samples), _frontier(**task)[1], np.log(BUDGETS)))
            ),
            "Here the best width is the number of examples. Their loss is felt before.",
        ),
    },
    otherwise="Divide two frontiers, with `samples` and without, over many budgets, and read off where they part.",
    praise="Beyond it, compute is no longer the bottleneck: find more data before a larger machine.",
    tolerance=0.02,
)


def _each(samples: Any, excess: Any, **task: Any) -> float:
    """Examples for each feature at that budget, of the frontier that fresh data have."""
    spent = _runs_out(samples, excess, **task)
    return samples / float(np.exp(np.interp(np.log(spent), np.log(BUDGETS), _frontier(**task)[1])))


exercise(
    "bottlenecks.problem-budget-each",
    1,
    Number("The number of examples for each feature", above=0, outside="A number of examples is positive."),
    book=OLD,
    draw=OLDER,
    right=_each,
    slips={
        "upside down": Slip(lambda **drawn: 1 / _each(**drawn), "Upside down: these are features for each example."),
        "one": Slip(
            lambda **drawn: None if is_close(_each(**drawn), 1.0, 0.06) else 1.0,
            "So the argument by powers would have it, which leaves factors out.",
        ),
    },
    otherwise="Take the best width of the frontier without `samples` at your budget, and divide the examples by it.",
    praise="Repeat it for another number of examples: this one hardly moves, which is the law behind such rules.",
    tolerance=0.02,
)
