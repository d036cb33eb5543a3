"""What "Two times: C and R" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, experiment, theory

TRIPLES = SphericalGlass({3: 0.5}, 0.3)


@pytest.mark.slow
def test_samples_of_the_figure():
    limit = theory.descent(TRIPLES, 120, 0.1)
    runs = experiment.langevin(TRIPLES, size=120, steps=120, step_size=0.1, key=jax.random.key(1), repeats=24)
    for start in (0, 10, 40):
        off = np.abs(limit.correlation[start:, start] - runs.correlation[start:, start])
        assert np.all(off <= 4 * runs.error("correlation")[start:, start] + 3 / 120)
    left = [limit.correlation[start + 40, start] for start in (0, 10, 40)]
    assert left[0] < left[1] < left[2]  # the older, the longer


def test_a_poke_is_gone_after_a_unit_of_time():
    limit = theory.descent(TRIPLES, 120, 0.1)
    assert limit.response[60, 50] < 0.25 * limit.response[51, 50]
    early, late = (limit.response[t + 80, t] / limit.response[t + 10, t] for t in (0, 40))
    assert early > 1.5 * late  # the first poke is felt for longest


@pytest.mark.parametrize(("spike", "low", "high"), [(0.5, 0.0, 0.1), (2.0, 0.85, 0.88), (3.0, 0.93, 0.95)])
def test_a_spike_is_found_above_one(spike, low, high):
    found = theory.descent(SphericalGlass({2: 0.5}, 0.0, spike), 200, 0.1, overlap=0.1).overlap[-1]
    assert low <= abs(found) <= high
    if spike > 1:
        assert found**2 == pytest.approx(1 - 1 / spike**2, abs=0.005)


def test_a_smaller_start_only_waits_longer():
    waits = []
    for start in (0.1, 0.01, 0.001):
        overlap = theory.descent(SphericalGlass({2: 0.5}, 0.0, 2.0), 200, 0.1, overlap=start).overlap
        waits.append(int(jnp.argmax(overlap > 0.6)))
    assert 0.7 < (waits[2] - waits[1]) / (waits[1] - waits[0]) < 1.4
