"""Lazy and rich: right answers found in another way, wrong ones that are no known slip, and what is drawn."""

import re
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize, special

from solvable import exercises, kernels
from solvable.meanfield import deep_linear, two_layer
from solvable.posterior import finite_linear


def neuron(p, order=lambda gram, delta, slope, z: gram @ (delta * slope * z), late=False):
    """One step, right by default."""
    rate, gram = p["learning_rate"] * p["richness"], jnp.array([[1, p["overlap"]], [p["overlap"], 1]])

    def step(h, z, delta):
        after = h + rate * order(gram, delta, 1 - jnp.tanh(h) ** 2, z)
        return after, z + rate * delta @ jnp.tanh(after if late else h)

    return step


def balance(p):
    h, z = p["start"], p["readout_start"]
    while h < p["end"]:  # follow it, in small steps
        h, z = h + 1e-5 * p["gram"] * z, z + 1e-5 * h
    return z


def wide_enough(p):
    n = np.arange(1, 10**6)
    return n[np.argmax(p["richness"] * p["scatter"] / n**0.5 <= p["share"] * p["richness"] ** 2 * p["mean"])]


def how_rich(p):
    grid = np.linspace(0, 3, 300_001)
    return grid[np.argmax(p["kernel"] + grid**2 * p["correction"] >= (1 + p["share"]) * p["kernel"])]


def depth(p):
    x, y = jnp.array([[p["gram"] ** 0.5]]), jnp.array([p["target"]])
    found = deep_linear(x @ x.T, y, depth=p["depth"], richness=1.0, learning_rate=1e-4, steps=1)
    return float(found.outputs[1, 0]) / 1e-4


def echo(p):
    given = {"richness": p["richness"], "learning_rate": p["learning_rate"], "steps": 2}
    found = deep_linear(jnp.array([[p["gram"]]]), jnp.array([p["target"]]), depth=2, **given).two_time
    return [found.feature_response[0, 1, 0, 0, 0], found.gradient_response[0, 1, 0, 0, 0]]


def split(p):
    tilt = np.pi**0.5 / 2

    def law(h):
        return np.exp((tilt * special.erf(h)) ** 2 / 2 - h**2 / 2)

    kernel = integrate.quad(lambda h: law(h) * special.erf(h) ** 2, -9, 9)[0] / integrate.quad(law, -9, 9)[0]
    return tilt * (kernel + 1 / p["inverse_temperature"]) / p["target"]


def rescaled(p):
    return optimize.brentq(lambda u: 1 - u - p["alpha"] * (1 - p["r0"] / u ** p["depth"]), 0.1, 10)


def angle(p):
    theta = np.radians(p["angle"])
    pair = jnp.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]]) * 2**0.5
    return float(kernels.ntk(pair, depth=1)[0, 1])


def left(p):
    targets = jnp.sqrt(jnp.array(p["power"]))  # in the eigenvectors
    found = kernels.gradient_descent(
        jnp.diag(jnp.array(p["eigenvalues"])), targets, p["steps"], learning_rate=p["rate"],
        weights=np.full(3, 1 / p["samples"]),
    )  # fmt: skip
    return float(jnp.sum((targets - found.outputs[-1]) ** 2)) / (2 * p["samples"])


def followed(p, times, steps=20_000):
    """Output and kernel of one linear neuron's moments, by small steps."""
    q, gamma, h, z, f = p["gram"], p["richness"], p["gram"], 1.0, 0.0
    step, found = times / steps, []
    for _ in range(steps):
        found.append((f, h + q * z, z))
        pull = step * (p["target"] - f) * gamma
        hz = gamma * f
        h, z, hz = h + 2 * pull * q * hz, z + 2 * pull * hz, hz + pull * (q * z + h)
        f = hz / gamma
    return np.array(found).T


def silent_kernel(p):
    """Of the moments, when nothing moves any more."""
    _, kernel, readout = followed(p, 8.0)
    return [kernel[-1], readout[-1]]


def silent_time(p):
    f, *_ = followed(p, 4.0)
    return float(np.interp(p["share"] * p["target"], f, 4.0 / 20_000 * np.arange(20_000)))


def silent_wait(p):
    """Times by integrals of the kernel; the richness by bisection, beside which nothing is large."""
    q, y = p["gram"], p["target"]

    def time(share, gamma):
        def pace(x):  # f = exp(x)
            f = np.exp(x)
            return f / ((y - f) * 2 * np.sqrt(q**2 + gamma**2 * q * f**2))

        edges = np.linspace(-40, np.log(share * y), 41)
        return sum(integrate.quad(pace, *pair)[0] for pair in pairwise(edges))

    def ratio(log_gamma):
        wait = time(0.1, np.exp(log_gamma))
        return wait / (time(0.9, np.exp(log_gamma)) - wait) - p["waits"]

    return float(np.exp(optimize.brentq(ratio, 0, 15)))


def draw_features(p):
    """Second moments by integrals over one neuron, and by recursion over layers."""
    found = []
    for start in (-10, 0):
        square, fourth = (
            integrate.quad(lambda h, n=n: h ** (2 * n) * np.exp(-(h**2) / 2), start, 10)[0] / np.sqrt(2 * np.pi)
            for n in (1, 2)
        )
        one, two = 1.0, 1.0
        for _ in range(p["depth"]):
            two = two * (fourth / p["width"] + square**2 * (1 - 1 / p["width"]))
            one = one * square
        found.append(two / one**2 - 1)
    return found


def draw_kernel(p):
    """Covariances of all pairs of terms, each from the factors that the two share."""
    depth, found = p["depth"], []
    for own, mask in ((2, 0), (5, 1)):
        total = 0
        for one in range(depth + 1):
            for other in range(depth + 1):
                low, high = sorted((one, other))
                total += own * (low + depth - high) + mask * (high - low)
        found.append(total / (depth + 1) ** 2 / p["width"])
    return found


def draw_loss(p):
    """The mean over a Gamma law of the same mean and variance, very wide, scaled to this width."""
    wide = 1e5 * p["width"]
    variance = draw_kernel(p | {"width": wide})[0]
    above = np.expm1(-np.log1p(2 * p["learned"] * variance) / variance + 2 * p["learned"])
    return above * 1e5


def classes_echo(p):
    """Of the library's network, whose second errors are those given."""
    given = {"richness": p["richness"], "learning_rate": p["learning_rate"], "steps": 2}
    found = deep_linear(jnp.array([[p["gram"]]]), jnp.array([p["errors"]]), depth=2, **given)
    np.testing.assert_allclose(np.array(p["errors"]) - found.outputs[1, 0], p["errors_next"], atol=1e-4)
    two = found.two_time
    return [two.feature_response[0, 1, 0, 0, 0], two.gradient_response[0, 1, 0, 0, 0]]


def first_mode(p):
    """The time is an integral over what is left to learn."""
    s, gamma = p["singular"], p["richness"]
    return integrate.quad(lambda f: 1 / (2 * np.sqrt(1 + (gamma * f) ** 2) * (s - f)), 0, s / 2)[0]


def collapse(p):
    """From the eigenvalue along the classes, by bisection; scatter within is that of unit points."""
    n, c = p["images"], p["classes"]

    def ratio(gamma):
        kernel = np.hypot(1, gamma * np.sqrt(n))  # singular value of centred one-hot targets
        return (n - 1) / n / (kernel * (c - 1) / (n * c))

    return optimize.brentq(lambda gamma: ratio(gamma) - p["ratio"], 0, 1e4)


def moving(p):
    """The rank of targets with an image of each class that has one, two of the last."""
    labels = np.arange(p["classes"] - p["unseen"])
    labels[labels < p["merged"]] = 0
    targets = np.eye(p["classes"])[np.append(labels, labels[-1])]
    return int(np.linalg.matrix_rank(targets - targets.mean(axis=0)))


WAYS = {
    "classes_echo": classes_echo,
    "first_mode": first_mode,
    "collapse": collapse,
    "moving": moving,
    "problem-silent-kernel": silent_kernel,
    "problem-silent-time": silent_time,
    "problem-silent-wait": silent_wait,
    "problem-draw-features": draw_features,
    "problem-draw-kernel": draw_kernel,
    "problem-draw-loss": draw_loss,
    "alignment": lambda p: kernels.alignment,
    "angle": angle,
    "balance": balance,
    "depth": depth,
    "echo": echo,
    "how_rich": how_rich,
    "left": left,
    "rescaled": rescaled,
    "split": split,
    "step": neuron,
    "wide_enough": wide_enough,
}


@pytest.mark.parametrize("seed", [None, 3, pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", WAYS)
def test_another_way_gives_the_same_answer(name, seed):
    p = exercises.parameters(f"lazy_rich.{name}", seed=seed)
    verdict = exercises.check(f"lazy_rich.{name}", WAYS[name](p), seed=seed)
    assert verdict.passed, verdict


P = {name: exercises.parameters(f"lazy_rich.{name}") for name in ("step", "echo")}
ECHO = P["echo"]["learning_rate"] * P["echo"]["target"]
WRONG = {  # what people answer, and words that the reply must hold
    "classes_echo": [
        ([0.14, 5.0], "The first is right"),
        ([5.0, 0.26702], "The second is right"),
        ([5.0, 5.0], "Write C and D"),
        ([0.14, 0.338], "first errors twice"),
    ],
    "first_mode": [(0.2, "slower"), (0.3, "faster"), (-1.0, "positive")],
    "collapse": [(0.5, "more is needed"), (30.0, "Less is enough"), (-1.0, "positive")],
    "moving": [(7, "rank"), (-3, "count")],
    "problem-silent-kernel": [([3.0, 4.0], "error cancels"), ([4.8, 3.0], "start equal"), ([-1, 1], "positive")],
    "problem-silent-time": [(0.2, "Too early"), (5.0, "Too late"), (-1, "positive")],
    "problem-silent-wait": [(100.0, "wait is shorter"), (9e4, "wait is longer"), (-1, "positive")],
    "problem-draw-features": [
        ([0.2, 0.46], "mean of N squares"),
        ([0.1699, 0.7], "second moment half"),
        ([1], "2 num"),
    ],
    "problem-draw-kernel": [([0.02, 0.05], "in how many terms"), ([0.0175, 0.06], "5 in place of 2"), ([-1, 1], "pos")],
    "problem-draw-loss": [(0.3, "second order"), (-1, "positive")],
    "step": [
        (lambda h, z, delta: (h, z), "factor by factor"),
        (lambda h, z, delta: (neuron(P["step"])(h, z, delta)[0], z), "h is right, z is not"),
        (lambda h, z, delta: h, "two things"),
        (lambda h, z, delta: (1.0, z), "2 numbers"),
    ],
    "balance": [
        (9.0, "Multiply one equation"),
    ],
    "angle": [
        (0.9, "each of the two layers"),
    ],
    "left": [
        (0.01, "after one step"),
    ],
    "split": [
        (3.0, "second order"),
    ],
    "rescaled": [
        (0.3, "cross"),
    ],
    "depth": [
        (9.0, "sum over layers"),
    ],
    "wide_enough": [
        (10**6, "solve for N"),
    ],
    "how_rich": [
        (3.0, "share of K_0"),
    ],
    "alignment": [
        (lambda k, y: 1.0, "lists of numbers"),
    ],
    "echo": [
        ([1.4 * ECHO, 1.4 * ECHO], "The first is right"),
        ([2 * ECHO, 2 * ECHO], "The second is right"),
        ([1.0, 1.0], "Which of A and B vanish"),
    ],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_other_wrong_answers_get_words(id, answer, says):
    verdict = exercises.check(f"lazy_rich.{id}", answer)
    assert not verdict.passed
    assert re.search(says, verdict.message), verdict.message


def test_the_step_of_the_exercise_is_the_librarys():
    """Averaged over the library's neurons at the start, a student's step gives its first output."""
    import jax

    p = P["step"]
    gram, y = jnp.array([[1, p["overlap"]], [p["overlap"], 1]]), jnp.array([1.0, -0.5])
    given = {"activation": "tanh", "richness": p["richness"], "learning_rate": p["learning_rate"]}
    found = two_layer(gram, y, steps=1, key=jax.random.key(0), **given)
    draw = jax.random.normal(jax.random.key(1), (40_000, 3))
    h, z = draw[:, :2] @ jnp.linalg.cholesky(gram).T, draw[:, 2]
    f = 0
    for sign in (1, -1):
        after, readout = jax.vmap(neuron(p), in_axes=(0, 0, None))(h, sign * z, y)
        f += (readout[:, None] * jnp.tanh(after)).mean(axis=0) / (2 * p["richness"])
    np.testing.assert_allclose(f, found.outputs[1], atol=4 / 40_000**0.5)


def test_a_network_is_rescaled_as_the_exercise_says():
    """The exact law of 400 neurons and 200 orthogonal points, of the power asked for, almost without noise."""
    p = exercises.parameters("lazy_rich.rescaled")
    targets = jnp.full(200, p["r0"] ** 0.5)
    found = finite_linear(
        jnp.eye(200), targets, depth=p["depth"], width=400, richness=0.05, inverse_temperature=1e6
    ).readout
    assert found == pytest.approx(rescaled(p), rel=0.01)


def test_no_step_is_too_large():
    for seed in (None, *range(40)):
        p = exercises.parameters("lazy_rich.left", seed=seed)
        assert p["rate"] * max(p["eigenvalues"]) / p["samples"] < 1


def test_a_readout_that_is_moved_by_the_slope_is_wrong_for_every_student():
    for seed in range(20):
        p = exercises.parameters("lazy_rich.step", seed=seed)
        rate, gram = p["learning_rate"] * p["richness"], np.array([[1, p["overlap"]], [p["overlap"], 1]])

        def step(h, z, delta, rate=rate, gram=gram):
            slope = 1 - np.tanh(h) ** 2
            return h + rate * gram @ (delta * slope * z), z + rate * (delta * slope).sum()

        assert not exercises.check("lazy_rich.step", step, seed=seed).passed


def test_answers_that_are_ragged_or_huge_get_words():
    verdict = exercises.check("lazy_rich.step", lambda h, z, delta: ((h, z),))
    assert "two things" in verdict.message
    assert "this is too large" in exercises.check("lazy_rich.left", 10**400).message
    assert "one is too large" in exercises.check("lazy_rich.echo", [1, 10**400]).message
    assert "is too large" in exercises.check("lazy_rich.step", lambda h, z, delta: (h, 10**400)).message
    assert "2 numbers" in exercises.check("lazy_rich.step", lambda h, z, delta: ([10**400, 1], z)).message
    assert "no answer yet" in exercises.check("lazy_rich.echo", [..., ...]).message
    assert "shape (3,)" in exercises.check("lazy_rich.left", np.zeros(3)).message
