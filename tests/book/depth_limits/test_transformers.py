"""What "Transformers: heads, keys, depth" says, at its own parameters; in full where slow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import data
from solvable.networks import (
    MLP,
    ResidualMLP,
    Transformer,
    common_share,
    deviations,
    limits,
    train,
    transfer,
)

IMAGES, LABELS = data.images(64)["digits"]
ROWS = 8 * IMAGES.reshape(-1, 8, 8)
X, CLASSES = ROWS[:16], LABELS[:16]
KEY = jax.random.key(1)
LARGE = jnp.sign(CLASSES.argmax(axis=1) - 4.5)


@pytest.mark.parametrize(("power", "slope"), [(0.5, 0.0), (1.0, -0.5)])
def test_logits_start_as_a_power_of_the_keys(power, slope):
    """Sixteen seeds; from keys of 4 on, within 0.1."""

    def size(length):
        network = Transformer(4 * length, depth=1, attention_power=power)
        found = jax.vmap(lambda key: network.logits(network.init(key, (8, 8)), X))(jax.random.split(KEY, 16))
        return float(jnp.sqrt((found**2).mean()))

    lengths = (4, 8, 16, 32)
    assert np.polyfit(np.log(lengths), np.log([size(one) for one in lengths]), 1)[0] == pytest.approx(slope, abs=0.1)


def attention(network, weights, start, x, y):
    return jax.nn.softmax(network.logits(weights, x), axis=-1)


def shared(length, power=1.0, targets=LARGE, repeats=8):
    network = Transformer(4 * length, depth=1, heads=4, attention_power=power, activation="relu")
    run = train(
        network, X, targets, 30, learning_rate=2.0, key=jax.random.split(jax.random.key(0), repeats), every=30,
        metrics={"attention": attention},
    )  # fmt: skip
    assert not run.diverged.any()
    assert run.loss[:, -1].mean() < 0.5 * run.loss[:, 0].mean()
    seen = run.metrics["attention"]
    return common_share(seen[:, -1] - seen[:, 0])


def test_heads_with_long_keys_change_alike():
    """Found .03, .13 and .55 at 2, 8 and 32."""
    found = [shared(length) for length in (2, 8, 32)]
    assert found[0].value < 0.1
    assert found[2].value > 0.35
    assert found[2].value - found[1].value > 3 * np.hypot(found[2].error, found[1].error)


@pytest.mark.slow
def test_at_the_usual_power_they_do_not_and_ten_outputs_leave_more_to_choose_from():
    assert all(shared(length, power=0.5).value < 0.15 for length in (2, 4, 8))
    found = [shared(length, targets=CLASSES) for length in (2, 16, 32)]
    assert all(one.value < 0.15 + 2 * one.error for one in found)


def twins(heads, repeats, steps=8, group=None):
    """Outputs of pairs w -> -w, step by step, (repeats, steps + 1, 16, 10); the page's, or another group of them."""
    network = Transformer(4 * heads, depth=1, heads=heads)
    key = jax.random.key(heads)
    keys = jax.random.split(key if group is None else jax.random.fold_in(key, group), repeats)
    drawn = jax.vmap(lambda one: network.init(one, (8, 8), (10,)))(keys)
    other = drawn | {"output": -drawn["output"]}
    run = train(
        network, X, CLASSES, steps, learning_rate=np.full((2, 1), 2.0), key=keys, metrics=["outputs"],
        start=jax.tree.map(lambda *w: jnp.stack(w), drawn, other),
    )  # fmt: skip
    return np.asarray(run.metrics["outputs"].mean(axis=0))


def test_networks_with_many_heads_scatter_as_one_over_their_number():
    """The explorer's points from 4 heads on are on the line through the last one; 24 pairs know a variance to 10 %."""
    f = {heads: twins(heads, 24) for heads in (4, 8, 16)}
    v = {heads: heads * one.var(axis=0, ddof=1).mean(axis=(1, 2)) for heads, one in f.items()}
    for step in range(1, 9):
        for heads in (4, 8):
            assert v[heads][step] == pytest.approx(v[16][step], rel=0.4)
    assert np.abs(f[4][:, 0]).max() < 1e-6  # twins start from zero


@pytest.mark.slow
def test_heads_from_1_to_32():
    """H Var f of 384 pairs is .0067, .0072, .0071, .0074 at 4, 8, 16, 32, to .0001: 64 pairs leave a tenth open."""
    f = {heads: np.concatenate([twins(heads, 64, group=i)[:, -1] for i in range(6)]) for heads in (1, 2, 4, 8, 16, 32)}
    v = np.array([heads * one.var(axis=0, ddof=1).mean() for heads, one in f.items()])
    print(v)
    assert (np.diff(v[:3]) > 0).all()  # one head is not yet many
    assert v[3:].max() < 1.15 * v[3:].min()
    differences = [heads * np.sqrt(((f[heads].mean(0) - f[2 * heads].mean(0)) ** 2).mean()) for heads in (1, 2, 4, 8)]
    print(differences)
    assert max(differences[1:]) < 2 * min(differences[1:])


@pytest.mark.parametrize(("width", "repeats"), [(32, 8), pytest.param(64, 16, marks=pytest.mark.slow)])
def test_deviations_of_heads(width, repeats):
    """Halves with half of the heads: -1 within 0.1 for the variance, and a difference that is on its way there."""
    found = deviations(
        lambda n: Transformer(n, depth=1, heads=n // 4), width, X, CLASSES, 8, learning_rate=2.0,
        key=jax.random.key(2), halvings=2 if width == 32 else 3, repeats=repeats, metrics=["outputs"],
    )  # fmt: skip
    power = found.variance_exponent("outputs")
    assert abs(power.value + 1) < 0.1 + 2 * power.error
    if width == 64:
        difference = found.difference_exponent("outputs")
        assert -1 - 2 * difference.error < difference.value < 0


def sweep(power, rates, depths=(1, 4), points=32, repeats=3):
    return transfer(
        lambda depth: Transformer(32, depth=depth, activation="relu", branch_power=power), depths, rates,
        ROWS[:points], LABELS[:points], 20, optimizer="adam", key=jax.random.key(0), label="depth", repeats=repeats,
    )  # fmt: skip


def test_scaled_blocks_keep_the_best_rate_and_full_ones_lose_it():
    """By 1.1 and 1.8 found. Four scaled blocks are no better than one; four of full strength are."""
    scaled, full = sweep(0.5, 2.0 ** np.arange(-3, -0.4, 0.5)), sweep(0.0, 2.0 ** np.arange(-3.5, -0.9, 0.5))
    assert not scaled.at_the_edge.any()
    assert not full.at_the_edge.any()
    assert scaled.drift < 1.4
    assert full.optimum[1] < 0.7 * full.optimum[0]
    low = [np.asarray(one.mean).min(axis=1) for one in (scaled, full)]
    assert low[0][1] > low[0][0]
    assert low[1][1] < low[1][0]


@pytest.mark.slow
def test_four_depths_of_transformers():
    """Found by 1.21 at 1/2, with five seeds."""
    found = sweep(0.5, 2.0 ** np.arange(-4, 0.6, 0.5), (1, 2, 4, 8), points=64, repeats=5)
    assert not found.at_the_edge.any()
    assert found.drift < 1.5
    full = sweep(0.0, 2.0 ** np.arange(-6, 0.1, 0.5), (1, 2, 4, 8), points=64)
    assert not full.at_the_edge.any()
    assert full.optimum[0] > 2 * full.optimum[3]
    low = np.asarray(found.mean).min(axis=1)
    assert not (np.diff(low) < 0).all()  # deeper is not better here


def test_the_table_of_limits():
    zoo = MLP(8), MLP(8, parameterization="ntk"), ResidualMLP(8), Transformer(8), Transformer(8, attention_power=0.5)
    table = limits(*zoo)
    rows = {row[0]: dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}
    assert rows["MLP, NTK"]["width"] == "lazy"
    assert rows["MLP, muP"]["depth"] == "none"
    assert rows["ResidualMLP, muP, α = 1/2"]["depth"] == "random paths"
    assert rows["Transformer, muP, α = 1/2, α_k = 1"]["keys"] == "heads alike"
    assert rows["Transformer, muP, α = 1/2, α_k = 1/2"]["keys"] == "none"
