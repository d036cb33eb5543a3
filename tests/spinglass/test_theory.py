"""Two-time solutions: the scheme against exact modes, the flow against the closed form, and equilibrium."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.spinglass import SphericalGlass, exact, theory

from .modes import semicircle


@pytest.mark.parametrize("step_size", [0.05, 0.2, 0.5])
def test_descent_is_the_exact_path_of_the_modes(step_size):
    """Two-spin, T = 0: every mode is multiplied by 1 + h mu at each step; 100 steps, to 1e-13."""
    x, w = semicircle()
    steps = np.arange(101)
    moments = np.array([np.sum(w * (1 + step_size * x) ** k) for k in range(201)])
    expected = moments[steps[:, None] + steps] / np.sqrt(moments[2 * steps][:, None] * moments[2 * steps])
    found = theory.descent(SphericalGlass({2: 0.5}), 100, step_size)
    assert_allclose(found.correlation, expected, atol=1e-13)
    first = np.sum(w * x * (1 + step_size * x) ** (2 * steps[:, None]), axis=1) / moments[2 * steps]
    assert_allclose(found.energy, -first / 2, atol=1e-13)


@pytest.mark.parametrize("spike", [0.7, 1.5, 2.0])
def test_descent_with_a_spike(spike):
    """The planted direction has the measure rho / (1 - kappa x + kappa^2), and an outlier for kappa > 1."""
    x, w = semicircle()
    h, overlap, steps = 0.2, 0.3, np.arange(101)
    seen = w / (1 - spike * x + spike**2)
    outlier, height = spike + 1 / spike, max(0.0, 1 - spike**-2)

    def planted(k):
        return np.sum(seen * (1 + h * x) ** k) + height * (1 + h * outlier) ** k

    norm = [overlap**2 * planted(2 * k) + (1 - overlap**2) * np.sum(w * (1 + h * x) ** (2 * k)) for k in steps]
    expected = overlap * np.array([planted(k) for k in steps]) / np.sqrt(norm)
    found = theory.descent(SphericalGlass({2: 0.5}, 0.0, spike), 100, h, overlap=overlap)
    assert_allclose(found.overlap, expected, atol=1e-13)


def test_bands_change_nothing(monkeypatch):
    glass = SphericalGlass({2: 0.2, 3: 0.5}, 0.3, 0.8)
    one = theory.descent(glass, 37, 0.1, overlap=0.2)
    monkeypatch.setattr(theory, "LARGE", 37)
    monkeypatch.setattr(theory, "BANDS", 4)
    theory._march.clear_cache()  # the bands are part of the compiled program
    many = theory.descent(glass, 37, 0.1, overlap=0.2)
    theory._march.clear_cache()
    assert_allclose(many.correlation, one.correlation, atol=1e-14)
    assert_allclose(many.response, one.response, atol=1e-14)
    assert_allclose(many.energy, one.energy, atol=1e-14)


def test_glasses_can_be_solved_in_a_batch():
    glasses = [SphericalGlass({2: 0.1, 3: 0.5}, t, 0.5) for t in (0.2, 0.9)]
    batch = jax.tree.map(lambda *x: jnp.stack(x), *glasses)
    together = jax.jit(jax.vmap(lambda glass: theory.flow(glass, 2.0, 0.1, overlap=0.3).energy))(batch)
    assert_allclose(together, [theory.flow(glass, 2.0, 0.1, overlap=0.3).energy for glass in glasses], rtol=1e-12)


def test_what_a_two_time_solution_must_obey():
    for found, diagonal in (
        (theory.descent(SphericalGlass({3: 0.5}, 0.3), 30, 0.1), 0.0),
        (theory.flow(SphericalGlass({3: 0.5}, 0.3), 3.0, 0.1), 1.0),
    ):
        assert_allclose(found.correlation, found.correlation.T, atol=0)
        assert_allclose(np.diag(found.correlation), 1)
        assert_allclose(np.diag(found.response), diagonal)
        assert np.all(np.triu(found.response, 1) == 0)
        assert_allclose(found.energy[0], 0, atol=1e-15)


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_flow_converges_with_second_order(temperature):
    """Against the closed form on t <= 10: order of C, R and e at least 1.9."""
    errors = []
    for h in (0.05, 0.025):
        found = theory.flow(SphericalGlass({2: 0.5}, temperature), 10.0, h)
        some = np.arange(0, len(found.times), round(0.5 / h))
        closed = exact.two_spin(found.times[some], temperature=temperature)
        ours = found.correlation[np.ix_(some, some)], found.response[np.ix_(some, some)], found.energy[some]
        theirs = closed.correlation, closed.response, closed.energy
        errors.append([np.max(np.abs(np.asarray(a) - np.asarray(b))) for a, b in zip(ours, theirs, strict=True)])
    order = np.log2(np.divide(*errors))
    assert np.all(order > 1.9), order
    assert max(errors[1]) < 2e-3


@pytest.mark.slow
@pytest.mark.parametrize(("temperature", "time", "tolerance"), [(1.0, 20.0, 1e-6), (0.8, 50.0, 2e-5)])
def test_three_spins_reach_equilibrium(temperature, time, tolerance):
    """Above T_d, from h = 0.05 and 0.025 extrapolated: e = -1 / (2 T)."""
    coarse, fine = (theory.flow(SphericalGlass({3: 0.5}, temperature), time, h).energy[-1] for h in (0.05, 0.025))
    assert_allclose(fine + (fine - coarse) / 3, -1 / (2 * temperature), atol=tolerance)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: theory.descent(g, 0, 0.1), "steps must be a whole number >= 1; got 0"),
        (lambda g: theory.descent(g, 5, -0.1), "step_size must be > 0 and finite; got -0.1"),
        (lambda g: theory.descent(g, 5, 0.1, overlap=1.5), "overlap must be between -1 and 1; got 1.5"),
        (lambda g: theory.flow(g, 1.0, 0.2), "step_size must be at most 0.1443, 1 / (4 sqrt(f''(1))); got 0.2"),
        (lambda g: theory.flow(g, -1.0, 0.1), "time must be > 0 and finite; got -1.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(SphericalGlass({3: 0.5}))
