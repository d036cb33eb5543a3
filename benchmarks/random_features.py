"""Times of power-law random features: printed and committed (benchmarks/results), never asserted.

    python benchmarks/random_features.py | tee benchmarks/results/random_features-MACHINE.txt
    python benchmarks/random_features.py far        # one part: `sgd`, `dana`, `far` or `front`

All by turns, in seconds of a processor, since a machine may be busy: medians of several rounds after compilation.
`sgd` and `dana` are one student of 200 features, 54 of 20,000 steps, batch 1, beside peers that are written here from
the equations (`random_features_peers`): (p1) the second moments as a flow, by implicit Euler in the logarithm of time,
compiled by jax; (p2) the Volterra equation as a sum over time, in NumPy; (p3) the recursion as a loop in NumPy. `far`
is a curve to 10^12 steps beside the same jumps in NumPy, and `front` the frontier of twenty decades in units of one
curve of 60 steps to 10^12, by the transform. With --small all of it at sizes that only show that it runs.
"""

import datetime
import os
import platform
import sys
import time

import jax
import numpy as np
import random_features_peers as peers

from solvable import Spectrum, __version__, random_features
from solvable.linear_model import exact, theory
from solvable.random_features.momentum import SGD, DanaDecaying

jax.config.update("jax_enable_x64", True)
SMALL = "--small" in sys.argv
ALPHA, BETA = 0.8, 0.3
WIDTH, MODES, STEPS = (20, 100, 500) if SMALL else (200, 1000, 20_000)
ROUNDS = 2 if SMALL else 7


def by_turns(runs, rounds=ROUNDS):
    """Median seconds of a processor of each run."""
    taken = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            taken[name].append(time.process_time() - start)
    return {name: float(np.median(one)) for name, one in taken.items()}


def dana(trace):
    """The issue's schedule."""
    delta = 4 + (ALPHA + BETA) / ALPHA
    return DanaDecaying(learning_rate=0.5 / trace, power=1 / (2 * ALPHA), delta=delta, scale=0.3)


def student():
    """A spectrum, one draw of features, and the steps; every way begins with their eigenvectors."""
    spectrum = Spectrum.power_law(a=2 * ALPHA + 2 * BETA, b=2 * ALPHA, modes=MODES, normalize=False)
    features = jax.random.normal(jax.random.key(0), (WIDTH, MODES))
    steps = np.unique(np.logspace(0, np.log10(STEPS), 60).round())
    return spectrum, features, steps


def report(name, run, others, loss, true):
    """Seconds, ratios and errors: of each, at step 10, at step 100 and at the last."""
    seconds = by_turns({name: run, **others})
    print(f"{name}, {len(loss[0])} of {STEPS:,} steps, {WIDTH} features: {1e3 * seconds[name]:.1f} ms", flush=True)
    for other, found in zip(seconds, loss, strict=True):
        off = np.abs(np.asarray(found) / true - 1)
        at = [np.argmin(np.abs(student()[2] - step)) for step in (10, 100, STEPS)]
        print(
            f"  {other}: {1e3 * seconds[other]:.1f} ms, {seconds[other] / seconds[name]:.1f} times; off by "
            f"{off[at[0]]:.1e} at step 10, {off[at[1]]:.1e} at 100, {off[at[2]]:.1e} at the end, at most "
            f"{off.max():.1e}",
            flush=True,
        )


def beside_sgd():
    """`exact.sgd` beside three peers; the loop is the truth."""
    spectrum, features, steps = student()
    rate = 0.5 / float(spectrum.eigenvalues.sum())
    schedule = SGD(learning_rate=rate)
    runs = {
        "exact.sgd": lambda: jax.block_until_ready(
            exact.sgd(spectrum, steps, features=features, learning_rate=rate, batch_size=1).test
        ),
        "p1, implicit Euler": lambda: np.asarray(peers.implicit(exact.basis(spectrum, features), schedule, steps)),
        "p2, Volterra sum": lambda: peers.volterra(*peers.basis(spectrum, features), rate, steps),
        "p3, NumPy loop": lambda: peers.loop(*peers.basis(spectrum, features), rate, steps),
    }
    found = [run() for run in runs.values()]
    report("exact.sgd", runs.pop("exact.sgd"), runs, found, found[-1])


def beside_dana():
    """`exact.momentum` beside the implicit flow; the loop is the truth."""
    spectrum, features, steps = student()
    schedule = dana(float(spectrum.eigenvalues.sum()))
    runs = {
        "exact.momentum": lambda: jax.block_until_ready(
            exact.momentum(spectrum, steps, schedule=schedule, features=features, batch_size=1).test
        ),
        "p1, implicit Euler": lambda: np.asarray(peers.implicit(exact.basis(spectrum, features), schedule, steps)),
        "p3, NumPy loop": lambda: peers.momentum_loop(*peers.basis(spectrum, features), schedule, steps),
    }
    found = [run() for run in runs.values()]
    report("exact.momentum", runs.pop("exact.momentum"), runs, found, found[-1])


def far():
    """DANA-decaying to 10^12 steps at infinite width, beside the same jumps in NumPy."""
    spectrum = random_features.spectrum(ALPHA, BETA, latent=10**15)
    steps = np.unique(np.logspace(0, 4 if SMALL else 12, 60).round())
    schedule = dana(float(spectrum.counts @ spectrum.eigenvalues))
    runs = {
        "own": lambda: jax.block_until_ready(exact.momentum(spectrum, steps, schedule=schedule, batch_size=1).test),
        "NumPy": lambda: peers.jumps(spectrum, schedule, steps),
    }
    apart = np.abs(np.asarray(runs["own"]()) / runs["NumPy"]() - 1).max()
    seconds = by_turns(runs, 2 if SMALL else 3)
    print(
        f"exact.momentum, {len(steps)} steps to {steps[-1]:.0e}, {len(spectrum.eigenvalues)} numbers: "
        f"{seconds['own']:.2f} s; the same jumps in NumPy {seconds['NumPy']:.1f} s, "
        f"{seconds['NumPy'] / seconds['own']:.0f} times, {apart:.0e} apart",
        flush=True,
    )


def front():
    """The frontier of the full theory, in units of one curve."""
    spectrum = random_features.spectrum(ALPHA, BETA, latent=np.inf)
    rate = 0.3 / float(spectrum.counts @ spectrum.eigenvalues)
    steps = np.unique(np.logspace(0, 12, 60).round())
    settings = {"learning_rate": rate, "batch_size": 1, "width": 1e4}
    budgets = np.logspace(2, 6, 5) if SMALL else np.logspace(2, 22, 41)
    runs = {
        "curve": lambda: jax.block_until_ready(theory.sgd(spectrum, steps, **settings).test),
        "frontier": lambda: jax.block_until_ready(random_features.phases.frontier(ALPHA, BETA, budgets).loss),
    }
    seconds = by_turns(runs, 2 if SMALL else 5)
    print(
        f"theory.sgd, {len(steps)} steps to {steps[-1]:.0e}: {1e3 * seconds['curve']:.1f} ms; phases.frontier, "
        f"{len(budgets)} budgets: {seconds['frontier']:.2f} s, as {seconds['frontier'] / seconds['curve']:.0f} curves",
        flush=True,
    )


def main():
    """Print everything."""
    where = f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, {platform.machine()}"
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    versions = f"solvable {__version__}, jax {jax.__version__}, numpy {np.__version__}"
    print(f"{versions}, {where}, {load}, {datetime.date.today()}")
    parts = {"sgd": beside_sgd, "dana": beside_dana, "far": far, "front": front}
    for name in [one for one in parts if one in sys.argv] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
