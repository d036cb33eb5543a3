"""Exercises of "Problems: a narrow layer, and the cheapest sweep"."""

from __future__ import annotations

from typing import Any

from ..core import Numbers, Slip, exercise

NARROW = ("input", "into the narrow", "out of it", "readout")

exercise(
    "parameterizations.problem-narrow-adam",
    2,
    Numbers("The four powers", NARROW),
    book={"beta": 0.4},
    draw={"beta": (0.25, 0.85, 2)},
    apart=True,
    right=lambda beta: [0.0, 1.0, beta, 1.0],
    slips={
        "all wide": Slip(
            lambda beta: [None, None, 1.0, None],
            "Out of it: these weights sum over the narrow layer, which has fewer neurons.",
        ),
        "by the layer they feed": Slip(
            lambda beta: [None, beta, None, None],
            "Into the narrow: what counts is how many numbers are summed, not how many sums there are.",
        ),
        "random sums": Slip(
            lambda beta: [None, 0.5, None, None],
            "Into the narrow: a step of Adam has the signs of what it meets. The terms of the sum are aligned.",
        ),
        "input slowed": Slip(
            lambda beta: [1.0, None, None, None],
            "Input: these weights sum over D inputs, and D does not grow.",
        ),
    },
    otherwise=(
        "Input: a step of Adam has a size of its own. How many of them are summed?",
        "Into the narrow: a step of Adam has a size of its own. How many of them are summed?",
        "Out of it: a step of Adam has a size of its own. How many of them are summed?",
        "Readout: a step of Adam has a size of its own. How many of them are summed?",
    ),
    praise="One over what is summed, for what a layer's own weights do. What others pass on is the third step.",
    tolerance=0.0,
    absolute=1e-6,
)

exercise(
    "parameterizations.problem-narrow-sgd",
    3,
    Numbers("The three powers", NARROW[:3]),
    book={"beta": 0.4},
    draw={"beta": (0.25, 0.85, 2)},
    apart=True,
    right=lambda beta: [1.0, (beta - 1) / 2, 1 - beta],
    slips={
        "all wide": Slip(
            lambda beta: [None, 0.0, None],
            "Into the narrow: so it is where all layers are wide. How large is df/dh behind a narrow layer?",
        ),
        "aligned too soon": Slip(
            lambda beta: [None, beta - 1, None],
            "Into the narrow: this is for a gradient whose sum is aligned. At the start it is random.",
        ),
        "narrow sum": Slip(
            lambda beta: [None, None, 0.0],
            "Out of it: the gradient there is 1/N, and it meets a sum over fewer than N neurons.",
        ),
        "upside down": Slip(
            lambda beta: [None, None, beta - 1],
            "Out of it: upside down. A sum over few neurons needs the larger rate.",
        ),
        "input as Adam": Slip(
            lambda beta: [0.0, None, None],
            "Input: the gradient there is as small as 1/N, and a step of SGD is as small as its gradient.",
        ),
    },
    otherwise=(
        "Input: rate times df/dh^1 must not depend on N. Go back through three layers, all random sums.",
        "Into the narrow: rate times df/dh^2 times the number of terms in the sum must not depend on N.",
        "Out of it: rate times df/dh^3 times the number of terms in the sum must not depend on N.",
    ),
    praise="So each layer's own weights move it by what does not depend on N. Do the layers before it, too?",
    tolerance=0.0,
    absolute=1e-6,
)

exercise(
    "parameterizations.problem-narrow-passed",
    2,
    Numbers("The three powers", ("movement", "spread", "size at the start")),
    book={"beta": 0.4},
    draw={"beta": (0.25, 0.85, 2)},
    apart=True,
    right=lambda beta: [(1 - beta) / 2, beta / 2 - 1, (beta - 1) / 2],
    slips={
        "passed on": Slip(
            lambda beta: [0.0, None, None],
            "Movement: so random changes would be passed on. These are made of the very weights that they now meet.",
        ),
        "all aligned": Slip(
            lambda beta: [0.5, None, None],
            "Movement: so N aligned terms would add up. They share their alignment among the narrow layer's neurons.",
        ),
        "as before": Slip(
            lambda beta: [None, -0.5, None],
            "Spread: with this one h^2 has its size at the start, and moves too far. Ask for the movement alone.",
        ),
        "as if it kept its size": Slip(
            lambda beta: [None, None, 0.0],
            "Size at the start: with smaller weights it falls. That is the price, and the first steps pay it back.",
        ),
    },
    otherwise=(
        "Movement: the change of h^1 is rate times V^1 transposed times df/dh^2. Send it through V^1 once more.",
        "Spread: the largest factor by which V^1 lengthens a vector, times the length of the change of h^1.",
        "Size at the start: a random sum over N neurons, with the new spread.",
    ),
    praise="Compare layers by the largest singular value of what they do, not by single entries: then the rule is one.",
    tolerance=0.0,
    absolute=1e-6,
)


def _vertex(bend: Any, cubic: Any, scatter: Any, spacing: Any, seeds: Any) -> list[float]:
    """Standard error and bias of the lowest point of a parabola through three rates."""
    return [scatter / (8 * seeds) ** 0.5 / (bend * spacing), cubic * spacing**2 / (2 * bend)]


exercise(
    "parameterizations.problem-sweep-errors",
    2,
    Numbers("Scatter and shift", ("scatter", "shift"), outside="Give both as positive numbers."),
    book={"bend": 0.4, "cubic": 0.05, "scatter": 0.2, "spacing": 1.0, "seeds": 5},
    draw={
        "bend": (0.2, 0.6, 2),
        "cubic": (0.03, 0.09, 2),
        "scatter": (0.1, 0.4, 2),
        "spacing": [0.5, 0.75, 1.25, 1.5],
        "seeds": (3, 9, 0),
    },
    apart=True,
    right=_vertex,
    slips={
        "one run": Slip(
            lambda seeds, **p: [_vertex(seeds=1, **p)[0], None], "Scatter: this is for one seed at each rate."
        ),
        "one neighbour": Slip(
            lambda **p: [_vertex(**p)[0] / 2**0.5, None],
            "Scatter: the difference of two losses scatters more than one of them.",
        ),
        "no bend": Slip(
            lambda bend, **p: [None, _vertex(bend=1, **p)[1]],
            "Shift: a sharper valley holds its lowest point better. Where does the bend stand?",
        ),
        "of the curve": Slip(
            lambda bend, cubic, **p: [None, 2 * _vertex(bend=bend, cubic=cubic, **p)[1]],
            "Shift: twice too large. The difference of the neighbours is divided by four times the bend.",
        ),
    },
    otherwise=(
        "Scatter: the lowest point is spacing x (left - right) / 2 (left + right - 2 middle). Linearise it.",
        "Shift: put the cubic term alone into the difference of the two neighbours.",
    ),
    praise="A finer grid is worse at one of the two: losses that lie close cannot be told apart.",
    tolerance=0.005,
)


def _spacing(cubic: Any, scatter: Any, seeds: Any) -> float:
    return float((scatter / (2 * cubic * seeds**0.5)) ** (1 / 3))


def _best(bend: Any, cubic: Any, scatter: Any, seeds: Any) -> list[float]:
    spacing = _spacing(cubic, scatter, seeds)
    off, shift = _vertex(bend, cubic, scatter, spacing, seeds)
    return [spacing, (off**2 + shift**2) ** 0.5]


exercise(
    "parameterizations.problem-sweep-spacing",
    2,
    Numbers("Spacing and error", ("spacing", "error"), outside="Both numbers are positive."),
    book={"bend": 0.4, "cubic": 0.05, "scatter": 0.2, "seeds": 5},
    draw={"bend": (0.2, 0.6, 2), "cubic": (0.03, 0.09, 2), "scatter": (0.1, 0.4, 2), "seeds": (3, 9, 0)},
    apart=True,
    right=_best,
    slips={
        "equal": Slip(
            lambda bend, cubic, scatter, seeds: [2 ** (1 / 6) * _spacing(cubic, scatter, seeds), None],
            "Spacing: here the two errors are equal. The sum of their squares is lowest elsewhere.",
        ),
        "square": Slip(lambda **p: [None, _best(**p)[1] ** 2], "Error: this is its square."),
        "one seed": Slip(
            lambda bend, cubic, scatter, seeds: [_spacing(cubic, scatter, 1), None],
            "Spacing: this is for one seed. More of them allow a finer grid.",
        ),
    },
    otherwise=(
        "Spacing: one squared error falls as spacing^-2, the other grows as spacing^4. Differentiate their sum.",
        "Error: add both errors in squares, at the best spacing.",
    ),
    praise="It moves with the sixth root of the seeds: choose it once. The error falls with their third root only.",
    tolerance=0.005,
)


def _split(error: Any, goal: Any, ratio: Any) -> list[float]:
    """Seeds at the narrow and at the wide network: the cost of one goes as the square of its width."""
    both = error**2 / goal**2 * (1 + ratio)
    return [both, both / ratio]


exercise(
    "parameterizations.problem-sweep-split",
    2,
    Numbers("The seeds", ("narrow", "wide"), outside="Numbers of seeds are positive."),
    book={"error": 0.4, "goal": 0.1, "ratio": 4},
    draw={"error": (0.2, 0.6, 2), "goal": [0.05, 0.1], "ratio": [2, 4, 8]},
    apart=True,
    right=_split,
    slips={
        "equal seeds": Slip(
            lambda error, goal, ratio: [2 * error**2 / goal**2] * 2,
            "So many of each reach the goal, and cost more than they must: wide runs are dear.",
        ),
        "equal cost": Slip(
            lambda error, goal, ratio: [
                error**2 / goal**2 * (1 + ratio**2),
                error**2 / goal**2 * (1 + ratio**2) / ratio**2,
            ],
            "This spends the same on both widths. It is not the cheapest: seeds go as one over the root of their cost.",
        ),
        "one width": Slip(
            lambda error, goal, ratio: [error**2 / goal**2, None],
            "Narrow: this alone would use up all the error that is allowed. The wide sweep needs a part.",
        ),
    },
    otherwise=(
        "Narrow: lower the cost at a fixed sum of the two squared errors, with a Lagrange multiplier.",
        "Wide: lower the cost at a fixed sum of the two squared errors, with a Lagrange multiplier.",
    ),
    praise="Most seeds go to the narrow network, and most of the bill is still that of the wide one.",
    tolerance=0.02,
)
