"""Exercises of "Several outputs: classes"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Slip, exercise, is_close


def _draw_echo(random: np.random.Generator) -> dict[str, Any]:
    """The first step takes off the same share of both errors, eta times the tangent kernel, 3 q."""
    rate, richness, gram = (round(float(random.uniform(*ends)), 2) for ends in ((0.05, 0.15), (1.2, 2.5), (0.4, 0.8)))
    first = np.round([random.uniform(1.0, 1.6), -random.uniform(0.4, 0.9)], 2)
    return {
        "learning_rate": rate,
        "richness": richness,
        "gram": gram,
        "errors": first.tolist(),
        "errors_next": np.round(first * (1 - 3 * rate * gram), 4).tolist(),
    }


def _echoes(learning_rate: Any, richness: Any, gram: Any, errors: Any, errors_next: Any) -> list[Any]:
    bare = learning_rate * richness
    return [bare * gram, float(bare * np.dot(errors, errors_next))]


def _other(found: np.ndarray, **drawn: Any) -> str:
    up, down = _echoes(**drawn)
    if is_close(found[0], up):
        return "The first is right. The second: which errors stand in the kernel above the last layer at (1, 0)?"
    if is_close(found[1], down):
        return "The second is right. The first: below the first hidden layer, what is the kernel of the features?"
    return "Write C and D at (1, 0). Which of A and B vanish at the ends of the network, and where do errors stand?"


RATE = "A neuron's learning goes with the rate times the richness."

exercise(
    "lazy_rich.classes_echo",
    2,
    Numbers("The answer", ("A", "B")),
    book={"learning_rate": 0.1, "richness": 2.0, "gram": 0.7, "errors": [1.2, -0.5], "errors_next": [0.948, -0.395]},
    draw=_draw_echo,
    apart=True,
    right=_echoes,
    slips={
        "a target in A": Slip(
            lambda errors, **p: [_echoes(errors=errors, **p)[0] * float(np.linalg.norm(errors)), None],
            "The size of the error is in A. The signal q has its errors in it already, and this is its response.",
        ),
        "their sum in A": Slip(
            lambda errors, **p: [_echoes(errors=errors, **p)[0] * sum(errors), None],
            "A sum of errors is in A. The signal q has its errors in it already, and this is its response.",
        ),
        "the square of the sum": Slip(
            lambda errors, errors_next, **p: [
                None,
                _echoes(errors=[sum(errors)], errors_next=[sum(errors_next)], **p)[1],
            ],
            "B has a product of sums in place of the sum of products. Readout weights of two classes are independent.",
        ),
        "one time": Slip(
            lambda errors, errors_next, **p: [None, _echoes(errors=errors, errors_next=errors, **p)[1]],
            "B has the first errors twice. What was learned with them is read at the next step, with the next ones.",
        ),
        "no errors in B": Slip(
            lambda learning_rate, richness, **p: [None, learning_rate * richness],
            "With one output and its gradient this would be B. A signal has errors in it, and so has its kernel.",
        ),
        "rate alone in A": Slip(lambda richness, **p: [_echoes(richness=1, **p)[0], None], RATE),
        "rate alone in B": Slip(lambda richness, **p: [None, _echoes(richness=1, **p)[1]], RATE),
    },
    otherwise=_other,
    praise="The way down carries errors of two times, the way up none. Classes meet in a scalar product, only there.",
)


def _half_time(singular: Any, richness: Any, f: Any = None) -> float:
    """From nothing to f, half of the singular value by default."""
    a, b = np.arcsinh(richness * singular), np.arcsinh(richness * (singular / 2 if f is None else f))
    ratio = np.tanh(a / 2) * np.cosh((a + b) / 2) / np.sinh((a - b) / 2)
    return float(np.log(ratio) / (2 * np.cosh(a)))


exercise(
    "lazy_rich.first_mode",
    2,
    Number("The half-time", above=0, outside="A time is positive: learning begins at 0."),
    book={"singular": 1.5, "richness": 3.0},
    draw={"singular": (0.6, 2.0, 2), "richness": (1.5, 4.0, 1)},
    apart=True,
    right=_half_time,
    slips={
        "lazy": Slip(
            lambda singular, richness: float(np.log(2) / 2),
            "So it would be if the kernel stayed at its start. It grows with what is learned.",
        ),
        "kernel of the end": Slip(
            lambda singular, richness: float(np.log(2) / 2 / np.hypot(1, richness * singular)),
            "So it would be with the kernel of the end all the time. It has to grow first.",
        ),
        "one layer": Slip(
            lambda singular, richness: 2 * _half_time(singular, richness),
            "Both layers learn, each with this kernel: a factor of 2 is missing.",
        ),
        "half of a": Slip(
            lambda singular, richness: _half_time(
                singular, richness, np.sinh(np.arcsinh(richness * singular) / 2) / richness
            ),
            "You halved a. Half of the mode is f = s / 2, and sinh b goes with f.",
        ),
        "slope alone": Slip(
            lambda singular, richness: float(np.arcsinh(richness * singular / 2) / (2 * richness * singular)),
            "The error shrinks on the way: s - f, not s, drives the mode.",
        ),
    },
    otherwise=("It is slower than that.", "It is faster than that: the kernel grows on the way."),
    praise="It amplifies itself: twice the singular value, less than the half-time.",
)


def _richness(images: Any, classes: Any, ratio: Any) -> float:
    kernel = (images - 1) * classes / (classes - 1) / ratio
    return float(((kernel**2 - 1) / images) ** 0.5)


exercise(
    "lazy_rich.collapse",
    1,
    Number("The richness", above=0, outside="A richness is a positive number, as it divides."),
    book={"images": 4, "classes": 5, "ratio": 0.5},
    draw={"images": (3, 8, 0), "classes": (3, 8, 0), "ratio": (0.2, 0.9, 2)},
    apart=True,
    right=_richness,
    slips={
        "no images": Slip(
            lambda images, **p: _richness(images, **p) * images**0.5,
            "A class of n points has a larger singular value, by the root of n.",
        ),
        "no classes": Slip(
            lambda images, classes, ratio: float((((images - 1) / ratio) ** 2 - 1) / images) ** 0.5,
            "The classes are missing: their means have the mean of all taken off, which costs a direction.",
        ),
        "no root": Slip(
            lambda images, classes, ratio: float(
                (((images - 1) * classes / (classes - 1) / ratio - 1) / images) ** 0.5
            ),
            "The kernel grows as the root of 1 + gamma_0^2 n: square before you solve.",
        ),
        "square": Slip(lambda **p: _richness(**p) ** 2, "This is its square."),
    },
    otherwise=(
        "Less rich than that would leave it above the ratio; more is needed.",
        "Less is enough: at yours it is below the ratio already.",
    ),
    praise="Scatter within classes never moves; what grows is the distance of their means.",
)


exercise(
    "lazy_rich.moving",
    1,
    Number("The number of directions", above=-1, outside="This is a count, of none or more."),
    book={"classes": 100, "merged": 12, "unseen": 5},
    draw={"classes": (60, 140, 0), "merged": (5, 20, 0), "unseen": (3, 15, 0)},
    apart=True,
    right=lambda classes, merged, unseen: classes - merged - unseen,
    slips={
        "all": Slip(lambda classes, merged, unseen: classes, "So many outputs there are. What is the rank of targets?"),
        "centred alone": Slip(
            lambda classes, merged, unseen: classes - 1,
            "So it would be if each class had images and a label of its own.",
        ),
        "not centred": Slip(
            lambda classes, merged, unseen: classes - merged - unseen + 1,
            "So many labels are in use. The mean was taken off: what does that cost?",
        ),
        "merged are lost": Slip(
            lambda classes, merged, unseen: classes - merged - unseen - 1,
            "The merged classes have one label left between them.",
        ),
        "unseen move": Slip(
            lambda classes, merged, unseen: classes - merged,
            "An output whose class is never shown has the same target on every image: it is never told from the mean.",
        ),
        "merged move": Slip(
            lambda classes, merged, unseen: classes - unseen - 1,
            "Images of merged classes have one label: nothing tells them apart.",
        ),
    },
    otherwise="It is the rank of the targets. How many different rows do they have, and what does their mean cost?",
    praise="All other directions stay where they began, whatever the depth and the richness.",
    tolerance=0.001,
)
