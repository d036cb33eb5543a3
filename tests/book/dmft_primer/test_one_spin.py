"""What "From coupled spins to one spin in a bath" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import fits
from solvable.spinglass import SphericalGlass, experiment, theory

PAIRS = SphericalGlass({2: 0.5})


def test_bands_shrink_onto_the_theory_as_the_root_of_the_size():
    sizes, spread = [32, 64, 128, 256, 512], []
    for size in sizes:
        key = jax.random.key(size)
        runs = experiment.langevin(PAIRS, size=size, steps=30, step_size=0.1, key=key, repeats=48)
        limit = theory.descent(PAIRS, 30, 0.1)
        assert abs(runs.energy[-1] - limit.energy[-1]) < 4 * runs.error("energy")[-1] + 2 / size
        spread.append(float(runs.energy_std[-1]))
    law = fits.power_law(sizes, spread)  # five spreads, each known to 10 %
    assert law.exponent == pytest.approx(0.5, abs=0.12)
    assert law.prefactor == pytest.approx(0.52, abs=0.12)


def test_noise_and_echo_are_equal_for_pairs_and_their_sum_is_the_multiplier():
    limit = theory.descent(PAIRS, 60, 0.1)
    c, r = limit.correlation, limit.response
    noise, echo = (0.1 * jnp.sum(PAIRS.f(c, 1) * r, axis=1), 0.1 * jnp.sum(PAIRS.f(c, 2) * r * c, axis=1))
    np.testing.assert_allclose(noise, echo, rtol=1e-12)
    np.testing.assert_allclose(noise + echo, limit.multiplier, atol=1e-12)


def test_without_symmetry_the_edge_is_at_one():
    a = np.random.default_rng(0).normal(size=(600, 600)) / 600**0.5
    assert np.linalg.eigvalsh((a + a.T) / 2**0.5).max() == pytest.approx(2, abs=0.05)
    assert np.linalg.eigvals(a).real.max() == pytest.approx(1, abs=0.08)
