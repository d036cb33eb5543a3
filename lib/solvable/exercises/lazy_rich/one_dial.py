"""Checks of "Lazy to rich, one dial"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import SINGLE, Exercise, Parameters, Wrong, apart, as_number, call, chosen, is_close, register


def _draw_how_rich(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"kernel": 1.6, "correction": 0.4, "share": 0.1}
    ranges = {"kernel": (1.1, 1.9), "correction": (0.2, 0.7), "share": (0.05, 0.2)}
    return apart(
        lambda: {name: round(float(random.uniform(*ends)), 2) for name, ends in ranges.items()},
        lambda drawn: _richnesses(drawn).values(),
    )


def _richnesses(drawn: Parameters) -> dict[str, float]:
    """What is said of an answer -> that answer; the right one first."""
    kernel, correction, share = (drawn[name] for name in ("kernel", "correction", "share"))
    square = share * kernel / correction
    return {
        "Two numbers from an untouched network, and you know where it stops being lazy.": square**0.5,
        "This is its square.": square,
        "A share of what? The kernel at the start is not 1.": (share / correction) ** 0.5,
        "Upside down: the larger the correction, the less richness is needed.": (share * correction / kernel) ** 0.5,
        "Only the growth comes from the correction, not the whole kernel.": ((1 + share) * kernel / correction) ** 0.5,
    }


def _check_how_rich(answer: Any, drawn: Parameters) -> str:
    return chosen(
        as_number(answer, "The richness"),
        _richnesses(drawn),
        "Set the growth, gamma_0^2 K_2, equal to the share of K_0.",
    )


register(Exercise("lazy_rich.how_rich", 1, _draw_how_rich, _check_how_rich))


def _draw_alignment(random: np.random.Generator | None) -> Parameters:
    return {}


def _check_alignment(answer: Any, drawn: Parameters) -> str:
    half = np.array([[1.0, 0.2, 0.5], [-0.3, 1.5, 0.1], [0.4, 0.7, -0.9]])
    for kernel, y in (
        (half @ half.T, np.array([1.0, -2.0, 0.5])),
        (np.diag([3.0, 1.0, 2.0]), np.array([2.0, 2.0, 1.0])),
    ):
        found = as_number(call(answer, kernel, y), "What your function returns")
        overlap, size, length = y @ kernel @ y, np.sqrt((kernel**2).sum()), np.sqrt(y @ y)
        if is_close(found, overlap / (size * length**2), SINGLE):
            continue
        if is_close(found, overlap):
            raise Wrong("A cosine does not change when the kernel is doubled. This does.")
        if is_close(found, overlap / size):
            raise Wrong("A cosine does not change when the targets are doubled. This does.")
        if is_close(found, overlap / (size * length)):
            raise Wrong("The other matrix is y y^T. What is its norm?")
        if is_close(found, overlap / (np.linalg.norm(kernel, 2) * length**2)):
            raise Wrong(
                "The norm is that of a list of numbers, the root of the sum of all squares, not the largest eigenvalue."
            )
        if is_close(found, overlap / (np.trace(kernel) * length**2)):
            raise Wrong("This divides by the trace. A cosine divides by norms.")
        raise Wrong("Take both matrices as lists of numbers: their inner product over both lengths.")
    return "For the unit matrix it is 1/sqrt(P): a kernel that knows nothing is hardly aligned with anything."


register(Exercise("lazy_rich.alignment", 1, _draw_alignment, _check_alignment))
