"""Closed forms: of linear networks, and of regression."""

import re

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model
from solvable.primer import exact


def test_the_closed_form_solves_its_equation():
    """(1 + d/dt)(1 + d/dt') C = g^2 C, by differences."""
    g, t, s, h = 1.2, 1.3, 0.7, 1e-3

    def c(x, y):
        return float(exact.linear_network([x, y], gain=g).values[0, 1])

    def first(x, y):
        return c(x, y) + (c(x + h, y) - c(x - h, y)) / (2 * h)

    assert first(t, s) + (first(t, s + h) - first(t, s - h)) / (2 * h) == pytest.approx(g**2 * c(t, s), rel=1e-5)


@pytest.mark.parametrize("samples", [50, 200])
def test_it_is_the_linear_model_with_equal_modes(samples):
    d, times = 100, np.logspace(-1, 2, 9)
    spectrum = Spectrum(jnp.ones(d), jnp.ones(d) / d)
    ours = exact.regression_flow(times, aspect=d / samples, noise=0.25)
    theirs = linear_model.theory.gradient_flow(spectrum, times, samples=samples, noise=0.25)
    assert_allclose(ours.test, theirs.test, rtol=1e-8)
    assert_allclose(ours.train, theirs.train, rtol=1e-8, atol=1e-15)


def test_small_rates_are_gradient_flow():
    times = np.array([0.5, 2.0, 10.0])
    flow = exact.regression_flow(times, aspect=0.5)
    slow = exact.regression(times / 1e-4, aspect=0.5, learning_rate=1e-4)
    assert_allclose(slow.test, flow.test, rtol=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.linear_network([1.0], gain=-1.0), "gain must be >= 0 and finite; got -1.0"),
        (lambda: exact.regression_flow([1.0], aspect=0.0), "aspect must be > 0 and finite; got 0.0"),
        (lambda: exact.regression_flow([-1.0], aspect=1.0), "times must be >= 0 and finite; got -1.0"),
        (lambda: exact.regression_flow([1.0], aspect=1.0, noise=-0.1), "noise must be >= 0 and finite; got -0.1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
