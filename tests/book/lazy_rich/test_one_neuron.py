"""What "From neurons to one neuron" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.meanfield import finite, two_layer
from solvable.networks import MLP, train

GRAM, Y = jnp.array([[1.0, 0.4], [0.4, 1.0]]), jnp.array([1.0, -1.0])
GIVEN = {"activation": "tanh", "richness": 2.0, "learning_rate": 0.1, "steps": 30}


@pytest.fixture(scope="module")
def page():
    """The page's own neurons: outputs, and (h, z) at the start and at the end."""
    draw = jax.random.normal(jax.random.key(0), (100_000, 3))
    h, z = draw[:, :2] @ jnp.linalg.cholesky(GRAM).T, draw[:, 2]
    h, z = jnp.concatenate([h, h]), jnp.concatenate([z, -z])
    start, outputs = (h, z), []
    for _ in range(31):
        outputs.append((z[:, None] * jnp.tanh(h)).mean(axis=0) / 2.0)
        before = h, z
        g, pull = (1 - jnp.tanh(h) ** 2) * z[:, None], 0.2 * (Y - outputs[-1])
        h, z = h + (g * pull) @ GRAM, z + jnp.tanh(h) @ pull
    return np.array(outputs), start, before


@pytest.fixture(scope="module")
def limit():
    return two_layer(GRAM, Y, key=jax.random.key(1), **GIVEN)


@pytest.fixture(scope="module")
def wide():
    x = 2**0.5 * jnp.linalg.cholesky(GRAM)
    return {n: finite(x, Y, width=n, key=jax.random.key(n), repeats=24, **GIVEN) for n in (8, 512)}


def test_the_page_the_library_and_the_networks_agree(page, limit, wide):
    chance = 4 / 100_000**0.5  # of an average over as many neurons of size one
    assert np.abs(page[0] - limit.outputs).max() < chance
    error = np.hypot(wide[512].error("outputs"), limit.error("outputs"))
    assert np.abs(wide[512].outputs - limit.outputs)[1:].max() < 4 * error.max() + 2 / 512
    assert error.max() < 0.01


def test_the_band_narrows_as_the_root_of_the_width():
    """The page's 24 pairs know a deviation to 15 % only: here are enough for three errors of the ratio."""
    x = 2**0.5 * jnp.linalg.cholesky(GRAM)
    narrow, wide = (finite(x, Y, width=n, key=jax.random.key(n), repeats=192, **GIVEN) for n in (8, 512))
    ratio = float(narrow.outputs_std[15:].mean() / wide.outputs_std[15:].mean())
    assert 0.7 * 8 < ratio < 1.4 * 8


def apart(h):
    return h[:, 0] - h[:, 1]


def test_signs_part_and_wings_grow(page):
    _, (h0, z0), (h, _) = page
    agree = [float((jnp.sign(apart(x)) == jnp.sign(z0)).mean()) for x in (h0, h)]
    assert agree[0] == pytest.approx(0.5, abs=0.005)
    assert agree[1] > 0.65
    wing, middle = jnp.abs(apart(h)) > 2, jnp.abs(apart(h)) < 0.9
    assert wing.mean() > 0.5
    assert (jnp.abs(apart(h0)) > 2).mean() < 0.1
    started = [float(jnp.median(jnp.abs(h0.sum(axis=1)[some]))) for some in (wing, middle)]
    assert started[1] > 1.7 * started[0]


def test_a_part_of_the_bell_moves_right_and_the_rest_stays(page):
    """The guess: a tall hump at three, a low one at zero, a tail to the left, and the mirror image."""
    _, (h0, z0), (h, _) = page
    bins = np.linspace(-6, 6, 37)
    middle = (bins[1:] + bins[:-1]) / 2
    before = np.histogram(apart(h0), bins, density=True)[0]
    up, down = (np.histogram(apart(h)[z0 * sign > 0], bins, density=True)[0] for sign in (1, -1))
    assert np.abs(middle[before.argmax()]) < 0.4
    assert middle[up.argmax()] == pytest.approx(3, abs=0.5)
    around, valley, tail = (up[(middle > a) & (middle < b)] for a, b in ((-0.6, 0.6), (0.8, 1.6), (-3, -2)))
    assert valley.min() < 0.9 * around.max() < 0.5 * up.max()
    assert up[(middle > -1.8) & (middle < -1)].max() < 0.9 * around.max()
    assert tail.min() > 0.03
    np.testing.assert_allclose(up, down[::-1], atol=4 * (3 * up.max() / 100_000) ** 0.5)


def test_networks_stand_on_both_lines_of_the_explorer():
    """All bins of all ticks: within 4 standard errors, the page's neurons included, + 1/N of the bell's top."""
    network, keys = MLP(512, depth=1, activation="tanh", richness=2.0, dtype=float), jax.random.key(512)
    keys = jax.random.split(keys, 96)
    drawn = jax.vmap(lambda key: network.init(key, 2))(keys)
    x = 2**0.5 * jnp.linalg.cholesky(GRAM)
    watch = {"h": lambda net, w, *_: net.forward(w, x)[1][-1]}
    seen = train(network, x, Y, 30, learning_rate=0.2, key=keys, start=drawn, metrics=watch, every=3).metrics["h"]
    draw = jax.random.normal(jax.random.key(0), (100_000, 3))
    h, z = draw[:, :2] @ jnp.linalg.cholesky(GRAM).T, draw[:, 2]
    h, z, bins = jnp.concatenate([h, h]), jnp.concatenate([z, -z]), np.linspace(-6, 6, 37)
    ups, positive = np.array(z > 0), np.array(drawn["output"].reshape(96, 512) > 0)

    def density(one):
        return np.histogram(one, bins, density=True)[0]

    for t in range(31):
        if t % 3 == 0:
            at, line = np.array(seen[:, t // 3, 0] - seen[:, t // 3, 1]), np.array(apart(h))
            for neurons, networks in ((ups, positive), (~ups, ~positive)):
                theory = density(line[neurons])
                found = np.array([density(one[some]) for one, some in zip(at, networks, strict=True)])
                chance = np.sqrt(theory * 3 / 100_000)  # of a count in bins of one third
                error = np.hypot(found.std(axis=0, ddof=1) / 96**0.5, chance)
                assert np.all(np.abs(found.mean(axis=0) - theory) < 4 * error + 0.4 / 512)
        f = (z[:, None] * jnp.tanh(h)).mean(axis=0) / 2.0
        g, pull = (1 - jnp.tanh(h) ** 2) * z[:, None], 0.2 * (Y - f)
        h, z = h + (g * pull) @ GRAM, z + jnp.tanh(h) @ pull


def test_networks_have_the_limits_humps(limit, wide):
    shares = []
    for one in (limit, wide[512]):
        d = np.abs(apart(one.preactivations))
        density, _ = np.histogram(d, [0, 0.5, 1.25, 1.75, 2.75, 3.25, 5], density=True)
        assert density[4] > density[0] > density[2]  # at 3, at 0, at 1.5
        shares.append((d > 2).mean())
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
