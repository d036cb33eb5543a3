"""The claims of "Four phases and three", at the page's own parameters."""

import jax
import numpy as np
import pytest

from solvable import Spectrum, random_features
from solvable.linear_model import experiment, theory
from solvable.random_features import phases

STEPS = np.unique(np.logspace(0.5, 4, 22).astype(int))
TASKS = [(0.8, 0.25), (0.75, 1.2)]
CORNER = 1 - 0.5**0.5


@pytest.mark.parametrize("at", TASKS)
def test_students_stand_on_the_theory(at):
    """Of the first figure, the wider half: 4 standard errors + 8 %, at widths of 50 and 100 from step 10 on."""
    alpha, beta = at
    task = Spectrum.power_law(a=2 * (alpha + beta), b=2 * alpha, modes=1000, normalize=False)
    method = {"learning_rate": 0.3 / float(task.eigenvalues.sum()), "batch_size": 1}
    for width in (50, 100):
        runs = experiment.sgd(
            task, STEPS, **method, width=width, key=jax.random.key(0), repeats=8, average_batches=True
        )
        found = theory.sgd(task, STEPS, **method, width=width).test
        late = STEPS >= 10
        assert np.all((np.abs(runs.test - found) < 4 * runs.error("test") + 0.08 * found)[late])


def test_three_phases_have_the_square_root():
    alphas, betas = np.linspace(0.02, 1.3, 60), np.linspace(0.02, 1.6, 50)
    found = {}
    for alpha in alphas:
        for beta in betas:
            if alpha + beta > 0.5:
                phase = phases.classify(alpha, beta)
                found.setdefault(phase.name, []).append(phase.width)
    assert {name for name, widths in found.items() if np.allclose(widths, 0.5)} == {"Ib", "III", "IVa"}
    assert max(found, key=lambda name: max(found[name])) == "IVb"
    assert max(map(max, found.values())) < 0.73


def test_the_bound_of_the_width_is_an_inverse_root():
    """Approached from the left of the corner, by ever simpler targets, and nowhere reached."""
    assert phases.classify(CORNER - 1e-9, 1e6).width == pytest.approx(0.5**0.5, abs=1e-5)
    grid = [phases.classify(alpha, beta).width for alpha in np.linspace(0.01, 4, 400) for beta in (0.6, 1, 3, 30, 1e4)]
    assert max(grid) < 0.5**0.5
    jump = phases.classify(CORNER - 1e-9, 1.0), phases.classify(CORNER + 1e-9, 1.0)
    assert (jump[0].width, jump[1].width) == (pytest.approx(0.6306, abs=1e-4), 0.5)
    assert jump[0].loss == pytest.approx(jump[1].loss, abs=1e-7)


LINES = [(0.5, 0.3), (0.5, 0.9), (0.8, 0.5), (0.3, 0.5), (0.9, 0.9), (0.25, 1.0), (CORNER, 1.0), (0.2, 0.5)]


@pytest.mark.parametrize("at", LINES)
def test_the_loss_is_continuous_across_every_line(at):
    around = [
        phases.classify(at[0] + x, at[1] + y).loss for x, y in 1e-7 * np.array([[1, 2], [-1, 2], [2, -1], [-2, -1]])
    ]
    assert np.ptp(around) < 1e-5


@pytest.mark.slow
def test_a_fit_around_a_million_is_ten_percent_off():
    budgets = np.logspace(4, 20, 17)
    found = phases.frontier(0.75, 1.2, budgets)
    fit = np.polyfit(np.log(budgets[:5]), np.log(found.width[:5]), 1)
    assert fit[0] == pytest.approx(0.55, abs=0.01)
    assert np.abs(np.polyval(fit, np.log(budgets[:5])) - np.log(found.width[:5])).max() < 0.015 * np.log(10)
    for at in ((0.8, 0.25), (1.0, 0.7), (0.75, 1.2)):
        known, local = phases.classify(*at), phases.frontier(*at, budgets).local_exponents()
        assert local.width[-1] == pytest.approx(known.width, rel=0.002)
        assert local.loss[-1] == pytest.approx(known.loss, rel=0.002)


def test_the_simple_target_stops_mattering():
    """alpha = 0.75: the explorer's curves and the table's slope no longer move past beta = alpha."""
    slopes = [phases.classify(0.75, beta).loss for beta in (0.3, 0.5, 0.7, 0.8, 1.2)]
    assert np.all(np.diff(slopes[:3]) > 0.01)
    assert slopes[3] == pytest.approx(slopes[4])
    losses = []
    for beta in (1.2, 1.5):
        spectrum = random_features.spectrum(0.75, beta, latent=np.inf)
        rate = 0.3 / float(spectrum.counts @ spectrum.eigenvalues)
        found = theory.sgd(spectrum, [1e6, 1e7], learning_rate=rate, batch_size=1, width=1e6).test
        losses.append(np.log10(found[0] / found[1]))
    assert losses[0] == pytest.approx(losses[1], abs=0.02)
