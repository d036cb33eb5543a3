"""One spin in a bath: both algorithms against the two-time theory."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, single_site, theory

KEY = jax.random.key(1)
STEPS, H = 30, 0.1
GLASS = SphericalGlass({3: 0.5}, 0.3)


def worst(found, limit, which):
    return float(jnp.max(jnp.abs(getattr(found, which) - getattr(limit, which))))


@pytest.mark.parametrize("solve", [single_site.iterate, single_site.march])
@pytest.mark.parametrize(
    ("glass", "overlap"),
    [(GLASS, 0.0), (SphericalGlass({2: 0.5}, 0.0, 1.5), 0.3), (SphericalGlass({2: 0.3, 3: 0.3}), 0.0)],
    ids=["three", "spike", "mixed"],
)
def test_paths_find_the_two_time_solution(solve, glass, overlap):
    """The mean of four draws: within 3 / sqrt(paths), where 1.2 is usual for the worst of all entries, and 2.3 rare."""
    limit = theory.descent(glass, STEPS, H, overlap=overlap)
    for paths in (1000, 16_000):
        found = [solve(glass, STEPS, H, overlap=overlap, particles=paths, key=key) for key in jax.random.split(KEY, 4)]
        for which in ("correlation", "response", "energy", "multiplier", "overlap"):
            mean = np.mean([getattr(one, which) for one in found], axis=0)
            assert np.abs(mean - getattr(limit, which)).max() < 3 / paths**0.5, (paths, which)
        assert all(np.allclose(np.diag(one.correlation), 1) for one in found)


def test_sweeps_settle_without_damping():
    found = single_site.iterate(GLASS, STEPS, H, particles=1000, sweeps=12, key=KEY)
    changes = np.asarray(found.parameters["changes"])
    assert changes[0] > 0.1
    assert changes[-1] < 1e-3
    assert np.all(changes[6:] < 0.5 * changes[2:-4])


def test_one_sweep_is_not_enough():
    limit = theory.descent(GLASS, STEPS, H)
    assert worst(single_site.iterate(GLASS, STEPS, H, sweeps=1, key=KEY), limit, "correlation") > 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: single_site.march(GLASS, 5, 0.1, particles=1, key=KEY),
            "particles must be a whole number >= 2; got 1",
        ),
        (lambda: single_site.iterate(GLASS, 5, 0.1, sweeps=0, key=KEY), "sweeps must be a whole number >= 1; got 0"),
        (lambda: single_site.iterate(GLASS, 5, 0.0, key=KEY), "step_size must be > 0 and finite; got 0.0"),
        (lambda: single_site.march(GLASS, 5, 0.1, overlap=2.0, key=KEY), "overlap must be between -1 and 1; got 2.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
