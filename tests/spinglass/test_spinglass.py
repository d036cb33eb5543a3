"""The spherical glass: scheme against exact moments, closed form against series, theory against samples."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.spinglass import SphericalGlass, exact, experiment, theory

KEY = jax.random.key(0)


def semicircle(count=800):
    angle = np.pi * np.arange(1, count + 1) / (count + 1)
    return 2 * np.cos(angle), 2 * np.sin(angle) ** 2 / (count + 1)


# The glass


def test_f_and_its_derivatives():
    glass = SphericalGlass({2: 0.5, 3: 0.25})
    q = jnp.linspace(-1, 1, 7)
    assert_allclose(glass.f(q), q**2 / 2 + q**3 / 4)
    assert_allclose(glass.f(q, 1), q + 0.75 * q**2)
    assert_allclose(glass.f(q, 2), 1 + 1.5 * q)
    assert_allclose(SphericalGlass({1: 2.0}).f(q, 2), np.zeros(7))


def test_the_two_conventions_differ_by_the_root_of_two():
    """f = q^3 at temperature sqrt(2) T is f = q^3 / 2 at T, in time sqrt(2) t, with energies sqrt(2) as large."""
    ours = theory.descent(SphericalGlass({3: 0.5}, 0.3), 40, 0.1)
    theirs = theory.descent(SphericalGlass.with_unit_variance(3, 0.3 * 2**0.5), 40, 0.1 / 2**0.5)
    assert_allclose(theirs.correlation, ours.correlation, rtol=1e-12)
    assert_allclose(theirs.energy, 2**0.5 * ours.energy, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), "couplings must be a dictionary {p: a_p} with an entry; got {}"),
        (({0: 1.0},), "couplings' p must be a whole number >= 1; got 0"),
        (({2: 0.0, 3: 0},), "couplings must not all be 0; got {2: 0.0, 3: 0}"),
        (({2: -1.0},), "couplings[2] must be >= 0 and finite; got -1.0"),
        (({2: 0.5}, -0.1), "temperature must be >= 0 and finite; got -0.1"),
        (({2: 0.5}, 0.0, np.nan), "spike must be >= 0 and finite; got nan"),
    ],
)
def test_bad_glasses(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SphericalGlass(*arguments)


# Descent, exactly


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
    jax.clear_caches()
    many = theory.descent(glass, 37, 0.1, overlap=0.2)
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


# Continuous time


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


@pytest.mark.slow
@pytest.mark.parametrize(("temperature", "time", "tolerance"), [(1.0, 20.0, 1e-6), (0.8, 50.0, 2e-5)])
def test_three_spins_reach_equilibrium(temperature, time, tolerance):
    """Above T_d, from h = 0.05 and 0.025 extrapolated: e = -1 / (2 T)."""
    coarse, fine = (theory.flow(SphericalGlass({3: 0.5}, temperature), time, h).energy[-1] for h in (0.05, 0.025))
    assert_allclose(fine + (fine - coarse) / 3, -1 / (2 * temperature), atol=tolerance)


# Samples


@pytest.mark.parametrize(
    ("glass", "size", "repeats"),
    [
        (SphericalGlass({2: 0.5}, 0.5), 400, 60),
        pytest.param(SphericalGlass({3: 0.5}, 0.3), 100, 120, marks=pytest.mark.slow),
        pytest.param(SphericalGlass({2: 0.3, 3: 0.2}, 0.0, 1.5), 100, 250, marks=pytest.mark.slow),
    ],
    ids=["two", "three", "mixed with a spike"],
)
def test_theory_predicts_the_samples(glass, size, repeats):
    """At the same step, so that only N is finite: 4 standard errors, standard error at most 1 % of the scale."""
    overlap = 0.3 if glass.spike > 0 else 0.0
    limit = theory.descent(glass, 40, 0.1, overlap=overlap)
    runs = experiment.langevin(glass, size=size, steps=40, step_size=0.1, overlap=overlap, key=KEY, repeats=repeats)
    for which in ("correlation", "energy", "overlap"):
        error = runs.error(which)
        assert np.all(error <= 0.01)
        finite_size = 2 / size  # the theory's own error is O(1/N)
        assert np.all(np.abs(getattr(limit, which) - getattr(runs, which)) <= 4 * error + finite_size), which


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: theory.descent(g, 0, 0.1), "steps must be a whole number >= 1; got 0"),
        (lambda g: theory.descent(g, 5, -0.1), "step_size must be > 0 and finite; got -0.1"),
        (lambda g: theory.descent(g, 5, 0.1, overlap=1.5), "overlap must be between -1 and 1; got 1.5"),
        (lambda g: theory.flow(g, 1.0, 0.2), "step_size must be at most 0.1443, 1 / (4 sqrt(f''(1))); got 0.2"),
        (lambda g: theory.flow(g, -1.0, 0.1), "time must be > 0 and finite; got -1.0"),
        (lambda g: exact.two_spin([1.0, 1.0]), "times must be >= 0, finite and increasing; got 1.0"),
        (
            lambda g: experiment.langevin(
                SphericalGlass({4: 1.0}), size=10, steps=2, step_size=0.1, key=KEY, repeats=2
            ),
            "couplings must have p = 2 and 3 only in an experiment; got p = [4]",
        ),
        (
            lambda g: experiment.langevin(g, size=2000, steps=2, step_size=0.1, key=KEY, repeats=2),
            "size must be smaller with 3-spin couplings; got 2000, over a gigabyte",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(SphericalGlass({3: 0.5}))
