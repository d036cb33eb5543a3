"""Exercises of "A polynomial does very little to a power law"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import fits
from ..core import Numbers, Parameters, Slip, exercise, is_close

MODES = 1000
SOME = np.arange(100, MODES + 1)


def _products(count: int) -> np.ndarray:
    """The smallest products a b of whole numbers a <= b, sorted."""
    a, b = np.arange(1, count + 1)[:, None], np.arange(1, count + 1)
    kept = (a <= b) & (a * b <= count)
    return np.sort((a * b)[kept])[:count]


def _squares(random: np.random.Generator, exponent: Any) -> Parameters:
    scatter = np.exp(0.02 * random.normal(size=MODES))
    return {"eigenvalues": np.sort(4.0 * _products(MODES) ** -float(exponent) * scatter)[::-1].tolist()}


def _slope(eigenvalues: Any, logarithms: int) -> float:
    """In j / ln(j + 1)^logarithms."""
    return fits.power_law(SOME / np.log(SOME + 1.0) ** logarithms, np.asarray(eigenvalues)[SOME[0] - 1 :]).exponent


def _other(found: np.ndarray, eigenvalues: list[float]) -> str:
    if not is_close(found[0], _slope(eigenvalues, 0), 0.005):
        return "Without: fit `eigenvalues[99:]` against the numbers 100 to 1,000."
    return "With: use $j / \\ln(j+1)$ in place of $j$, with the same eigenvalues."


exercise(
    "bottlenecks.log-law",
    2,
    Numbers(
        "The exponents in j and in j / ln(j + 1)",
        ("without", "within"),
        outside="Give the exponents as positive numbers: eigenvalues fall as j to the minus exponent.",
    ),
    book=_squares(np.random.default_rng(0), exponent=1.5),
    draw=lambda random: _squares(random, exponent=random.uniform(1.2, 2.2)),
    right=lambda eigenvalues: [_slope(eigenvalues, 0), _slope(eigenvalues, 1)],
    slips={
        "a product": Slip(
            lambda eigenvalues: [None, _slope(eigenvalues, -1)],
            "With: this is in j ln(j + 1). The logarithm stands above j in the law: divide j by it.",
        ),
        "one logarithm": Slip(
            lambda eigenvalues: [
                None,
                fits.power_law(SOME, np.asarray(eigenvalues)[SOME[0] - 1 :] / np.log(SOME + 1)).exponent,
            ],
            "With: this divides the eigenvalues by one logarithm. In the law it stands inside the power.",
        ),
        "the other way round": Slip(
            lambda eigenvalues: [_slope(eigenvalues, 1), _slope(eigenvalues, 0)],
            "The other way round: first the fit in j alone.",
        ),
    },
    otherwise=_other,
    praise="The second is near the exponent of the data, and the first is not. Only a law tells which fit to make.",
    tolerance=0.005,
)


def _answer(product: int, exponent: float) -> list[float]:
    return [product + 1.0, 4.0 * float(_products(product)[-1]) ** -exponent]


def _ordered(product: int, exponent: float) -> float:
    """With both orders of a pair counted."""
    number = np.arange(1, product + 1)
    return 4.0 * float(np.sort(np.outer(number, number).ravel())[product - 1]) ** -exponent


exercise(
    "bottlenecks.tenth-product",
    2,
    Numbers("The number of the eigenvalue and its size", ("number", "size"), outside="Neither can be negative."),
    book={"product": 10, "exponent": 1.5},
    draw={"product": (8, 25, 0), "exponent": (1.2, 2.2, 1)},
    right=_answer,
    slips={
        "no spike": Slip(
            lambda product, exponent: [float(product), None],
            "Number: the first eigenvalue is no product. It is the mean's.",
        ),
        "both orders": Slip(
            lambda product, exponent: [None, _ordered(product, exponent)],
            "Size: this counts every pair twice. The pair (2, 1) is the direction of the pair (1, 2).",
        ),
        "the mode": Slip(
            lambda product, exponent: [None, 4.0 * float(product) ** -exponent],
            "Size: this is four times the eigenvalue of a mode. Some products come twice, so the list runs behind.",
        ),
        "no factor": Slip(
            lambda product, exponent: [None, _answer(product, exponent)[1] / 4],
            "Size: this is the product itself. What stands before it in the sum of squares?",
        ),
    },
    otherwise=(
        "Number: which eigenvalue comes before all products?",
        "Size: list the products a b with a <= b, smallest first, and take four times the power of that one.",
    ),
    praise="The products come thicker the further you go, by a logarithm: that is all that the square does.",
    tolerance=0.01,
)
