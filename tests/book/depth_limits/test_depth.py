"""What "Depth without end" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import depth, gaussian

ONE = jnp.ones((1, 1))


def euler(activation, beta, layers):
    """The page's recursion."""
    h = [1.0]
    for _ in range(layers):
        h.append(h[-1] + beta**2 / layers * float(gaussian.diagonal(activation, h[-1]).product))
    return np.array(h)


def limit(activation, beta):
    return depth.theory.kernels(ONE, activation=activation, branch=beta, points=65)


def measured(activation, beta, layers, repeats=64):
    """Mean square over the neurons of each network, layer by layer: mean and standard error."""
    h = depth.experiment.walk(
        ONE, width=1000, depth=layers, activation=activation, branch=beta, key=jax.random.key(layers), repeats=repeats
    )
    h = np.asarray((h[:, :, 0] ** 2).mean(axis=2))
    return h.mean(axis=0), h.std(axis=0, ddof=1) / repeats**0.5


def test_one_network_of_the_first_figure_blows_up_or_ends_where_all_others_do():
    """Width 1,000: of one network ln |h|^2 scatters by sqrt(2.5 / N) = 0.05, unscaled by sqrt(1.5 L / N) = 0.3."""
    for layers, ends in ((4, 5), (16, 600), (64, 1e11)):
        ways = {}
        for power in (0.0, 0.5):
            h = depth.experiment.walk(
                ONE, depth=layers, branch_power=power, repeats=2, width=1000, activation="relu", key=jax.random.key(0)
            )
            ways[power] = np.asarray((h[0] ** 2).mean(axis=(1, 2)))
        assert ways[0.0][-1] == pytest.approx(ends, rel=0.25)
        assert np.log(ways[0.0]) == pytest.approx(np.log(1.5) * np.arange(layers + 1), abs=4 * 0.3)
        assert ways[0.5][-1] == pytest.approx((1 + 0.5 / layers) ** layers, rel=4 * 0.05)


def test_only_the_root_of_the_depth_leaves_something_and_not_too_much():
    def grown(power, layers):
        return float(depth.exact.covariance(1.0, activation="relu", branch_power=power, depth=layers))

    for power, found in ((0.0, (5.06, 657, 1.86e11, 1.2e45)), (0.25, (2.44, 6.58, 48.4, 2640))):
        assert_allclose([grown(power, n) for n in (4, 16, 64, 256)], found, rtol=5e-3)
    assert_allclose([grown(0.5, n) for n in (4, 16, 64, 256)], np.exp(0.5), rtol=0.03)
    assert_allclose([grown(1.0, n) - 1 for n in (16, 64, 256)], [0.5 / n for n in (16, 64, 256)], rtol=0.02)


@pytest.mark.parametrize(("phi", "ends", "end"), [("relu", (5.062, 6.583, 7.166), 7.389),
                                                  ("tanh", (2.904, 2.993, 3.015), 3.023)])  # fmt: skip
def test_the_recursion_of_the_page_is_the_librarys_and_tends_to_the_limit(phi, ends, end):
    for layers, written in zip((4, 16, 64), ends, strict=True):
        h = euler(phi, 2.0, layers)
        known = depth.theory.kernels(ONE, activation=phi, branch=2.0, depth=layers).covariance[:, 0, 0]
        assert_allclose(h, known, rtol=1e-12)
        assert h[-1] == pytest.approx(written, abs=5e-4)
    assert float(limit(phi, 2.0).covariance[-1, 0, 0]) == pytest.approx(end, abs=5e-4)


@pytest.mark.parametrize(
    ("phi", "beta", "coefficient", "at16", "at64"),
    [
        ("relu", 1.0, -0.1250, 0.76, 0.19),
        ("tanh", 1.0, -0.0246, 0.15, 0.04),
        ("relu", 2.0, -2.0000, 10.91, 3.01),
        ("tanh", 2.0, -0.1580, 0.99, 0.25),
    ],
)
def test_how_far_sixteen_layers_are(phi, beta, coefficient, at16, at64):
    found = limit(phi, beta)
    first, last = beta**2 * found.features[jnp.array([0, -1]), 0, 0]
    end = float(found.covariance[-1, 0, 0])
    assert float(-last / (2 * end) * jnp.log(last / first)) == pytest.approx(coefficient, abs=5e-5)
    off = [100 * (1 - euler(phi, beta, layers)[-1] / end) for layers in (16, 64)]
    assert_allclose(off, (at16, at64), atol=5e-3)


def test_one_network_of_a_thousand_neurons_is_further_from_the_mean_than_sixteen_layers_from_the_limit():
    mean, error = measured("relu", 1.0, 16)
    assert 8 * error[-1] / mean[-1] > 3 * 0.0076  # of one network: sqrt(64) times the error of the mean


def test_the_gap_nearly_halves_with_each_doubling():
    end = float(limit("relu", 2.0).covariance[-1, 0, 0])
    gaps = np.array([end - euler("relu", 2.0, layers)[-1] for layers in (4, 8, 16, 32, 64)])
    assert np.all((gaps[:-1] / gaps[1:] > 1.6) & (gaps[:-1] / gaps[1:] < 2))
    small = [1 - euler(phi, b, 4)[-1] / float(limit(phi, b).covariance[-1, 0, 0]) for phi, b in
             (("relu", 1.0), ("tanh", 2.0), ("relu", 2.0))]  # fmt: skip
    assert max(small[:2]) < 0.2 * small[2]


@pytest.mark.parametrize(
    ("phi", "layers"),
    [("relu", 4), ("tanh", 16), *(pytest.param(phi, n, marks=pytest.mark.slow) for phi, n in
                                  (("relu", 16), ("relu", 64), ("tanh", 4), ("tanh", 64)))],
)  # fmt: skip
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_networks_stand_on_the_recursion_in_every_layer(phi, layers, beta):
    """Of the figure and of the explorer; H of a width N is off by O(1/N)."""
    mean, error = measured(phi, beta, layers)
    line = euler(phi, beta, layers)
    assert np.all(np.abs(mean - line) < 4 * error + 1e-3 * line)
    assert error[-1] < 0.03 * line[-1]
    if layers == 4 and phi == "relu" and beta == 2:
        assert np.abs(mean[-1] - limit(phi, beta).covariance[-1, 0, 0]) > 10 * error[-1]  # the gap is seen
