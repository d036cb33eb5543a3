"""The claims of "Two exponents, one student", at the page's own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import Spectrum
from solvable.random_features import theory

ALPHA, BETA, WIDTH, LATENT = 0.7, 0.4, 200, 800
TASK = Spectrum.power_law(a=2 * (ALPHA + BETA), b=2 * ALPHA, modes=LATENT, normalize=False)


def draw(key):
    directions = jax.random.normal(key, (WIDTH, LATENT))
    seen = directions * jnp.sqrt(TASK.eigenvalues / WIDTH)
    q, u = jnp.linalg.eigh(seen @ seen.T)
    power = (u.T @ (seen @ jnp.sqrt(TASK.task_power))) ** 2 / q
    return q, power, float(TASK.task_power.sum() - power.sum())


def test_large_eigenvalues_are_kept_and_small_ones_end():
    q, _, _ = draw(jax.random.key(0))
    edges = 2.0 ** np.arange(-14.5, 2)
    student, data = np.histogram(q, edges)[0], np.histogram(TASK.eigenvalues, edges)[0]
    large = edges[:-1] > 0.004
    assert np.abs(student[large] - data[large]).max() <= 3
    assert student.sum() == WIDTH
    assert data.sum() - student.sum() == 600
    assert q.min() > 0.25 * WIDTH ** (-2 * ALPHA)
    assert np.sum(np.asarray(TASK.eigenvalues) < 2.0**-12) > 300


def test_what_is_missing_scatters_by_a_tenth_and_the_edge_by_less():
    several = [draw(key) for key in jax.random.split(jax.random.key(0), 24)]
    missing, least = np.array([one[2] for one in several]), np.array([float(one[0][0]) for one in several])
    atom = float(theory.measures(TASK, [0.1], width=WIDTH).atom)
    assert missing.mean() / atom == pytest.approx(1, abs=4 * 0.11 / 24**0.5)
    assert 0.07 < missing.std(ddof=1) / atom < 0.16
    assert least.std(ddof=1) / least.mean() < 0.05
    assert draw(jax.random.key(1))[2] < 0.8 * atom  # the one that the page asks for


def test_the_atom_stops_caring_about_the_target():
    """alpha = 0.8, between widths 1,000 and 10,000 of endlessly many directions, in the explorer's words."""

    def slope(beta):
        spectrum = Spectrum.power_law(a=1.6 + 2 * beta, b=1.6, modes=1e12, normalize=False, binned=True)
        floors = [theory.volterra(spectrum, [1], learning_rate=0.1, width=width).floor for width in (1e5, 1e6)]
        return float(-np.log10(floors[1] / floors[0]))

    for beta, known in ((0.2, 1.0), (0.75, 1.6), (1.25, 1.6)):
        assert slope(beta) == pytest.approx(known, rel=0.02)


def test_a_large_eigenvalue_scatters_by_the_root_of_two_over_the_width():
    top = [float(draw(key)[0][-1]) for key in jax.random.split(jax.random.key(1), 64)]
    error = 1 / np.sqrt(2 * 63)
    assert np.std(top, ddof=1) / np.mean(top) == pytest.approx((2 / WIDTH) ** 0.5, rel=4 * error)
