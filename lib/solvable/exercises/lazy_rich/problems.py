"""Exercises of "Problems: the silence before learning, and one draw of a kernel"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise


def _kernel(gram: Any, output: Any, richness: Any) -> Any:
    return 2 * (gram**2 + richness**2 * gram * output**2) ** 0.5


exercise(
    "lazy_rich.problem-silent-kernel",
    2,
    Numbers("Kernel and readout", ("kernel", "readout"), outside="Kernel and mean square are positive."),
    book={"gram": 0.6, "target": 1.5, "richness": 2.0},
    draw={"gram": (0.3, 0.8, 2), "target": (1.1, 2.0, 1), "richness": (1.2, 3.0, 1)},
    apart=True,
    right=lambda gram, target, richness: [
        _kernel(gram, target, richness),
        _kernel(gram, target, richness) / (2 * gram),
    ],
    slips={
        "lazy": Slip(
            lambda gram, **_: [2 * gram, None],
            "Kernel: this is the one at the start. How does it grow with the output?",
        ),
        "gram missing": Slip(
            lambda gram, target, richness: [2 * (gram**2 + (richness * target) ** 2) ** 0.5, None],
            "Kernel: in what the kernel keeps, a factor of the inputs' kernel stands beside the squared output.",
        ),
        "half": Slip(
            lambda gram, target, richness: [_kernel(gram, target, richness) / 2, None],
            "Kernel: this is what one of the two layers contributes.",
        ),
        "features": Slip(
            lambda gram, target, richness: [None, _kernel(gram, target, richness) / 2],
            "Readout: this is the mean square of the features. What do both share of the kernel?",
        ),
    },
    otherwise=(
        "Kernel: divide dK/dt by df/dt. The error cancels, and K dK is left on one side.",
        "Readout: the two shares of the kernel start equal and grow at one rate.",
    ),
    praise="It is a law of what is kept: whatever the error does on the way, the kernel knows the output alone.",
    tolerance=0.005,
)


def _time(share: Any, gram: Any, target: Any, richness: Any) -> float:
    """When the output has reached this share, by the integral in closed form."""
    end, now = (float(np.arcsinh(richness * target * part / gram**0.5)) for part in (1.0, share))
    inside = np.tanh(end / 2) * np.cosh((end + now) / 2) / np.sinh((end - now) / 2)
    return float(np.log(inside)) / (2 * gram * float(np.cosh(end)))


exercise(
    "lazy_rich.problem-silent-time",
    2,
    Number("The time", above=0, outside="The time is positive."),
    book={"gram": 0.6, "target": 1.5, "richness": 2.0, "share": 0.9},
    draw={"gram": (0.3, 0.8, 2), "target": (1.1, 2.0, 1), "richness": (1.2, 3.0, 1), "share": (0.75, 0.95, 2)},
    apart=True,
    right=_time,
    slips={
        "lazy": Slip(
            lambda share, gram, **_: float(-np.log(1 - share)) / (2 * gram),
            "So a lazy network needs, whose kernel stays. This one grows and is faster.",
        ),
        "end kernel": Slip(
            lambda share, gram, target, richness: float(-np.log(1 - share)) / _kernel(gram, target, richness),
            "So it would be with the last kernel all the way. It has to grow first.",
        ),
    },
    otherwise=(
        "Too early. Integrate df / ((y - f) K(f)) from 0 to the share, numerically or with f as a hyperbolic sine.",
        "Too late. Integrate df / ((y - f) K(f)) from 0 to the share, numerically or with f as a hyperbolic sine.",
    ),
    praise="One integral holds the whole curve: lazy, rich, and all between.",
    tolerance=0.005,
)


def _waiting(gram: Any, target: Any, waits: Any) -> float:
    """81 is the odds of nine tenths over those of one tenth."""
    return 9 / 2 * 81.0**waits * gram**0.5 / target


exercise(
    "lazy_rich.problem-silent-wait",
    2,
    Number("The richness", above=0, outside="The richness is positive."),
    book={"gram": 0.6, "target": 1.5, "waits": 1.5},
    draw={"gram": (0.3, 0.8, 2), "target": (1.1, 2.0, 1), "waits": (1.1, 2.0, 1)},
    apart=True,
    right=_waiting,
    slips={
        "no gram": Slip(
            lambda gram, target, waits: _waiting(1, target, waits),
            "The richness counts against the root of the inputs' kernel: see what stands beside f in K.",
        ),
        "odds once": Slip(
            lambda gram, target, waits: 9 / 2 * 9.0**waits * gram**0.5 / target,
            "The rise goes from the odds 1 : 9 to the odds 9 : 1, a factor of 81.",
        ),
        "no target": Slip(
            lambda gram, target, waits: _waiting(gram, 1, waits),
            "A larger target makes the end steeper. Where does it stand beside the richness?",
        ),
    },
    otherwise=(
        "Here the wait is shorter. At large richness the output obeys the logistic law; where does it start?",
        "Here the wait is longer. At large richness the output obeys the logistic law; where does it start?",
    ),
    praise="The wait grows as the logarithm of the richness: for long nothing seems to happen, and then all does.",
    tolerance=0.02,
)


def _features(depth: Any, width: Any) -> list[float]:
    return [(1 + 2 / width) ** depth - 1, (1 + 5 / width) ** depth - 1]


exercise(
    "lazy_rich.problem-draw-features",
    2,
    Numbers("The variances", ("linear", "ReLU"), outside="Variances are positive."),
    book={"depth": 4, "width": 50},
    draw={"depth": (3, 8, 0), "width": (20, 60, 0)},
    apart=True,
    right=_features,
    slips={
        "one layer": Slip(
            lambda depth, width: [2 / width, 5 / width],
            "This is what one layer adds. Each layer multiplies the kernel by a random factor of mean one.",
        ),
        "small": Slip(
            lambda depth, width: [2 * depth / width, 5 * depth / width],
            "Nearly: this is the first order in depth / width. The factors of the layers multiply, exactly.",
        ),
        "ReLU as linear": Slip(
            lambda depth, width: [None, _features(depth, width)[0]],
            "ReLU: half of the neurons are silent, and which half is chance too.",
        ),
        "half the neurons": Slip(
            lambda depth, width: [None, _features(depth, width / 2)[0]],
            "ReLU: so it would be if exactly half of the neurons were active. Their number is random.",
        ),
    },
    otherwise=(
        "Linear: given one layer's kernel, the next is a mean of N squares of Gaussians. What is its variance?",
        "ReLU: as before, with the square of max(h, 0): its mean is half, its second moment half of three.",
    ),
    praise="Depth over width is what counts: a network as deep as it is wide has no kernel to speak of.",
    tolerance=0.005,
)


def _sums(depth: Any) -> tuple[float, float]:
    """Of A^2, or B^2, and of A B: in how many of the terms of the kernel layer i counts upward, and downward."""
    return depth * (depth + 1) * (2 * depth + 1) / 6, depth * (depth + 1) * (depth + 2) / 6


def _tangent(depth: Any, width: Any) -> list[float]:
    own, mixed = _sums(depth)
    return [4 * own / (depth + 1) ** 2 / width, (10 * own + 2 * mixed) / (depth + 1) ** 2 / width]


exercise(
    "lazy_rich.problem-draw-kernel",
    3,
    Numbers("The variances", ("linear", "ReLU"), outside="Variances are positive."),
    book={"depth": 3, "width": 200},
    draw={"depth": (2, 6, 0), "width": (100, 500, 0)},
    apart=True,
    right=_tangent,
    slips={
        "sum of variances": Slip(
            lambda depth, width: [2 * depth / (depth + 1) / width, None],
            "Linear: the terms of the kernel share their layers, so they scatter together.",
        ),
        "all terms alike": Slip(
            lambda depth, width: [2 * depth / width, None],
            "Linear: so it would be if all terms were the same. Term l knows the layers below it and those above it.",
        ),
        "no common mask": Slip(
            lambda depth, width: [None, 10 * _sums(depth)[0] / (depth + 1) ** 2 / width],
            "ReLU: a neuron that is silent is so on the way up and on the way down. The two factors are correlated.",
        ),
    },
    otherwise=(
        "Linear: write each term as 1 + a sum of small factors, and count in how many terms each of them stands.",
        "ReLU: as for the linear network, with 5 in place of 2, and a correlation within each layer.",
    ),
    praise="For L = 1 these are 1/N and 3/N; for large depth both grow as L/N.",
    tolerance=0.005,
)


def _above(depth: Any, width: Any, learned: Any) -> float:
    return 2 * learned**2 * _tangent(depth, width)[0]


exercise(
    "lazy_rich.problem-draw-loss",
    1,
    Number("The share", above=0, outside="The mean of a convex function is larger: the share is positive."),
    book={"depth": 3, "width": 200, "learned": 1.5},
    draw={"depth": (2, 6, 0), "width": (200, 600, 0), "learned": (0.5, 1.8, 2)},
    apart=True,
    right=_above,
    slips={
        "of the error": Slip(
            lambda **p: _above(**p) / 4, "This is by how much the mean error is larger. The loss squares it."
        ),
        "no half": Slip(lambda **p: 2 * _above(**p), "The second order of an exponential has a half in front."),
        "not squared": Slip(
            lambda learned, **p: 2 * learned * _tangent(**p)[0], "The second order: the time enters squared."
        ),
    },
    otherwise="Expand the mean of exp(-2 K t) about the mean kernel, to second order, and divide.",
    praise="A 1/N that grows with time: slow kernels decide the mean loss in the end, and the limit is then useless.",
    tolerance=0.005,
)
