"""The response and its contour: against finer ones, other equations and limits, and where there is no answer."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import theory
from solvable.linear_model.theory import flow, response
from solvable.numerics.laplace import talbot

inf = np.inf
TIMES = np.logspace(-1, 5, 13)
CASES = [  # width, samples, noise
    (100, 150, 0.0),
    (100, 150, 0.1),
    (inf, 150, 0.05),
    (100, inf, 0.1),
    (200, 80, 0.0),
    (128, 128, 0.2),
    (1000, 700, 0.1),  # more of both than modes
    (5, 7, 0.0),
]
EXPONENTS = [(1.5, 1.25), (1.8, 1.4), (1.2, 0.7), (5.0, 1.5)]


def on_contour(points, exponents=EXPONENTS, cases=CASES):
    """(test, train) of every case, by a contour of so many points."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "CONTOUR", talbot(points))
        flow._gradient_flow.clear_cache()  # the contour is a constant of the compiled program
        curves = [
            theory.gradient_flow(Spectrum.power_law(a=a, b=b, modes=400), TIMES, width=n, samples=p, noise=noise)
            for a, b in exponents
            for n, p, noise in cases
        ]
    flow._gradient_flow.clear_cache()
    return np.array([(curve.test, curve.train) for curve in curves])


@pytest.mark.slow
def test_contour_error_is_below_its_bound():
    """20 points against 26: 1e-8 of the loss plus 1e-11 of L(0). Measured: 1e-3 of that, also where a - 1 > b."""
    used, finer = on_contour(len(flow.CONTOUR.nodes) * 2), on_contour(26)
    assert_allclose(used, finer, rtol=1e-8, atol=1e-11)
    assert not np.array_equal(used, finer)  # the finer contour was really used
    coarse = on_contour(12, EXPONENTS[:1], CASES[:1])  # and the bound can be missed
    assert np.max(np.abs(coarse - finer[:1]) / (1e-8 * finer[:1] + 1e-11)) > 1


def test_the_contour_meets_the_direct_sum():
    """N and P so large that they do not matter: the two-frequency contour must give the direct sum."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=500)
    limited = theory.gradient_flow(spectrum, TIMES, width=1e14, samples=1e14)
    assert_allclose(limited.test, theory.gradient_flow(spectrum, TIMES).test, rtol=1e-8, atol=1e-11)
    assert_allclose(limited.train, limited.test, rtol=1e-8, atol=1e-11)


def test_one_frequency_suffices_for_infinite_samples():
    """An independent formula for P = inf: the loss is the inverse transform of sum c/(z + lambda R3) at 2t."""
    spectrum, width = Spectrum.power_law(a=1.5, b=1.25, modes=300), 40
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    nodes, weights = talbot(24)
    expected = []
    for t in (1.0, 30.0, 1e3):
        z = nodes / (2 * t)
        r3 = np.ones_like(z)
        for _ in range(20_000):  # plain damped iteration of R3 = 1 - (1/N) sum lambda R3 / (z + lambda R3)
            r3 = 0.5 * r3 + 0.5 * (1 - np.sum(lam * r3[:, None] / (z[:, None] + lam * r3[:, None]), axis=1) / width)
        inside = np.sum(power / (z[:, None] + lam * r3[:, None]), axis=1)
        expected.append(2 * np.sum(weights / (2 * t) * inside).real)
    curves = theory.gradient_flow(spectrum, [1.0, 30.0, 1e3], width=width)
    assert_allclose(curves.test, expected, rtol=1e-8)


@pytest.mark.parametrize(("width", "samples"), [(40, 90), (300, 50), (64, 65), (5, 1000)])
def test_width_and_samples_exchange_when_every_mode_weighs_the_same(width, samples):
    """a = b without noise: the test loss at (N, P) is that at (P, N), at all times; the train loss is not."""
    spectrum = Spectrum.power_law(a=1.3, b=1.3, modes=200)
    one = theory.gradient_flow(spectrum, TIMES, width=width, samples=samples)
    other = theory.gradient_flow(spectrum, TIMES, width=samples, samples=width)
    assert_allclose(one.test, other.test, rtol=1e-12)
    assert np.max(np.abs(one.train / other.train - 1)) > 0.01
    tilted = Spectrum.power_law(a=1.8, b=1.3, modes=200)  # and it needs a = b
    one = theory.gradient_flow(tilted, TIMES, width=width, samples=samples)
    other = theory.gradient_flow(tilted, TIMES, width=samples, samples=width)
    assert np.max(np.abs(one.test / other.test - 1)) > 1e-3


@pytest.mark.parametrize(("width", "samples", "noise"), [case for case in CASES if case[0] != case[1]])
def test_late_flow_reaches_the_final_loss(width, samples, noise):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=400)
    late = theory.gradient_flow(spectrum, [1e14], width=width, samples=samples, noise=noise)
    final = theory.final_loss(spectrum, width=width, samples=samples, noise=noise)
    assert_allclose(late.test[0], final.test, rtol=1e-7, atol=1e-11)
    assert_allclose(late.train[0], final.train, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("modes", [1e8, 1e14, 1e20])
def test_modes_without_number_leave_no_rounding(modes):
    """Each hardly learned mode is learned to a share of its own, not to what rounding leaves of one."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=modes, binned=True)
    late = theory.gradient_flow(spectrum, [1e8], width=1000, samples=3000, noise=0.1)
    assert_allclose(late.test[0], theory.final_loss(spectrum, width=1000, samples=3000, noise=0.1).test, rtol=1e-9)


def test_the_scale_of_the_spectrum_does_not_matter():
    small = Spectrum([1e-170, 3e-171], [1.0, 0.5])
    usual = Spectrum([1.0, 0.3], [1.0, 0.5])
    one = theory.gradient_flow(small, np.array([1.0, 10.0]) * 1e170, width=1, samples=3)
    assert_allclose(one.test, theory.gradient_flow(usual, [1.0, 10.0], width=1, samples=3).test, rtol=1e-12)


def test_no_convergence_is_an_error_not_a_number(monkeypatch):
    monkeypatch.setattr(response, "CONVERGED", 1e-40)
    with pytest.raises(RuntimeError, match="did not converge"):
        theory.gradient_flow(Spectrum.power_law(a=1.5, b=1.25, modes=10), [1.0], width=3)
