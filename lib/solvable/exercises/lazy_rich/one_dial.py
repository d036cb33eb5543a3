"""Exercises of "Lazy to rich, one dial"."""

from __future__ import annotations

import numpy as np

from ..core import SINGLE, Function, Number, Slip, called, exercise

exercise(
    "lazy_rich.how_rich",
    1,
    Number("The richness"),
    book={"kernel": 1.6, "correction": 0.4, "share": 0.1},
    draw={"kernel": (1.1, 1.9, 2), "correction": (0.2, 0.7, 2), "share": (0.05, 0.2, 2)},
    apart=True,
    right=lambda kernel, correction, share: (share * kernel / correction) ** 0.5,
    slips={
        "square": Slip(lambda kernel, correction, share: share * kernel / correction, "This is its square."),
        "share of one": Slip(
            lambda kernel, correction, share: (share / correction) ** 0.5,
            "A share of what? The kernel at the start is not 1.",
        ),
        "upside down": Slip(
            lambda kernel, correction, share: (share * correction / kernel) ** 0.5,
            "Upside down: the larger the correction, the less richness is needed.",
        ),
        "whole kernel": Slip(
            lambda kernel, correction, share: ((1 + share) * kernel / correction) ** 0.5,
            "Only the growth comes from the correction, not the whole kernel.",
        ),
    },
    otherwise="Set the growth, gamma_0^2 K_2, equal to the share of K_0.",
    praise="Two numbers from an untouched network, and you know where it stops being lazy.",
)

HALF = np.array([[1.0, 0.2, 0.5], [-0.3, 1.5, 0.1], [0.4, 0.7, -0.9]])
CASES = [(HALF @ HALF.T, np.array([1.0, -2.0, 0.5])), (np.diag([3.0, 1.0, 2.0]), np.array([2.0, 2.0, 1.0]))]

exercise(
    "lazy_rich.alignment",
    1,
    Function(called(CASES)),
    right=lambda: lambda k, y: y @ k @ y / (np.sqrt((k**2).sum()) * (y @ y)),
    slips={
        "no norms": Slip(
            lambda: lambda k, y: y @ k @ y, "A cosine does not change when the kernel is doubled. This does."
        ),
        "no norm of y": Slip(
            lambda: lambda k, y: y @ k @ y / np.linalg.norm(k),
            "A cosine does not change when the targets are doubled. This does.",
        ),
        "root of the norm": Slip(
            lambda: lambda k, y: y @ k @ y / np.linalg.norm(k) / np.linalg.norm(y),
            "The other matrix is y y^T. What is its norm?",
        ),
        "spectral norm": Slip(
            lambda: lambda k, y: y @ k @ y / np.linalg.norm(k, 2) / (y @ y),
            "The norm is that of a list of numbers, the root of the sum of all squares, not the largest eigenvalue.",
        ),
        "trace": Slip(
            lambda: lambda k, y: y @ k @ y / np.trace(k) / (y @ y),
            "This divides by the trace. A cosine divides by norms.",
        ),
    },
    otherwise="Take both matrices as lists of numbers: their inner product over both lengths.",
    praise="For the unit matrix it is 1/sqrt(P): a kernel that knows nothing is hardly aligned with anything.",
    tolerance=SINGLE,
)
