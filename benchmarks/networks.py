"""Training many networks at once beside one at a time, and the learning-rate transfer of the book at full width.

    python benchmarks/networks.py [--transfer] | tee benchmarks/results/networks-MACHINE.txt

Throughput: eight perceptrons by one call of `networks.train`, beside the same eight one after the other, with optax
and a jitted step, which is how a flax loop runs (and with flax itself where it is installed), in steps of one network a
second. With --transfer: how far the optimum drifts from width 64 to 1,024.
"""

import datetime
import os
import platform
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
from timing import median_seconds

from solvable import __version__
from solvable.networks import MLP, train, transfer

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (64, 16))
Y = jnp.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
STEPS, MODELS = 400, 8


def together(width):
    """Eight seeds in one call."""
    run = train(MLP(width, depth=3), X, Y, STEPS, learning_rate=0.1, key=jax.random.split(KEY, MODELS), every=STEPS)
    jax.block_until_ready(run.end)


def plain(width):
    """The network, and a loop over jitted optax steps: (weights, step)."""
    network = MLP(width, depth=3)
    weights = network.init(KEY, 16)
    rates = network.rates((16,), "sgd")
    rule = optax.multi_transform(
        {name: optax.sgd(0.1 * float(rate)) for name, rate in rates.items()}, {n: n for n in rates}
    )
    return weights, rule, network.apply


def in_flax(width):
    """The same perceptron in flax, without multipliers: (weights, rule, apply)."""
    from flax import linen

    class Perceptron(linen.Module):
        @linen.compact
        def __call__(self, x):
            for _ in range(3):
                x = jnp.tanh(linen.Dense(width, use_bias=False)(x))
            return linen.Dense(1, use_bias=False)(x)[:, 0]

    model = Perceptron()
    return model.init(KEY, X), optax.sgd(0.01), model.apply


def one_by_one(make, width):
    """A loop over eight networks, each a loop over jitted steps."""
    weights, rule, apply = make(width)

    @jax.jit
    def step(weights, memory):
        slopes = jax.grad(lambda w: jnp.mean((apply(w, X) - Y) ** 2) / 2)(weights)
        moves, memory = rule.update(slopes, memory, weights)
        return optax.apply_updates(weights, moves), memory

    def run():
        for _ in range(MODELS):
            now, memory = weights, rule.init(weights)
            for _ in range(STEPS):
                now, memory = step(now, memory)
            jax.block_until_ready(now)

    return run


def throughput():
    """A line for each width."""
    peers = {"optax": plain}
    try:
        import flax

        peers[f"flax {flax.__version__} + optax"] = in_flax
    except ImportError:
        print("flax is not installed: pip install flax to compare with it")
    for width in (32, 64, 128, 256):
        own = median_seconds(lambda width=width: together(width))
        line = f"width {width:4}: {MODELS * STEPS / own:8.0f} steps a second together"
        for name, make in peers.items():
            other = median_seconds(one_by_one(make, width))
            line += f"; {MODELS * STEPS / other:8.0f} one by one with {name}, ratio {other / own:.2f}"
        print(line)


def drift():
    """Where the best learning rate goes from width 64 to 1,024."""
    x = jax.random.normal(jax.random.key(1), (512, 16))
    y = jnp.tanh(x @ jax.random.normal(jax.random.key(2), (16, 4)) / 2)
    grids = {
        ("mup", "sgd"): np.arange(-2, 3.6, 0.5),
        ("standard", "sgd"): np.arange(-7, 1, 0.75),
        ("mup", "adam"): np.arange(-4, 1.6, 0.5),
        ("standard", "adam"): np.arange(-13, -3.9, 0.75),
    }
    for (name, optimizer), powers in grids.items():
        found = transfer(
            lambda width, name=name: MLP(width, depth=2, parameterization=name, activation="relu"),
            [64, 128, 256, 512, 1024],
            2.0**powers,
            x,
            y,
            40,
            key=jax.random.key(7),
            optimizer=optimizer,
            batch_size=64,
            repeats=8,
        )
        best = ", ".join(
            f"{eta:.4g} (log +- {err:.2f})" for eta, err in zip(found.optimum, found.error("optimum"), strict=True)
        )
        edge = " AT THE EDGE" if found.at_the_edge.any() else ""
        print(f"{name} {optimizer}: best {best}; drift {found.drift:.2f}{edge}", flush=True)


if __name__ == "__main__":
    about = f"jax {jax.__version__}, {jax.default_backend()}, {os.cpu_count()} cores, {platform.machine()}"
    print(f"solvable {__version__}, {about}, {datetime.date.today()}")
    throughput()
    if "--transfer" in sys.argv:
        drift()
