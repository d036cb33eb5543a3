"""The claims of "Problems: noisy labels, and data for a budget"."""

import jax
import numpy as np
import pytest

from solvable import Spectrum
from solvable.exercises.bottlenecks import problems
from solvable.linear_model import experiment, theory


def test_noise_tilts_the_line_of_the_first_figure():
    """12 students each: the clean line is lower everywhere and steeper; a slope is known to 0.05."""
    few, times, examples = (
        Spectrum.power_law(a=1.8, b=1.5, modes=400, normalize=False),
        np.logspace(0, 4, 41),
        [16, 144],
    )
    best = {
        noise: [
            experiment.gradient_flow(
                few, times, samples=samples, noise=noise, key=jax.random.key(samples), repeats=12
            ).test.min()
            for samples in examples
        ]
        for noise in (0.0, 1.0)
    }
    slopes = {noise: np.log(both[0] / both[1]) / np.log(9) for noise, both in best.items()}
    assert np.all(np.array(best[0.0]) < best[1.0])
    assert slopes[0.0] > slopes[1.0] + 0.2


def lowest(samples, noise):
    """Of the full theory, a = 1.8 and b = 1.5."""
    full = Spectrum.power_law(a=1.8, b=1.5, modes=1e6, normalize=False, binned=True)
    around = problems._best(1.8, 1.5, samples, noise)[0] * np.logspace(-0.5, 1, 61)
    return float(theory.gradient_flow(full, around, samples=samples, noise=noise).test.min())


def self_consistent(samples, noise):
    """The two laws with what is not yet learned counted as noise."""
    loss = 0.0
    for _ in range(60):
        loss = problems._best(1.8, 1.5, samples, noise + loss)[1]
    return loss


def test_what_is_not_learned_is_noise():
    alone = []
    for samples in (300, 1000):
        for noise in (0.03, 0.1, 0.3, 1.0):
            found = lowest(samples, noise)
            assert self_consistent(samples, noise) == pytest.approx(found, rel=0.03)
            alone.append(1 - problems._best(1.8, 1.5, samples, noise)[1] / found)
    assert 0.3 < max(alone) < 1 / 3


def test_the_noise_is_felt_where_it_is_as_large_as_the_loss():
    """The crossing of the two laws, as powers: there L = sigma^2."""
    a, noise = 1.8, 0.01
    crossing = noise ** (-1 / (a - 1))
    assert crossing ** (1 - a) == pytest.approx(noise)
    assert (crossing / noise) ** (-(a - 1) / a) == pytest.approx(noise)


@pytest.mark.slow
def test_examples_for_each_feature_hardly_change():
    few, many = (problems._each(samples, 0.1, **problems.TASK) for samples in (50, 400))
    assert abs(few / many - 1) < 0.1
    budgets = [problems._runs_out(samples, 0.1, **problems.TASK) for samples in (50, 400)]
    assert budgets[1] / budgets[0] > 100
