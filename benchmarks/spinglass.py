"""Times of the two-time solvers: printed and committed (benchmarks/results), never asserted.

    python benchmarks/spinglass.py [--long] | tee benchmarks/results/spinglass-MACHINE.txt

`theory.flow` beside three peers, in one run: its memory-bandwidth floor (three full-size products of a matrix and a
vector per step), the same recursion written row by row in NumPy, and plain Python loops (timed at a smaller size and
scaled with the cube). Then a batch of eight by vmap beside eight runs, and, with --long, the aging solver at 512, 1,024
and 2,048 points: how far each is from the truth, and from the next.
"""

import datetime
import os
import platform
import resource
import sys
import time
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from timing import median_seconds

from solvable import __version__
from solvable.spinglass import SphericalGlass, aging, theory

jax.config.update("jax_enable_x64", True)
GLASS = SphericalGlass({3: 0.5}, 0.3)
STEP = 0.05

# f = q^3 / 2 at T = 0.5, t = 512 h 2^k with the solver's first step h: t, energy, C(t, t/2). From rows on a logarithmic
# axis with a logistic second coordinate, which converge: 161 and 225 points agree in all digits shown, except the first
# energy, known to 1e-8.
TRUTH = np.array(
    [
        [24.633611, -0.84027571, 0.5505198],
        [49.267223, -0.85579088, 0.5247222],
        [98.534446, -0.86617713, 0.5053559],
        [197.068892, -0.87311461, 0.4908813],
        [394.137784, -0.87773322, 0.4800854],
        [788.275568, -0.88079678, 0.4720325],
        [1576.551135, -0.88282170, 0.4660119],
        [3153.102270, -0.88415593, 0.4614922],
        [6306.204540, -0.88503278, 0.4580815],
        [12612.409081, -0.88560780, 0.4554927],
    ]
)


@jax.jit
def floor(matrix, vector):
    """One step's worth of bandwidth, as often as the vector is long: three products with a full matrix."""

    def step(v, _):
        for _ in range(3):
            v = matrix @ v
        return v, None

    return jax.lax.scan(step, vector, None, length=len(vector))[0]


def rows_in_numpy(steps, h):
    """The same Adams-Bashforth recursion, f = q^3 / 2, one row at a time."""
    temperature, size = 0.3, steps + 1
    c, r, energy = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)
    c[0, 0] = r[0, 0] = 1.0
    old = None
    for n in range(size):
        i = n + 1
        cn, rn = c[n, :i], r[n, :i]
        f1, g = 1.5 * cn**2, 3 * cn * rn
        weight = np.full(i, h)
        weight[0] = weight[-1] = h / 2
        if n == 0:
            weight[0] = 0.0
        energy[n] = -weight @ (f1 * rn)
        multiplier = temperature + weight @ ((f1 + 3 * cn**2) * rn)
        if i == size:
            break
        noise = h * (r[:i, :i] @ f1) - h / 2 * (r[:i, 0] * f1[0] + f1)
        memory = h * (g @ c[:i, :i]) - h / 2 * (g[0] * c[0, :i] + g[n] * c[n, :i])
        echo = h * (g @ r[:i, :i]) - h / 2 * (g + g[n] * rn)
        dc, dr = -multiplier * cn + noise + memory, -multiplier * rn + echo
        before = (dc, dr) if old is None else (np.append(old[0], dc[n]), np.append(old[1], dr[n]))
        c[i, :i] = c[:i, i] = cn + h * (1.5 * dc - 0.5 * before[0])
        r[i, :i] = rn + h * (1.5 * dr - 0.5 * before[1])
        c[i, i] = r[i, i] = 1.0
        old = dc, dr
    return c, r, energy


def plain_loops(steps, h):
    """The inner sums of the same recursion in pure Python: three for every entry of every row."""
    c = [[0.0] * (steps + 1) for _ in range(steps + 1)]
    r = [[0.0] * (steps + 1) for _ in range(steps + 1)]
    c[0][0] = r[0][0] = 1.0
    for n in range(steps):
        f1 = [1.5 * x * x for x in c[n][: n + 1]]
        g = [3 * x * y for x, y in zip(c[n][: n + 1], r[n], strict=False)]
        multiplier = 0.3 + h * sum(3 * f * y for f, y in zip(f1, r[n], strict=False))
        for m in range(n + 1):
            noise = memory = echo = 0.0
            for k in range(m):
                noise += r[m][k] * f1[k]
            for k in range(n + 1):
                memory += g[k] * c[k][m]
            for k in range(m, n + 1):
                echo += g[k] * r[k][m]
            c[n + 1][m] = c[m][n + 1] = c[n][m] + h * (-multiplier * c[n][m] + h * (noise + memory))
            r[n + 1][m] = r[n][m] + h * (-multiplier * r[n][m] + h * echo)
        c[n + 1][n + 1] = r[n + 1][n + 1] = 1.0


def long_times():
    """How far 512, 1,024 and 2,048 points are from the truth at T = 0.5 up to t = 1e4, and how far from each other."""
    print("\naging at T = 0.5, f = q^3/2, until t = 1e4: energy and C(t, t/2)")
    glass, runs = SphericalGlass({3: 0.5}, 0.5), {}
    for points in (512, 1024, 2048):
        start = time.perf_counter()
        runs[points] = aging._run(glass, 1e4, points)
        print(f"  {points:5d} points: {time.perf_counter() - start:8.1f} s", flush=True)
    for points, run in runs.items():
        print(f"  {points} points, off the truth")
        _, energy, half = TRUTH[TRUTH[:, 0].searchsorted(run.shown * (1 - 1e-6))].T
        compare(run.shown, run.at_shown(run.energy), energy, run.half, half)
    for few, many in ((512, 1024), (1024, 2048)):
        low, high = runs[few], runs[many]
        same = low.shown.searchsorted(high.shown * (1 - 1e-9))
        print(f"  {few} against {many} points")
        low_energy = low.at_shown(low.energy)[same]
        compare(high.shown, low_energy, high.at_shown(high.energy), low.half[same], high.half)


def compare(times, energy, its_truth, half, other):
    """A line for each time: energy and C(t, t/2), and how far they are off what is beside them."""
    for t, e, e0, c, c0 in zip(times, energy, its_truth, half, other, strict=True):
        print(f"  t = {t:9.1f}: e = {e:.6f}, off {e - e0:+.1e}; C = {c:.5f}, off {c / c0 - 1:+.2%}")


def main():
    """Print everything."""
    where = jax.devices()[0]
    print(f"solvable {__version__}, jax {jax.__version__}, {where.device_kind}, {os.cpu_count()} cores,", end=" ")
    print(f"{platform.machine()}, {datetime.date.today()}")
    for steps in (500, 1000, 2000):
        ours = median_seconds(lambda n=steps: theory.flow(GLASS, n * STEP, STEP).energy.block_until_ready())
        matrix = jnp.eye(steps + 1) + 1e-3
        least = median_seconds(lambda m=matrix: floor(m, jnp.ones(len(m))).block_until_ready())
        start = time.perf_counter()
        theirs = rows_in_numpy(steps, STEP)
        numpy = time.perf_counter() - start
        off = np.abs(theirs[0] - theory.flow(GLASS, steps * STEP, STEP).correlation).max()
        print(
            f"{steps:5d} steps: {ours:7.3f} s; three products a step {least:7.3f} s, ratio {ours / least:.2f};", end=" "
        )
        print(f"NumPy rows {numpy:7.3f} s, {numpy / ours:.2f} times slower, {off:.0e} apart", end="")
        if steps == 1000:
            start = time.perf_counter()
            plain_loops(150, STEP)
            loops = (time.perf_counter() - start) * (1000 / 150) ** 3
            print(f"; plain loops about {loops:.0f} s (from 150 steps), {loops / ours:.0f} times slower", end="")
        print(flush=True)

    glasses = [SphericalGlass({3: 0.5}, t) for t in np.linspace(0.2, 0.9, 8)]
    batch = jax.tree.map(lambda *x: jnp.stack(x), *glasses)
    many = jax.jit(jax.vmap(lambda glass: theory.descent(glass, 400, STEP).energy))
    together = median_seconds(lambda: many(batch).block_until_ready())
    apart = median_seconds(lambda: [theory.descent(g, 400, STEP).energy.block_until_ready() for g in glasses])
    print(
        f"8 temperatures, 400 steps: {together:.3f} s by vmap, {apart:.3f} s one by one, ratio {together / apart:.2f}"
    )
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    if "--long" in sys.argv:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            long_times()


if __name__ == "__main__":
    main()
