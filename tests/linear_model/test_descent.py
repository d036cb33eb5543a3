"""Gradient descent and heavy ball: theory against students, circle against Talbot, and the limit of small steps."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory
from solvable.linear_model.experiment import students
from solvable.linear_model.theory import descent
from solvable.linear_model.theory.response import FINE, Disorder, kappa_at
from solvable.numerics.laplace import circle

inf = np.inf
STEPS = [0, 1, 2, 5, 10, 30, 64, 100, 300, 1000]
SIZES = {"width": 80, "samples": 120, "noise": 0.05}


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=300)


@pytest.mark.parametrize(
    "method",
    [pytest.param({"learning_rate": 1.0}, marks=pytest.mark.slow), {"learning_rate": 0.5, "momentum": 0.9}],
    ids=["gd", "ball"],
)
def test_theory_predicts_the_experiment(spectrum, method):
    """The sheet's sizes, 800 students: within 3 standard errors + 2 %; standard errors at most 2 %.

    But for the tenth step of a heavy ball, in the middle of its first swing: there the theory is 5.9 % too low at this
    size (6,400 students), and the test holds it to that. A likely reason: the largest eigenvalue scatters by a fifth.
    """
    limit = theory.gradient_descent(spectrum, STEPS, **method, **SIZES)
    runs = experiment.gradient_descent(spectrum, STEPS, **method, **SIZES, key=jax.random.key(1), repeats=800)
    for which in ("test", "train"):
        off = np.array(getattr(limit, which) / getattr(runs, which)) - 1
        error = np.asarray(runs.error(which) / getattr(runs, which))
        assert np.all(error <= 0.02)
        if "momentum" in method:
            off[STEPS.index(10)] += 0.059
        assert np.all(np.abs(off) <= 3 * error + 0.02), off


@pytest.mark.parametrize(("rate", "momentum"), [(1.0, 0.0), (3.9, 0.0), (1.5, 0.3), (0.5, 0.9)])
def test_the_experiment_is_the_loop(spectrum, rate, momentum):
    """The closed form along each eigenvector against the update rule itself, for one student, noise included."""
    lam, teacher = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.teacher)
    disorder = jax.tree.map(
        lambda x: x[0], students.draw(jax.random.split(jax.random.key(0), 1), 300, width=20, samples=30)
    )
    a, psi = np.asarray(disorder.features) / np.sqrt(20), np.asarray(disorder.data) * np.sqrt(lam)
    phi, labels = psi @ a.T, psi @ teacher + np.sqrt(0.1) * np.asarray(disorder.noise)
    steps, w, before = [0, 1, 2, 7, 40, 500], np.zeros(20), np.zeros(20)
    test, train = [], []
    for step in range(max(steps) + 1):
        if step in steps:
            test.append(lam @ (teacher - a.T @ w) ** 2)
            train.append(np.mean((labels - phi @ w) ** 2))
        w, before = w + rate * phi.T @ (labels - phi @ w) / 30 + momentum * (w - before), w
    progress = Partial(students.descent, jnp.asarray(steps, float), jnp.asarray(rate), jnp.asarray(momentum))
    student = students.train(spectrum, jnp.asarray(0.1), disorder, progress)
    assert_allclose(students.population_loss(spectrum, student.modes), test, rtol=1e-8)
    assert_allclose(student.train, train, rtol=1e-8)


@pytest.mark.parametrize(
    ("a", "b", "rate", "momentum", "width", "samples"),
    [
        (1.8, 1.4, 1.0, 0.0, 80, 120),
        (1.8, 1.4, 3.7, 0.0, 80, 120),
        (1.8, 1.4, 1.0, 0.0, inf, 40),
        (5.0, 1.5, 0.5, 0.9, 80, 120),
        (5.0, 1.5, 1.9, 0.3, 300, inf),
    ],
)
def test_both_contours_agree_where_they_meet(a, b, rate, momentum, width, samples):
    """From the step at which Talbot's contour takes over, both give the loss to 1e-8 of it."""
    task = Spectrum.power_law(a=a, b=b, modes=200)
    problem = [jnp.asarray(x, float) for x in (rate, momentum, width, samples, 0.05)]
    limit = theory.stability_limit(task, momentum=momentum, width=width, samples=samples)
    assert rate < limit
    start = descent._talbot_from(problem[0], problem[1], limit)
    steps = jnp.asarray([start, 1.5 * start, 1.9 * start]).round()
    early = descent._on_circle(1 << int(steps.max()).bit_length(), steps, task, *problem)
    late = descent._on_talbot(steps, task, *problem)
    assert_allclose(early[0], late[0], rtol=1e-8)
    assert_allclose(early[1], late[1], rtol=1e-8)


def test_without_limits_every_mode_decays_alone(spectrum):
    """Width and data infinite: sum c (1 - eta lambda)^(2t); one mode's heavy ball by its own recursion."""
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    steps = np.array([0, 1, 3, 50, 64, 200, 5000])
    loss = theory.gradient_descent(spectrum, steps, learning_rate=2.0, noise=0.1)
    assert_allclose(loss.test, [c @ (1 - 2 * lam) ** (2 * t) for t in steps], rtol=1e-8, atol=1e-10)
    assert_allclose(loss.train, np.asarray(loss.test) + 0.1, rtol=1e-8)
    missed, before, path = np.ones(300), np.ones(300), {}
    for t in range(201):
        path[t] = c @ missed**2
        missed, before = (1 + 0.8 - 1.5 * lam) * missed - 0.8 * before, missed
    ball = theory.gradient_descent(spectrum, [0, 1, 5, 40, 200], learning_rate=1.5, momentum=0.8)
    assert_allclose(ball.test, [path[t] for t in (0, 1, 5, 40, 200)], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_small_steps_are_gradient_flow(spectrum, momentum):
    """At fixed eta t / (1 - beta) the difference from gradient flow falls in proportion to eta."""
    time = np.array([30.0, 100.0])
    flow = theory.gradient_flow(spectrum, time, **SIZES)
    off = []
    for eta in (0.02, 0.01):
        steps = (time / eta * (1 - momentum)).round()
        loss = theory.gradient_descent(spectrum, steps, learning_rate=eta, momentum=momentum, **SIZES)
        off.append(np.abs(loss.test / flow.test - 1))
    assert np.all(off[1] < 0.01)
    assert_allclose(off[0] / off[1], 2, rtol=0.1)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"steps": [1.5]}, r"steps must be whole numbers >= 0; got 1\.5"),
        ({"steps": [-1]}, r"steps must be whole numbers >= 0; got -1"),
        ({"learning_rate": 0.0}, r"learning_rate must be > 0 and finite; got 0\.0"),
        ({"momentum": 1.0}, r"momentum must be >= 0 and < 1; got 1\.0"),
        ({"momentum": np.nan}, r"momentum must be >= 0 and < 1; got nan"),
        ({"width": 0.5}, r"width must be"),
    ],
)
def test_bad_input_is_named(spectrum, kwargs, says):
    good = {"steps": [1, 2], "learning_rate": 1.0}
    with pytest.raises(ValueError, match=says):
        theory.gradient_descent(spectrum, **(good | kwargs))
    with pytest.raises(ValueError, match=says):
        experiment.gradient_descent(spectrum, **(good | kwargs), key=jax.random.key(0), repeats=2)


@pytest.mark.slow
def test_traced_rates_pass_through(spectrum):
    def loss(rate):
        return theory.gradient_descent(spectrum, [5, 80], learning_rate=rate, **SIZES).test

    both = jax.vmap(loss)(jnp.array([0.5, 1.0]))
    assert_allclose(both[1], loss(1.0), rtol=1e-9)

    def ball(width):  # the slow modes of heavy ball need the circle up to step 437, known sizes or not
        return theory.gradient_descent(
            spectrum, [100, 300], learning_rate=0.5, momentum=0.9, width=width, samples=120
        ).test

    assert_allclose(jax.vmap(ball)(jnp.array([50.0, 80.0]))[1], ball(80.0), rtol=1e-9)
    with pytest.raises(ValueError, match="momentum must be a known number"):
        jax.jit(lambda m: theory.gradient_descent(spectrum, [1], learning_rate=1.0, momentum=m).test)(0.5)
    with pytest.raises(ValueError, match="steps must be known; it is being traced by jax"):
        jax.jit(lambda t: theory.gradient_descent(spectrum, t, learning_rate=1.0).test)(jnp.array([1.0]))


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_two_time_matrices_agree(noise):
    """The peer of the benchmark, T x T matrices per mode iterated to their fixed point, knows nothing of contours."""
    path = Path(__file__).parents[2] / "benchmarks" / "matrix_dmft.py"
    spec = importlib.util.spec_from_file_location("matrix_dmft", path)
    matrix_dmft = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(matrix_dmft)
    task, sizes = Spectrum.power_law(a=1.6, b=1.2, modes=25), {"width": 12, "samples": 18, "noise": noise}
    lam, power = np.asarray(task.eigenvalues), np.asarray(task.task_power)
    test, train, _ = matrix_dmft.descent(lam, power, 24, learning_rate=0.7, **sizes, tolerance=1e-10)
    found = theory.gradient_descent(task, np.arange(24), learning_rate=0.7, **sizes)
    assert_allclose(test, found.test, rtol=1e-7)
    assert_allclose(train, found.train, rtol=1e-7)


def test_no_node_of_the_circle_ends_on_another_branch_at_strong_momentum():
    """With momentum 0.99 nodes come within 0.004 of the spectrum; longer steps of the ladder lost ten of them."""
    task, disorder = (
        Spectrum.power_law(a=1.5, b=1.25, modes=1000, binned=True),
        Disorder.of(*map(jnp.asarray, (256.0, 1000.0, 0.0))),
    )
    nodes, _ = circle(4096)
    z = descent._frequency(nodes - 1, nodes, jnp.asarray(0.5), jnp.asarray(0.99))
    kappa, residual = kappa_at(task, disorder, z, FINE)
    assert residual < 1e-8
    assert (kappa.imag > 0).all()
    assert not kappa_at(task, disorder, z)[1] < 1e-8
