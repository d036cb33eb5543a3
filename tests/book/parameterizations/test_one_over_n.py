"""What "How finite networks differ from the limit" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.meanfield import two_layer
from solvable.networks import MLP, deviations, train

X = jax.random.normal(jax.random.key(1), (4, 8))
Y = jnp.sin(X[:, 0]) + X[:, 1]


def test_two_widths_give_the_limit():
    found = deviations(
        lambda n: MLP(n, depth=1), 256, X, Y, 10, learning_rate=0.5, key=jax.random.key(0), repeats=256,
        metrics=["outputs", "feature_kernels"],
    )  # fmt: skip
    for name in ("outputs", "loss", "feature_kernels"):
        slope = found.variance_exponent(name)
        assert slope.value == pytest.approx(-1, abs=0.1 + 2 * slope.error)
        slope = found.difference_exponent(name)
        assert abs(slope.value + 1) < 0.1 + 2 * slope.error
    loss = np.array(found.mean("loss"))
    better = 2 * loss[1:] - loss[:-1]
    assert np.ptp(better) < 0.1 * np.ptp(loss[1:])
    independent = (3 * found.variance("loss")[0][-1] / 256) ** 0.5
    assert found.difference("loss")[1][-1] < independent / 3  # many times as many networks, for the same error


@pytest.mark.slow
def test_in_ntk_outputs_do_not_settle_and_kernels_do():
    found = deviations(
        lambda n: MLP(n, depth=1, parameterization="ntk"), 256, X, Y, 3, learning_rate=0.1,
        key=jax.random.key(0), repeats=256, metrics=["outputs", "feature_kernels"],
    )  # fmt: skip
    for name, power in (("outputs", 0), ("feature_kernels", -1)):
        slope = found.variance_exponent(name)
        assert slope.value == pytest.approx(power, abs=3 * slope.error)
        assert slope.error < 0.05


@pytest.mark.slow
def test_variance_of_a_finished_loss_falls_faster():
    found = deviations(
        lambda n: MLP(n, depth=1), 256, X, Y, 80, learning_rate=0.5, key=jax.random.key(0), repeats=1024,
        metrics=["outputs"],
    )  # fmt: skip
    slope = found.variance_exponent("loss")
    assert abs(slope.value + 2) < 0.1 + 2 * slope.error
    assert slope.value + 3 * slope.error < -1.1  # and not -1


def test_seeds_stand_on_the_limit_and_the_law_of_the_explorer():
    """256 seeds, v from width 256: within 4 standard errors + 1/N, as s and v have corrections of O(1) and O(1/N)."""

    def watched(n, repeats=256):
        run = train(
            MLP(n, depth=1), X, Y, 20, learning_rate=0.3, key=jax.random.split(jax.random.key(n), repeats),
            metrics=["outputs"],
        )  # fmt: skip
        return np.asarray(run.metrics["outputs"][..., 1], float)

    limit = two_layer(
        X @ X.T / 8, Y, activation="tanh", richness=1, learning_rate=0.3, steps=20, key=jax.random.key(0),
        weights=jnp.full(4, 1 / 4),
    ).outputs[:, 1]  # fmt: skip
    v, missed = 256 * watched(256, 512).var(axis=0, ddof=1), {}
    for n in (8, 32, 128):
        outputs = watched(n)
        spread = outputs.std(axis=0, ddof=1)
        missed[n] = outputs.mean(axis=0) - np.asarray(limit)
        assert np.all(np.abs(missed[n]) <= 4 * spread / 16 + 1 / n), n
        share = (1 / (2 * 256) + 1 / (2 * 512)) ** 0.5  # standard error of a ratio of standard deviations
        assert np.all(np.abs(spread / np.sqrt(v / n) - 1) <= 4 * share + 1 / n), n
    assert missed[8][-1] > 3 * watched(8)[:, -1].std() / 16  # the second law, which the band does not know
    assert missed[8][-1] < watched(8)[:, -1].std()
    assert abs(missed[128][-1]) < missed[8][-1] / 2
