"""What "Hyperparameters that transfer" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import data
from solvable.networks import MLP, transfer
from solvable.parameterizations import exponents, mup, standard

X = jax.random.normal(jax.random.key(1), (64, 16))
Y = jnp.tanh(X @ jax.random.normal(jax.random.key(2), (16, 4)) / 2)


def sweep(name, rates, widths, x, y, **options):
    return transfer(
        lambda n: MLP(n, depth=2, parameterization=name, activation="relu"), widths, rates, x, y, 20,
        **options,
    )  # fmt: skip


@pytest.mark.slow
def test_the_valleys_of_the_figure():
    widths, options = (32, 64, 128, 256, 512), {"key": jax.random.key(0), "optimizer": "adam"}
    moves = sweep("standard", 2.0 ** np.linspace(-12, -3, 12), widths, X, Y, **options)
    stays = sweep("mup", 2.0 ** np.linspace(-6, 3, 12), widths, X, Y, **options)
    assert moves.drift > 10
    assert stays.drift < 2
    assert not moves.at_the_edge.any()
    assert not stays.at_the_edge.any()
    assert (np.diff(np.asarray(stays.mean).min(axis=1)) < 0).all()  # wider is better
    # the explorer's valleys: standard between N^-1, which keeps the features' change, and the counted N^-3/2
    wider, error = np.log(np.array(widths[1:]) / 32), np.hypot(moves.error()[1:], moves.error()[0])
    fell = np.log(np.asarray(moves.optimum[0] / moves.optimum[1:]))
    assert np.all((fell >= wider - 4 * error) & (fell <= 1.5 * wider + 4 * error)), fell / wider


def test_digits_with_gradient_descent():
    """Over nine keys twelve seeds gave 2.65 to 3.5 and 1.07 to 1.21; over seven, three gave 2.7 to 4 and 1 to 1.5."""
    images, labels = data.images(128)["digits"]
    grids = {"standard": np.arange(-5, 3), "mup": np.arange(-2, 6)}
    options = {"key": jax.random.key(3), "repeats": 12}
    found = {name: sweep(name, 2.0**grid, (32, 128), 8.0 * images, labels, **options) for name, grid in grids.items()}
    assert found["mup"].drift < 1.4
    assert 3 < found["standard"].drift < 3.5


def test_counting_moves_the_valleys_of_the_explorer():
    """Adam, two hidden layers: the change of f goes as N^3/2 and N^0; that of the features as N and N^0."""
    for abc, change, features in ((standard(), 1.5, 1), (mup(), 0, 0)):
        found = exponents(abc, depth=2, optimizer="adam")
        assert found.output_change == pytest.approx(change)
        assert found.hidden_change[-1] == pytest.approx(features)
