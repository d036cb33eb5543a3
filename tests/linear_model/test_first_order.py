"""The first corrections in 1/N and 1/P, written out, against the full theory."""

import numpy as np
from numpy.testing import assert_allclose

from solvable import Spectrum
from solvable.laplace import talbot
from solvable.linear_model import theory

TIMES = np.array([0.1, 1.0, 10.0, 100.0])


def test_first_order_in_width():
    """L_N - L = (1/N) InvLaplace[d(z) sum_k lambda_k c_k / (z + lambda_k)^2](2t), at infinite data."""
    spectrum, width = Spectrum.power_law(a=1.8, b=1.4, modes=400), 1e6
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    contour = talbot(24)

    def first(time):
        z = contour.nodes[:, None] / (2 * time)
        transform = np.sum(lam / (lam + z), axis=1) * np.sum(lam * power / (z + lam) ** 2, axis=1)
        return 2 * np.sum(contour.weights / (2 * time) * transform).real

    gap = theory.gradient_flow(spectrum, TIMES, width=width).test - theory.gradient_flow(spectrum, TIMES).test
    assert_allclose(width * gap, [first(t) for t in TIMES], rtol=1e-3)


def test_first_order_in_data():
    """test - train = (2/P) sum_k c_k e^(-lk t) sum_l ll (e^(-lk t) - e^(-ll t)) / (ll - lk), at infinite width."""
    spectrum, samples = Spectrum.power_law(a=1.8, b=1.4, modes=400), 1e6
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)

    def first(time):
        decay = np.exp(-lam * time)
        gap = lam[None] - lam[:, None]
        ratio = (decay[:, None] - decay[None]) / np.where(gap == 0, 1, gap)
        ratio = np.where(gap == 0, time * decay[:, None], ratio)
        return 2 * np.sum(power * decay * (ratio @ lam))

    curves = theory.gradient_flow(spectrum, TIMES, samples=samples)
    assert_allclose(samples * (curves.test - curves.train), [first(t) for t in TIMES], rtol=1e-3)


def test_early_the_theory_lacks_the_mode_itself():
    """At order t^2 a student is worse by (2/N) sum_k lambda_k c_k (tr + lambda_k); the theory has tr alone.

    The student's own coefficient is 2 x.M Lambda M x with x = Lambda wbar, whatever its features: draw many.
    """
    spectrum, width, draws = Spectrum.power_law(a=1.8, b=1.4, modes=200), 50, 10_000
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    x, limit = np.sqrt(lam * power), 2 * np.sum(lam * lam * power)
    random, found = np.random.default_rng(0), []
    for _ in range(draws):
        features = random.normal(size=(width, lam.size)) / np.sqrt(width)
        found.append(width * (2 * lam @ (features.T @ (features @ x)) ** 2 - limit))
    exact = 2 * np.sum(lam * power * (lam.sum() + lam))
    error = np.std(found) / np.sqrt(draws)
    assert abs(np.mean(found) - exact) < 3 * error
    time = 0.01
    gap = theory.gradient_flow(spectrum, [time], width=width).test - theory.gradient_flow(spectrum, [time]).test
    theirs = float(width * gap[0] / time**2)
    assert_allclose(theirs, 2 * np.sum(lam * power * lam.sum()), rtol=0.02)
    assert np.mean(found) > theirs + 3 * error  # the deviation is real
