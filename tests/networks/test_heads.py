"""Heads: what they have in common, and which limits there are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, Custom, ResidualMLP, Transformer, common_share, limits

DRAW = jax.random.normal(jax.random.key(0), (64, 2, 3, 4, 2, 2), float)


def test_logits_are_what_the_attention_is_made_of():
    """A network by hand, of one block, whose heads hear by these logits."""
    network = Transformer(8, depth=1, heads=2, attention_power=0.75, parameterization="ntk", dtype=float)
    x = jax.random.normal(jax.random.key(1), (3, 4, 5), float)
    w = network.init(jax.random.key(2), (4, 5))
    h = x @ w["input"].T / 5**0.5 + w["position"]
    z = h / np.sqrt((h**2).mean(axis=-1, keepdims=True) + 1e-6)
    q, k, v = ((z @ w[name][0].T / 8**0.5).reshape(3, 4, 2, 4) for name in ("query", "key", "value"))
    logits = network.logits(w, x)
    assert logits.shape == (1, 3, 2, 4, 4)
    for head in range(2):
        by_hand = q[:, :, head] @ jnp.swapaxes(k[:, :, head], 1, 2) / 4**0.75
        assert_allclose(logits[0, :, head], by_hand, rtol=1e-12)
    heard = jax.nn.softmax(logits[0], axis=-1) @ jnp.swapaxes(v, 1, 2)
    middle = h + jnp.swapaxes(heard, 1, 2).reshape(3, 4, 8) @ w["mix"][0].T / 8**0.5
    norm = middle / np.sqrt((middle**2).mean(axis=-1, keepdims=True) + 1e-6)
    last = middle + jnp.tanh(norm @ w["up"][0].T / 8**0.5) @ w["down"][0].T / 32**0.5
    assert_allclose(network.forward(w, x)[1][-1], last, rtol=1e-10)


def test_a_share_of_known_size():
    """Heads of variance 1 + 3, of which 3 is common: 3/4."""
    own, common = DRAW, 3**0.5 * jax.random.normal(jax.random.key(1), (64, 2, 3, 1, 2, 2), float)
    for changes, share in ((own, 0.0), (own + common, 0.75), (jnp.broadcast_to(common, own.shape), 1.0)):
        found = common_share(changes)
        assert abs(found.value - share) < 4 * found.error + 1e-12
    assert found.error < 1e-12
    assert common_share(own).error < 0.05


def test_its_error_is_the_scatter_of_its_repetitions():
    common = DRAW + jax.random.normal(jax.random.key(1), (64, 2, 3, 1, 2, 2), float)
    found = [common_share(common[8 * i : 8 * i + 8]) for i in range(8)]
    scatter = np.std([one.value for one in found], ddof=1)
    assert 0.4 < np.mean([one.error for one in found]) / scatter < 2.5  # eight of them know it to a factor


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (DRAW[0], r"changes must be changes of attention, shape \(S, L, P, H, T, T\)"),
        (DRAW[:1], "changes must be of at least two networks and two heads"),
        (DRAW[:, :, :, :1], "changes must be of at least two networks and two heads"),
        (0 * DRAW, "changes squared must be > 0"),
        (DRAW.at[0, 0, 0, 0, 0, 0].set(jnp.nan), "changes must be finite"),
    ],
)
def test_bad_changes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        common_share(changes)


def column(name, *networks, **options):
    table = limits(*networks, **options)
    return [row[table.columns.index(name)] for row in table.rows]


def test_which_limits_there_are():
    residual = [ResidualMLP(4, branch_power=power) for power in (0.0, 0.5, 0.75, 1.0)]
    assert column("depth", MLP(4), *residual) == ["none", "none", "random paths", "smooth flow", "smooth flow"]
    assert column("width", *(MLP(4, parameterization=name) for name in ("standard", "ntk", "mup"))) == [
        "none", "lazy", "rich",
    ]  # fmt: skip
    attention = [Transformer(8, attention_power=power) for power in (0.5, 1.0, 1.5)]
    assert column("keys", MLP(4), *attention) == ["-", "none", "heads alike", "none learns"]
    assert column("heads", *attention) == ["heads differ"] * 3
    assert column("heads", Transformer(8, parameterization="standard")) == ["none"]


@pytest.mark.parametrize(
    ("optimizer", "power", "rates"),
    [
        ("sgd", 0.5, ("N", "N", "N")),
        ("sgd", 1.0, ("N", "N L", "N")),
        ("sgd", 0.75, ("N", "N L^1/2", "N")),
        ("adam", 0.5, ("1", "N^-1/2 L^-1/2", "1")),
        ("adam", 1.0, ("1", "N^-1/2", "1")),
        ("adam", 0.0, ("1", "N^-1/2", "1")),
    ],
)
def test_rates_are_read_off_the_networks(optimizer, power, rates):
    for network in (ResidualMLP(5, branch_power=power), Transformer(6, heads=3, branch_power=power)):
        assert limits(network, optimizer=optimizer).rows[0][-3:] == rates


def test_only_networks_of_this_package_are_known():
    custom = Custom(lambda key, inputs, outputs=(): {}, lambda weights, x: (x, x), lambda inputs, optimizer: {})
    with pytest.raises(TypeError, match="networks must be"):
        limits(custom)
    with pytest.raises(ValueError, match="got none"):
        limits()
    with pytest.raises(ValueError, match="optimizer"):
        limits(MLP(4), optimizer="momentum")
