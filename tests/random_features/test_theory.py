"""The Volterra equation: in time against the recursion, averaged against draws, its parts, Kesten's ratio."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model, random_features
from solvable.linear_model.theory import sgd_stability_limit
from solvable.random_features import exact, theory

KEY = jax.random.key(0)
LATE = np.unique(np.round(np.logspace(1, 9, 41)))


def half_the_limit(spectrum, width):
    return 0.5 * float(sgd_stability_limit(spectrum, batch_size=1, width=width))


@pytest.mark.parametrize("batch", [1, 3])
def test_the_equation_in_time_is_the_recursion(batch):
    spectrum = Spectrum.power_law(a=3.4, b=2.0, modes=60, normalize=False)
    features = jax.random.normal(KEY, (20, 60))
    settings = {"learning_rate": 0.2, "batch_size": batch}
    found = exact.volterra(spectrum, 300, features=features, **settings)
    assert_allclose(found.loss, linear_model.exact.sgd(spectrum, 300, features=features, **settings).test, rtol=1e-12)
    some = exact.volterra(spectrum, [40, 0, 300], features=features, **settings)
    assert_allclose(some.fed_back, found.fed_back[np.array([40, 0, 300])], rtol=1e-13)


def test_convolutions_are_the_written_sums():
    spectrum = Spectrum.power_law(a=2.4, b=1.5, modes=30, normalize=False)
    found = exact.volterra(spectrum, 40, features=None, learning_rate=0.3)
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    rho = 1 - 0.6 * lam + 2 * 0.09 * lam**2
    t = np.arange(41)
    forcing, kernel = rho ** t[:, None] @ power, 0.09 * rho ** t[:, None] @ lam**2
    assert_allclose(found.forcing, forcing, rtol=1e-13)
    assert_allclose(found.kernel, kernel, rtol=1e-13)
    fed = np.array([sum(kernel[n - 1 - s] * forcing[s] for s in range(n)) for n in t])
    assert_allclose(found.fed_back, fed, rtol=1e-13, atol=1e-300)
    assert_allclose(found.kesten[1:], (found.loss - forcing)[1:] / fed[1:], rtol=1e-10)


@pytest.mark.parametrize(("alpha", "beta", "batch"), [(1.0, 0.7, 1), (0.75, 1.2, 5), (0.4, 0.8, 1)])
def test_the_theory_of_an_endless_width_is_the_equation_in_time(alpha, beta, batch):
    """No average over features is left: forcing, kernel, what is fed back and the loss are exact."""
    spectrum = random_features.spectrum(alpha, beta, latent=5000)
    limit = sgd_stability_limit(spectrum, batch_size=batch, width=np.inf)
    settings = {"learning_rate": 0.5 * float(limit), "batch_size": batch}
    steps = [0, 1, 3, 7, 8, 20, 300, 3000]
    known = exact.volterra(spectrum, steps, features=None, **settings)
    found = theory.volterra(spectrum, steps, **settings)
    for name in ("forcing", "kernel", "fed_back", "loss"):
        assert_allclose(getattr(found, name), getattr(known, name), rtol=1e-9, atol=1e-11)
    assert_allclose(found.kesten[1:], known.kesten[1:], rtol=1e-8)
    assert found.floor == 0
    lam, rate = spectrum.eigenvalues, settings["learning_rate"]
    each = rate / batch * lam / (2 - (1 + 1 / batch) * rate * lam)  # a geometric series for each mode
    assert found.kernel_norm == pytest.approx(float(spectrum.counts @ each), rel=1e-9)
    assert found.wide_kernel[-1] == pytest.approx(float(known.kernel[-1]), rel=0.02)
    assert found.unlearned[-1] == pytest.approx(float(known.forcing[-1]), rel=0.02)


def test_the_loss_is_that_of_sgd():
    spectrum = random_features.spectrum(0.75, 1.2, latent=np.inf)
    settings = {"learning_rate": 0.2, "batch_size": 2, "width": 300}
    found = theory.volterra(spectrum, LATE, **settings)
    assert_allclose(found.loss, linear_model.theory.sgd(spectrum, LATE, **settings).test, rtol=1e-9)


PHASES = [(0.8, 0.25), (1.0, 0.7), (0.75, 1.2), (0.4, 0.3), (0.2, 0.8), (0.4, 0.8), (0.27, 0.9)]


@pytest.mark.parametrize(("alpha", "beta"), [pytest.param(*at, marks=pytest.mark.slow) if at[0] < 0.7 else at
                                             for at in PHASES])  # fmt: skip
def test_the_average_over_features_is_that_of_draws(alpha, beta):
    """64 students of width 100 with a thousand latent directions: 3 standard errors, and 5 % that the theory lacks."""
    width, latent = 100, 1000
    spectrum = Spectrum.power_law(a=2 * alpha + 2 * beta, b=2 * alpha, modes=latent, normalize=False)
    rate = 0.5 / float(spectrum.eigenvalues.sum())
    steps = [64, 1024, 16_384]
    settings = {"learning_rate": rate, "batch_size": 1}
    runs = linear_model.experiment.sgd(
        spectrum, steps, **settings, width=width, key=KEY, repeats=64, average_batches=True
    )
    found = theory.volterra(spectrum, steps, **settings, width=width).loss
    assert np.all(np.abs(runs.test - found) <= 3 * runs.error("test") + 0.05 * found)
    assert np.all(runs.error("test") < 0.05 * found)


def test_forcing_and_kernel_are_those_of_draws():
    spectrum = Spectrum.power_law(a=3.4, b=2.0, modes=1000, normalize=False)
    features = jax.random.normal(KEY, (40, 100, 1000))
    rate = 0.5 / float(spectrum.eigenvalues.sum())
    steps = [16, 256, 2048]
    drawn = [exact.volterra(spectrum, steps, features=one, learning_rate=rate) for one in features]
    found = theory.volterra(spectrum, steps, learning_rate=rate, width=100)
    for name in ("forcing", "kernel", "fed_back"):
        every = np.stack([getattr(one, name) for one in drawn])
        error = every.std(axis=0) / len(drawn) ** 0.5
        assert np.all(np.abs(every.mean(axis=0) - getattr(found, name)) < 3 * error + 0.05 * getattr(found, name))


@pytest.mark.parametrize("width", [1e4, 1e6])
@pytest.mark.parametrize(("alpha", "beta"), [(0.8, 0.25), (1.0, 0.7), (0.75, 1.2)])
def test_forcing_is_the_sum_of_its_parts(alpha, beta, width):
    spectrum = random_features.spectrum(alpha, beta, latent=np.inf)
    rate = half_the_limit(spectrum, width)
    steps = np.unique(np.round(np.logspace(np.log10(30 / rate), 2.4 * alpha * np.log10(width), 60)))
    found = theory.volterra(spectrum, steps, learning_rate=rate, width=width)
    parts = [np.full(len(steps), found.floor), found.unlearned, found.distorted if beta > 0.5 else 0 * found.unlearned]
    ratio = np.asarray(found.forcing) / np.sum(parts, axis=0)
    assert ratio.min() > 0.85
    assert ratio.max() < 1.01
    alone = np.max(parts, axis=0) > 0.97 * np.sum(parts, axis=0)
    assert alone.sum() > 5
    assert np.abs(ratio[alone] - 1).max() < 0.025
    early, all_of_it = rate * steps < width ** (2 * alpha) / 1000, rate * steps < width ** (2 * alpha) / 10
    noise = np.abs(np.asarray(found.kernel / found.wide_kernel) - 1)
    assert noise[early].max() < 0.05
    assert noise[all_of_it].max() < 0.24


@pytest.mark.parametrize(("alpha", "beta", "width", "most", "least"), [
    pytest.param(0.6, 0.6, 300, 1.54, None, marks=pytest.mark.slow), (1.5, 1.0, 1e4, None, 0.77),
    pytest.param(2.0, 1.0, 1e4, None, 0.60, marks=pytest.mark.slow),
])  # fmt: skip
def test_near_the_lines_and_for_simple_data_the_parts_are_further_off(alpha, beta, width, most, least):
    """As docstring and page say: their sum over the forcing, at its worst."""
    spectrum = random_features.spectrum(alpha, beta, latent=np.inf)
    rate = half_the_limit(spectrum, width)
    steps = np.unique(np.round(np.logspace(np.log10(30 / rate), np.log10(100 * width ** (2 * alpha) / rate), 80)))
    found = theory.volterra(spectrum, steps[steps < 1e15], learning_rate=rate, width=width)
    ratio = np.asarray((found.floor + found.unlearned + found.distorted) / found.forcing)
    if most:
        assert ratio.max() == pytest.approx(most, abs=0.06)
    else:
        assert ratio.min() == pytest.approx(least, abs=0.03)


@pytest.mark.parametrize(("alpha", "beta"), [(0.4, 0.3), pytest.param(0.4, 0.8, marks=pytest.mark.slow),
                                             pytest.param(0.27, 0.9, marks=pytest.mark.slow)])  # fmt: skip
def test_forcing_is_about_the_sum_of_its_parts_where_the_data_grow_with_the_width(alpha, beta):
    width = 1e4
    spectrum = random_features.spectrum(alpha, beta, latent=10 * width)
    rate = half_the_limit(spectrum, width)
    steps = np.unique(np.round(np.logspace(np.log10(30 / rate), 2 + 2 * alpha * np.log10(width) - np.log10(rate), 60)))
    found = theory.volterra(spectrum, steps, learning_rate=rate, width=width)
    ratio = np.asarray(found.forcing / (found.floor + found.unlearned))
    assert ratio.min() > 0.71
    assert ratio.max() < 1.31


@pytest.mark.slow
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.7), (0.75, 1.2)])
def test_streams_follow_the_theory(alpha, beta):
    """200 students of width 100 on single samples: 4 standard errors, and 5 % that the theory lacks."""
    spectrum = Spectrum.power_law(a=2 * alpha + 2 * beta, b=2 * alpha, modes=1000, normalize=False)
    settings = {"learning_rate": 0.5 / float(spectrum.eigenvalues.sum()), "batch_size": 1, "width": 100}
    steps = [64, 512, 4096]
    runs = linear_model.experiment.sgd(spectrum, steps, **settings, key=KEY, repeats=200)
    found = theory.volterra(spectrum, steps, **settings).loss
    assert np.all(np.abs(runs.test - found) <= 4 * runs.error("test") + 0.05 * found)
    assert np.all(runs.error("test") < 0.1 * found)


@pytest.mark.parametrize(("alpha", "beta"), [(0.8, 0.25), (1.0, 0.7), (0.75, 1.2), (1.5, 2), (0.4, 0.8), (0.4, 0.3),
                                             (0.27, 0.9)])  # fmt: skip
def test_kesten_s_ratio_is_between_one_and_its_limit(alpha, beta):
    """At a width of 1,000; endless ones of phase III go further, see below."""
    width = 1000
    spectrum = random_features.spectrum(alpha, beta, latent=np.inf if alpha > 0.5 else 10 * width)
    steps = [*np.unique(np.round(np.logspace(0, 7, 40))), 1e12]
    found = theory.volterra(spectrum, steps, learning_rate=half_the_limit(spectrum, width), width=width)
    assert found.kesten.min() >= 1 - 1e-9
    assert found.kesten.max() <= 2.5
    assert found.kesten[-1] == pytest.approx(1 / (1 - float(found.kernel_norm)), rel=1e-3)


@pytest.mark.parametrize(("alpha", "beta"), [(0.75, 1.2), pytest.param(0.6, 1.5, marks=pytest.mark.slow)])
def test_where_the_beginning_rules_the_ratio_goes_to_a_square(alpha, beta):
    """Of any of n echoes one may be the long one: sum of n |K|^(n-1), at endless width without a floor."""
    spectrum = random_features.spectrum(alpha, beta, latent=np.inf)
    found = theory.volterra(spectrum, [10**6, 10**9], learning_rate=half_the_limit(spectrum, np.inf))
    square = 1 / (1 - float(found.kernel_norm)) ** 2
    assert found.kernel_norm < 0.5
    assert abs(found.kesten[1] / square - 1) < 0.06
    assert abs(found.kesten[1] / square - 1) < abs(found.kesten[0] / square - 1)


def test_measures_integrate_to_what_they_measure():
    """Mass: the task's power, d eigenvalues and the trace of their squares; and the forcing at a step."""
    width, rate = 50, 0.2
    spectrum = Spectrum.power_law(a=2.6, b=1.4, modes=400, normalize=False)
    log_q = np.linspace(np.log(1e-5), np.log(4), 2500)
    q = np.exp(log_q)
    found = theory.measures(spectrum, q, width=width)
    weight = np.gradient(log_q) * q
    total = float(spectrum.task_power.sum())
    assert (weight * found.forcing).sum() + found.atom == pytest.approx(total, rel=2e-3)
    assert (weight * found.kernel / q**2).sum() == pytest.approx(width, rel=2e-3)
    lam = np.asarray(spectrum.eigenvalues)
    assert (weight * found.kernel).sum() == pytest.approx((lam**2).sum() + lam.sum() ** 2 / width, rel=2e-3)
    known = theory.volterra(spectrum, [100], learning_rate=rate, width=width)
    rho = (1 - 2 * rate * q + 2 * rate**2 * q**2) ** 100
    assert (weight * rho * found.forcing).sum() + found.atom == pytest.approx(float(known.forcing[0]), rel=2e-3)
    assert rate**2 * (weight * rho * found.kernel).sum() == pytest.approx(float(known.kernel[0]), rel=5e-3)


def test_measures_are_the_histogram_of_draws():
    width = 200
    spectrum = Spectrum.power_law(a=2.6, b=1.4, modes=800, normalize=False)
    edges = np.geomspace(1e-3, 2e-2, 6)  # below: single modes, whose bands have another shape than their scatter
    counts, power = [], []
    for key in jax.random.split(KEY, 60):
        student = linear_model.exact.basis(spectrum, jax.random.normal(key, (width, 800)))
        q, weights = np.asarray(student.rates), np.asarray(student.rates * student.target**2)
        counts.append(np.histogram(q, edges)[0])
        power.append(np.histogram(q, edges, weights=weights)[0])
    fine = np.geomspace(edges[0], edges[-1], 5 * 50 + 1)
    middle = np.sqrt(fine[1:] * fine[:-1])
    found = theory.measures(spectrum, middle, width=width)
    for drawn, density in ((counts, found.kernel / middle**2), (power, found.forcing)):
        inside = (np.asarray(density) * np.diff(fine)).reshape(5, 50).sum(axis=1)
        error = np.std(drawn, axis=0) / len(drawn) ** 0.5
        assert np.all(np.abs(np.mean(drawn, axis=0) - inside) < 4 * error + 0.02 * inside)
        assert np.all(error < 0.06 * inside)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: theory.volterra(s, [4], learning_rate=3.0, width=10), "learning_rate must be below the stability"),
        (lambda s: theory.volterra(s, [4.5], learning_rate=0.1, width=10), "steps must be whole numbers"),
        (lambda s: theory.volterra(s, [4], learning_rate=0.1, width=0.5), "width must be >= 1"),
        (lambda s: theory.volterra(s, [4], learning_rate=0.1, width=21), "width must be at most 20, the latent direct"),
        (lambda s: theory.measures(s, [0.1, 0.0], width=10), "eigenvalues must be > 0 and finite"),
        (lambda s: theory.measures(s, [0.1], width=np.inf), "width must be finite"),
        (lambda s: theory.measures(random_features.spectrum(1, 1, latent=90), [0.1], width=5), "one by one"),
        (lambda s: exact.volterra(s, 10**6, features=None, learning_rate=0.1), "steps must be at most 100000"),
        (lambda s: exact.volterra(s, 3000, features=None, learning_rate=5.0), "learning_rate must be smaller"),
        (lambda s: exact.volterra(s, 3, features=jnp.ones((3, 2)), learning_rate=0.1), "features must have one column"),
    ],
)
def test_bad_input_is_named(call, says):
    spectrum = Spectrum.power_law(a=2.0, b=1.5, modes=20, normalize=False)
    with pytest.raises(ValueError, match=says):
        call(spectrum)
