"""Feature learning: the closed equation against the network itself, against the kernel, and at the ends."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from solvable import Spectrum
from solvable.linear_model import experiment, theory
from solvable.linear_model.experiment import rich as rich_students
from solvable.linear_model.theory import rich

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.6, b=1.3, modes=12)


def test_the_network_itself():
    """Both layers written out and integrated by SciPy, from an orthogonal start: the closure is exact."""
    lam, target, gamma = np.array([1.0, 0.5, 0.2, 0.1]), np.array([1.0, -2.0, 0.7, 3.0]), 1.5
    first, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 4)))  # A^T A = 1
    times = np.array([0.1, 1.0, 5.0, 30.0])

    def velocity(_, state):
        w, a = state[:9], state[9:].reshape(9, 4)
        g = lam * (target - a.T @ w)
        return np.concatenate([a @ g, gamma**2 * np.outer(w, g).ravel()])

    start = np.concatenate([np.zeros(9), first.ravel()])
    path = solve_ivp(velocity, (0, 30), start, t_eval=times, rtol=1e-11, atol=1e-13, method="DOP853").y
    literal = [state[9:].reshape(9, 4).T @ state[:9] for state in path.T]
    closed = rich.learn(jnp.asarray(lam), jnp.asarray(lam * target), jnp.asarray(times), jnp.asarray(gamma))
    assert_allclose(closed.T, literal, rtol=1e-5, atol=1e-6)
    ours = rich_students.step_network(
        jnp.asarray(first), jnp.asarray(lam), jnp.asarray(lam * target), jnp.asarray(times), jnp.asarray(gamma)
    )
    assert_allclose(ours.T, literal, rtol=1e-4, atol=1e-5)


def test_both_layers_gaussian_is_half_the_time():
    """A mean-field network, unit Gaussians in both layers, gamma_0 and t: the closure with gamma_0 / 2 and 2 t."""
    lam, target, richness, count = np.array([1.0, 0.4, 0.1]), np.array([1.0, 1.5, -2.0]), 2.0, 20_000
    random = np.random.default_rng(1)
    half = random.normal(size=(count, 4))
    w, a = np.concatenate([half[:, 0], -half[:, 0]]), np.concatenate([half[:, 1:], half[:, 1:]])  # f(0) = 0
    h, until = 2e-3, 2.0
    for _ in range(round(until / h)):
        g = lam * (target - w @ a / (richness * len(w)))
        w, a = w + h * richness * a @ g, a + h * richness * np.outer(w, g)
    spectrum = Spectrum(lam, lam * target**2)
    limit = theory.feature_learning(spectrum, [2 * until], richness=richness)
    loss = np.sum(lam * (target - w @ a / (richness * len(w))) ** 2)
    assert_allclose(loss, limit.test[0], rtol=0.02)
    lazy = theory.gradient_flow(spectrum, [2 * until]).test[0]
    assert limit.test[0] < 0.8 * lazy  # so that the comparison has teeth


def test_a_wide_network_follows(spectrum):
    """Finite width, Gaussian weights: within 3 standard errors + 2 % of the limit."""
    times = np.logspace(-1, 2, 7)
    limit = theory.feature_learning(spectrum, times, richness=4.0)
    runs = experiment.feature_learning(spectrum, times, richness=4.0, hidden=800, key=KEY, repeats=32)
    seen = np.asarray(limit.test) > 1e-4
    assert seen.sum() >= 5
    assert np.all((runs.error("test") <= 0.02 * runs.test)[seen])
    assert np.all((np.abs(limit.test - runs.test) <= 3 * runs.error("test") + 0.02 * runs.test)[seen])


def test_lazy_is_the_kernel(spectrum):
    times = np.array([0.0, 0.3, 10.0, 1e3])
    lazy = theory.feature_learning(spectrum, times, richness=0.0)
    assert_allclose(lazy.test, theory.gradient_flow(spectrum, times).test, rtol=1e-10, atol=1e-20)
    sizes = {"width": 7, "samples": 9, "noise": 0.2, "key": KEY, "repeats": 3}
    one, other = (
        experiment.feature_learning(spectrum, times, richness=0.0, **sizes),
        experiment.gradient_flow(spectrum, times, **sizes),
    )
    assert_allclose(one.test, other.test, rtol=1e-8)
    assert_allclose(one.train, other.train, rtol=1e-8)


@pytest.mark.slow
def test_rich_students_end_where_lazy_ones_do_without_a_bottleneck_of_their_own(spectrum):
    """The end of training on P < K points without noise depends on the path; on all the data it does not."""
    end = np.array([1e5])
    free = experiment.feature_learning(spectrum, end, richness=5.0, width=6, key=KEY, repeats=4)
    lazy = experiment.gradient_flow(spectrum, end, width=6, key=KEY, repeats=4)
    assert_allclose(free.test, lazy.test, rtol=1e-6)
    few = {"samples": 6, "key": KEY, "repeats": 40}
    rich_end = experiment.feature_learning(spectrum, end, richness=5.0, **few)
    lazy_end = experiment.gradient_flow(spectrum, end, **few)
    assert_allclose(rich_end.train, 0, atol=1e-10)
    assert_allclose(rich_end.test, lazy_end.test, rtol=1e-6)  # w stays in the span of the data, rich or not


def test_no_order_of_times_and_no_scale_matters(spectrum):
    times = np.array([30.0, 0.1, 2.0, 2.0, 0.0])
    found = theory.feature_learning(spectrum, times, richness=3.0).test
    ordered = theory.feature_learning(spectrum, np.sort(times), richness=3.0).test
    assert_allclose(np.sort(found)[::-1], ordered, rtol=1e-6)
    assert_allclose(found[4], spectrum.task_power.sum(), rtol=1e-14)
    slow = Spectrum(spectrum.eigenvalues / 100, spectrum.task_power)  # u grows by 10 where lambda falls by 100
    assert_allclose(theory.feature_learning(slow, 100 * times, richness=0.3).test, found, rtol=1e-4)


def test_the_integrator_knows_its_error(spectrum):
    curves = theory.feature_learning(spectrum, np.logspace(0, 4, 9), richness=20.0)
    assert 0 < curves.residual < rich.ALLOWED
    times, target = jnp.logspace(0, 4, 9), spectrum.teacher
    lam = spectrum.eigenvalues
    fine = rich.learn(lam, lam * target, times, jnp.asarray(10.0), 40_000)
    better = lam @ (target[:, None] - fine) ** 2
    error = np.max(np.abs(curves.test - better) / np.maximum(better, 1e-10))
    assert error < 3 * curves.residual + 1e-9


def test_jax_goes_through(spectrum):
    """Forward and backward derivatives agree with differences; vmap is the loop."""
    times = np.array([1.0, 20.0])

    def loss(richness):
        return theory.feature_learning(spectrum, times, richness=richness).test[1]

    step = 1e-4
    slope = (loss(3.0 + step) - loss(3.0 - step)) / (2 * step)
    assert_allclose(jax.grad(loss)(3.0), slope, rtol=1e-5)
    assert_allclose(jax.jacfwd(loss)(3.0), slope, rtol=1e-5)
    assert_allclose(jax.vmap(loss)(jnp.array([1.0, 3.0])), [loss(1.0), loss(3.0)], rtol=1e-12)


def test_nothing_to_learn_is_no_error():
    idle = Spectrum([1.0, 0.5], [0.0, 0.0])
    assert np.all(theory.feature_learning(idle, [0.0, 1.0], richness=3.0).test == 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"richness": -1.0}, "richness must be >= 0 and at most 1e100; got -1.0"),
        ({"richness": np.nan}, "richness must be >= 0 and at most 1e100; got nan"),
        ({"times": [-1.0]}, "times must be >= 0 and finite; got -1.0"),
        ({"hidden": 1.5}, "hidden must be a whole number >= 1, or inf; got 1.5"),
        ({"hidden": 10, "times": [1e9]}, "times must be at most .* where hidden is finite; got 1000000000.0"),
    ],
)
def test_bad_input(spectrum, change, message):
    arguments = {"times": [1.0], "richness": 1.0, "key": KEY, "repeats": 2} | change
    times = arguments.pop("times")
    with pytest.raises(ValueError, match=message):
        experiment.feature_learning(spectrum, times, **arguments)
