"""Students, trained one by one: against small steps, in chunks, and with keys that are none."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, _repeats
from solvable.linear_model import experiment
from solvable.linear_model.experiment import students

TIMES = np.logspace(0, 5, 11)


@pytest.mark.parametrize(("width", "samples"), [(4, 6), (6, 4), (None, 5), (4, None), (None, None), (20, 15)])
def test_the_exact_flow_is_the_flow(width, samples):
    """The eigendecomposition against small Euler steps of dv/dt = -M (S v + Psi^T eps / P), for one student."""
    spectrum = Spectrum.power_law(a=1.5, b=1.0, modes=12)
    lam = np.asarray(spectrum.eigenvalues)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    key, noise, until, steps = jax.random.key(3), 0.3, 8.0, 40_000
    disorder = jax.tree.map(lambda x: x[0], students.draw(key[None], 12, width=width, samples=samples))
    m, s, pull = np.eye(12), np.diag(lam), np.zeros(12)
    if width:
        a = np.asarray(disorder.features)
        m = a.T @ a / width
    if samples:
        psi = np.asarray(disorder.data) * np.sqrt(lam)
        eps = np.sqrt(noise) * np.asarray(disorder.noise)
        s, pull = psi.T @ psi / samples, psi.T @ eps / samples
    v = teacher.copy()
    for _ in range(steps):
        half = v - until / steps / 2 * (m @ (s @ v + pull))
        v = v - until / steps * (m @ (s @ half + pull))
    test = lam @ v**2
    train = np.mean((psi @ v + eps) ** 2) if samples else test + noise
    student = students.train(spectrum, jnp.asarray(noise), disorder, partial(students.flow, jnp.array([0.0, until])))
    exact = students.population_loss(spectrum, student.modes)
    assert_allclose([exact[1], student.train[1]], [test, train], rtol=1e-7)
    assert_allclose(exact[0], spectrum.task_power.sum(), rtol=1e-12)


def test_repeats_do_not_depend_on_their_chunks(monkeypatch):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    kwargs = {"width": 8, "samples": 9, "key": jax.random.key(0), "repeats": 7}
    whole = experiment.gradient_flow(spectrum, TIMES, **kwargs)
    monkeypatch.setattr(_repeats, "CHUNK_BYTES", 100_000)
    pieces = experiment.gradient_flow(spectrum, TIMES, **kwargs)
    assert_allclose(whole.test, pieces.test, rtol=1e-9)
    assert_allclose(whole.test_std, pieces.test_std, rtol=1e-6)
    assert_allclose(whole.error("test"), whole.test_std / np.sqrt(7))
    other = experiment.gradient_flow(spectrum, TIMES, **(kwargs | {"key": jax.random.key(1)}))
    assert not np.allclose(other.test, whole.test)


def test_means_of_known_rows_compile_nothing_and_those_of_traced_rows_are_the_same(caplog):
    rows = {"test": jnp.arange(21.0).reshape(3, 7) ** 2, "train": jnp.arange(33.0).reshape(3, 11)}
    with jax.log_compiles():
        known = _repeats.mean_and_std(rows)
        assert "compil" not in caplog.text.lower()
        traced = jax.jit(_repeats.mean_and_std)(rows)
        assert "compil" in caplog.text.lower()  # what is looked for is there to be seen
    assert_allclose(known[0]["test"], np.asarray(rows["test"]).sum(axis=0) / 3)
    assert_allclose(known[1]["train"], 11.0)  # 11, 0 and -11 from the mean: 242 / 2 is 11 squared
    jax.tree.map(assert_allclose, known, traced)


def test_a_key_that_is_none_is_named():
    from solvable._checks import require_key

    require_key(jax.random.key(0))
    for wrong in (0, np.zeros(2), jax.random.split(jax.random.key(0))):
        with pytest.raises(ValueError, match="key must be a jax random key, for instance"):
            require_key(wrong)
