"""Long times on a doubling grid: against the direct solution, and honest about how far it carries."""

import re

import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, aging, exact, theory

GLASS = SphericalGlass({3: 0.5}, 0.5)


@pytest.fixture(scope="module")
def short():
    return aging.flow(GLASS, 20.0, points=256)


def test_it_begins_as_the_direct_solution(short):
    direct = theory.flow(GLASS, float(short.shown[0]), float(short.times[1]))
    np.testing.assert_allclose(short.energy[: len(direct.times)], direct.energy, atol=1e-14)
    np.testing.assert_allclose(short.correlation[0], direct.correlation[-1], atol=1e-14)
    assert short.residual < 1e-9


def test_a_doubling_keeps_the_energy_and_the_correlation(short):
    """At t = 24.6, twice the first grid, against Richardson's extrapolation of the direct solution."""
    time = float(short.shown[1])
    coarse, fine = (theory.flow(GLASS, time, time / n) for n in (512, 1024))
    energy = fine.energy[-1] + (fine.energy[-1] - coarse.energy[-1]) / 3
    half = fine.correlation[-1, 512] + (fine.correlation[-1, 512] - coarse.correlation[-1, 256]) / 3
    assert short.energy[-1] == pytest.approx(float(energy), abs=1.5e-3)
    assert short.correlation[1, 128] == pytest.approx(float(half), rel=5e-3)
    cells = (fine.response[-1, 1:] + fine.response[-1, :-1]) / 2 * float(fine.times[1])
    assert short.integrated[1, 128] == pytest.approx(float(cells[512:].sum()), rel=5e-3)
    assert short.integrated[1, 0] == pytest.approx(float(cells.sum()), rel=5e-3)


@pytest.mark.slow
def test_two_spins_for_a_hundred_times_longer():
    """Against the closed form at t > 1000: C(t, t/2) and the energy; and the warning that asks for it is heeded."""
    with pytest.warns(UserWarning, match="agree up to"):
        found = aging.flow(SphericalGlass({2: 0.5}, 0.5), 1000.0, points=512)
    time = float(found.shown[-1])
    closed = exact.two_spin([time / 2, time], temperature=0.5)
    assert found.energy[-1] == pytest.approx(float(closed.energy[1]), abs=2e-3)
    assert found.correlation[-1, 256] == pytest.approx(float(closed.correlation[1, 0]), rel=0.05)
    assert found.trusted < time


def test_it_says_how_far_it_can_be_trusted():
    with pytest.warns(UserWarning, match=r"two resolutions agree up to t = .* only, not until 100"):
        found = aging.flow(GLASS, 100.0, points=64)
    assert found.trusted < 100
    assert found.shown[-1] >= 100


def test_two_grids_that_agree_are_no_proof():
    """Pairs at T = 0 and t = 102: 128 and 256 points are 0.02 % apart, and both four times as far from the truth."""
    coarse, fine = (aging._run(SphericalGlass({2: 0.5}), 100.0, points) for points in (128, 256))
    time = float(fine.shown[-1])
    assert coarse.shown[-1] == pytest.approx(time)
    closed = float(exact.two_spin([time / 2, time]).correlation[1, 0])
    apart = abs(coarse.half[-1] / fine.half[-1] - 1)
    assert apart < 3e-4 < aging.AGREE["correlation"]
    for run in (coarse, fine):
        assert abs(run.half[-1] / closed - 1) > 3 * apart


def test_the_first_grid_has_the_error_of_its_step(short):
    """The energy is 1e-3 too high at T = 0.5, as the docstring says."""
    time = float(short.shown[0])
    coarse, fine = (theory.flow(GLASS, time, time / n).energy[-1] for n in (512, 1024))
    first = np.searchsorted(short.times, time * (1 - 1e-9))
    assert short.energy[first] - (fine + (fine - coarse) / 3) == pytest.approx(1e-3, abs=1e-4)
    assert short.trusted >= time  # it counts without a witness


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: aging.flow(GLASS, -1.0), "time must be > 0 and finite; got -1.0"),
        (lambda: aging.flow(GLASS, 10.0, points=32), "points must be a whole number >= 64; got 32"),
        (lambda: aging.flow(GLASS, 10.0, points=66), "points must be a multiple of 4; got 66"),
        (lambda: aging.flow(SphericalGlass({2: 0.5}, 0.0, 1.0), 10.0), "spike must be 0 at long times; got 1.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
