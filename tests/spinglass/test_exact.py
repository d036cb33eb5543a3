"""Two spins in closed form: against an integral, a series and known limits."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.spinglass import SphericalGlass, exact

from .modes import semicircle


@pytest.mark.parametrize("temperature", [0.0, 0.5, 0.999, 1.5])
def test_the_closed_form_against_an_integral(temperature):
    """C(t, t') with M = I_1(2x)/x and Gamma from its Volterra equation, as the sheet has them; scipy's quadrature."""
    from scipy.integrate import quad
    from scipy.special import iv

    def m(x):
        return iv(1, 2 * x) / x if x > 1e-8 else 1.0

    x, w = semicircle(4000)
    beyond = (1 - temperature**-2) * np.exp(0) if temperature > 1 else 0.0
    edge = temperature + 1 / temperature if temperature > 1 else 0.0

    def gamma(t):
        return np.sum(w * np.exp(2 * x * t) / (1 - temperature * x + temperature**2)) + beyond * np.exp(2 * edge * t)

    t, s = 3.0, 1.2
    assert gamma(t) == pytest.approx(
        m(2 * t) + 2 * temperature * quad(lambda u: m(2 * (t - u)) * gamma(u), 0, t)[0], 1e-5
    )
    noise = quad(lambda u: m(t + s - 2 * u) * gamma(u), 0, s)[0]
    expected = (m(t + s) + 2 * temperature * noise) / np.sqrt(gamma(t) * gamma(s))
    found = exact.two_spin([0.0, s, t], temperature=temperature)
    assert found.correlation[2, 1] == pytest.approx(expected, rel=1e-5)
    assert found.response[2, 1] == pytest.approx(m(t - s) * np.sqrt(gamma(s) / gamma(t)), rel=1e-5)


def test_the_series_of_the_energy():
    """e = -1 + 3 / (8 t) - 3 / (128 t^2) at t = 100, to 1e-6."""
    found = exact.two_spin([0.0, 100.0])
    assert_allclose(found.energy[1], -1 + 3 / 800 - 3 / 1280000, atol=1e-6)


def test_no_time_overflows():
    for temperature in (0.0, 0.5, 0.99, 1.0, 1.5):
        late = exact.two_spin([0.0, 1.0, 1e3, 1e6], temperature=temperature)
        assert np.all(np.isfinite(late.correlation))
        assert_allclose(np.diag(late.correlation), 1, rtol=1e-9)
        expected = -1 / (2 * temperature) if temperature > 1 else -1 + temperature / 2
        assert_allclose(late.energy[-1], expected, atol=2e-5 if temperature != 1 else 1e-3)


def test_aging_below_the_transition():
    """C(2 t_w, t_w) at T = 0 as the sheet has it; its limit is (2 sqrt(2) / 3)^(3/2)."""
    values = [exact.two_spin([0.0, w, 2 * w]).correlation[2, 1] for w in (10.0, 100.0, 1000.0)]
    assert_allclose(values, [0.91619, 0.91552, 0.915459], atol=6e-6)
    assert_allclose(values[-1], (2 * 2**0.5 / 3) ** 1.5, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: exact.two_spin([1.0, 1.0]), "times must be >= 0, finite and increasing; got 1.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(SphericalGlass({3: 0.5}))
