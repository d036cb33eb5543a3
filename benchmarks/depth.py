"""The theories of residual networks in training beside their peers, and beside networks.

    python benchmarks/depth.py [--small] [PART ...] | tee benchmarks/results/depth-MACHINE.txt

`depth.theory.residual` beside the same sweep with one tangent for every noise of every layer and time, in NumPy, at
equal particles; how its cost grows, and what it costs to compile; `residual_linear` beside NumPy's arrays, and eight
values of richness; a sample of `residual` beside a pair of networks of width 1,000, at equal standard error. With
--small all of it at sizes that only show that it runs; with names of parts (linear, compiling, columns, growth,
networks) these alone.
"""

import datetime
import os
import platform
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import residual_peers
from timing import median_seconds

from solvable import __version__, depth
from solvable.depth.branches import branches
from solvable.depth.theory.sweep import sweep
from solvable.meanfield.problem import checked

jax.config.update("jax_enable_x64", True)
SMALL = "--small" in sys.argv
KEY = jax.random.key(0)
GRAM = jnp.array([[1, 0.3, 0.1, -0.2], [0.3, 0.8, 0.2, 0.1], [0.1, 0.2, 1.1, 0.3], [-0.2, 0.1, 0.3, 0.9]])
Y = jnp.array([1.0, -1.0, 0.6, -0.4])
RATES = {"richness": 1.0, "learning_rate": 0.05}
REPEATS = 2 if SMALL else 16


def sampled(layers, steps, particles, repeats=2, points=4):
    """Outputs and their scatter."""
    found = depth.theory.residual(
        GRAM[:points, :points], Y[:points], depth=layers, activation="tanh", steps=steps, key=KEY,
        particles=particles, repeats=repeats, **RATES,
    )  # fmt: skip
    return jax.block_until_ready(found)


def beside_every_column():
    """Time, memory and spread at equal particles."""
    for layers, steps, pairs in [(2, 2, 60)] if SMALL else [(4, 4, 300), (4, 10, 300)]:
        n = (steps + 1) * 4
        own = median_seconds(lambda layers=layers, steps=steps, pairs=pairs: sampled(layers, steps, pairs), 5) / 2
        started, theirs = time.perf_counter(), []
        few = 2 if SMALL else 6
        for seed in range(few):
            theirs.append(
                residual_peers.every_column(
                    np.asarray(GRAM), np.asarray(Y), depth=layers, steps=steps, pairs=pairs, seed=seed, **RATES
                )
            )
        seconds = (time.perf_counter() - started) / few
        found = sampled(layers, steps, pairs, REPEATS)
        spread = float(found.outputs_std[-1].mean()), float(np.std(theirs, axis=0, ddof=1)[-1].mean())
        off = np.abs(np.mean(theirs, axis=0) - found.outputs).max()
        memory = 10 * layers * n * 2 * pairs, 2 * (layers + 1) * n * 2 * layers * n * 2 * pairs
        print(
            f"residual, depth {layers}, T P = {n}, {pairs} pairs: {own:.3f} s a sample; a tangent for every column "
            f"{seconds:.2f} s, {seconds / own:.0f} times; numbers held {memory[0]:.1e} and {memory[1]:.1e}; spread of "
            f"f {spread[0]:.4f} and {spread[1]:.4f}; means {off:.4f} apart",
            flush=True,
        )


def growth():
    """Slopes of time in depth, T P and particles."""
    base = (2, 2, 100) if SMALL else (8, 10, 1100)
    sizes = {
        "depth": [(one, *base[1:]) for one in ((2, 4) if SMALL else (4, 8, 16))],
        "T P": [(base[0], one, base[2]) for one in ((1, 2) if SMALL else (5, 10, 20))],
        "particles": [(*base[:2], one) for one in ((100, 200) if SMALL else (1100, 2200, 4400))],
    }
    for place, (name, cases) in enumerate(sizes.items()):
        seconds = [median_seconds(lambda case=case: sampled(*case), 3) / 2 for case in cases]
        x = [4 * (case[1] + 1) if name == "T P" else case[place] for case in cases]
        slope = np.polyfit(np.log(x), np.log(seconds), 1)[0]
        print(f"  cost grows as ({name})^{slope:.2f}: {', '.join(f'{s:.2f} s' for s in seconds)} at {x}", flush=True)


def compiling():
    """Depth 8 and 32, by turns."""
    problem, _ = checked(GRAM[:2, :2], Y[:2], None, RATES["richness"], RATES["learning_rate"], 4)
    taken = {8: [], 32: []}
    for _ in range(1 if SMALL else 3):
        for layers, seconds in taken.items():
            jax.clear_caches()
            start = time.perf_counter()
            sizes = {"depth": layers, "steps": 4, "pairs": 600}
            made = sweep.lower(problem, branches(1.0, 0.5, layers), KEY, phi=jnp.tanh, responses=True, **sizes)
            made.compile()
            seconds.append(time.perf_counter() - start)
    few, many = (float(np.median(one)) for one in taken.values())
    print(f"residual compiles in {few:.1f} s at depth 8, {many:.1f} s at depth 32, {many / few:.2f} times", flush=True)


def linear():
    """Depth 32, T P = 24, beside NumPy; and eight values of richness."""
    layers = 2 if SMALL else 32
    task = {"depth": layers, "steps": 5, **RATES}
    own = lambda richness: depth.theory.residual_linear(GRAM, Y, **task | {"richness": richness}).outputs  # noqa: E731
    other = residual_peers.closed(np.asarray(GRAM), np.asarray(Y), **task)
    off = np.abs(other - own(1.0)).max()
    several = jnp.linspace(0.5, 1.5, 8)
    runs = {
        "NumPy": lambda: residual_peers.closed(np.asarray(GRAM), np.asarray(Y), **task),
        "own": lambda: jax.block_until_ready(own(1.0)),
        "vmap": lambda: jax.block_until_ready(jax.vmap(own)(several)),
    }
    taken = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(3 if SMALL else 15):  # by turns, since a machine may be busy
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    seconds = {name: float(np.median(one)) for name, one in taken.items()}
    least = {name: min(one) for name, one in taken.items()}
    print(
        f"residual_linear, depth {layers}, T P = 24: {seconds['own']:.3f} s; NumPy {seconds['NumPy']:.3f} s, "
        f"{seconds['NumPy'] / seconds['own']:.2f} times, {off:.0e} apart; eight values of richness by "
        f"vmap {seconds['vmap'] / seconds['own']:.1f} times (least of all runs {least['vmap'] / least['own']:.1f})",
        flush=True,
    )


def beside_networks():
    """The theory is for the limit, not for speed: seconds for one standard error of f."""
    layers, steps, particles, width, pairs = (2, 4, 100, 50, 4) if SMALL else (8, 20, 2000, 1000, 4)
    own = median_seconds(lambda: sampled(layers, steps, particles), 3) / 2
    spread = float(sampled(layers, steps, particles, 2 if SMALL else 8).outputs_std[-1].mean())
    task = {"width": width, "depth": layers, "activation": "tanh", "steps": steps, "key": KEY, "repeats": pairs}
    x = jnp.linalg.cholesky(4 * GRAM)
    runs = depth.experiment.finite(x, Y, **task, **RATES)
    seconds = median_seconds(lambda: depth.experiment.finite(x, Y, **task, **RATES), 1) / pairs
    scatter = float(runs.outputs_std[-1].mean())
    print(
        f"depth {layers}, T P = {4 * (steps + 1)}: a sample of {particles} pairs {own:.2f} s, f spreads {spread:.4f}; "
        f"a pair of networks of width {width} {seconds:.2f} s, {scatter:.4f}; at equal standard error the theory takes "
        f"{own * spread**2 / (seconds * scatter**2):.2f} of the networks' time",
        flush=True,
    )


def main():
    """Print everything."""
    where = f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, {platform.machine()}"
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = f"solvable {__version__}, jax {jax.__version__}, numpy {np.__version__}"
    print(f"{versions}, {where}, {load}, {datetime.date.today()}")
    parts = {"linear": linear, "compiling": compiling, "columns": beside_every_column, "growth": growth}
    parts["networks"] = beside_networks
    for name in [one for one in parts if one in sys.argv] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
