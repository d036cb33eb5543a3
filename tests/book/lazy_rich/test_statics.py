"""What the page on statics says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data, kernels, posterior

GIVEN = {"activation": "erf", "richness": 4.0, "inverse_temperature": 10.0}
FAST = {"method": "chain", "particles": 128, "repeats": 4, "rounds": 12}


def draw(number):
    images, labels = data.digits()
    kind = np.asarray(labels).argmax(axis=1)
    chosen = np.random.default_rng(number).permutation(np.flatnonzero((kind == 3) | (kind == 8)))[:116]
    return 8 * images[chosen], jnp.where(kind[chosen] == 3, 1.0, -1.0)


def test_networks_follow_the_law_of_a_neuron():
    x, y = draw(0)
    gram = x @ x.T / 64
    theory = posterior.two_layer(gram, y[:16], key=jax.random.key(0), **GIVEN, **FAST)
    lazy = posterior.nngp(kernels.nngp(x, depth=1, activation="erf"), y[:16], inverse_temperature=10.0)
    networks = posterior.langevin(
        4 * jnp.linalg.cholesky(gram[:16, :16]),
        y[:16],
        width=200,
        key=jax.random.key(1),
        time=5.0,
        burn_in=4.0,
        **GIVEN,
    )
    assert_allclose(theory.outputs, networks.outputs, atol=0.004)
    miss = theory.features[0, :16, :16] - networks.features[0]
    assert jnp.sqrt(jnp.mean(miss**2) / jnp.mean(networks.features[0] ** 2)) < 0.015  # "to about a percent"
    for one in (theory, networks):
        share = np.asarray(lazy.features[0, :16, :16] / one.features[0, :16, :16])
        assert share[0, 1] == pytest.approx(1 / 10, abs=0.01)  # "a tenth as large"
        assert share.diagonal().min() > 0.5  # "a little more than half"
        assert share.diagonal().max() < 0.66
    assert jnp.abs(lazy.outputs - networks.outputs).max() > 0.1
    for one in (theory, networks):  # two humps: few neurons in the middle, against 31 % of a Gaussian
        assert (jnp.abs(one.preactivations[:, 0]) < 0.4).mean() < 0.2


def humps(richness, beta):
    """How many maxima the law of one neuron has, with one point and target 1; by scipy instead of bisection."""
    from scipy.optimize import brentq
    from scipy.special import erf, softmax

    h = np.linspace(-5, 5, 161)

    def law(kappa):
        return softmax((richness * kappa * erf(h)) ** 2 / 2 - h**2 / 2)

    kappa = brentq(lambda k: 1 - k / beta - k * law(k) @ erf(h) ** 2, 0, beta)
    p = law(kappa)
    found = int(((p[1:-1] > p[:-2]) & (p[1:-1] > p[2:])).sum())
    assert (richness * kappa * 2 / np.pi**0.5 > 1) == (found == 2)
    return found


def test_the_bell_splits_and_heat_mends_it():
    assert [humps(g, 10.0) for g in (0.1, 0.5, 0.6, 1.0, 2.0, 5.0)] == [1, 1, 2, 2, 2, 2]
    assert humps(2.0, 0.3) == 1


SLOW = [pytest.param(g, b, marks=pytest.mark.slow) for g, b in ((0.1, 10.0), (2.0, 10.0), (5.0, 10.0), (5.0, 0.3))]


@pytest.mark.parametrize(("richness", "beta"), [(1.0, 10.0), *SLOW])
def test_networks_stand_on_the_law_of_the_explorer(richness, beta):
    """All bins: within 4 standard errors + 1/N of the largest density. The law by scipy, averaged over each bin."""
    from scipy.optimize import brentq
    from scipy.special import erf, softmax

    run = posterior.langevin(
        jnp.ones((1, 1)), jnp.ones(1), width=200, activation="erf", richness=richness, inverse_temperature=beta,
        key=jax.random.key(2), time=1.0, burn_in=9.0, repeats=128,
    )  # fmt: skip
    bins, fine = np.linspace(-5, 5, 51), np.linspace(-5, 5, 5001)[:-1] + 0.001

    def law(kappa):
        return softmax((richness * kappa * erf(fine)) ** 2 / 2 - fine**2 / 2)

    line = law(brentq(lambda k: 1 - k / beta - k * law(k) @ erf(fine) ** 2, 0, beta)).reshape(50, 100).sum(axis=1) / 0.2
    h = np.asarray(run.preactivations).reshape(128, 200)
    found = np.array([np.histogram(np.append(one, -one), bins, density=True)[0] for one in h])
    error = found.std(axis=0, ddof=1) / 128**0.5
    assert np.all(np.abs(found.mean(axis=0) - line) < 4 * error + line.max() / 200)


def test_strong_targets_stretch_and_weak_ones_shrink():
    points = jax.random.normal(jax.random.key(3), (40, 60))
    gram, raw = points @ points.T / 60, points[:, 0]
    power = raw @ jnp.linalg.solve(gram, raw) / 40
    found = {}
    for r0 in (3.0, 1.0, 0.3):
        task = {"gram": gram, "targets": raw * jnp.sqrt(r0 / power), "depth": 2, "inverse_temperature": 1e4}
        limit, exact = [], []
        for width in (20, 160, 400):
            limit.append(float(posterior.proportional(width=width, **task).readout))
            exact.append(float(posterior.finite_linear(width=width, richness=width**-0.5, **task).readout))
        assert_allclose(limit, exact, rtol=0.06)
        assert_allclose(limit[1], exact[1], rtol=0.01)
        found[r0] = limit
    assert found[3.0][0] > found[3.0][1] > found[3.0][2] > 1.05
    assert found[0.3][0] < found[0.3][1] < found[0.3][2] < 0.98
    assert_allclose(found[1.0], 1, atol=0.01)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_linear_network_is_a_gaussian_process_at_another_temperature(depth):
    x, y = draw(0)
    gram = x @ x.T / 64
    found = posterior.deep_linear(gram, y[:16], depth=depth, richness=2.0, inverse_temperature=10.0)
    other = posterior.nngp(gram, y[:16], inverse_temperature=10.0 * found.readout**depth)
    assert found.readout > 1.5
    assert_allclose(found.test, other.test, rtol=1e-9)


def compared(activation, draws):
    """Gain in squared error and in wrong signs on the Gaussian process at its best, draw by draw, for two gammas."""

    def score(one, y):
        return float(((one.test - y[16:]) ** 2).mean()), float((one.test * y[16:] < 0).mean())

    gains = []
    for number in range(draws):
        x, y = draw(number)
        kernel, gram = kernels.nngp(x, depth=1, activation=activation), x @ x.T / 64
        best = min(
            score(posterior.nngp(kernel, y[:16], inverse_temperature=beta), y) for beta in (1.0, 3.0, 10.0, 30.0, 100.0)
        )
        for richness in (1.0, 4.0):
            given = GIVEN | {"activation": activation, "richness": richness}
            found = posterior.two_layer(gram, y[:16], key=jax.random.key(9), **given, **FAST)
            gains.append(np.subtract(score(found, y), best))
    gains = np.reshape(gains, (draws, 2, 2))
    return gains.mean(axis=0), gains.std(axis=0, ddof=1) / draws**0.5


@pytest.mark.parametrize("draws", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_on_digits_the_mean_field_wins_in_squared_error_and_not_in_signs(draws):
    gain, error = compared("erf", draws)
    assert gain[1, 0] < -4 * error[1, 0]
    assert gain[1, 0] < gain[0, 0] < -2 * error[0, 0]  # less of it with less richness
    assert np.abs(gain[1, 1]) < 2 * error[1, 1]  # the richness of the page
    assert np.abs(gain[0, 1]) < 2.5 * error[0, 1]


@pytest.mark.slow
def test_with_relu_it_does_not_win():
    gain, error = compared("relu", 12)
    assert (gain[:, 0] > -2 * error[:, 0]).all()
    assert (np.abs(gain[:, 0]) < 0.02).all()


def test_a_little_richness():
    points = jax.random.normal(jax.random.key(3), (40, 60))
    inner, raw = points @ points.T / 60, points[:, 0]
    few = {"gram": inner[:16, :16], "targets": raw[:16], "depth": 2, "inverse_temperature": 10.0}
    series = posterior.expansion(activation="linear", **few)

    def missed(network, gamma):
        guesses = series.outputs[0], series.at(gamma).outputs
        return np.array([jnp.linalg.norm(f - network.outputs) / jnp.linalg.norm(network.outputs) for f in guesses])

    def wide(gamma):
        return missed(posterior.deep_linear(richness=gamma, **few), gamma)

    def narrow(gamma, width):
        return missed(posterior.finite_linear(richness=gamma, width=width, **few), gamma)

    near, far = wide(0.02), wide(0.04)
    assert np.log2(far / near) == pytest.approx([2, 4], abs=0.1)
    assert wide(0.18)[1] < 0.9 * wide(0.18)[0]  # "near 0.2 no better than no richness at all, and soon after worse"
    assert wide(0.26)[1] > 1.2 * wide(0.26)[0]
    floors = [narrow(0.01, width)[1] for width in (50, 500, 5000)]
    assert np.divide(floors[:-1], floors[1:]) == pytest.approx([14, 10.3], rel=0.1)
    for width in (50, 500, 5000):  # where gamma = 1
        assert narrow(width**-0.5, width)[1] > 1.5 * wide(width**-0.5)[0]
