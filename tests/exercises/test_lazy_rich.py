"""Each exercise of "Lazy and rich" as a student does it: rightly, wrongly, and with a wrong kind of thing."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from answering import assert_right_passes_and_nonsense_does_not

from solvable import exercises, kernels

SEEDS = [None, "ada", 17]
IDS = sorted(id for id in exercises.REGISTRY if id.startswith("lazy_rich."))


def right(id, p):
    """The answer, by the library where it has one."""
    name = id.split(".")[1]
    if name == "angle":
        theta = np.radians(p["angle"])
        pair = jnp.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]]) * 2**0.5
        return float(kernels.ntk(pair, depth=1)[0, 1])
    if name == "left":
        targets = jnp.sqrt(jnp.array(p["power"]))  # in the eigenvectors
        found = kernels.gradient_descent(
            jnp.diag(jnp.array(p["eigenvalues"])), targets, p["steps"], learning_rate=p["rate"],
            weights=np.full(3, 1 / p["samples"]),
        )  # fmt: skip
        return float(jnp.sum((targets - found.outputs[-1]) ** 2)) / (2 * p["samples"])
    raise KeyError(f"no right answer written down for {id}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("id", IDS)
def test_right_answers_pass_and_nonsense_does_not(id, seed):
    assert_right_passes_and_nonsense_does_not(id, right, seed)


FEATURES, SLOPES = (np.sin(np.pi / 3) + np.pi / 3) / (2 * np.pi), 1 / 3  # at 60 degrees, cos = 1/2
STAYS, POWER = 1 - 0.5 * np.array([8.0, 2.0, 0.5]) / 20, np.array([6.0, 3.0, 1.0])

WRONG = {  # what people answer, and words that the reply must hold
    "angle": [
        (FEATURES, "hidden layer are trained"),
        (SLOPES / 2, "readout is trained"),
        (FEATURES + SLOPES, "sees the inputs"),
        (FEATURES + 0.5, "that probability"),
        (2 * (FEATURES + SLOPES / 2), "Twice too large"),
        (0.9, "each of the two layers"),
    ],
    "left": [
        (POWER @ STAYS**15 / 40, "their squares"),
        (POWER @ np.exp(-30 * (1 - STAYS)) / 40, "gradient flow"),
        (POWER @ np.abs(1 - 0.5 * np.array([8.0, 2.0, 0.5])) ** 30 / 40, "mean over the inputs"),
        (POWER @ STAYS**30 / 2, "their mean"),
        (POWER @ STAYS**30 / 20, "mind the half"),
        (0.01, "after one step"),
    ],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_get_the_right_words(id, answer, says):
    verdict = exercises.check(f"lazy_rich.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


@pytest.mark.parametrize("seed", [None, *range(20)])
def test_no_wrong_answer_is_right_for_other_numbers(seed):
    """The slips of the replies are told apart from the answer for every student; no step is too large."""
    p = exercises.parameters("lazy_rich.left", seed=seed)
    moved, power = p["rate"] * np.array(p["eigenvalues"]) / p["samples"], np.array(p["power"])
    assert moved.max() < 1
    slips = [power @ (1 - moved) ** p["steps"], power @ np.exp(-2 * moved * p["steps"])]
    true = right("lazy_rich.left", p)
    assert all(abs(slip / (2 * p["samples"]) / true - 1) > 0.003 for slip in slips)
