"""The claims of "Problems: a narrow layer, and the cheapest sweep"."""

import numpy as np
import pytest


def one_step(width, random, *, parts=("into", "down", "out"), spread=-0.5, step=0.05):
    """As on the page, of the layers named alone; mean squares of h^2 at the start, and of all three changes."""
    narrow, points, features = round(width**0.5), 4, 8
    x, y = random.normal(size=(points, features)), random.choice([-1.0, 1.0], points)
    into = random.normal(size=(width, features)) / features**0.5
    down = random.normal(size=(narrow, width)) * width**spread
    out = random.normal(size=(width, narrow)) / narrow**0.5
    read = random.normal(size=width) / width
    h1 = x @ into.T
    h2 = np.tanh(h1) @ down.T
    h3 = np.tanh(h2) @ out.T
    error = (y - np.tanh(h3) @ read)[:, None]
    g3 = error * read / np.cosh(h3) ** 2
    g2 = (g3 @ out) / np.cosh(h2) ** 2
    g1 = (g2 @ down) / np.cosh(h1) ** 2
    input_rate = step * width if spread == -0.5 else step / np.sqrt(np.mean(g1**2))  # Delta h^1 of order one
    into = into + ("into" in parts) * input_rate * g1.T @ x
    down = down + ("down" in parts) * step * (narrow / width) ** 0.5 * g2.T @ np.tanh(h1)
    out = out + ("out" in parts) * step * width / narrow * g3.T @ np.tanh(h2)
    k1 = x @ into.T
    k2 = np.tanh(k1) @ down.T
    k3 = np.tanh(k2) @ out.T
    return [np.mean(h2**2), *(np.mean((a - b) ** 2) for a, b in ((k1, h1), (k2, h2), (k3, h3)))]


def slopes(**options):
    """Powers of the width, from 64 to 1,024 and over 24 networks: known to about 0.05."""
    sizes = [np.mean([one_step(n, np.random.default_rng(i), **options) for i in range(24)], axis=0) for n in (64, 1024)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(sizes[1] / sizes[0]) / 2 / np.log(16)


def test_the_first_layer_is_steady_and_those_behind_it_are_not():
    _, first, second, third = slopes()
    assert first == pytest.approx(0, abs=0.1)
    assert second == pytest.approx(0.25, abs=0.1)
    assert 0.08 < third < second


def test_own_weights_move_each_layer_alike_at_every_width():
    assert slopes(parts=("into",))[1] == pytest.approx(0, abs=0.1)
    assert slopes(parts=("down",))[2] == pytest.approx(0, abs=0.1)
    assert slopes(parts=("out",))[3] == pytest.approx(0, abs=0.1)


def test_the_change_of_the_first_layer_is_to_blame_and_a_smaller_spread_cures_it():
    assert slopes(parts=("into",))[2] == pytest.approx(0.25, abs=0.1)
    size, _, moved, _ = slopes(parts=("into",), spread=0.25 - 1)
    assert moved == pytest.approx(0, abs=0.1)
    assert size == pytest.approx(-0.25, abs=0.05)


def test_the_bill_of_the_split():
    ratio = np.array([4, 1e4])
    saved = 1 - (1 + ratio) ** 2 / (2 * (1 + ratio**2))
    assert saved[0] == pytest.approx(0.25, abs=0.02)
    assert saved[1] == pytest.approx(0.5, abs=0.01)


def test_the_funnel_of_the_sweeps_bends_away():
    """At the page's parameters: with the spacing the scatter falls, to s / (sqrt(8R) b d), and the shift rises."""

    def lowest(spacing, random, sweeps, bend=0.4, cubic=0.05, scatter=0.2):
        x = spacing * np.array([-1.0, 0.0, 1.0])
        noise = scatter * random.normal(size=(sweeps, 5, 3)).mean(axis=1)
        left, middle, right = (bend * x**2 + cubic * x**3 + noise).T
        return spacing / 2 * (left - right) / (left + right - 2 * middle)

    random = np.random.default_rng(0)
    shown = np.array([lowest(d, random, 60) for d in np.linspace(0.6, 2.4, 10)])
    outside = (np.abs(shown) > 0.8).sum(axis=1)
    assert 1 <= outside[0] <= 6  # a few of the closest
    assert outside[1:].sum() <= 1
    assert np.ptp(np.sort(shown[0])[3:-3]) > 0.8
    many = lowest(2.4, np.random.default_rng(1), 100_000)  # the scatter of the mean is 1e-4
    shift, bend = 0.05 * 2.4**2 / 0.8, 0.2 * np.sqrt(6 / 5) / (2 * 0.4 * 2.4**2)  # its relative scatter, next order
    assert many.std() == pytest.approx(np.hypot(0.2 / (np.sqrt(40) * 0.4 * 2.4), shift * bend), rel=0.02)
    assert many.mean() == pytest.approx(-shift, rel=0.01)
