"""Each exercise of the part on lazy and rich learning as a student does it: rightly, wrongly, and with nonsense."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from answering import assert_right_passes_and_nonsense_does_not
from scipy import integrate, optimize, special

from solvable import exercises
from solvable.meanfield.posterior import finite_linear

SEEDS = [None, "ada", 17]
IDS = sorted(id for id in exercises.REGISTRY if id.startswith("lazy_rich."))


def right(id, p):
    """The answer, in a way of its own where there is one."""
    name = id.split(".")[1]
    if name == "split":
        tilt = np.pi**0.5 / 2

        def law(h):
            return np.exp((tilt * special.erf(h)) ** 2 / 2 - h**2 / 2)

        mass = integrate.quad(law, -9, 9)[0]
        kernel = integrate.quad(lambda h: law(h) * special.erf(h) ** 2, -9, 9)[0] / mass
        return tilt * (kernel + 1 / p["inverse_temperature"]) / p["target"]
    if name == "rescaled":
        return optimize.brentq(lambda u: 1 - u - p["alpha"] * (1 - p["r0"] / u ** p["depth"]), 0.1, 10)
    raise KeyError(f"no right answer written down for {id}")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("id", IDS)
def test_right_answers_pass_and_nonsense_does_not(id, seed):
    assert_right_passes_and_nonsense_does_not(id, right, seed)


WRONG = {  # what people answer to the book's numbers, and words that the reply must hold
    "split": [
        (0.8862 * (0.4646 + 0.1), "kernel of the prior"),
        (0.6252, "slope of erf"),
        (0.4540, "noise is missing"),
        (3.0, "second order"),
    ],
    "rescaled": [
        (1.4505**2, "multiplies the kernel"),
        (1.6861, "one hidden layer"),
        (2.5, "one step"),
        (1.0, "few data"),
        (0.3, "cross"),
    ],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_get_the_right_words(id, answer, says):
    verdict = exercises.check(f"lazy_rich.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_a_network_is_rescaled_as_the_exercise_says():
    """The exact law of 400 neurons and 200 orthogonal points, of the power asked for, almost without noise."""
    p = exercises.parameters("lazy_rich.rescaled")
    targets = jnp.full(200, p["r0"] ** 0.5)
    found = finite_linear(
        jnp.eye(200), targets, depth=p["depth"], width=400, richness=0.05, inverse_temperature=1e6
    ).readout
    assert found == pytest.approx(right("lazy_rich.rescaled", p), rel=0.01)
