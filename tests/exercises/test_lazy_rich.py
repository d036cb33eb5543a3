"""Each exercise of "Lazy and rich" as a student does it: rightly, wrongly, and with a wrong kind of thing."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from answering import assert_right_passes_and_nonsense_does_not
from scipy import integrate, optimize, special

from solvable import exercises, kernels
from solvable.meanfield import deep_linear, two_layer
from solvable.posterior import finite_linear

SEEDS = [None, "ada", pytest.param(17, marks=pytest.mark.slow)]
IDS = sorted(id for id in exercises.REGISTRY if id.startswith("lazy_rich."))


def neuron(p, order=lambda gram, delta, slope, z: gram @ (delta * slope * z), late=False):
    """One step, right by default."""
    rate, gram = p["learning_rate"] * p["richness"], jnp.array([[1, p["overlap"]], [p["overlap"], 1]])

    def step(h, z, delta):
        after = h + rate * order(gram, delta, 1 - jnp.tanh(h) ** 2, z)
        return after, z + rate * delta @ jnp.tanh(after if late else h)

    return step


def right(id, p):
    """The answer, in a way of its own where there is one."""
    name = id.split(".")[1]
    if name == "step":
        return neuron(p)
    if name == "balance":
        h, z = p["start"], p["readout_start"]
        while h < p["end"]:  # follow it, in small steps
            h, z = h + 1e-5 * p["gram"] * z, z + 1e-5 * h
        return z
    if name == "wide_enough":
        n = np.arange(1, 10**6)
        small = p["richness"] * p["scatter"] / n**0.5 <= p["share"] * p["richness"] ** 2 * p["mean"]
        return n[np.argmax(small)]
    if name == "how_rich":
        grid = np.linspace(0, 3, 300_001)
        return grid[np.argmax(p["kernel"] + grid**2 * p["correction"] >= (1 + p["share"]) * p["kernel"])]
    if name == "alignment":
        return kernels.alignment
    if name == "depth":
        x, y = jnp.array([[p["gram"] ** 0.5]]), jnp.array([p["target"]])
        found = deep_linear(x @ x.T, y, depth=p["depth"], richness=1.0, learning_rate=1e-4, steps=1)
        return float(found.outputs[1, 0]) / 1e-4
    if name == "echo":
        given = {"richness": p["richness"], "learning_rate": p["learning_rate"], "steps": 2}
        found = deep_linear(jnp.array([[p["gram"]]]), jnp.array([p["target"]]), depth=2, **given).two_time
        return [found.feature_response[0, 1, 0, 0, 0], found.gradient_response[0, 1, 0, 0, 0]]
    if name == "split":
        tilt = np.pi**0.5 / 2

        def law(h):
            return np.exp((tilt * special.erf(h)) ** 2 / 2 - h**2 / 2)

        mass = integrate.quad(law, -9, 9)[0]
        kernel = integrate.quad(lambda h: law(h) * special.erf(h) ** 2, -9, 9)[0] / mass
        return tilt * (kernel + 1 / p["inverse_temperature"]) / p["target"]
    if name == "rescaled":
        return optimize.brentq(lambda u: 1 - u - p["alpha"] * (1 - p["r0"] / u ** p["depth"]), 0.1, 10)
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


P = {name: exercises.parameters(f"lazy_rich.{name}") for name in (id.split(".")[1] for id in IDS)}
ECHO = P["echo"]["learning_rate"] * P["echo"]["target"]
FEATURES, SLOPES = (np.sin(np.pi / 3) + np.pi / 3) / (2 * np.pi), 1 / 3  # at 60 degrees, cos = 1/2
STAYS, POWER = 1 - 0.5 * np.array([8.0, 2.0, 0.5]) / 20, np.array([6.0, 3.0, 1.0])
WRONG = {  # what people answer, and words that the reply must hold
    "step": [
        (neuron(P["step"], lambda gram, delta, slope, z: delta * slope * z), "overlap is missing"),
        (neuron(P["step"], lambda gram, delta, slope, z: gram @ (delta * z)), "slope of tanh is missing"),
        (neuron(P["step"], lambda gram, delta, slope, z: slope * (gram @ (delta * z))), "under the sum"),
        (neuron(P["step"], lambda gram, delta, slope, z: -gram @ (delta * slope * z)), "Uphill"),
        (neuron(P["step"] | {"richness": 1.0}), "eta times the richness"),
        (neuron(P["step"], late=True), "with the new h"),
        (lambda h, z, delta: (h, z), "factor by factor"),
        (lambda h, z, delta: (neuron(P["step"])(h, z, delta)[0], z), "h is right, z is not"),
        (lambda h, z, delta: h, "two things"),
        (lambda h, z, delta: (1.0, z), "2 numbers"),
    ],
    "balance": [
        ((0.25 + 2.4) ** 0.5, "would for q = 1"),
        ((0.25 + 4.8) ** 0.5, "wrong side"),
        (0.25 + 1.2, "its square"),
        (0.5 + 0.6, "not proportional"),
        (0.5, "only be lazy"),
        (9.0, "Multiply one equation"),
    ],
    "angle": [
        (FEATURES, "hidden layer are trained"),
        (SLOPES / 2, "readout is trained"),
        (FEATURES + SLOPES, "sees the inputs"),
        (FEATURES + 0.5, "that probability"),
        (2 * (FEATURES + SLOPES / 2), "Twice too large"),
        ((np.sin(60) + 2 * (np.pi - 60) * np.cos(60)) / (2 * np.pi), "pi - theta want radians"),
        ((np.sin(60) + 2 * np.pi * 2 / 3 * np.cos(60)) / (2 * np.pi), "only the last"),
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
    "split": [
        (0.8862 * (0.4646 + 0.1) / 1.5, "kernel of the prior"),
        (0.6252 / 1.5, "slope of erf.*near h = 0\\?$"),
        (0.6252, "slope of erf.*where is the target"),
        (0.4540 / 1.5, "noise is missing"),
        (0.5426 * 1.5, "larger target"),
        (3.0, "second order"),
    ],
    "rescaled": [
        (1.4505**2, "multiplies the kernel"),
        (1.6861, "one hidden layer"),
        (2.5, "one step"),
        (1.0, "few data"),
        (0.3, "cross"),
    ],
    "depth": [
        (3 * 1.2, "One matrix of weights is missing"),
        (1.2, "what one matrix"),
        (4 * 0.8, "This is the kernel"),
        (4 * 0.8**4 * 1.5, "one factor"),
        (9.0, "sum over layers"),
    ],
    "wide_enough": [
        (45, "root of the width"),
        ((0.9 / 0.04) ** 2, "does not cancel"),
        (4.5**2, "What about the share"),
        (90**2, "factor of the richness too"),
        (10**6, "solve for N"),
    ],
    "how_rich": [
        (0.4, "its square"),
        (0.5, "kernel at the start is not 1"),
        (0.025**0.5, "Upside down"),
        ((1.1 * 4) ** 0.5, "Only the growth"),
        (3.0, "share of K_0"),
    ],
    "alignment": [
        (lambda k, y: y @ k @ y, "kernel is doubled"),
        (lambda k, y: y @ k @ y / np.linalg.norm(k), "targets are doubled"),
        (lambda k, y: y @ k @ y / np.linalg.norm(k) / np.linalg.norm(y), "What is its norm"),
        (lambda k, y: y @ k @ y / np.linalg.norm(k, 2) / (y @ y), "largest eigenvalue"),
        (lambda k, y: y @ k @ y / np.trace(k) / (y @ y), "divides by the trace"),
        (lambda k, y: 1.0, "lists of numbers"),
    ],
    "echo": [
        ([2 * ECHO, 1.4 * ECHO], "Exchanged"),
        ([0.7 * ECHO, ECHO], "times the richness"),
        ([1.4 * ECHO, 1.4 * ECHO], "The first is right"),
        ([2 * ECHO, 2 * ECHO], "The second is right"),
        ([1.0, 1.0], "Which of A and B vanish"),
    ],
}


@pytest.mark.parametrize(("id", "answer", "says"), [(id, *case) for id, cases in WRONG.items() for case in cases])
def test_wrong_answers_get_the_right_words(id, answer, says):
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
    assert found == pytest.approx(right("lazy_rich.rescaled", p), rel=0.01)


def test_no_step_is_too_large():
    for seed in (None, *range(40)):
        p = exercises.parameters("lazy_rich.left", seed=seed)
        assert p["rate"] * max(p["eigenvalues"]) / p["samples"] < 1


def left(p, stays=lambda moved: 1 - moved, times=2, share=2):
    """The folded solution by default."""
    moved = p["rate"] * np.array(p["eigenvalues"]) / p["samples"]
    return np.array(p["power"]) @ np.abs(stays(moved)) ** (times * p["steps"]) / (share * p["samples"])


def split(p, tilt=np.pi**0.5 / 2, law=None, noise=1.0):
    """The folded solution by default."""
    h = np.linspace(-5, 5, 161)
    weights = np.exp(((tilt if law is None else law) * special.erf(h)) ** 2 / 2 - h**2 / 2)
    kernel = weights @ special.erf(h) ** 2 / weights.sum()
    return tilt * (kernel + noise / p["inverse_temperature"]) / p["target"]


def rescaled(p):
    grid = np.linspace(0.01, 20, 200_000)
    return grid[np.argmin(np.abs(1 - grid - p["alpha"] * (1 - p["r0"] / grid ** p["depth"])))]


def angle(p, to_radians=np.radians):
    theta = to_radians(p["angle"])
    return (np.sin(theta) + 2 * (np.pi - theta) * np.cos(theta)) / (2 * np.pi)


def three_digits(number):
    return float(f"{number:.3g}")


QUICK = {  # the folded solutions
    "angle": angle,
    "balance": lambda p: (p["readout_start"] ** 2 + (p["end"] ** 2 - p["start"] ** 2) / p["gram"]) ** 0.5,
    "depth": lambda p: (p["depth"] + 1) * p["gram"] * p["target"],
    "echo": lambda p: p["learning_rate"] * p["richness"] * p["target"] * np.array([p["gram"], 1]),
    "how_rich": lambda p: (p["share"] * p["kernel"] / p["correction"]) ** 0.5,
    "left": left,
    "rescaled": rescaled,
    "split": split,
    "step": neuron,
    "wide_enough": lambda p: np.ceil((p["scatter"] / (p["share"] * p["richness"] * p["mean"])) ** 2),
}


@pytest.mark.parametrize("name", QUICK)
def test_right_answers_pass_for_every_student(name):
    id = f"lazy_rich.{name}"
    for seed in (*range(60), 246):  # 4 and 246 once drew a target that made a slip of the bell's right answer
        answer = QUICK[name](exercises.parameters(id, seed=seed))
        for one in (answer,) if callable(answer) or np.ndim(answer) else (answer, three_digits(answer)):
            verdict = exercises.check(id, one, seed=seed)
            assert verdict.passed, (seed, verdict)


SLIPS = [  # wrong for every student: nobody draws numbers with which they are right by chance
    ("angle", lambda p: angle(p, to_radians=float), "want radians"),
    ("balance", lambda p: p["readout_start"] + (p["end"] - p["start"]) / p["gram"], "not proportional"),
    ("balance", lambda p: p["readout_start"] ** 2 + (p["end"] ** 2 - p["start"] ** 2) / p["gram"], "its square"),
    ("how_rich", lambda p: p["share"] * p["kernel"] / p["correction"], "its square"),
    ("how_rich", lambda p: (p["share"] / p["correction"]) ** 0.5, "is not 1"),
    ("left", lambda p: left(p, stays=lambda moved: np.exp(-moved)), "gradient flow"),
    ("left", lambda p: left(p, times=1), "their squares"),
    ("left", lambda p: left(p, share=1), "mind the half"),
    ("split", lambda p: split(p, law=0.0), "kernel of the prior"),
    ("split", lambda p: split(p, tilt=1.0) * p["target"], "slope of erf"),
    ("split", lambda p: split(p, noise=0.0), "noise is missing"),
    ("split", lambda p: split(p) * p["target"] ** 2, "larger target"),
]


@pytest.mark.parametrize(("name", "slip", "says"), SLIPS)
def test_slips_are_wrong_for_every_student(name, slip, says):
    told = 0
    for seed in range(60):
        id = f"lazy_rich.{name}"
        verdict = exercises.check(id, slip(exercises.parameters(id, seed=seed)), seed=seed)
        assert not verdict.passed, (seed, verdict)
        told += says in verdict.message
    assert told > 50  # of two slips that give one number only the first has its words


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
