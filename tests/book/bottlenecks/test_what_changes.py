"""The claims of "What can change a scaling law?", at the page's own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import Spectrum, random_features
from solvable.linear_model import exact, experiment
from solvable.random_features.momentum import SGD, DanaConstant, DanaDecaying, HeavyBall, exponents

ALPHA, BETA, WIDTH = 1.5, 0.7, 100_000
STEPS = np.unique(np.logspace(1.9, 12.1, 103).round())


def schedules(alpha, beta, rate, width):
    delta = 4 + (alpha + beta) / alpha
    return {
        "SGD": SGD(learning_rate=rate),
        "heavy ball": HeavyBall(learning_rate=rate / 10, momentum=0.9),
        "decaying": DanaDecaying(learning_rate=rate, power=1 / (2 * alpha), delta=delta, scale=0.3),
        "constant": DanaConstant(learning_rate=rate, dimension=width, delta=delta),
    }


def family(alpha, beta, rate, width):
    pushes = {"SGD": (0.0, 0.0), "decaying": (1 / (2 * alpha), 0.3), "constant": (0.0, 1 / width)}
    delta = 4 + (alpha + beta) / alpha
    return {
        name: DanaDecaying(learning_rate=rate, power=power, delta=delta, scale=scale)
        for name, (power, scale) in pushes.items()
    }


@pytest.fixture(scope="module")
def curves():
    latent = random_features.spectrum(ALPHA, BETA, latent=10**12)
    methods = schedules(ALPHA, BETA, 0.5 / float(latent.counts @ latent.eigenvalues), WIDTH)
    return {
        name: exact.momentum(
            latent, STEPS, schedule=one, batch_size=1, latent_cut=WIDTH if name == "constant" else None
        ).test
        for name, one in methods.items()
    }


def steepness(loss, steps=STEPS):
    return -np.gradient(np.log(np.asarray(loss)), np.log(steps))


def at(power):
    return np.abs(STEPS - 10.0**power).argmin()


def test_two_algorithms_end_where_they_began_and_two_do_not(curves):
    """The levels of the first figure, to half a percent."""
    slopes = {name: steepness(one) for name, one in curves.items()}
    for name, one in schedules(ALPHA, BETA, 1.0, WIDTH).items():
        predicted = exponents(ALPHA, BETA, schedule=one).steps
        reached = slopes[name][at(9)]
        assert reached == pytest.approx(predicted, rel=0.005), name
    late = STEPS > 2e3
    assert np.abs(slopes["heavy ball"] - slopes["SGD"])[late].max() < 0.02
    assert slopes["SGD"][at(5)] == pytest.approx(slopes["SGD"][at(11)], abs=0.005)
    assert slopes["decaying"][at(5)] > 0.99 * slopes["decaying"][at(11)]


def test_the_constant_push_pays_between_the_width_and_its_end(curves):
    """SGD until t ~ d, twice as steep to d^(alpha + 1/2), nothing left to win after, and a loss that rises a little."""
    slopes, sgd = steepness(curves["constant"]), steepness(curves["SGD"])
    assert np.abs(slopes - sgd)[(STEPS > 1e3) & (STEPS < WIDTH / 10)].max() < 0.05
    assert slopes[at(5)] < 1.15 * sgd[at(5)]
    assert slopes[at(9)] == pytest.approx(2 * sgd[at(9)], rel=0.005)
    end = WIDTH ** (ALPHA + 0.5)
    assert np.abs(slopes[20 * end < STEPS]).max() < 0.05
    low = float(jnp.min(curves["constant"]))
    assert low < curves["constant"][-1] < 1.5 * low


def test_near_the_line_the_exponent_comes_late():
    """(0.8, 0.3): seven percent short after 10^5 steps."""
    latent = random_features.spectrum(0.8, 0.3, latent=10**12)
    one = schedules(0.8, 0.3, 0.5 / float(latent.counts @ latent.eigenvalues), WIDTH)["decaying"]
    ends = np.array([1e5 / 1.1, 1e5 * 1.1]).round()
    loss = exact.momentum(latent, ends, schedule=one, batch_size=1).test
    slope = -np.diff(np.log(loss))[0] / np.diff(np.log(ends))[0]
    assert slope / exponents(0.8, 0.3, schedule=one).steps == pytest.approx(0.93, abs=0.01)


@pytest.mark.parametrize("students", [4, pytest.param(16, marks=pytest.mark.slow)])
def test_what_features_are_made_of_hardly_matters(students):
    """Gaussian, signs, and three in four zero: within 4 standard errors + a tenth, as the loss falls tenfold."""
    task = Spectrum.power_law(a=2.2, b=1.6, modes=1000, normalize=False)
    rate, steps = 0.3 / float(task.eigenvalues.sum()), [10, 100, 1000]
    draw, shape = np.random.default_rng(0), (students, 100, 1000)
    kinds = [draw.standard_normal(shape), draw.choice([-1.0, 1.0], shape)]
    kinds.append(2 * draw.standard_normal(shape) * (draw.random(shape) < 0.25))
    found = [
        np.array([exact.sgd(task, steps, features=one, learning_rate=rate, batch_size=1).test for one in kind])
        for kind in map(jnp.asarray, kinds)
    ]
    means, errors = zip(*((one.mean(axis=0), one.std(axis=0, ddof=1) / students**0.5) for one in found), strict=True)
    for mean, error in zip(means[1:], errors[1:], strict=True):
        assert np.all(np.abs(mean - means[0]) < 4 * np.hypot(error, errors[0]) + 0.1 * means[0])
    assert all(mean[0] > 10 * mean[-1] for mean in means)


def test_a_careless_push_diverges():
    latent = random_features.spectrum(ALPHA, BETA, latent=10**12)
    careless = schedules(ALPHA, BETA, 0.5 / float(latent.counts @ latent.eigenvalues), 100)["constant"]
    with pytest.raises(ValueError, match=r"the loss grows without end: a thousandfold by step"):
        exact.momentum(latent, [10**12], schedule=careless, batch_size=1)


@pytest.fixture(scope="module")
def students():
    small = Spectrum.power_law(a=2 * (ALPHA + BETA), b=2 * ALPHA, modes=300, normalize=False)
    few = np.unique(np.logspace(0, 3.5, 16).astype(int))
    push = family(ALPHA, BETA, 0.3 / float(small.eigenvalues.sum()), 50)
    run = {"batch_size": 1, "width": 50, "key": jax.random.key(0), "repeats": 96}

    def trained(name, average):
        return experiment.momentum(small, few, schedule=push[name], average_batches=average, **run)

    return few, trained


@pytest.mark.parametrize(
    "name", ["decaying", pytest.param("SGD", marks=pytest.mark.slow), pytest.param("constant", marks=pytest.mark.slow)]
)
def test_streams_follow_the_recursion(students, name):
    """The page's own students: within 4 standard errors at every step."""
    streams, means = (students[1](name, average) for average in (False, True))
    assert np.all(np.abs(streams.test - means.test) < 4 * streams.error("test"))


def test_from_the_number_of_features_on_momentum_is_ahead(students):
    few, trained = students
    loss = {name: trained(name, True).test for name in ("SGD", "decaying", "constant")}
    for name in ("decaying", "constant"):
        assert np.all(loss[name][few > 50] < 0.95 * loss["SGD"][few > 50])
        assert loss[name][-1] < 0.5 * loss["SGD"][-1]


def test_the_explorer_moves_as_the_page_says():
    """Ten times the width, ten times later; the decaying push does not care; at width 30 the loss rises in the end."""
    steps = np.unique(np.logspace(0, 6, 31).round())

    def losses(alpha, width):
        spectrum = random_features.spectrum(alpha, 0.7, latent=2**13 - 1)
        pushes = family(alpha, 0.7, 0.5 / float(spectrum.counts @ spectrum.eigenvalues), width)
        return {
            name: np.asarray(exact.momentum(spectrum, steps, schedule=one, batch_size=1, latent_cut=width).test)
            for name, one in pushes.items()
        }

    found = {width: losses(1.5, width) for width in (30, 300, 3000)}
    begins = [steps[np.argmax((one["constant"] < 0.8 * one["SGD"]) & (steps > 5))] for one in found.values()]
    assert np.all(np.abs(np.log10(np.array(begins[1:]) / begins[:-1]) - 1) < 0.25)
    assert found[30]["constant"][-1] > 1.5 * found[30]["constant"].min()
    early = steps < 100
    assert np.abs(found[300]["decaying"] / found[3000]["decaying"] - 1)[early].max() < 0.05
    gains = [losses(alpha, 3000) for alpha in (0.7, 1.1, 1.5)]
    ratios = [one["SGD"][-7] / one["decaying"][-7] for one in gains]
    assert ratios[0] < ratios[1] < ratios[2]
