"""Checks of "Three bottlenecks"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, as_word, is_close, register


def _draw_exponents(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a": 4.0, "b": 1.2}
    b = round(float(random.uniform(1.1, 1.9)), 1)
    easy = float(random.choice([random.uniform(1.3, 1.8), random.uniform(2.2, 2.7)]))  # either side of a - 1 = 2 b
    return {"a": round(1 + easy * b, 1), "b": b}


def _check_exponents(answer: Any, drawn: Parameters) -> str:
    a, b = drawn["a"], drawn["b"]
    time, data, width = as_numbers(answer, 3, "The exponents of time, data and width")
    if min(time, data, width) < 0:
        raise Wrong("Give the exponents as positive numbers: the loss falls as resource to the minus exponent.")
    if is_close(time, a / b) and not is_close(time, a - 1):
        raise Wrong("Time: the loss is a tail sum of k^-a, and a sum falls one power slower than its terms.")
    if is_close(time, a - 1) and not is_close(time, a / b):
        raise Wrong("Time: this is the exponent in k*. How does k* grow with t?")
    if not is_close(time, (a - 1) / b):
        raise Wrong("Time: find the mode that is just being learned at time t, and sum the task power behind it.")
    if not is_close(data, min(a - 1, 2 * b)):
        raise Wrong(
            "Data: either the modes behind P dominate, or what is left on the first modes, (kappa / lambda) squared."
        )
    if is_close(width, min(a - 1, 2 * b)):
        raise Wrong("Width: this is the bias, the loss of an infinite ensemble. One network also has a variance.")
    if not is_close(width, min(a - 1, b)):
        raise Wrong("Width: compare the modes behind N with the variance of a single network's features.")
    return "Data and width are both ranks, yet they differ on easy tasks: only width has a variance of order kappa."


register(Exercise("bottlenecks.exponents", 3, _draw_exponents, _check_exponents))


def _draw_binding(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"b": 1.25, "width": 300, "samples": 2000, "time": 4000.0}
    b, reach = round(float(random.uniform(1.1, 1.8)), 2), [100, 200, 400]  # modes that each allows: no near-ties
    random.shuffle(reach)
    width, samples, modes = (int(modes * random.uniform(0.85, 1.15)) for modes in reach)
    return {"b": b, "width": width, "samples": samples, "time": float(round(modes**b, -1))}


def _check_binding(answer: Any, drawn: Parameters) -> str:
    reach = {"time": drawn["time"] ** (1 / drawn["b"]), "data": drawn["samples"], "width": drawn["width"]}
    mine = as_word(answer, reach)
    if mine != min(reach, key=lambda name: reach[name]):
        raise Wrong(
            f"With {mine} alone the student would reach further than it does. Compare how many modes each of the "
            "three lets it learn; for time that is not the time itself."
        )
    return "More of the other two would buy nothing: that is what a bottleneck is."


register(Exercise("bottlenecks.which-binds", 1, _draw_binding, _check_binding))


def _draw_bend(random: np.random.Generator | None) -> Parameters:
    b = 1.5 if random is None else round(float(random.uniform(1.1, 2.0)), 1)
    return {"b": b, "factor": 4 if random is None else int(random.integers(3, 9))}


def _check_bend(answer: Any, drawn: Parameters) -> str:
    ratio = as_number(answer, "The ratio of the two times")
    factor, b = drawn["factor"], drawn["b"]
    if is_close(ratio, factor):
        raise Wrong("It would grow like the width if one mode were learned per unit of time. Late modes are slower.")
    if is_close(ratio, factor ** (1 / b)):
        raise Wrong("This is how many more modes that factor of time buys. The question is the other way round.")
    if not is_close(ratio, factor**b, 0.02):
        raise Wrong("Set the number of modes learned in a time t equal to N, and solve for t.")
    return "A wide network keeps the common curve longer, and pays for it with time: t ~ N^b."


register(Exercise("bottlenecks.bend", 1, _draw_bend, _check_bend))
