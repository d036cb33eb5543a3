"""Heads: their logits, and what they have in common."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import Transformer, common_share

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
