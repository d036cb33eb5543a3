"""Depth limits: right answers found in another way, and wrong ones that are no known slip."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

from solvable import depth, exercises

ONE = jnp.ones((1, 1))


def coefficient(p):
    """From the library's recursion at two great depths, extrapolated."""
    limit = float(depth.exact.covariance(1.0, activation="relu", branch=p["branch"]))

    def off(layers):
        found = depth.exact.covariance(1.0, activation="relu", branch=p["branch"], depth=layers)
        return layers * (float(found) / limit - 1)

    return 2 * off(20_000) - off(10_000)


def overflow(p):
    """Layer by layer, until it happens."""
    size, layers = 1.0, 0
    while size <= np.finfo(np.float32).max:
        size, layers = size * (1 + p["branch"] ** 2 / 2) ** 0.5, layers + 1
    return layers


def waves(p):
    limit = depth.theory.kernels(p["variance"] * ONE, activation=jnp.sin, branch=p["branch"])
    return float(limit.covariance[-1, 0, 0])


WAYS = {"coefficient": coefficient, "overflow": overflow, "waves": waves}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WAYS)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"depth_limits.{name}", seed=seed)
    verdict = exercises.check(f"depth_limits.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


WRONG = {  # what people answer, and words that the reply must hold
    "coefficient": [(-0.2, "further from zero"), (-0.9, "nearer to zero"), (0.6328, "negative")],
    "overflow": [
        (437, "just fits"),
        (439, "one layer earlier"),
        (100, "still fits"),
        (5000, "long before"),
        (-1, "pos"),
    ],
    "waves": [(0.9, "further"), (2.5, "not grow that far"), (-1.0, "positive")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"depth_limits.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message
