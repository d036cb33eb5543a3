"""What "Two times: C and R" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, aging, experiment, theory

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


SEEN = [1, 2, 3, 5, 8, 12, 18, 28, 44, 68, 100]


def samples(spike, temperature, start, repeats=24):
    """The points of the explorer, and its line."""
    planted = SphericalGlass({2: 0.5}, float(temperature), float(spike))
    runs = experiment.langevin(planted, SEEN, 0.2, overlap=start, size=256, key=jax.random.key(0), repeats=repeats)
    return runs, theory.descent(planted, SEEN, 0.2, overlap=start)


@pytest.mark.parametrize(
    "spike", [pytest.param(0, marks=pytest.mark.slow), 1.5, pytest.param(3, marks=pytest.mark.slow)]
)
def test_samples_stand_on_the_lines_of_the_explorer(spike):
    """All points but those of the smallest start: within 4 standard errors + 1 / N, the order of what N leaves out."""
    for temperature in (0, 0.8):
        for start in (0.2, 0.5):
            runs, limit = samples(spike, temperature, start)
            off = np.abs(runs.overlap - limit.overlap)
            assert np.all(off <= 4 * runs.error("overlap") + 1 / 256), (temperature, start)


def test_a_start_below_the_root_of_the_size_goes_either_way():
    """The points that leave their line: by more than four standard errors, of more samples than the page draws."""
    runs, limit = samples(3, 0, 0.01, repeats=96)
    assert limit.overlap[-1] - runs.overlap[-1] > 4 * runs.error("overlap")[-1]
    assert runs.overlap_std[-1] > 0.5  # both signs


def test_a_square_feels_noise_twice():
    """Ito's rule for one kick at random forces; and the solver that has T in its multiplier takes 2 T h off."""
    random, h = np.random.default_rng(0), 1e-4
    for _ in range(3):
        s, force, temperature = random.normal(), random.normal(), random.uniform(0.1, 1)
        xi = random.normal(size=200_000)
        kick = np.sqrt(2 * temperature * h) * np.stack([xi, -xi])  # what is odd in the noise cancels
        change = np.mean((s + h * force + kick) ** 2 - s**2) / h
        assert change == pytest.approx(2 * s * force + 2 * temperature, abs=0.03)
    warm = theory.flow(SphericalGlass({2: 0.2, 3: 0.4}, 0.7), 1.0, 0.01)
    slope = (1 - warm.correlation[-1, -2]) / 0.01  # C(t, t - h) = 1 - T h: what a kick takes away, at unit length
    assert slope == pytest.approx(0.7, abs=0.02)


def test_a_later_decade_needs_no_more_rows_than_the_one_before():
    """The figure in the margin: near a hundred in all, where uniform steps of 0.05 need two hundred thousand."""
    times = np.asarray(aging.flow(SphericalGlass({2: 0.5}, 0.5), 1e4, tolerance=1e-3).times)
    assert 90 < len(times) < 150
    inside = [((times > t) & (times <= 10 * t)).sum() for t in (1.0, 10.0, 100.0, 1000.0)]
    assert (np.diff(inside) <= 0).all()  # most of them near 1, where the glass falls
    assert inside[2] - inside[3] <= 1
