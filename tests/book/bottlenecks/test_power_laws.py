"""The claims of "Power law in, power law out"."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import Spectrum, data, fits
from solvable.linear_model import experiment, theory


@pytest.fixture(scope="module")
def digits():
    images, labels = data.digits()
    features = data.relu_features(images, 2000, key=jax.random.key(3))
    return features, labels, *Spectrum.from_features(features, labels)


@pytest.fixture(scope="module")
def laws(digits):
    *_, spectrum, residual = digits
    k = np.arange(1, spectrum.modes + 1)
    tail = np.cumsum(spectrum.task_power[::-1])[::-1] + residual
    return [fits.power_law(k, y, between=(10, 100)) for y in (spectrum.eigenvalues, tail)]


def test_the_digits_are_a_hard_task(laws):
    law_b, law_a = laws
    assert 1.5 < law_b.exponent < 1.7
    assert 0.5 < law_a.exponent < 0.7
    assert max(abs(law.drift) for law in laws) < 0.2
    assert law_a.exponent < law_b.exponent


def test_both_lines_bend_down_at_the_end(digits, laws):
    *_, spectrum, residual = digits
    tail = np.cumsum(spectrum.task_power[::-1])[::-1] + residual
    for y, law in zip((spectrum.eigenvalues, tail), laws, strict=True):
        assert np.max(np.abs(np.log(np.asarray(y)[9:100] / law(np.arange(10, 101))))) < 0.35
        assert y[1499] < 0.5 * law(1500)


@pytest.mark.slow
def test_time_obeys_the_fit_and_data_do_not(digits, laws):
    features, labels, spectrum, residual = digits
    law_b, law_a = laws
    times = np.geomspace(20, 2e4, 16)  # of the page
    of_time = fits.power_law(times, theory.gradient_flow(spectrum, times).test + residual)
    assert of_time.exponent == pytest.approx(law_a.exponent / law_b.exponent, rel=0.05)
    samples = np.unique(np.geomspace(8, 256, 6).astype(int))
    loss = theory.final_loss(spectrum, samples=samples, noise=residual).test + residual
    of_data = fits.power_law(samples, loss)
    assert of_data.exponent < 0.9 * law_a.exponent
    local = -np.gradient(np.log(loss), np.log(samples))
    assert np.all(np.diff(local) > 0)  # steeper all the way
    runs = experiment.regression(features, labels, samples[:-1], key=jax.random.key(4), repeats=40)
    assert np.all(np.abs(runs.test / loss[:-1] - 1) < 0.1)  # the theory goes through the dots
    bends = -np.diff(np.log(runs.test)) / np.diff(np.log(samples[:-1]))
    assert bends[0] < 0.8 * bends[-1]  # the first points ask for one slope, the last for another


def test_a_plateau_needs_room_on_both_sides():
    amount = jnp.logspace(0.5, 3.5, 25)
    mode = Spectrum.power_law(a=1.5, b=1.25, modes=1e6, binned=True)

    def local(start, end, a=1.5):
        number = (mode.eigenvalues / mode.eigenvalues[0]) ** (-1 / 1.25)
        power = mode.multiplicity * np.exp(-number / end) * (number + start) ** -a
        task = Spectrum((number + start) ** -1.25, power / power.sum(), mode.multiplicity)
        loss = theory.final_loss(task, samples=amount).test
        return -np.gradient(np.log(loss), np.log(amount))

    passing = local(5, 1e4)
    assert passing[0] < 0.1
    assert passing[-1] > 0.75
    for start, samples in ((0.5, 30), (50, 1000)):  # from where it stays within a tenth of 1/2
        share = local(start, 1e6) / 0.5
        assert np.interp(0.9, share, np.log(amount)) == pytest.approx(np.log(samples), abs=0.15)
        assert np.all(np.abs(share[np.asarray(amount) > 1.1 * samples] - 1) < 0.1)
