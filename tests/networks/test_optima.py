"""Learning-rate transfer: where the optimum is, how sure, and whether it moves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, ResidualMLP, Transfer, transfer

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (512, 16))
Y = jnp.tanh(X @ jax.random.normal(jax.random.key(2), (16, 4)) / 2)


def run(name, optimizer, widths, rates, repeats=3, steps=40):
    return transfer(
        lambda width: MLP(width, depth=2, parameterization=name, activation="relu"),
        widths, rates, X, Y, steps, key=KEY, optimizer=optimizer, repeats=repeats, batch_size=64,
    )  # fmt: skip


def test_the_optimum_of_a_known_valley():
    """ln L is a parabola in ln eta around 0.3, with seeds that shift it a little."""
    rates = 2.0 ** np.arange(-5, 3)
    shift = np.array([-0.1, 0.0, 0.1])
    loss = np.exp((np.log(rates)[:, None] - np.log(0.3) - shift) ** 2)[None]
    made = Transfer(jnp.array([64.0]), jnp.asarray(rates), jnp.asarray(loss))
    assert float(made.optimum[0]) == pytest.approx(0.3)
    assert float(made.error("optimum")[0]) == pytest.approx(shift.std(ddof=1) / np.sqrt(3), rel=1e-6)
    assert made.drift == 1.0
    assert not made.at_the_edge[0]
    assert repr(made).startswith("Best learning rates: they move by a factor of 1\n")
    lowest = f"{float(made.mean.min()):.2g}"
    row = f'<th scope="row">64</th><td>0.3</td><td>± {float(made.error()[0]):.0%}</td><td>{lowest}</td><td>yes</td>'
    assert row in made._repr_html_()
    tail = Transfer(jnp.array([64.0]), jnp.asarray(rates[:3]), jnp.asarray(loss[:, :3]))
    assert tail.at_the_edge[0]
    assert "not all were seen" in repr(tail)
    assert "<td>no</td>" in tail._repr_html_()


def test_where_no_optimum_was_seen_nothing_transfers():
    """Before, a best rate at the edge of the grid at every width counted as one that does not move."""
    rates, falling = jnp.array([0.1, 0.2, 0.4]), jnp.array([3.0, 2.0, 1.0])[:, None] * jnp.ones(2)
    edge = Transfer(jnp.array([64.0, 128.0]), rates, jnp.stack([falling, falling]))
    assert edge.at_the_edge.all()
    assert np.isnan(edge.drift)
    flat = Transfer(jnp.array([64.0]), rates, 1 + 1e-16 * jnp.array([[[2.0, 2.0], [0.0, 0.0], [2.0, 2.0]]]))
    assert flat.at_the_edge.all()


@pytest.mark.parametrize("targets", [Y, 0 * Y])
def test_rates_that_move_nothing_have_no_optimum(targets):
    """Losses that agree to rounding, with a lowest one somewhere; and losses that are zero."""
    found = transfer(MLP, [4, 8, 16], 1e-9 * 2.0 ** np.arange(6), X, targets, 2, key=KEY)
    assert found.at_the_edge.all()
    assert np.isnan(found.drift)


def test_a_cliff_is_no_valley():
    """Beside a divergence the best rate stands as it was tried."""
    loss = np.array([[[3.0, 3.0], [2.0, 2.0], [1.0, 1.0], [np.inf, 1.0]]])
    made = Transfer(jnp.array([64.0]), jnp.array([0.1, 0.2, 0.4, 0.8]), jnp.asarray(loss))
    assert float(made.optimum[0]) == pytest.approx(0.4)
    assert np.isinf(made.mean[0, -1])


def test_any_whole_number_is_swept():
    """Depth here; its word stands in the table and in errors, and in what is saved."""

    def sweep(rates):
        return transfer(
            lambda depth: ResidualMLP(8, depth=depth), [1, 2], rates, X[:16], Y[:16], 2, key=KEY, label="depth"
        )  # fmt: skip

    found = sweep([0.1, 0.2, 0.4])
    assert found.sizes.tolist() == [1, 2]
    assert found.label == found.table.columns[0] == "depth"
    with pytest.raises(ValueError, match="all did at depth 1"):
        sweep([1e20, 1e25, 1e30])


def test_adam_transfers_in_mup_alone():
    stays = run("mup", "adam", [32, 128], 2.0 ** np.arange(-5, 3), repeats=4)
    moves = run("standard", "adam", [32, 128], 2.0 ** np.arange(-11, -2), repeats=4)
    assert not stays.at_the_edge.any()
    assert not moves.at_the_edge.any()
    assert stays.drift < 2
    assert moves.drift > 4
    assert (np.diff(moves.optimum) < 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_optimum_stays_from_64_to_1024(optimizer):
    grids = {
        "sgd": {"mup": np.arange(-2, 3.6, 0.5), "standard": np.arange(-7, 1, 0.75)},
        "adam": {"mup": np.arange(-4, 1.6, 0.5), "standard": np.arange(-13, -3.9, 0.75)},
    }[optimizer]
    stays, moves = (run(name, optimizer, [64, 1024], 2.0**grid, repeats=8) for name, grid in grids.items())
    assert not stays.at_the_edge.any()
    assert not moves.at_the_edge.any()
    assert stays.drift < 1.5
    assert moves.drift > 4


def test_it_is_saved(tmp_path):
    found = run("mup", "sgd", [4, 8], [0.1, 0.2, 0.4], steps=2)
    found.save(tmp_path / "transfer.npz")
    assert_allclose(Transfer.load(tmp_path / "transfer.npz").loss, found.loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rates": [0.1, 0.2]}, r"learning_rates must be at least three different ones; got \[0.1, 0.2\]"),
        ({"rates": [0.1, -0.2, 0.3]}, r"learning_rates must be > 0 and finite; got -0.2 \(first at index \(1,\)\)"),
        ({"rates": [1e20, 1e25, 1e30]}, "learning_rates must hold one that does not diverge; all did at width 4"),
        ({"widths": [0]}, "sizes must be a whole number >= 1; got 0"),
        ({"widths": [4, 4]}, r"sizes must be at least two different ones; got \[4, 4\]"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"name": "mup", "optimizer": "sgd", "widths": [4, 8], "rates": [0.1, 0.2, 0.4], "steps": 3} | change
    with pytest.raises(ValueError, match=message):
        run(**given)
