"""Exercises of "From neurons to one neuron"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..answers import Wrong, as_number, as_numbers, call
from ..core import SINGLE, Function, Number, Slip, exercise, is_close

STARTS = (([0.3, -1.2], 0.8, [0.7, -0.4]), ([2.0, -0.3], -1.1, [0.2, 0.9]))
H, Z = (0, 1, 3, 4), (2, 5)  # places of their changes


def _changes(answer: Any, **_: Any) -> np.ndarray:
    """Of h and z from each start."""
    changes = []
    for h, z, delta in STARTS:
        found = call(answer, np.array(h), z, np.array(delta))
        if not (isinstance(found, tuple | list) and len(found) == 2):
            raise Wrong("Your function should return two things: h after the step, and z after it.")
        after = as_numbers(found[0], 2, "The h that your function returns")
        changes += [*(after - h), as_number(found[1], "The z that your function returns") - z]
    return np.array(changes)


def _step(order: Callable[..., Any], late: bool = False) -> Callable[..., Any]:
    """Parameters -> a step in which h moves by the rate times `order`; where it is late, z sees the new h."""

    def given(overlap: Any, learning_rate: Any, richness: Any) -> Callable[..., Any]:
        rate, gram = learning_rate * richness, np.array([[1, overlap], [overlap, 1]])

        def step(h: Any, z: Any, delta: Any) -> tuple[Any, Any]:
            after = h + rate * order(gram, delta, 1 - np.tanh(h) ** 2, z)
            return after, z + rate * delta @ np.tanh(after if late else h)

        return step

    return given


def _right(gram: Any, delta: Any, slope: Any, z: Any) -> Any:
    return gram @ (delta * slope * z)


def _other(found: np.ndarray, **drawn: Any) -> str:
    true = _changes(_step(_right)(**drawn))
    if is_close(found[list(H)], true[list(H)], SINGLE):
        return "h is right, z is not: it sums error times activation, and no slope."
    return "h is not right. Go through the first line of the equation, factor by factor."


exercise(
    "lazy_rich.step",
    2,
    Function(_changes),
    book={"overlap": 0.4, "learning_rate": 0.2, "richness": 1.5},
    draw={
        "overlap": (0.2, 0.7, 2),
        "learning_rate": (0.1, 0.4, 2),
        "richness": [0.5, 0.6, 0.7, 1.4, 1.6, 1.8, 2.0],  # not near 1
    },
    right=_step(_right),
    slips={
        "no overlap": Slip(
            _step(lambda gram, delta, slope, z: delta * slope * z),
            "h moves on both inputs for an error on one: the inputs' overlap is missing.",
            about=H,
        ),
        "no slope": Slip(
            _step(lambda gram, delta, slope, z: gram @ (delta * z)),
            "A saturated neuron cannot move: the slope of tanh is missing.",
            about=H,
        ),
        "slope outside": Slip(
            _step(lambda gram, delta, slope, z: slope * (gram @ (delta * z))),
            "The slope belongs to the input with the error, under the sum, not to the one that is moved.",
            about=H,
        ),
        "uphill": Slip(
            _step(lambda *factors: -_right(*factors)), "Uphill: a positive error y - f should pull f up.", about=H
        ),
        "no richness": Slip(
            lambda **drawn: _step(_right)(**drawn | {"richness": 1.0}),
            "The rate of a neuron is eta times the richness.",
            about=H,
        ),
        "new h in z": Slip(
            _step(_right, late=True), "z was moved with the new h. Both move at once, from the old values.", about=Z
        ),
    },
    otherwise=_other,
    praise="That line, averaged over neurons, is a whole network. Everything else is bookkeeping.",
    tolerance=SINGLE,
)


def _kept(q: Any, first: Any, last: Any, z: Any) -> float:
    return (z**2 + (last**2 - first**2) / q) ** 0.5


exercise(
    "lazy_rich.balance",
    1,
    Number("The readout weight"),
    book={"gram": 2.0, "start": 0.4, "readout_start": 0.5, "end": 1.6},
    draw={"gram": (1.5, 3.0, 1), "start": (0.2, 0.6, 1), "readout_start": (0.3, 0.8, 1), "end": (1.2, 2.2, 1)},
    apart=True,
    right=lambda gram, start, readout_start, end: _kept(gram, start, end, readout_start),
    slips={
        "no q": Slip(
            lambda gram, start, readout_start, end: _kept(1, start, end, readout_start),
            "h moves q times as fast as it would for q = 1. Where does q enter what is kept?",
        ),
        "q on the wrong side": Slip(
            lambda gram, start, readout_start, end: _kept(1 / gram, start, end, readout_start),
            "q stands on the wrong side: h is the fast one of the two.",
        ),
        "square": Slip(
            lambda gram, start, readout_start, end: _kept(gram, start, end, readout_start) ** 2, "This is its square."
        ),
        "proportional": Slip(
            lambda gram, start, readout_start, end: readout_start + (end - start) / gram,
            "The velocities are not proportional: each is proportional to the other variable.",
        ),
        "lazy": Slip(
            lambda gram, start, readout_start, end: readout_start,
            "If z stayed, the neuron could only be lazy. Both move.",
        ),
    },
    otherwise="Multiply one equation by h and the other by z, and compare the right-hand sides.",
    praise="Every neuron has a hyperbola of its own, and the error only says how fast it moves along it.",
)
