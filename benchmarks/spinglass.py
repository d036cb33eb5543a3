"""Times of the two-time solvers: printed and committed (benchmarks/results), never asserted.

    python benchmarks/spinglass.py [OLD] | tee benchmarks/results/spinglass-MACHINE.txt

`theory.flow` beside three peers, in one run: its memory-bandwidth floor (three full-size products of a matrix and a
vector per step), the same recursion written row by row in NumPy, and plain Python loops (timed at a smaller size and
scaled with the cube). Then a batch of eight by vmap beside eight runs; error against time of `theory.flow` and
`aging.flow` to t = 20; and `aging.flow` to t = 1e9, beside the grid that doubled where OLD is a checkout that has it.
"""

import datetime
import os
import platform
import resource
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from timing import median_seconds

from solvable import __version__
from solvable.spinglass import SphericalGlass, aging, theory

jax.config.update("jax_enable_x64", True)
GLASS = SphericalGlass({3: 0.5}, 0.3)
STEP = 0.05

# f = q^3 / 2 at T = 0.5: t, energy, C(t, t/2). An earlier program of the same method, of which 161, 225 and 289 points
# agree in all digits shown.
TRUTH = {
    1e3: (-0.88158839, 0.46976714),
    1e4: (-0.88544163, 0.45628235),
    12612.409081: (-0.88560780, 0.4554927),
    1e6: (-0.88661963, 0.44849697),
    1e9: (-0.8866918, 0.44670),
}
PEERS = """\
  peers, as they report: DYNAMITE (PRL 135, 247101; arXiv 2604.06309): t ~ 1e7, linear in t, memory sublinear, on a GPU
  D. Golez, J. Kaye (2021): 262,144 uniform steps in a day; B. Kim, A. Latz (2001): steps that double"""
# The grid that doubled, 512 points, in a checkout of an earlier version: seconds once compiled, t, energy, C(t, t/2).
OLD = """
import statistics, time, warnings
import jax
jax.config.update("jax_enable_x64", True)
warnings.simplefilter("ignore")
from solvable.spinglass import SphericalGlass, aging
taken = []
for _ in range(4):
    start = time.perf_counter()
    found = aging.flow(SphericalGlass({3: 0.5}, 0.5), 1e4, points=512)
    taken.append(time.perf_counter() - start)
print(statistics.median(taken[1:]), found.times[-1], found.energy[-1], found.correlation[-1, 256])
"""


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


def short_times():
    """Error against time of the direct solution and of rows on a logarithmic axis, to t = 20 at T = 0.5."""
    glass = SphericalGlass({3: 0.5}, 0.5)
    truth = aging.flow(glass, 20.0, tolerance=1e-8).two_time([10.0, 20.0])
    print("to t = 20: seconds, and errors of C(t, t/2) and of the energy")
    for steps in (500, 1000, 2000):
        taken = median_seconds(lambda n=steps: theory.flow(glass, 20.0, 20 / n).energy.block_until_ready())
        found = theory.flow(glass, 20.0, 20 / steps)
        off = found.correlation[-1, steps // 2] - truth.correlation[1, 0], found.energy[-1] - truth.energy[1]
        print(f"  flow, {steps:5d} steps:    {taken:6.3f} s, {abs(off[0]):.1e}, {abs(off[1]):.1e}", flush=True)
    for tolerance in (1e-3, 1e-4, 1e-5, 1e-6):
        taken = median_seconds(lambda x=tolerance: aging.flow(glass, 20.0, tolerance=x), 3)
        found = aging.flow(glass, 20.0, tolerance=tolerance).two_time([10.0, 20.0])
        off = found.correlation[1, 0] - truth.correlation[1, 0], found.energy[1] - truth.energy[1]
        print(f"  aging, tolerance {tolerance:g}: {taken:6.3f} s, {abs(off[0]):.1e}, {abs(off[1]):.1e}", flush=True)


def long_times(old):
    """To t = 1e3, 1e4, 1e6 and 1e9 at T = 0.5; `old`: a checkout of the grid that doubled, or None."""
    glass = SphericalGlass({3: 0.5}, 0.5)
    print("aging at T = 0.5: first run, with compilation; once compiled; rows, nodes; errors, true and stated")
    for until, tolerance in ((1e3, 1e-5), (1e4, 1e-4), (1e6, 1e-5), (1e9, 1e-3)):
        start = time.perf_counter()
        found = aging.flow(glass, until, tolerance=tolerance)
        first = time.perf_counter() - start
        again = np.nan  # the last takes minutes
        if until < 1e9:
            again = median_seconds(lambda t=until, x=tolerance: aging.flow(glass, t, tolerance=x), 3)
        energy, half = TRUTH[until]
        off = float(found.at(until, until / 2).correlation) - half
        off_energy = float(found.two_time([until]).energy[0]) - energy
        stated = float(found.correlation_error[-1, found.fractions.size // 2]), float(found.energy_error[-1])
        print(f"  to {until:g}, tolerance {tolerance:g}: {first:6.2f} s; {again:6.2f} s; ", end="")
        print(f"{len(found.times)} rows, {found.table.shape[2]} nodes; C {abs(off):.1e}, {stated[0]:.1e}; ", end="")
        print(f"e {abs(off_energy):.1e}, {stated[1]:.1e}", flush=True)
    if old:
        asked = {**os.environ, "PYTHONPATH": f"{old}/lib"}
        done = subprocess.run([sys.executable, "-c", OLD], env=asked, capture_output=True, text=True, check=True)
        taken, t, energy, half = map(float, done.stdout.split())
        truth = next(x for at, x in TRUTH.items() if abs(at / t - 1) < 1e-6)
        print(f"  the grid that doubled, 512 points, to {t:.0f}: {taken:.2f} s once compiled; ", end="")
        print(f"C {abs(half - truth[1]):.1e}; e {abs(energy - truth[0]):.1e}")
    print(PEERS)


def main():
    """Print everything."""
    where = jax.devices()[0]
    print(f"solvable {__version__}, jax {jax.__version__}, {where.device_kind}, {os.cpu_count()} cores,", end=" ")
    print(f"{platform.machine()}, {datetime.date.today()}, load {os.getloadavg()[0]:.1f}")
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
    short_times()
    long_times(sys.argv[1] if len(sys.argv) > 1 else None)
    print(f"load {' '.join(f'{x:.1f}' for x in os.getloadavg())}")


if __name__ == "__main__":
    main()
