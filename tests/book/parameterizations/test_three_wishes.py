"""What "Three wishes of a wide network" says, at its own parameters."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, train
from solvable.parameterizations import ABC, exponents, satisfies

from .slopes import power


def test_random_sums_grow_as_a_root_and_steps_as_the_width():
    x, y = jax.random.normal(jax.random.key(1), (4, 16)), jnp.array([1.0, -1.0, 1.0, -1.0])
    keys, sizes, moved = jax.random.split(jax.random.key(0), 64), [], []
    for n in (16, 256):
        run = train(
            MLP(n, depth=2, parameterization="standard"), x, y, 1, learning_rate=1e-3, key=keys, checkpoints=True,
            metrics=["feature_size", "feature_change", "output_change"],
        )  # fmt: skip
        weights, seen = run.checkpoints, run.metrics
        rms = seen["feature_size"][:, 0, 1], seen["feature_change"][:, 1, 1], seen["output_change"][:, 1]
        moved.append([jnp.sqrt((one**2).mean()) for one in rms])
        phi = jnp.tanh(jnp.einsum("knd,pd->kpn", weights["input"][:, 0], x) / 4)
        start, end = weights["hidden"][:, 0, 0], weights["hidden"][:, 1, 0]
        sums = [jnp.einsum("kpn,kmn->kpm", phi, w).std() / (phi.std() * w.std()) for w in (start, end - start)]
        sizes.append(sums)
    random, step = np.array(sizes).T
    assert power((16, 256), random) == pytest.approx(0.5, abs=0.05)
    assert power((16, 256), step) == pytest.approx(1.0, abs=0.08)
    for size, counted in zip(np.array(moved).T, (0, 0.5, 1), strict=True):  # the first figure; errors are 0.02
        assert power((16, 256), size) == pytest.approx(counted, abs=0.1)


def test_the_guess_is_stable_and_lazy():
    guess = ABC(a=(0, 0.5, 0.5), b=(0, 0, 0), c=0)
    assert [wish.holds for wish in satisfies(guess, depth=3)] == [True, True, False]
    assert_allclose(exponents(guess, depth=3).hidden_change, -0.5)


@pytest.mark.parametrize("a", [0.0, 0.25, 0.375])
def test_no_c_helps_where_a_is_below_a_half(a):
    for c in np.linspace(0, 1, 9):
        assert exponents(ABC(a=(0, a, a), b=(0, 0.5 - a, 0.5 - a), c=c)).output_change > 0.1


WIDTHS = (32, 64, 128, 256)


def one_step(normal, n, a, b, c):
    """The network of the page and its first step, to first order: mean square of h, change of f, that of h."""

    def forward(weights):
        first, *hidden, readout = weights
        h = first @ jnp.ones(16) / 16**0.5
        for w in hidden:
            h = w @ jax.nn.relu(h) / n**a
        return readout @ jax.nn.relu(h) / n ** (a + c), h

    weights = [normal[0], *(w / n**b for w in normal[1:])]
    step = [n ** (2 * c) * g for g in jax.grad(lambda w: forward(w)[0])(weights)]
    (_, h), (df, dh) = jax.jvp(forward, (weights,), (step,))
    return jnp.mean(h**2), df, jnp.mean(dh**2)


@pytest.fixture(scope="module")
def networks():
    def normals(n):
        shapes, repeats = ((n, 16), (n, n), (n, n), (n,)), 32 * 256 // n
        keys = jax.random.split(jax.random.key(n), 4)
        return [jax.random.normal(k, (repeats, *s), jnp.float32) for k, s in zip(keys, shapes, strict=True)]

    drawn = {n: normals(n) for n in WIDTHS}
    of_all = jax.jit(jax.vmap(one_step, (0, None, None, None, None)))
    return lambda *powers: [np.stack(of_all(drawn[n], 1.0 * n, *powers)).astype(float) for n in WIDTHS]


SETTINGS = list(itertools.product((0, 0.25, 0.5), (0, 0.25, 0.5), (0, 0.5)))
SOME = ((0.25, 0.25, 0), (0, 0.5, 0))


@pytest.mark.parametrize(
    "powers", [p if p in SOME else pytest.param(p, marks=pytest.mark.slow) for p in SETTINGS], ids=str
)
def test_networks_stand_on_the_counted_lines_of_the_explorer(networks, powers):
    """Within 4 standard errors + 5/32: the mean square of N relus scatters by 5/N, and width 32 is the unit."""
    a, b, c = powers
    found = exponents(ABC(a=(0, a, a), b=(0, b, b), c=c), depth=3)
    counted = np.array([found.hidden[-1], found.output_change, found.hidden_change[-1]])
    every, root = networks(*powers), np.array([0.5, 1, 0.5])
    mean = np.array([one.mean(axis=1) for one in every])
    share = np.array([one.std(axis=1) / one.shape[1] ** 0.5 for one in every]) / mean
    off = (mean / mean[0]) ** root / (np.array(WIDTHS) / 32)[:, None] ** counted - 1
    assert np.all(np.abs(off[1:]) <= 4 * root * np.hypot(share[1:], share[0]) + 5 / 32), (powers, off)


def test_the_program_is_the_library(networks):
    """The powers that the page reads off its program are those with which the library builds a network."""
    a, b, c, n = 0.3, 0.1, 0.2, 16
    network = MLP(n, depth=3, parameterization=ABC((0, a, a), (0, b, b), c), activation="relu", dtype=float)
    weights = network.init(jax.random.key(3), (16,))
    f, h = network.apply(weights, jnp.ones((1, 16))), network.forward(weights, jnp.ones((1, 16)))[1]
    normal = [weights["input"], *(n**b * w for w in (*weights["hidden"], weights["output"]))]
    found = one_step(normal, n, a, b, c)
    assert_allclose(found[0], jnp.mean(h[-1] ** 2), rtol=1e-9)
    gradient = jax.grad(lambda w: network.apply(w, jnp.ones((1, 16)))[0])(weights)
    assert f.shape == (1,)
    assert_allclose(found[1], n ** (2 * c) * sum(jnp.sum(g**2) for g in jax.tree.leaves(gradient)), rtol=1e-9)
    assert np.std(weights["hidden"]) == pytest.approx(n**-b, rel=0.2)
