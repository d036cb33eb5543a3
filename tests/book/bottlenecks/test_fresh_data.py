"""The claims of "Fresh data: one-pass SGD", at the page's own parameters."""

import jax
import numpy as np
import pytest

from solvable import Spectrum
from solvable.linear_model import experiment, theory

STEPS = np.unique(np.logspace(0, 3, 16).astype(int))
SETTINGS = [(16, 16, 0.5), *((b, n, noise) for b in (1, 16) for n in (16, 256) for noise in (0.01, 0.5))]


@pytest.mark.slow
def test_streams_follow_the_theory():
    """The figures' own streams: within 4 standard errors + 4 % at every step."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
    settings = [(1.0, 32, n, n, 24) for n in (16, 256)] + [(0.5, b, 256, b, 24) for b in (1, 4, 32)]
    final = {}
    for rate, batch, width, key, repeats in settings:
        method = {"learning_rate": rate, "batch_size": batch, "width": width}
        limit = theory.sgd(spectrum, STEPS, **method)
        runs = experiment.sgd(spectrum, STEPS, **method, key=jax.random.key(key), repeats=repeats)
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.04 * runs.test), method
        final[rate, batch, width] = limit.test[-1]
    assert final[1.0, 32, 16] > 2 * final[1.0, 32, 256]
    assert final[0.5, 1, 256] > final[0.5, 4, 256] > final[0.5, 32, 256]
    assert final[0.5, 1, 256] / final[0.5, 32, 256] == pytest.approx(4 / 3, abs=0.03)  # "by about a third"


@pytest.mark.slow
def test_where_the_scatter_comes_from():
    """Relative standard deviation at step 1,000 of streams, and of the same students with streams averaged."""
    spectrum, scatter = Spectrum.power_law(a=1.5, b=1.25, modes=1000), {}
    for batch in (1, 32):
        method = {"learning_rate": 0.5, "batch_size": batch, "width": 256, "repeats": 64}
        for average in (False, True):
            runs = experiment.sgd(spectrum, [1000], **method, key=jax.random.key(batch), average_batches=average)
            scatter[batch, average] = float(runs.test_std[0] / runs.test[0])
    assert 1.5 < scatter[1, False] / scatter[1, True] < 3
    assert scatter[32, False] / scatter[32, True] < 1.1
    assert scatter[1, False] > 1.3 * scatter[32, False]


@pytest.mark.slow
def test_the_excess_falls_with_the_rate_and_with_the_loss():
    task = Spectrum.power_law(a=1.5, b=1.25, modes=1e6, binned=True)

    def excess(rate, steps, batch=1, noise=0.0):
        sgd = theory.sgd(task, steps, learning_rate=rate, batch_size=batch, width=256, noise=noise).test
        return sgd - theory.sgd(task, steps, learning_rate=rate, batch_size=1e12, width=256).test

    early = excess(0.2, [1], batch=1)[0] / excess(0.2, [1], batch=4)[0]
    assert early == pytest.approx(4, rel=0.01)
    assert excess(0.4, [1])[0] / excess(0.2, [1])[0] == pytest.approx(4, rel=0.01)
    assert excess(0.4, [1000])[0] / excess(0.2, [2000])[0] == pytest.approx(2, rel=0.25)  # same eta t
    steps = [100, 1000, 10_000, 100_000]
    sgd, full = (theory.sgd(task, steps, learning_rate=0.4, batch_size=b).test for b in (1, 1e12))
    assert np.all(np.abs(sgd / full - 1.2) < 0.05)  # infinite width: a nearly constant share of a falling loss
    assert sgd[-1] < 0.15 * sgd[0]
    ends = [theory.sgd(task, [10**7], learning_rate=0.4, batch_size=b, width=256).test[0] for b in (1, 2, 1e12)]
    assert ends[0] > 1.2 * ends[2]  # finite width has a floor, and SGD one above it
    assert (ends[0] - ends[2]) / (ends[1] - ends[2]) == pytest.approx(2, rel=0.2)
    floors = [theory.sgd(task, [10**6], learning_rate=r, batch_size=b, width=256, noise=0.5).test[0]
              for r, b in ((0.8, 1), (0.4, 1), (0.8, 2))]  # fmt: skip
    bottom = theory.sgd(task, [10**6], learning_rate=0.8, batch_size=1e12, width=256).test[0]
    assert floors[0] > 1.5 * bottom
    assert floors[0] > floors[1]
    assert floors[0] > floors[2]


@pytest.mark.parametrize(
    "setting", [SETTINGS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in SETTINGS[1:] if one != SETTINGS[0])]
)
def test_streams_stand_on_the_lines_of_the_explorer(setting):
    """All points of one setting: within 4 standard errors + the theory's error, which is O(1/N)."""
    batch, width, noise = setting
    task, steps = Spectrum.power_law(a=1.5, b=1.25, modes=1000), np.unique(np.logspace(0, 4, 26).astype(int))[:15]
    method = {"learning_rate": 0.5, "width": width, "noise": noise}
    for size in (batch, 10**9):
        limit = theory.sgd(task, steps, **method, batch_size=size)
        runs = experiment.sgd(task, steps, **method, batch_size=size, key=jax.random.key(0), repeats=24)
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + runs.test / width)


def test_the_noise_of_single_samples_falls_with_the_loss():
    """The first figure: a quarter to a third above batches of 32 from step 39 on, while the loss more than halves."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
    one, many = (theory.sgd(spectrum, STEPS, learning_rate=0.5, batch_size=b, width=256).test for b in (1, 32))
    share, loss = (np.asarray(part)[STEPS >= 30] for part in (one / many - 1, many))
    assert share[0] == pytest.approx(1 / 4, abs=0.02)
    assert share[-1] == pytest.approx(1 / 3, abs=0.02)
    assert np.all(np.diff(share) > 0)
    assert loss[-1] < loss[0] / 2


def test_small_rates_are_gradient_flow_on_infinite_data():
    task = Spectrum.power_law(a=1.5, b=1.25, modes=1e6, binned=True)
    flow = theory.gradient_flow(task, [100.0], width=256).test
    off = [theory.sgd(task, [100 / r], learning_rate=r, batch_size=1, width=256).test / flow - 1 for r in (0.1, 0.05)]
    assert off[1] < 0.06
    assert off[0] / off[1] == pytest.approx(2, rel=0.15)
