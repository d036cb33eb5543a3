"""One-pass SGD for given features: the exact recursion against the written one, and against real streams."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import exact, experiment

from .recursions import recursion

STEPS = [0, 1, 5, 7, 8, 9, 20, 64, 256, 1024]


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=300)


def test_the_recursion_of_given_features_is_the_written_one(spectrum):
    lam, rng = np.asarray(spectrum.eigenvalues), np.random.default_rng(0)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    a = rng.standard_normal((30, 300))
    m = a / np.sqrt(30)
    q, vectors = np.linalg.eigh(m * lam @ m.T)
    best = np.linalg.solve(m * lam @ m.T, m @ (lam * teacher))
    floor = lam @ (teacher - m.T @ best) ** 2
    true = recursion(q, (vectors.T @ best) ** 2, floor, 0.5, 4, 0.2, STEPS)
    loss = exact.sgd(spectrum, STEPS, features=jnp.asarray(a), learning_rate=0.5, batch_size=4, noise=0.2)
    assert_allclose(loss.test, true, rtol=1e-9)
    shuffled = exact.sgd(spectrum, STEPS[::-1], features=jnp.asarray(a), learning_rate=0.5, batch_size=4, noise=0.2)
    assert_allclose(shuffled.test, true[::-1], rtol=1e-9)


def test_real_streams_follow_the_recursion(spectrum):
    """400 streams of one student in all K modes, sample by sample: within 3 standard errors of the recursion."""
    lam, rng = np.asarray(spectrum.eigenvalues), np.random.default_rng(2)
    teacher, steps, rate, noise = np.sqrt(np.asarray(spectrum.task_power) / lam), [1, 10, 100], 0.3, 0.1
    a = rng.standard_normal((20, 300))
    w, found = np.zeros((400, 20)), []
    for step in range(max(steps) + 1):
        if step in steps:
            found.append(((teacher - w @ a / np.sqrt(20)) ** 2) @ lam)
        psi = rng.standard_normal((400, 300)) * np.sqrt(lam)
        phi = psi @ a.T / np.sqrt(20)
        error = psi @ teacher + np.sqrt(noise) * rng.standard_normal(400) - np.sum(phi * w, axis=1)
        w = w + rate * error[:, None] * phi
    method = {"learning_rate": rate, "batch_size": 1, "noise": noise}
    loss = exact.sgd(spectrum, steps, features=jnp.asarray(a), **method).test
    mean, error = np.mean(found, axis=1), np.std(found, axis=1) / 20
    assert np.all(np.abs(loss - mean) < 3 * error)
    assert np.all(error / mean < 0.05)


def test_the_volterra_equation_of_the_page_is_the_recursion(spectrum):
    """L = F + eta^2/B sum K (L + sigma^2), in time, for one student's features."""
    eta, batch, noise = 0.5, 3, 0.2
    student = exact.basis(spectrum, jnp.asarray(np.random.default_rng(1).standard_normal((20, 300))))
    q, u, floor = np.asarray(student.rates), np.asarray(student.target) ** 2, float(student.irreducible)
    rho = (1 - eta * q) ** 2 + eta**2 * q**2 / batch
    loss = []
    for t in range(30):
        memory = sum(q**2 @ rho ** (t - 1 - s) * (loss[s] + noise) for s in range(t))
        loss.append(floor + (q * u) @ rho**t + eta**2 / batch * memory)
    settings = (jnp.asarray(float(x)) for x in (eta, batch, noise))
    assert_allclose(exact.moments(student, jnp.arange(30.0), *settings), loss, rtol=1e-11)


def test_divergence_is_an_error_and_no_number(spectrum):
    features = jnp.asarray(np.random.default_rng(0).standard_normal((400, 300)))  # some directions stay empty
    with pytest.raises(ValueError, match=r"learning_rate must be smaller; got 5\.0, and the loss grows"):
        exact.sgd(spectrum, [5000], features=features, learning_rate=5.0, batch_size=1)
    for average in (True, False):
        with pytest.raises(ValueError, match="learning_rate must be small enough for every student; got 5"):
            experiment.sgd(
                spectrum, [3000], learning_rate=5.0, batch_size=1, width=20,
                key=jax.random.key(0), repeats=2, average_batches=average,
            )  # fmt: skip
