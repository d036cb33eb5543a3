"""Times of the linear model: printed and committed (benchmarks/results), never asserted.

    python benchmarks/linear_model.py | tee benchmarks/results/linear_model-MACHINE.txt

Prints a curve of 200 times at K = 10,000 modes (after compilation) with its peak memory, the cost against the number
of modes and of times with both slopes, and two peers: the same curve by one continuation from scratch at every time in
NumPy, and gradient descent by two-time matrices for every mode (`matrix_dmft`). Then a surface of losses, SGD, feature
learning and the compute frontier.
"""

import datetime
import os
import platform
import resource
import time
from functools import partial

import jax
import matrix_dmft
import numpy as np
from timing import median_seconds

from solvable import Spectrum, __version__
from solvable.linear_model import compute, experiment, theory
from solvable.numerics.laplace import talbot

jax.config.update("jax_enable_x64", True)
SIZES = {"width": 128, "samples": 1000, "noise": 0.1}


def curve(modes, count):
    """Seconds of one curve."""
    spectrum, times = Spectrum.power_law(a=1.5, b=1.25, modes=modes), np.logspace(0, 5, count)
    return median_seconds(lambda: theory.gradient_flow(spectrum, times, **SIZES).test.block_until_ready())


def from_scratch(modes, count):
    """The plain way in NumPy: at every time follow kappa along the contour from the real axis; then the pair sums."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=modes)
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    n, p, noise = SIZES["width"], SIZES["samples"], SIZES["noise"]
    nodes, weights = talbot(20)
    theta = np.pi * (2 * np.arange(1, 11) - 1) / 20

    def newton(kappa, z, steps):
        for _ in range(steps):
            f = 1 / (kappa + lam)
            d, slope = f @ lam, -(f * f) @ lam
            r1, r3 = 1 - d / p, 1 - d / n
            kappa = kappa - (kappa * r1 * r3 - z) / (r1 * r3 - kappa * slope * (r1 / n + r3 / p))
        return kappa

    def contour(angle):
        return 20 * (0.5017 * angle / np.tan(0.6407 * angle) - 0.6122 + 0.2645j * angle)

    losses = []
    for t in np.logspace(0, 5, count):
        z = contour(1e-9).real / t
        kappa, angle, kappas = newton(z + lam.sum() * (1 / n + 1 / p), z, 30), 0.0, []
        for goal in theta:
            for step in np.linspace(angle, goal, 7)[1:]:
                kappa = newton(kappa, contour(step) / t, 4)
            kappas.append(kappa)
            angle = goal
        both = np.concatenate([kappas, np.conj(kappas)])
        f = both[:, None] / (both[:, None] + lam)
        g, upper = 1 - f, slice(0, 10)
        s, x, y = g[upper] @ g.T, f[upper] @ g.T, g[upper] @ f.T
        tt, u = (c * f[upper]) @ f.T, (c * g[upper]) @ f.T
        loss = ((1 - s / n) * (tt + noise) + x * u / n) / ((1 - s / p) * (1 - s / n) - x * y / (n * p))
        pole = weights / nodes
        losses.append(2 * np.sum(pole[:, None] * np.concatenate([pole, pole.conj()]) * (loss - noise)).real)
    return np.array(losses)


def surface_of_losses():
    """20 widths x 20 sample sizes x 60 times at K = 2,000: all modes, and Gauss sums over them."""
    widths, samples, times = np.logspace(1, 3.3, 20), np.logspace(1.05, 3.35, 20), np.logspace(0, 5, 60)
    pairs = [np.ravel(x) for x in np.meshgrid(widths, samples)]
    losses = {}
    for binned in (True, False):
        spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=2000, binned=binned)
        theory.gradient_flow(spectrum, times, width=1, samples=2)  # compiles
        start = time.perf_counter()
        losses[binned] = np.array(
            [theory.gradient_flow(spectrum, times, width=n, samples=p).test for n, p in zip(*pairs, strict=True)]
        )
        seconds = time.perf_counter() - start
        print(f"20 x 20 x 60 losses, K = 2,000 as {len(spectrum.eigenvalues)} numbers: {seconds:.1f} s")
    print(f"largest relative difference of the two: {np.max(np.abs(losses[True] / losses[False] - 1)):.1e}\n")


def against_matrices():
    """The same losses by iterating T x T matrices for every mode (`matrix_dmft`): K = 200, gradient descent."""
    spectrum, sizes = Spectrum.power_law(a=1.5, b=1.25, modes=200), {"width": 64, "samples": 100, "noise": 0.1}
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    for count in (50, 100, 200):
        start = time.perf_counter()
        test, train, iterations = matrix_dmft.descent(lam, power, count, learning_rate=1.0, **sizes)
        peer, steps = time.perf_counter() - start, np.arange(count)
        run = partial(theory.gradient_descent, spectrum, steps, learning_rate=1.0, **sizes)
        ours, found = median_seconds(lambda run=run: run().test.block_until_ready()), run()
        apart = max(np.abs(test / found.test - 1).max(), np.abs(train / found.train - 1).max())
        print(
            f"{count:3} steps of descent: matrices {peer:6.2f} s ({iterations} iterations), here {ours:.4f} s:", end=" "
        )
        print(f"{peer / ours:.0f} times, largest relative difference {apart:.0e}")
    print()


def stream():
    """One-pass SGD at K = 1e12 modes, 60 steps up to 1e8, with compilation and after it."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=1e12, binned=True)
    steps = np.unique(np.logspace(0, 8, 60).astype(int))
    for words in ("with compilation", "again, another rate"):
        start = time.perf_counter()
        rate = 0.3 if words == "with compilation" else 0.31
        theory.sgd(spectrum, steps, learning_rate=rate, batch_size=1, width=1000).test.block_until_ready()
        print(f"one-pass SGD, K = 1e12, 60 steps to 1e8, {words}: {time.perf_counter() - start:.2f} s")
    print()


def learning_features():
    """The closed equation of feature learning and the compute frontier."""
    for modes in (1e3, 1e15):
        spectrum = Spectrum.power_law(a=1.75, b=1.5, modes=modes, binned=modes > 1e6)
        run = partial(theory.feature_learning, spectrum, np.logspace(0, 7, 60), richness=6.0)
        seconds = median_seconds(lambda run=run: run().test.block_until_ready())
        print(f"feature learning, K = {modes:.0e}, 60 times to 1e7: {seconds:.3f} s")
    spectrum = Spectrum.power_law(a=3.5, b=1.5, modes=1e9, binned=True)
    seconds = median_seconds(lambda: compute.frontier(spectrum, np.logspace(4, 11, 15)).loss)
    print(f"compute frontier, K = 1e9, 15 budgets to 1e11: {seconds:.2f} s\n")


def main():
    """Print everything."""
    device = jax.devices()[0]
    print(f"solvable {__version__}, jax {jax.__version__}, {device.device_kind} ({jax.default_backend()}),", end=" ")
    print(f"{platform.machine()}, {os.cpu_count()} cores, {datetime.date.today()}")
    print("times are medians of 7 after compilation; the machine is shared\n")

    print(f"200 times, K = 10,000, N = 128, P = 1000: {curve(10_000, 200):.2f} s")
    print(f"peak memory of the process so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB\n")

    modes = [2_500, 5_000, 10_000, 20_000, 40_000]
    seconds = [curve(k, 100) for k in modes]
    for k, s in zip(modes, seconds, strict=True):
        print(f"K = {k:6,}, 100 times: {s:6.3f} s")
    print(f"slope of time against K: {np.polyfit(np.log(modes), np.log(seconds), 1)[0]:.2f}\n")

    counts = [25, 50, 100, 200, 400]
    seconds = [curve(10_000, count) for count in counts]
    for count, s in zip(counts, seconds, strict=True):
        print(f"K = 10,000, {count:3} times: {s:6.3f} s")
    print(f"slope of time against the number of times: {np.polyfit(np.log(counts), np.log(seconds), 1)[0]:.2f}\n")

    start = time.perf_counter()
    plain = from_scratch(10_000, 20)
    plain_seconds = time.perf_counter() - start
    ours = curve(10_000, 20)
    times, spectrum = np.logspace(0, 5, 20), Spectrum.power_law(a=1.5, b=1.25, modes=10_000)
    apart = np.max(np.abs(plain / theory.gradient_flow(spectrum, times, **SIZES).test - 1))
    print(f"20 times from scratch in NumPy: {plain_seconds:.2f} s, here {ours:.2f} s: {plain_seconds / ours:.0f} times")
    print(f"largest relative difference of the two: {apart:.1e}\n")

    surface_of_losses()
    against_matrices()
    stream()
    learning_features()
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
    for width, samples in ((100, 150), (256, 1000)):
        sizes = {"width": width, "samples": samples, "key": jax.random.key(0), "repeats": 32}
        run = partial(experiment.gradient_flow, spectrum, times, **sizes)
        print(f"experiment, N = {width}, P = {samples}, K = 1000: {median_seconds(run, 3) / 32 * 1e3:.1f} ms a student")


if __name__ == "__main__":
    main()
