"""Checks of "From coupled spins to one spin in a bath"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, chosen, is_close, register


def _draw_convention(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"p": 3, "temperature": 0.6, "energy": -1.4}
    temperature, energy = float(random.uniform(0.3, 0.9)), float(random.uniform(-1.6, -1.0))
    return {"p": int(random.integers(3, 6)), "temperature": round(temperature, 2), "energy": round(energy, 2)}


def _check_convention(answer: Any, drawn: Parameters) -> str:
    ours = as_numbers(answer, 2, "Temperature and energy")
    theirs = np.array([drawn["temperature"], drawn["energy"]])
    if is_close(ours, theirs / 2**0.5):
        return "And the clock changes too: the force is smaller by the same factor, so times are longer by it."
    if is_close(ours, theirs):
        raise Wrong("Nothing has changed, but the couplings have: half the variance makes every energy smaller.")
    if is_close(ours, theirs * 2**0.5):
        raise Wrong("The wrong way round: is the H of this book the larger or the smaller one?")
    if is_close(ours, theirs / 2) or is_close(ours, theirs * 2):
        raise Wrong("The variance of H differs by 2. What does H itself differ by?")
    if is_close(ours[0], theirs[0]) or is_close(ours[1], theirs[1]):
        raise Wrong("Both change: T stands beside H in exp(-H/T), so it has the unit of an energy.")
    raise Wrong("Write H of one convention as a constant times H of the other, then look at H/N and at H/T.")


register(Exercise("dmft_primer.convention", 1, _draw_convention, _check_convention))


def _draw_self_averaging(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"size": 500, "std": 0.024, "target": 0.003}
    size, std = int(random.integers(2, 12)) * 100, round(float(random.uniform(0.01, 0.04)), 3)
    return {"size": size, "std": std, "target": round(std / float(random.uniform(3, 9)), 5)}


def _check_self_averaging(answer: Any, drawn: Parameters) -> str:
    size, given, ratio = as_number(answer, "The size"), drawn["size"], drawn["std"] / drawn["target"]
    said = {
        "A single run of that size is as good as an average over many small ones.": given * ratio**2,
        "This would be enough if fluctuations fell as 1/N. Look at the slope of the figure again.": given * ratio,
        "The power is upside down: solve std ~ N^(-1/2) for N.": given * ratio**0.5,
        "This is how many times larger the sample must be. How large was it?": ratio**2,
    }
    otherwise = "Scale the given standard deviation with the law of the figure until it meets the target."
    return chosen(
        size, said, "Smaller systems fluctuate more, not less." if size < given else otherwise, tolerance=0.02
    )


register(Exercise("dmft_primer.self-averaging", 1, _draw_self_averaging, _check_self_averaging))
