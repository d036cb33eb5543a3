"""Limits of stability: drawn students, the recursion that turns, and a closed form."""

import jax
import numpy as np
import pytest

from solvable import Spectrum
from solvable.linear_model import experiment, theory

from .recursions import recursion


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=300)


def test_the_limit_of_stability_is_the_largest_eigenvalue(spectrum):
    """The largest eigenvalues of drawn M S scatter up to the theory's edge, and are there in large systems."""
    limit = float(theory.stability_limit(spectrum, width=80, samples=120))
    lam, rng, edges = np.asarray(spectrum.eigenvalues), np.random.default_rng(0), []
    for _ in range(40):
        phi = rng.standard_normal((120, 300)) * np.sqrt(lam) @ rng.standard_normal((300, 80)) / np.sqrt(80 * 120)
        edges.append(np.linalg.norm(phi, 2) ** 2)
    assert np.mean(edges) < 2 / limit < np.mean(edges) + 3 * np.std(edges)
    flat = Spectrum(np.ones(300) / 300, np.ones(300) / 300)  # a band of many modes: no scatter, and a known edge
    for size in ("width", "samples"):
        limit_of_one = theory.stability_limit(flat, **{size: 75})
        assert limit_of_one == pytest.approx(2 * 300 / (1 + np.sqrt(300 / 75)) ** 2, rel=1e-9)
    assert theory.stability_limit(spectrum) == pytest.approx(2 / lam[0], rel=1e-6)
    assert theory.stability_limit(spectrum, momentum=0.5) == pytest.approx(3 / lam[0], rel=1e-6)
    with pytest.raises(ValueError, match=r"learning_rate must be below the stability limit 4\.18.*; got 4\.2"):
        theory.gradient_descent(spectrum, [1], learning_rate=4.2, width=80, samples=120)
    with pytest.raises(ValueError, match="learning_rate must be small enough for every student; got 6"):
        experiment.gradient_descent(
            spectrum, [1000], learning_rate=6, width=80, samples=120, key=jax.random.key(0), repeats=2
        )


def test_the_limit_of_stability_is_where_the_recursion_turns(spectrum):
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    for batch in (1, 4, 32):
        limit = float(theory.sgd_stability_limit(spectrum, batch_size=batch))
        below, above = (recursion(lam, c / lam, 0.0, share * limit, batch, 0.0, [3000, 6000]) for share in (0.98, 1.02))
        assert below[1] < below[0]
        assert above[1] > above[0]
        with pytest.raises(ValueError, match=f"learning_rate must be below the stability limit {limit:.6g}"):
            theory.sgd(spectrum, [1], learning_rate=1.001 * limit, batch_size=batch)
    wide = theory.sgd_stability_limit(spectrum, batch_size=1, width=1e9)
    assert wide == pytest.approx(float(theory.sgd_stability_limit(spectrum, batch_size=1)), rel=1e-6)
    full = theory.sgd_stability_limit(spectrum, batch_size=1e12, width=80)  # an endless batch is gradient descent
    assert full == pytest.approx(float(theory.stability_limit(spectrum, width=80)), rel=1e-6)


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_equal_eigenvalues_have_a_limit_in_closed_form(batch):
    """K equal modes at infinite width: 2 B / (tr + (B + 1) lambda), the known limit of least mean squares."""
    spectrum = Spectrum(np.full(50, 0.3), np.ones(50))
    limit = theory.sgd_stability_limit(spectrum, batch_size=batch)
    assert limit == pytest.approx(2 * batch / (50 * 0.3 + (batch + 1) * 0.3), rel=1e-9)
