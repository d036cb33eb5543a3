"""Schedules of momentum: what they say at a step, and the exponents that they were built for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import random_features
from solvable.linear_model import exact
from solvable.random_features import phases
from solvable.random_features.momentum import SGD, DanaConstant, DanaDecaying, HeavyBall, exponents

POINTS = {
    "Ia": [(0.8, 0.25), (1.2, 0.3)], "II": [(1.0, 0.7), (1.5, 0.9)], "III": [(0.75, 1.2), (2.0, 2.5)],
    "Ib": [(0.4, 0.3)], "Ic": [(0.2, 0.8)], "IVa": [(0.4, 0.8)], "IVb": [(0.27, 0.9)],
}  # fmt: skip
RATE = 0.5  # of 1 / trace, as in the table


def schedules(alpha, beta, rate, dimension=10**6):
    delta = 4 + (alpha + beta) / alpha
    return {
        "SGD": SGD(learning_rate=rate),
        "heavy ball": HeavyBall(learning_rate=rate / 10, momentum=0.9),
        "decaying": DanaDecaying(learning_rate=rate, power=1 / (2 * alpha), delta=delta, scale=0.3),
        "constant": DanaConstant(learning_rate=rate, dimension=dimension, delta=delta),
    }


def slopes(alpha, beta, name, steps, latent=10**15):
    """Minus the local exponent of the loss around each step, over a tenth of a decade; and the predicted one."""
    spectrum = random_features.spectrum(alpha, beta, latent=latent)
    schedule = schedules(alpha, beta, RATE / float(spectrum.counts @ spectrum.eigenvalues), latent)[name]
    ends = np.round(np.multiply.outer([10**-0.05, 10**0.05], steps))
    loss = exact.momentum(spectrum, ends.ravel(), schedule=schedule, batch_size=1).test.reshape(2, -1)
    predicted = exponents(alpha, beta, schedule=schedule).steps
    return -np.diff(np.log(loss), axis=0)[0] / np.diff(np.log(ends), axis=0)[0], predicted


SLOPES = [  # alpha, beta, schedule, at 10^4 steps and at 3 10^11: the issue's
    (0.8, 0.3, "SGD", 0.7515, 0.750),
    (0.8, 0.3, "heavy ball", 0.7518, 0.750),
    (0.8, 0.3, "decaying", 0.9034, 1.031),
    (1.0, 0.7, "decaying", 1.6797, 1.800),
    (1.0, 1.3, "decaying", 2.0919, 2.250),
]


@pytest.mark.parametrize(
    ("alpha", "beta", "name", "early", "late"),
    [one if one[2] == "decaying" else pytest.param(*one, marks=pytest.mark.slow) for one in SLOPES],
)
def test_exponents_are_reached_very_late(alpha, beta, name, early, late):
    """At 3 10^11 steps to 0.005; at 10^4 momentum is far from its own."""
    found, predicted = slopes(alpha, beta, name, [1e4, 3e11])
    assert found[0] == pytest.approx(early, abs=0.002)
    assert found[1] == pytest.approx(late, abs=0.005)
    assert predicted == pytest.approx(late, abs=0.001)
    if name == "decaying":
        assert late - found[0] > 0.1


def test_a_constant_push_pays_in_a_window():
    """d = 10^6 features, the first d modes, at (1.5, 0.7): from d to d^(alpha + 1/2)."""
    found, predicted = slopes(1.5, 0.7, "constant", [3e4, 1e10, 1e11], 10**6)
    sgd = exponents(1.5, 0.7, schedule=SGD(learning_rate=1.0)).steps
    assert found[0] == pytest.approx(sgd, abs=0.01)
    assert_allclose(found[1:], 2.267, atol=0.01)
    assert predicted == pytest.approx(2 * sgd) == pytest.approx(2.267, abs=0.001)


def test_a_student_wider_than_its_schedule_knows_diverges():
    """The prototype's -3e48: the first 10^15 modes under a schedule for 100."""
    spectrum = random_features.spectrum(1.5, 0.7, latent=10**15)
    schedule = schedules(1.5, 0.7, RATE / float(spectrum.counts @ spectrum.eigenvalues), 100)["constant"]
    assert exact.momentum(spectrum, [10**4], schedule=schedule, batch_size=1).test > 0
    with pytest.raises(ValueError, match=r"schedule must be stable; got DanaConstant.* by step \d"):
        exact.momentum(spectrum, [10**4, 10**12], schedule=schedule, batch_size=1)


def frontier(alpha, beta, name, budgets=(2e9, 1e14)):
    """Exponents of width and loss of a student of the first d modes, with the floor that they leave."""
    spectrum = random_features.spectrum(alpha, beta, latent=10**12)
    schedule = schedules(alpha, beta, 0.3 / float(spectrum.counts @ spectrum.eigenvalues))[name]
    widths = np.logspace(2, 7, 26)
    steps, compute = np.unique(np.logspace(2, 12, 100).round()), np.geomspace(*budgets, 26)

    def losses(width):
        return exact.momentum(spectrum, steps, schedule=schedule, latent_cut=width, batch_size=1).test

    curves = np.log(jax.vmap(losses)(jnp.asarray(widths)))
    table = [np.interp(np.log(compute / d), np.log(steps), one) for d, one in zip(widths, curves, strict=True)]
    best = np.argmin(table, axis=0)
    assert np.all((best > 0) & (best < len(widths) - 1))
    return [np.polyfit(np.log(compute), y, 1)[0] for y in (np.log(widths[best]), -np.min(table, axis=0))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "beta", "name", "width", "loss"),
    [
        (1.2, 0.3, "SGD", 0.298, 0.5881),
        (1.2, 0.3, "decaying", 0.403, 0.7976),
        (0.8, 0.25, "SGD", 0.403, 0.4221),
        (0.8, 0.25, "decaying", 0.450, 0.5018),
    ],
)
def test_the_frontier_of_the_first_modes(alpha, beta, name, width, loss):
    """Against the issue's measured exponents and the predicted ones, for budgets of 2 10^9 to 10^14."""
    found = frontier(alpha, beta, name)
    assert found[0] == pytest.approx(width, abs=0.02)  # 26 widths are 0.2 of a decade apart
    assert found[1] == pytest.approx(loss, abs=0.004)
    predicted = exponents(alpha, beta, schedule=schedules(alpha, beta, 1.0)[name])
    assert predicted.loss == pytest.approx(found[1], abs=0.01)
    assert predicted.width == pytest.approx(found[0], abs=0.03)


@pytest.mark.parametrize(("name", "alpha", "beta"), [(name, *at) for name, every in POINTS.items() for at in every])
def test_without_dana_the_exponents_are_those_of_the_phase(name, alpha, beta):
    phase = phases.classify(alpha, beta)
    assert phase.name == name
    for schedule in (SGD(learning_rate=0.1), HeavyBall(learning_rate=0.1, momentum=0.5)):
        found = exponents(alpha, beta, schedule=schedule)
        assert found.loss == pytest.approx(phase.loss)
        assert found.width == pytest.approx(phase.width)
    with_dana = exponents(alpha, beta, schedule=DanaDecaying(learning_rate=0.1, power=1 / (2 * alpha), delta=6.0))
    assert (with_dana.loss > phase.loss + 1e-3) == (alpha > 0.5)


@pytest.mark.parametrize(("alpha", "beta"), [*POINTS["Ia"], *POINTS["II"], *POINTS["III"]])
@pytest.mark.parametrize("kind", ["decaying", "constant"])
def test_the_best_split_is_that_of_all_shares(alpha, beta, kind):
    """Every share of growth tried, with the effective time of each; in Ia the sheet's closed form too."""
    schedule, share = schedules(alpha, beta, 1.0)[kind], np.linspace(0, 1, 200_001)
    theta = (2 - 1 / (2 * alpha)) * (1 - share) if kind == "decaying" else np.maximum(1 - share, 2 - 3 * share)
    loss = np.max([one.time * theta + one.width * share for one in phases.classify(alpha, beta).terms], axis=0)
    found = exponents(alpha, beta, schedule=schedule)
    assert found.loss == pytest.approx(-loss.min(), abs=1e-4)
    assert found.width == pytest.approx(share[loss < loss.min() + 1e-9][0], abs=1e-4)
    if kind == "decaying" and beta < 0.5:
        width = 1 / (1 + 2 * alpha / (2 - 1 / (2 * alpha)))
        assert found.width == pytest.approx(width)
        assert found.loss == pytest.approx((2 * alpha + 2 * beta - 1) * width)


def test_coefficients_are_the_written_ones():
    given = {"learning_rate": 0.3, "delta": 5.0}
    constant, decaying = DanaConstant(dimension=20.0, **given), DanaDecaying(power=0.5, scale=0.2, **given)
    assert_allclose(SGD(learning_rate=0.3).coefficients(7), (1, 0, 0.3, 0))
    assert_allclose(HeavyBall(learning_rate=0.3, momentum=0.9).coefficients(7), (0.1, 1, 0, 0.3))
    assert_allclose(constant.coefficients(0), (1, 1, 0.3, 0.015))
    assert_allclose(constant.coefficients(99), (0.05, 1, 0.3, 0.015))
    assert_allclose(decaying.coefficients(99), (0.05, 1, 0.3, 0.006))
    assert_allclose(decaying.coefficients([8, 98.5])[0], [5 / 9, 5 / 99.5])
    assert "power=0.5" in repr(decaying)
    for same, other in (
        (constant, DanaDecaying(power=0, scale=0.05, **given)),
        (SGD(learning_rate=0.3), DanaDecaying(power=1, scale=0, **given)),
    ):
        assert_allclose(same.coefficients(9.5)[2:], other.coefficients(9.5)[2:])
    assert exponents(1.0, 0.7, schedule=DanaDecaying(power=1, scale=0, **given)) == exponents(
        1.0, 0.7, schedule=SGD(learning_rate=0.3)
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: SGD(learning_rate=0), r"learning_rate must be > 0 and finite; got 0"),
        (lambda: HeavyBall(learning_rate=0.1, momentum=1), r"momentum must be >= 0 and < 1; got 1"),
        (lambda: DanaConstant(learning_rate=0.1, dimension=0, delta=5), r"dimension must be > 0 and finite; got 0"),
        (lambda: DanaDecaying(learning_rate=0.1, power=-1, delta=5), r"power must be >= 0 and finite; got -1"),
        (lambda: DanaDecaying(learning_rate=0.1, power=1, delta=np.nan), r"delta must be > 0 and finite; got nan"),
        (lambda: DanaDecaying(learning_rate=0.1, power=1, delta=5, scale=-1), r"scale must be >= 0 and finite; got -1"),
        (lambda: SGD(learning_rate=0.1).coefficients(-1), r"step must be >= 0 and finite; got -1"),
        (
            lambda: exponents(1.0, 0.7, schedule=DanaDecaying(learning_rate=0.1, power=0.4, delta=5)),
            r"schedule must have a power >= 1 / \(2 alpha\) = 0\.5; got DanaDecaying",
        ),
        (lambda: exponents(1.0, -0.6, schedule=SGD(learning_rate=0.1)), r"beta must be > -0\.5"),
    ],
)
def test_bad_input_is_named(make, says):
    with pytest.raises(ValueError, match=says):
        make()
