"""The claims of "Mode by mode"."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.5, b=1.25, modes=1000)


def test_the_floor_knows_the_smaller_size_only(spectrum):
    floors = {p: theory.mode_errors(spectrum, [1e12], width=128, samples=p)[0] for p in (64, 100, 200, 256, np.inf)}
    assert_allclose(floors[200], floors[np.inf], rtol=1e-6)
    assert_allclose(floors[256], floors[np.inf], rtol=1e-6)
    assert np.all(floors[64][:10] > 1.3 * floors[100][:10])
    for p in (64, np.inf):  # kappa / (kappa + lambda) with d(kappa) = min(N, P)
        kappa = spectrum.eigenvalues * floors[p] / (1 - floors[p])
        assert_allclose(kappa, kappa[0], rtol=1e-4)
        assert_allclose(spectrum.dimension(kappa[0]), min(128, p), rtol=1e-4)


def test_more_data_set_the_pace(spectrum):
    times = np.logspace(0, 8, 81)

    def arrives(samples):
        missed = np.asarray(theory.mode_errors(spectrum, times, width=128, samples=samples))[:, 9]
        return times[np.argmax(missed < 1.1 * missed[-1])]

    paces = {p: arrives(p) for p in (64, 128, 256, 1000)}
    assert paces[128] > 5 * max(paces[64], paces[256])  # slowest at P = N
    assert paces[256] > 2 * paces[1000]


def test_width_and_samples_enter_alike(spectrum):
    times = np.logspace(0, 5, 11)
    wide, deep = (theory.mode_errors(spectrum, times, **s) for s in ({"width": 128}, {"samples": 128}))
    assert_allclose(wide, deep, rtol=1e-9)


def test_students_scatter_around_the_theory():
    """200 students: every mode's mean within 4.5 standard errors + 0.01; late modes are worse than not learned."""
    small, sizes = Spectrum.power_law(a=1.5, b=1.25, modes=300), {"width": 64, "samples": 96}
    limit = theory.mode_errors(small, [100.0], **sizes)[0]
    students = experiment.mode_errors(small, [100.0], **sizes, key=jax.random.key(5), repeats=200)
    assert students.shape == (200, 1, 300)
    students = np.asarray(students[:, 0])
    error = students.std(axis=0, ddof=1) / np.sqrt(200)
    assert np.all(np.abs(students.mean(axis=0) - limit) < 4.5 * error + 0.01)
    late = np.mean(np.abs(students[:, 200:]) > 1, axis=0)
    assert late.mean() > 0.3  # of single students miss more than all of it
    assert error[200:].mean() > 2.5 * error[:10].mean()


def test_many_single_students_miss_more_than_all_there_was():
    """The grey dots of the first figure, and of five students more: 300 modes each."""
    small = Spectrum.power_law(a=1.5, b=1.25, modes=300)
    dots = experiment.mode_errors(small, [100.0], width=64, samples=96, key=jax.random.key(5), repeats=200)[:8, 0]
    assert np.mean(np.asarray(dots) > 1) > 0.3


@pytest.mark.parametrize("width", [pytest.param(32, marks=pytest.mark.slow), 64])
def test_students_stand_on_the_curve_of_the_explorer(width):
    """Modes 3 and 10 at nine times: within 4 standard errors + 0.02, O(1/N) of a fraction."""
    small, sizes = Spectrum.power_law(a=1.5, b=1.25, modes=300), {"width": width, "samples": 180}
    times = np.logspace(0, 5, 41)[::5]
    limit = np.asarray(theory.mode_errors(small, times, **sizes))[:, [2, 9]]
    missed = experiment.mode_errors(small, times, **sizes, key=jax.random.key(0), repeats=100)
    missed = np.asarray(missed)[:, :, [2, 9]]
    assert np.all(np.abs(missed.mean(axis=0) - limit) <= 4 * missed.std(axis=0, ddof=1) / 10 + 0.02)


def test_a_mode_without_task_cannot_be_missed():
    empty = Spectrum([1.0, 0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match="task_power must be positive"):
        experiment.mode_errors(empty, [1.0], width=2, samples=2, key=jax.random.key(0), repeats=2)
