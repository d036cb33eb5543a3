"""Checks of "Deep mean-field theory"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Exercise, Parameters, Wrong, as_number, as_numbers, is_close, register


def _draw_depth(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"depth": 3, "gram": 0.8, "target": 1.5}
    return {
        "depth": int(random.choice([2, 4, 5, 6])),
        "gram": round(float(random.uniform(0.4, 0.9)), 2),
        "target": round(float(random.uniform(1.2, 2.0)), 1),
    }


def _check_depth(answer: Any, drawn: Parameters) -> str:
    found = as_number(answer, "The slope")
    depth, q, y = (drawn[name] for name in ("depth", "gram", "target"))
    if is_close(found, (depth + 1) * q * y):
        return "So a deep lazy network is a shallow one with a larger learning rate."
    if is_close(found, depth * q * y):
        raise Wrong("One matrix of weights is missing. How many are there with this many hidden layers?")
    if is_close(found, q * y):
        raise Wrong("This is what one matrix of weights contributes. All of them learn.")
    if is_close(found, (depth + 1) * q):
        raise Wrong("This is the kernel. What does it multiply?")
    if is_close(found, (depth + 1) * q ** (depth + 1) * y):
        raise Wrong(
            "Each term of the sum has one factor of the kernel of the inputs: linear layers pass it on as it is."
        )
    raise Wrong("Write the tangent kernel as a sum over layers. What are the kernels of a linear network at the start?")


register(Exercise("lazy_rich.depth", 1, _draw_depth, _check_depth))


def _draw_echo(random: np.random.Generator | None) -> Parameters:
    if random is None:
        return {"learning_rate": 0.1, "richness": 2.0, "gram": 0.7, "target": 1.5}
    return {
        "learning_rate": round(float(random.uniform(0.05, 0.2)), 2),
        "richness": round(float(random.uniform(1.2, 2.5)), 1),
        "gram": round(float(random.uniform(0.4, 0.8)), 2),
        "target": round(float(random.uniform(1.2, 2.0)), 1),
    }


def _check_echo(answer: Any, drawn: Parameters) -> str:
    up, down = as_numbers(answer, 2, "The answer")
    bare = drawn["learning_rate"] * drawn["richness"] * drawn["target"]
    if is_close(up, drawn["gram"] * bare) and is_close(down, bare):
        return "Two echoes, one step old. From here on they feed the kernels, and the kernels feed them."
    if is_close(up, bare) and is_close(down, drawn["gram"] * bare):
        raise Wrong("Exchanged: which of the two goes through the inputs?")
    if is_close(up, drawn["gram"] * bare / drawn["richness"]) or is_close(down, bare / drawn["richness"]):
        raise Wrong("A neuron's learning goes with the rate times the richness.")
    if is_close(up, drawn["gram"] * bare):
        raise Wrong("The first is right. The second: above the last hidden layer, what is the kernel of the gradients?")
    if is_close(down, bare):
        raise Wrong("The second is right. The first: below the first hidden layer, what is the kernel of the features?")
    raise Wrong(
        "Write C and D at (1, 0). Which of A and B vanish at the ends of the network, and what is the first error?"
    )


register(Exercise("lazy_rich.echo", 2, _draw_echo, _check_echo))
