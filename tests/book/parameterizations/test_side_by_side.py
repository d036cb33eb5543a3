"""What "Standard, NTK and muP side by side" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.networks import MLP, train
from solvable.parameterizations import ABC

from .slopes import power


def test_standard_parts_with_the_width_and_the_others_do_not():
    x = jax.random.normal(jax.random.key(1), (32, 16))
    y = jnp.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2]
    last, moved = {}, {}
    for name, rate in {"standard": 0.02, "ntk": 0.3, "mup": 0.15}.items():
        for n in (32, 512):
            run = train(
                MLP(n, depth=3, parameterization=name), x, y, 150, learning_rate=rate,
                key=jax.random.split(jax.random.key(n), 4), metrics=["feature_change"], every=150,
            )  # fmt: skip
            last[name, n] = float(jnp.exp(jnp.log(run.loss[:, -1]).mean()))
            moved[name, n] = float(run.metrics["feature_change"][:, -1, -1].mean())
    ratio = {name: last[name, 32] / last[name, 512] for name in ("standard", "ntk", "mup")}
    assert ratio["standard"] > 10
    for name in ("ntk", "mup"):  # a seed scatters by 15 %; other seeds and inputs gave 0.87 to 1.4
        assert 1 / 1.6 < ratio[name] < 1.6
    assert power((32, 512), [moved["ntk", 32], moved["ntk", 512]]) == pytest.approx(-0.5, abs=0.1)
    assert power((32, 512), [moved["mup", 32], moved["mup", 512]]) == pytest.approx(0.0, abs=0.1)
    larger = {
        n: train(
            MLP(n, depth=3, parameterization="standard"), x, y, 150, learning_rate=0.3,
            key=jax.random.split(jax.random.key(n), 4), metrics=["feature_change"], every=150,
        ).diverged
        for n in (32, 512)
    }  # fmt: skip
    assert larger[512].all()
    assert not larger[32].any()


@pytest.mark.slow
@pytest.mark.parametrize("c", [0.0, 0.5])
def test_networks_between_ntk_and_mup_stand_on_the_counted_lines(c):
    """Within 4 standard errors + 3/32, at 4, 20 and 40 steps: width 32 sets the unit, and is off by O(1/N) itself."""
    x = jax.random.normal(jax.random.key(1), (32, 16))
    y, widths = jnp.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2], np.array([32, 64, 128])
    between = ABC(a=(0, 0.5, 0.5), b=(0, 0, 0), c=c)
    runs = [
        train(
            MLP(int(n), depth=3, parameterization=between), x[:8], y[:8], 40, learning_rate=0.15,
            key=jax.random.split(jax.random.key(0), 24), metrics=["feature_change", "output_change"], every=4,
        ).metrics
        for n in widths
    ]  # fmt: skip
    for metric, counted in (("feature_change", c - 0.5), ("output_change", 0.0)):
        for row in (1, 5, 10):
            squares = np.stack([run[metric][:, row].reshape(24, -1)[:, -1] ** 2 for run in runs])
            share = squares.std(axis=1, ddof=1) / squares.mean(axis=1) / 24**0.5
            off = np.sqrt(squares.mean(axis=1) / squares[0].mean()) / (widths / 32.0) ** counted - 1
            assert np.all(np.abs(off[1:]) <= 2 * np.hypot(share[1:], share[0]) + 3 / 32), (metric, row, off)
