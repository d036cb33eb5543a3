"""The first corrections in 1/N and 1/P: closed sums, the full theory, and the sum written out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.linear_model import theory

TIMES = np.array([0.1, 1.0, 10.0, 100.0])


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=1.8, b=1.4, modes=400)


def test_width_is_the_limit_of_the_full_theory(spectrum):
    gap = theory.gradient_flow(spectrum, TIMES, width=1e6).test - theory.gradient_flow(spectrum, TIMES).test
    assert_allclose(1e6 * gap, theory.first_order(spectrum, TIMES).width, rtol=1e-3)


def test_data_is_the_limit_of_the_full_theory(spectrum):
    curves = theory.gradient_flow(spectrum, TIMES, samples=1e6)
    assert_allclose(1e6 * (curves.test - curves.train), theory.first_order(spectrum, TIMES).data, rtol=1e-3)


def test_data_is_the_sum_over_pairs(spectrum):
    """(2/P) sum_k c_k e^(-lk t) sum_l ll (e^(-lk t) - e^(-ll t)) / (ll - lk), l = k as its limit."""
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)

    def written_out(time):
        decay, gap = np.exp(-lam * time), lam[None] - lam[:, None]
        ratio = (decay[:, None] - decay[None]) / np.where(gap == 0, 1, gap)
        ratio = np.where(gap == 0, time * decay[:, None], ratio)
        return 2 * np.sum(power * decay * (ratio @ lam))

    assert_allclose(theory.first_order(spectrum, TIMES).data, [written_out(t) for t in TIMES], rtol=1e-8)


def test_early_width_is_the_curvature_that_the_theory_can_see(spectrum):
    """t -> 0: 2 t^2 sum lambda c tr(Lambda); the true one has tr + lambda_k (see tests/book)."""
    lam, power, time = spectrum.eigenvalues, spectrum.task_power, 1e-4
    expected = 2 * time**2 * np.sum(lam * power * lam.sum())
    assert_allclose(theory.first_order(spectrum, [time]).width[0], expected, rtol=1e-3)


def test_binned_modes_and_the_start(spectrum):
    full, binned = (Spectrum.power_law(a=1.5, b=1.25, modes=5000, binned=binned) for binned in (False, True))
    for one, other in zip(theory.first_order(full, TIMES), theory.first_order(binned, TIMES), strict=True):
        assert_allclose(one, other, rtol=1e-8)
    assert theory.first_order(full, [0.0]).width[0] == theory.first_order(full, [0.0]).data[0] == 0
    with pytest.raises(ValueError, match=r"times must be >= 0 and finite; got -1\.0"):
        theory.first_order(full, [-1.0])
