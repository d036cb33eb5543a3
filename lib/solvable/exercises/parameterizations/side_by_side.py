"""Checks of "Standard, NTK and muP side by side"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, chosen, is_close, register


def _draw_port(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"width": 128, "wide": 2048, "spread": 0.0884, "readout": 0.00781, "rate": 0.002, "readout_rate": 0.003}
    width, factor = int(random.choice([64, 128, 256])), int(random.choice([4, 16]))
    return {
        "width": width,
        "wide": factor * width,
        "spread": round(width**-0.5, 4),
        "readout": round(1 / width, 5),
        "rate": round(float(random.uniform(1e-3, 4e-3)), 4),
        "readout_rate": round(float(random.uniform(5e-3, 9e-3)), 4),
    }


def _check_port(answer: Any, drawn: Parameters) -> str:
    spread, readout, rate, readout_rate = as_numbers(answer, 4, "The answer")
    factor = drawn["wide"] / drawn["width"]
    if not is_close(spread, drawn["spread"] / factor**0.5):
        raise Wrong("Spread of the hidden weights: a sum of N random terms must keep its size.")
    if not is_close(readout, drawn["readout"] / factor):
        if is_close(readout, drawn["readout"] / factor**0.5):
            raise Wrong("Spread of the readout: this keeps f(0) as it was. That is NTK, and features stop to learn.")
        raise Wrong("Spread of the readout: see the last row of muP in the table without multipliers.")
    for what, found, given in (("hidden", rate, drawn["rate"]), ("readout", readout_rate, drawn["readout_rate"])):
        if is_close(found, given):
            raise Wrong(f"Learning rate of the {what} weights: kept, it blows up: N aligned steps add up to N.")
        if what == "hidden" and is_close(found, given / factor**0.5):
            raise Wrong("Learning rate of the hidden weights: right with multipliers; here there are none.")
        if not is_close(found, given / factor):
            raise Wrong(f"Learning rate of the {what} weights: N aligned terms must add up to the same.")
    return "Four numbers, and the sweep that found them was paid for at the small width."


register(Exercise("parameterizations.port", 2, _draw_port, _check_port))


def _draw_same(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"width": 400, "richness": 0.5}
    richness = float(random.choice([0.2, 0.3, 0.7, 1.5, 3.0]))
    return {"width": int(random.choice([100, 225, 900, 1600])), "richness": richness}


def _check_same(answer: Any, drawn: Parameters) -> str:
    root, richness = drawn["width"] ** 0.5, drawn["richness"]
    said = {
        "So at one width the two are one family. They part when the width grows and gamma_0 does not.": richness * root,
        "Upside down: in NTK nothing but the richness can bring the 1/sqrt(N) to the output.": richness / root,
        "Compare the two gammas. muP's grows as a root of the width.": richness * root**2,
        "Then f(0) differs by the root of the width, and so does how far features move.": richness,
    }
    otherwise = "Set gamma_0 N^c equal on both sides. Train both with one key and compare outputs."
    return chosen(as_number(answer, "The richness"), said, otherwise)


register(Exercise("parameterizations.same", 1, _draw_same, _check_same))
