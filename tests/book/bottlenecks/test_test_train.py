"""The claims of "Test and train part ways"."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import experiment, theory


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.5, b=1.25, modes=600)


@pytest.fixture(scope="module")
def many():
    return Spectrum.power_law(a=1.5, b=1.25, modes=1e6, binned=True)


@pytest.mark.slow
def test_students_of_the_first_figure(spectrum):
    times, parts = np.logspace(0, 5, 21), []
    for samples in (64, 256):
        limit = theory.gradient_flow(spectrum, times, width=512, samples=samples)
        runs = experiment.gradient_flow(
            spectrum, times, width=512, samples=samples, key=jax.random.key(samples), repeats=16
        )
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.02 * runs.test)
        parts.append(np.exp(np.interp(-0.87, -limit.train / limit.test, np.log(times))))  # an eighth apart
    assert parts[0] == pytest.approx(5, rel=0.15)
    assert parts[1] == pytest.approx(30, rel=0.15)


def test_the_gaps_collapse_and_leave_one_after_the_other(many):
    times = np.logspace(-1, 5, 61)
    first, leave = theory.first_order(many, times).data, []
    for samples in (64, 256, 1024, 4096):
        loss = theory.gradient_flow(many, times, samples=samples)
        ratio = np.asarray(samples * (loss.test - loss.train) / first)
        assert ratio[0] == pytest.approx(1, abs=0.01)
        assert np.all(ratio < 1.001)  # away below it
        leave.append(times[np.argmax(ratio < 0.9)])
    assert np.all(np.diff(leave) > 0)


def test_reuse_is_free_for_a_time_that_grows_as_p_to_the_b(many):
    times = np.logspace(-1, 5, 61)
    fresh = theory.gradient_flow(many, times).test
    share = []
    for samples in (64, 256, 1024, 4096):
        reused = theory.gradient_flow(many, times, samples=samples).test
        share.append(np.exp(np.interp(np.log(1.1), np.log(reused / fresh), np.log(times))) / samples**1.25)
    assert_allclose(share, 0.077, atol=0.008)


def test_label_noise_shortens_free_reuse_most_where_data_are_many(many):
    times = np.logspace(-1, 5, 241)
    fresh = theory.gradient_flow(many, times).test

    def free(samples, noise):
        reused = theory.gradient_flow(many, times, samples=samples, noise=noise).test
        return np.exp(np.interp(np.log(1.1), np.log(reused / fresh), np.log(times)))

    assert free(64, 0.1) > 0.8 * free(64, 0.0)
    assert 0.4 < free(4096, 0.1) / free(4096, 0.0) < 0.6
    assert np.interp(free(4096, 0.1), times, fresh) < 0.1  # less is left than there is noise


def test_stopping_is_a_ridge(spectrum):
    """The best of either within 1 %, and t x ridge about one half, at three levels of noise."""
    sizes, times = {"width": 512, "samples": 128}, np.logspace(0, 5, 101)
    for noise in (0.0, 0.05, 0.2):
        path = theory.gradient_flow(spectrum, times, **sizes, noise=noise)
        ridge = theory.optimal_ridge(spectrum, **sizes, noise=noise)
        best = theory.final_loss(spectrum, **sizes, noise=noise, ridge=ridge).test
        assert float(path.test.min()) == pytest.approx(float(best), rel=0.01)
        assert path.test[-1] > 1.04 * best
        assert times[path.test.argmin()] * ridge == pytest.approx(0.5, abs=0.08)


def test_on_an_easy_task_stopping_wins():
    """a = 4: the loss is 25 % lower at the middle noise and 28 % lower at the large one."""
    easy, times = Spectrum.power_law(a=4, b=1.5, modes=600), np.logspace(0, 5, 101)
    sizes = {"width": 512, "samples": 128}
    for noise, lower in ((0.05, 0.25), (0.2, 0.28)):
        path = theory.gradient_flow(easy, times, **sizes, noise=noise)
        ridge = theory.optimal_ridge(easy, **sizes, noise=noise)
        best = theory.final_loss(easy, **sizes, noise=noise, ridge=ridge).test
        assert 1 - path.test.min() / best == pytest.approx(lower, abs=0.005)


@pytest.mark.slow
def test_the_best_ridge_has_no_peak(spectrum):
    points, sizes = np.array([25, 50, 70, 90, 96, 104, 112, 140, 200, 400]), {"width": 100, "noise": 0.05}
    bare = theory.final_loss(spectrum, samples=points, **sizes).test
    best = np.array([theory.optimal_ridge(spectrum, samples=p, **sizes) for p in points])
    tamed = theory.final_loss(spectrum, samples=points, **sizes, ridge=best).test
    assert bare.max() > 5 * bare[0]
    assert np.all(np.diff(tamed) < 0)
    assert np.all(tamed < bare)
    for p, ridge in ((50, 0.0), (200, 0.0), (50, best[1]), (200, best[8])):
        limit = theory.final_loss(spectrum, samples=p, **sizes, ridge=ridge).test
        runs = experiment.final_loss(spectrum, samples=p, **sizes, ridge=ridge, key=jax.random.key(p), repeats=60)
        assert abs(limit - runs.test) <= 3.5 * runs.error("test") + 0.02 * runs.test


def test_four_times_the_data_part_more_than_four_times_later_and_narrow_students_never():
    few, times = Spectrum.power_law(a=1.5, b=1.25, modes=600, binned=True), np.logspace(0, 4, 129)

    def parted(samples, width):
        loss = theory.gradient_flow(few, times, width=width, samples=samples, noise=0.05)
        apart = np.asarray(loss.train < 0.8 * (loss.test + 0.05))
        return times[apart.argmax()] if apart.any() else np.inf

    at = [parted(p, 256) for p in (16, 64, 256)]
    assert at[1] > 4 * at[0]
    assert at[2] > 4 * at[1]
    assert parted(512, 16) == np.inf


@pytest.mark.parametrize(
    "sizes", [(64, 16), *(pytest.param(sizes, marks=pytest.mark.slow) for sizes in ((64, 256), (256, 16), (256, 256)))]
)
def test_students_stand_on_the_lines_of_the_explorer(spectrum, sizes):
    """All points in the box: within 4 standard errors + the theory's error, which is O(1/N, 1/P)."""
    times = np.logspace(0, 4, 25)[::3]
    student = {"samples": sizes[0], "width": sizes[1], "noise": 0.05}
    limit = theory.gradient_flow(spectrum, times, **student)
    runs = experiment.gradient_flow(spectrum, times, **student, key=jax.random.key(0), repeats=24)
    for which, noise in (("test", 0.05), ("train", 0.0)):
        mean = np.asarray(getattr(runs, which)) + noise
        off = np.abs(getattr(limit, which) + noise - mean) - mean / min(sizes)
        assert np.all((off <= 4 * runs.error(which))[mean > 0.005])
