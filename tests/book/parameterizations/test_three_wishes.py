"""What "Three wishes of a wide network" says, at its own parameters."""

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
    keys, sizes = jax.random.split(jax.random.key(0), 16), []
    for n in (16, 256):
        weights = train(MLP(n, depth=2), x, y, 1, learning_rate=0.1, key=keys, checkpoints=True).checkpoints
        phi = jnp.tanh(jnp.einsum("knd,pd->kpn", weights["input"][:, 0], x) / 4)
        start, end = weights["hidden"][:, 0, 0], weights["hidden"][:, 1, 0]
        sums = [jnp.einsum("kpn,kmn->kpm", phi, w).std() / (phi.std() * w.std()) for w in (start, end - start)]
        sizes.append(sums)
    random, step = np.array(sizes).T
    assert power((16, 256), random) == pytest.approx(0.5, abs=0.05)
    assert power((16, 256), step) == pytest.approx(1.0, abs=0.08)


def test_the_guess_is_stable_and_lazy():
    guess = ABC(a=(0, 0.5, 0.5), b=(0, 0, 0), c=0)
    assert [wish.holds for wish in satisfies(guess, depth=3)] == [True, True, False]
    assert_allclose(exponents(guess, depth=3).hidden_change, -0.5)


@pytest.mark.parametrize("a", [0.0, 0.25, 0.375])
def test_no_c_helps_where_a_is_below_a_half(a):
    for c in np.linspace(0, 1, 9):
        assert exponents(ABC(a=(0, a, a), b=(0, 0.5 - a, 0.5 - a), c=c)).output_change > 0.1
