"""Depth limits: right answers found in another way, and wrong ones that are no known slip."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

from solvable import depth, exercises
from solvable.networks import ResidualMLP

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
    while size <= float(np.finfo(np.float32).max):
        size, layers = size * (1 + p["branch"] ** 2 / 2) ** 0.5, layers + 1
    return layers


def waves(p):
    limit = depth.theory.kernels(p["variance"] * ONE, activation=jnp.sin, branch=p["branch"])
    return float(limit.covariance[-1, 0, 0])


def kurtosis(p):
    """Moments of the log-normal size by an integral."""
    z = np.linspace(-14, 14, 20_001)
    size = np.exp(2 * p["branch"] * z / p["width"] ** 0.5 - z**2 / 4)  # half of the bell in each of two factors
    bell = np.exp(-(z**2) / 4)
    first, second = (size * bell).sum(), (size * size).sum()
    return float(3 * second * (bell * bell).sum() / first**2)


def kernel(p):
    found = depth.theory.kernels(p["gram"] * ONE, activation="linear", branch=p["branch"], points=2)
    ends = found.features[-1] + found.gradients[0] * p["gram"]
    whole = float(found.tangent_kernel[0, 0])
    return [whole - float(ends[0, 0]), whole]


def clock(p):
    """By bisection over depths, with sums over their layers."""

    def scatter(layers):
        v = (1 + p["branch"] ** 2 / layers) ** np.arange(layers)
        return np.sqrt(2 * (v**2).sum()) / v.sum()

    low, high = 1, 10**5
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if scatter(middle) > p["share"] else (low, middle)
    return high


def response(p, layers, of):
    """sqrt(L) A^l(1, 0) of a layer, from the closed theory."""
    two = depth.theory.residual_linear(
        p["gram"] * ONE, jnp.array([p["target"]]), depth=layers, richness=p["richness"],
        learning_rate=p["learning_rate"], steps=1, branch=p["branch"],
    ).two_time  # fmt: skip
    return float(two.feature_response[of, 1, 0, 0, 0])


def responses(p):
    return [response(p, p["depth"], of) for of in (0, 1)]


def extrapolate(p):
    """Three equations for the limit and both coefficients."""
    layers = np.array([4.0, 8.0, 16.0])
    found = np.linalg.solve(layers[:, None] ** -np.arange(3.0), [p[f"at_{int(one)}"] for one in layers])
    return float(found[0])


def echo(p):
    few, some, many = (layers**0.5 * response(p, layers, layers - 1) for layers in (8, 16, 32))
    return (few - 6 * some + 8 * many) / 3


def branch_rates(p):
    """Read off networks of two depths."""
    found = []
    for optimizer in ("sgd", "adam"):
        few, many = (
            float(ResidualMLP(4, depth=layers, branch_power=p["alpha"]).rates((2,), optimizer)["hidden"])
            for layers in (4, 16)
        )
        found.append(np.log(many / few) / np.log(4))
    return found


def first_step(p):
    """From the library's theory with and without responses."""
    return [
        float(
            depth.theory.residual_linear_limit(
                ONE, jnp.ones(1), depth=16, richness=1.0, learning_rate=p["learning_rate"], steps=1,
                branch=p["branch"], responses=responses,
            ).outputs[-1, 0]
        )
        for responses in (True, False)
    ]  # fmt: skip


def forgotten(p):
    """Layer by layer: what each adds, with the gradient's kernel and with 1 in its place."""
    layers, share = 0, 1.0
    while share >= p["share"]:
        layers += 1
        grows = 1 + (p["branch"] / layers) ** 2
        up = grows ** np.arange(layers + 1)  # of features; of gradients the other way round
        learned = p["branch"] ** 2 / layers
        with_echo = up[-1] + learned * (up[:-1] * up[-2::-1]).sum() + up[-1]
        share = 1 - (up[-1] + learned * up[:-1].sum() + 1) / with_echo
    return layers


def keys(p):
    """By counting terms."""
    sums = [(size, size**0.5) for size in (p["short"], p["long"])]
    short, long = (np.array(one) / size ** p["power"] for one, size in zip(sums, (p["short"], p["long"]), strict=True))
    return (long / short).tolist()


def heads(p):
    """One more, until they are enough."""
    count = p["heads"]
    while p["scatter"] * (p["heads"] / count) ** 0.5 > p["wanted"]:
        count += 1
    return count


def common(p):
    def pairs(changes):
        count = changes.shape[1]
        across = [(changes[:, i] * changes[:, j]).sum() for i in range(count) for j in range(count) if i != j]
        alone = [(changes[:, i] ** 2).sum() for i in range(count)]
        return np.mean(across) / np.mean(alone)

    return pairs


WAYS = {
    "branch_rates": branch_rates,
    "common": common,
    "first_step": first_step,
    "forgotten": forgotten,
    "heads": heads,
    "keys": keys,
    "echo": echo,
    "extrapolate": extrapolate,
    "responses": responses,
    "clock": clock,
    "coefficient": coefficient,
    "kernel": kernel,
    "kurtosis": kurtosis,
    "overflow": overflow,
    "waves": waves,
}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WAYS)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"depth_limits.{name}", seed=seed)
    verdict = exercises.check(f"depth_limits.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


WRONG = {  # what people answer, and words that the reply must hold
    "branch_rates": [
        ([0.6, 3.0], "first is right"),
        ([3.0, -0.2], "second is right"),
        ([-0.6, 3.0], "make up for it"),
        ([3.0, 5.0], "How large is a step"),
    ],
    "common": [(lambda changes: 0.5, "all alike"), (lambda changes: changes.mean(), "all alike")],
    "first_step": [
        ([0.14519, 1.0], "first is right"),
        ([1.0, 0.08442], "second is right"),
        ([3.0, 5.0], "let L grow"),
        ([-0.1, 0.1], "towards the target"),
    ],
    "forgotten": [(20, "still lost"), (900, "long before"), (57, "first order only"), (-3, "positive")],
    "heads": [(30, "still above"), (500, "Fewer"), (20, "standard deviation"), (0, "positive")],
    "keys": [
        ([1.6818, 5.0], "first is right"),
        ([5.0, 0.5946], "second is right"),
        ([8.0, 5.0], "divided by a power"),
        ([5.0, 7.0], "random ones"),
    ],
    "echo": [(0.5, "grows more"), (5.0, "not grow that much"), (-2.2, "positive")],
    "extrapolate": [(0.80, "larger"), (0.9, "smaller"), (0.7863, "deepest network")],
    "responses": [
        ([0.108, 0.3], "first is right"),
        ([0.3, 0.18576], "second is right"),
        ([0.216, 0.3], "weaker by the root"),
        ([1.0, 2.0], "Start at the bottom"),
    ],
    "coefficient": [(-0.2, "further from zero"), (-0.9, "nearer to zero"), (0.6328, "negative")],
    "overflow": [
        (327, "just fits"),
        (329, "a layer earlier"),
        (100, "still fits"),
        (5000, "long before"),
        (-1, "pos"),
    ],
    "clock": [(100, "more layers"), (9000, "Fewer"), (-1, "positive")],
    "kernel": [([3.6637, 1.0], "branches are right"), ([1.0, 7.9995], "whole is right"), ([1.0, 1.0], "their product")],
    "kurtosis": [(4.0, "heavier"), (30.0, "not that heavy"), (0.5, "never below")],
    "waves": [(0.9, "further"), (2.5, "not grow that far"), (-1.0, "positive")],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"depth_limits.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message
