"""Blocks of columns against the whole array of derivatives."""

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable.meanfield import deep, deep_networks, echoes
from solvable.meanfield.echoes import BLOCKS, Echoes, in_blocks, mean

SIZE, NEURONS = 2, 3


@pytest.mark.parametrize(
    "times", [2, 3 * BLOCKS - 1, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, BLOCKS, BLOCKS + 1))]
)
def test_blocks_are_the_whole(times):
    n = times * SIZE
    place = jnp.repeat(jnp.arange(times), SIZE)
    whole = jnp.where(place[:, None, None] >= place, jax.random.normal(jax.random.key(0), (n, NEURONS, n)), 0)
    weights = jax.random.normal(jax.random.key(1), (SIZE, n))
    edges = jnp.cumsum(jnp.array([one.shape[2] for one in in_blocks(weights, times)]))[:-1]
    assert_allclose(jnp.concatenate(in_blocks(weights, times), axis=2)[:, 0], weights)
    echoes = Echoes.silent(times, SIZE, NEURONS)
    for t in map(jnp.asarray, range(times)):
        rows, before = whole[place == t], jnp.where(place < t, weights, 0)
        assert_allclose(jnp.concatenate(echoes.heard(before, t), axis=2), jnp.tensordot(before, whole, 1), atol=1e-13)
        pieces = jnp.split(rows, edges, axis=2)
        assert_allclose(mean(pieces, jnp.full((NEURONS, 1), 0.5)), 2 * rows.mean(axis=1), atol=1e-13)
        echoes = echoes.extended(pieces, t)
    assert sum(block.size for block in echoes.blocks) <= (0.65 if times >= 3 * BLOCKS - 1 else 1) * whole.size


def test_a_deep_theory_does_not_depend_on_its_blocks(monkeypatch):
    """Three layers: only there a middle one hears of its own equal times, which begin a block wherever one begins."""
    gram, sweep = jnp.array([[1.0, 0.4], [0.4, 0.8]]), deep_networks._sweep

    def responses(blocks):
        monkeypatch.setattr(echoes, "BLOCKS", blocks)
        sweep.clear_cache()  # the number of blocks is part of the compiled program
        given = {"depth": 3, "activation": "tanh", "richness": 2.0, "learning_rate": 0.2, "steps": 3}
        return deep(gram, jnp.array([1.0, -0.7]), key=jax.random.key(0), particles=60, repeats=2, **given).two_time

    whole, cut = responses(1), responses(4)
    assert abs(jnp.einsum("ltqtq->ltq", whole.gradient_response)[0, 1:]).min() > 1e-3
    jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-12), whole, cut)
