"""Checks of "Write your own"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import SINGLE, Exercise, Parameters, Wrong, as_array, call, is_close, register

RETURNED = "What your function returns"


def _draw_memory(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"a2": 0.3, "a4": 0.25}
    return {"a2": round(float(random.uniform(0.2, 0.8)), 2), "a4": round(float(random.uniform(0.2, 0.8)), 2)}


def _check_memory(answer: Any, drawn: Parameters) -> str:
    a2, a4, random = drawn["a2"], drawn["a4"], np.random.default_rng(0)
    c, r = random.uniform(0.1, 1, (5, 5)), np.tril(random.uniform(0.1, 1, (5, 5)), -1)
    found = as_array(call(answer, c, r), (5, 5), RETURNED)
    f1, f2 = 2 * a2 * c + 4 * a4 * c**3, 2 * a2 + 12 * a4 * c**2
    if is_close(found, f1 * r, SINGLE):
        raise Wrong("This is f'(C) R, the force's own correlation times R. An echo goes through one more coupling.")
    if is_close(found, f2 * c, SINGLE) or is_close(found, f2, SINGLE):
        raise Wrong("Without R there is no echo: the memory says how the others have answered.")
    if is_close(found, r, SINGLE):
        raise Wrong("That is the memory of f = q^2/2. For other couplings the number of partners matters.")
    if not is_close(found, f2 * r, SINGLE):
        raise Wrong("Compare with the page: which derivative of f stands in the memory, and at which q?")
    return "With pairs alone f'' is a constant, and R itself is all the memory there is."


register(Exercise("dmft_primer.memory", 1, _draw_memory, _check_memory))


def _draw_novikov(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"temperature": 0.3, "step_size": 0.1}
    return {
        "temperature": round(float(random.uniform(0.1, 0.9)), 2),
        "step_size": float(random.choice([0.05, 0.1, 0.2])),
    }


def _check_novikov(answer: Any, drawn: Parameters) -> str:
    random, kick = np.random.default_rng(1), (2 * drawn["temperature"] * drawn["step_size"]) ** 0.5
    s, xi = random.normal(size=(50, 4)), random.normal(size=(50, 3))
    found = as_array(call(answer, s, xi), (4, 3), RETURNED)
    mean = s.T @ xi / 50
    if is_close(found, mean, SINGLE):
        raise Wrong("This is <s xi>. A kick of xi moves the spin by sqrt(2 T h) xi, and R is per unit of movement.")
    if is_close(found, mean / kick**2, SINGLE) or is_close(found, mean * kick, SINGLE):
        raise Wrong("How large is the movement that goes with xi = 1? Divide by that, once.")
    if is_close(found, mean / kick * drawn["step_size"], SINGLE) or is_close(
        found, mean / kick / drawn["step_size"], 1e-6
    ):
        raise Wrong("Nearly: in this book R is ds_n / d(h j_m), so the step is already in it.")
    if is_close(found, 50 * mean / kick, SINGLE):
        raise Wrong("Average over the paths; this is their sum.")
    if not is_close(found, mean / kick, SINGLE):
        raise Wrong("Average s_n xi_m over the paths, then divide by what multiplies xi in the update.")
    return "No derivative was taken. The price is noise, and at T = 0 there is nothing to divide by."


register(Exercise("dmft_primer.novikov", 2, _draw_novikov, _check_novikov))
