"""Kernels and mean-field theory beside their peers, and beside wide networks.

    python benchmarks/lazy_rich.py [--small] [--networks [ACTIVATION]] | tee benchmarks/results/lazy_rich-MACHINE.txt

Kernels: the Gram matrix of the NNGP and the tangent kernel, ReLU, three hidden layers, beside the same closed form in
NumPy, entry by entry on whole matrices. Deep theory: `meanfield.deep` beside the same equations solved for all times at
once in NumPy, in damped sweeps from the lazy solution, with the same random numbers and explicit Jacobians; how its
cost grows, with the number of outputs too. With --networks: its outputs beside those of networks of width 4,000, in
standard errors, for one activation where it is named. With --small all of it at sizes that only show that it runs.
"""

import datetime
import os
import platform
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from timing import median_seconds

from solvable import __version__, kernels
from solvable.gaussian import averages
from solvable.meanfield import deep, deep_linear, deep_networks, two_layer
from solvable.meanfield.particles import twins
from solvable.networks import MLP, train
from solvable.numerics.gaussians import square_root

jax.config.update("jax_enable_x64", True)
SMALL = "--small" in sys.argv
KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (3, 4), float)
GRAM, Y = X @ X.T / 4, jnp.array([1.0, -0.7, 0.4])


# Kernels


def relu_in_numpy(x, depth):
    """Both kernels, from whole matrices."""
    k = theta = x @ x.T / x.shape[1]
    for _ in range(depth):
        q = np.sqrt(np.diag(k))
        size = q[:, None] * q
        c = np.clip(k / size, -1, 1)
        angle = np.pi - np.arccos(c)
        k = (size * np.sqrt(1 - c * c) + angle * k) / (2 * np.pi)
        theta = k + theta * angle / (2 * np.pi)
    return k, theta


def gram_matrices():
    """One line for each precision."""
    count, repeats = (200, 3) if SMALL else (1000, 101)
    x = np.random.default_rng(0).normal(size=(count, 50))
    exact, times = relu_in_numpy(x, 3)[1], {}
    for name in ("float64", "float32"):
        ours, theirs = jnp.asarray(x, name), x.astype(name)
        found = np.asarray(kernels.ntk(ours, depth=3))
        off = np.abs(found - exact).max() / exact.max()
        own = median_seconds(lambda ours=ours: jax.block_until_ready(kernels.both(ours, depth=3)), repeats)
        other = median_seconds(lambda theirs=theirs: relu_in_numpy(theirs, 3), repeats)
        times[name] = own
        print(
            f"ReLU Gram matrices of {count} points, {name}: {1e3 * own:6.1f} ms; NumPy {1e3 * other:6.1f} ms, "
            f"{other / own:.2f} times slower; {off:.0e} from NumPy in float64",
            flush=True,
        )
    print(f"float32 is {times['float64'] / times['float32']:.2f} times as fast as float64")


# Deep theory


def all_times_at_once(steps, particles, key, *, depth=2, richness=1.0, rate=0.1):
    """The start and one sweep of the damped iteration: (state, function of a state); a state begins with the outputs.

    Every sweep draws u and r from the kernels of the last one, runs the neurons through time, and takes the responses
    from the Jacobians of each neuron's whole path: E, M = I - C E and one solve.
    """
    size, times = len(GRAM), steps + 1
    n, k, y = times * size, rate * richness, np.asarray(Y)
    when = np.repeat(np.arange(times), size)
    earlier, unit = when[:, None] > when, np.eye(n)
    normals = [
        [np.asarray(part) for part in twins(one, particles, size if i == 0 else n, 1 if i == depth - 1 else n)]
        for i, one in enumerate(jax.random.split(key, depth))
    ]
    static = np.tile(normals[0][0] @ np.asarray(square_root(GRAM)), (1, times))
    inputs = np.tile(GRAM, (times, times))

    def field(normal, kernel):
        return normal @ np.linalg.cholesky(kernel + 1e-9 * np.trace(kernel) / n * unit).T

    def path(u, r, c, d):
        """h, z, phi, phi' and phi'' through time."""
        h, g, value = u.copy(), np.zeros_like(u), np.zeros_like(u)
        z = np.broadcast_to(r, u.shape).copy()
        for t in range(times):
            now = slice(t * size, (t + 1) * size)
            before, so_far = slice(0, t * size), slice(0, (t + 1) * size)
            h[:, now] += g[:, before] @ c[now, before].T
            value[:, now] = np.tanh(h[:, now])
            z[:, now] += value[:, so_far] @ d[now, so_far].T
            g[:, now] = (1 - value[:, now] ** 2) * z[:, now]
        slope = 1 - value**2
        return z, value, slope, -2 * value * slope

    def jacobians(c, d, slope, bent, up):
        """The mean over neurons of d phi(h) / d r (up) or of d g / d u."""
        e = bent[:, :, None] * unit + slope[:, :, None] * d * slope[:, None, :]
        if up:
            solved = np.linalg.solve(unit - c @ e, np.broadcast_to(c, e.shape))
            return np.einsum("si,sij,sj->ij", slope, solved, slope, optimize=True) / len(slope)
        return np.mean(e @ np.linalg.inv(unit - c @ e), axis=0)

    def sweep(state, damping):
        f, features, gradients, ups, downs = state
        pull = (y - f).ravel()
        below, above = [inputs, *features], [*gradients[1:], np.ones((n, n))]
        new = [], [], list(ups), list(downs)
        for i in range(depth):
            c = np.where(earlier, k * below[i] * pull, 0) + (ups[i - 1] if i else 0)
            d = np.where(earlier, k * above[i] * pull, 0) + (downs[i] if i < depth - 1 else 0)
            u = field(normals[i][0], below[i]) if i else static
            r = field(normals[i][1], above[i]) if i < depth - 1 else normals[i][1]
            z, value, slope, bend = path(u, r, c, d)
            g = slope * z
            new[0].append(value.T @ value / len(z))
            new[1].append(g.T @ g / len(z))
            if i < depth - 1:
                new[2][i] = np.where(earlier, jacobians(c, d, slope, bend * z, True), 0)
            if i:
                new[3][i - 1] = jacobians(c, d, slope, bend * z, False)
        said = (z * value).mean(axis=0).reshape(times, size) / richness
        return jax.tree.map(lambda a, b: (1 - damping) * a + damping * b, state, (said, *new))

    features, slopes = [GRAM], []
    for _ in range(depth):
        pairs = averages("tanh", jnp.diag(features[-1])[:, None], jnp.diag(features[-1]), features[-1])
        features.append(pairs.product)
        slopes.append(pairs.slopes)
    gradients = [jnp.ones_like(GRAM)]
    for one in reversed(slopes):
        gradients.insert(0, gradients[0] * one)
    tangent = sum(g * h for g, h in zip(gradients, features, strict=True))
    lazy = kernels.gradient_descent(tangent, Y, steps, learning_rate=rate).outputs
    still = [[np.tile(one, (times, times)) for one in kind] for kind in (features[1:], gradients[:-1])]
    none = [np.zeros((n, n))] * (depth - 1)
    return (np.asarray(lazy), *still, none, none), sweep


def causal_beside_sweeps():
    """The same samples, so that both find the same outputs."""
    steps, particles = (4, 60) if SMALL else (19, 1000)
    given = {"richness": 1.0, "learning_rate": 0.1, "steps": steps, "depth": 2, "activation": "tanh"}

    def ours():
        return jax.block_until_ready(deep(GRAM, Y, key=KEY, particles=particles, repeats=2, **given))

    seconds, found = median_seconds(ours, 15) / 2, ours().outputs
    solvers = [all_times_at_once(steps, particles, key) for key in jax.random.split(KEY, 2)]
    print(f"deep tanh, depth 2, T P = {3 * (steps + 1)}, {particles} particles: {seconds:.3f} s a sample, causal")
    for damping in (0.7, 1.0):
        states = [start for start, _ in solvers]
        start, count, off = time.perf_counter(), 0, np.inf
        while off > 1e-3 and count < 100:
            states = [sweep(state, damping) for (_, sweep), state in zip(solvers, states, strict=True)]
            count += 1
            off = float(np.abs(sum(state[0] for state in states) / 2 - found).max())
        theirs = (time.perf_counter() - start) / 2
        end = f"to {off:.0e}" if off <= 1e-3 else f"and still {off:.0e} off"
        print(f"  sweeps over all times, {damping} of the new: {count} of them {end}, {theirs:.2f} s a sample, "
              f"{theirs / seconds:.1f} times slower", flush=True)  # fmt: skip


def growth():
    """Seconds a sample against T P and particles."""
    lengths, numbers = ((2, 4), (60, 120)) if SMALL else ((9, 13, 19, 27), (500, 1000, 2000))
    seconds = {}
    for steps, particles in [(one, numbers[1]) for one in lengths] + [(lengths[-2], one) for one in numbers]:

        def ours(steps=steps, particles=particles):
            given = {"richness": 1.0, "learning_rate": 0.1, "steps": steps, "depth": 2, "activation": "tanh"}
            jax.block_until_ready(deep(GRAM, Y, key=KEY, particles=particles, repeats=2, **given))

        seconds[steps, particles] = median_seconds(ours, 3) / 2
        print(
            f"  T P = {3 * (steps + 1):3}, {particles:5} particles: {seconds[steps, particles]:.3f} s a sample",
            flush=True,
        )
    for name, sizes, keys in (
        ("T P", [3 * (one + 1) for one in lengths], [(one, numbers[1]) for one in lengths]),
        ("particles", list(numbers), [(lengths[-2], one) for one in numbers]),
    ):
        slope = np.polyfit(np.log(sizes), np.log([seconds[one] for one in keys]), 1)[0]
        print(f"  cost grows as ({name})^{slope:.2f}")


def several_outputs():
    """Seconds against the number of outputs, over those of one without an axis."""
    points, steps, particles = (2, 4, 60) if SMALL else (4, 19, 400)
    x = jax.random.normal(jax.random.key(2), (points, 2 * points), float)
    gram, many = x @ x.T / (2 * points), jax.random.normal(jax.random.key(3), (points, 100), float) / 3
    given = {"richness": 1.0, "learning_rate": 0.02, "steps": steps}
    drawn = given | {"activation": "tanh", "key": KEY, "repeats": 2}
    solvers = {
        "deep, depth 2": lambda y, **more: deep(gram, y, depth=2, particles=particles, **drawn, **more),
        "deep_linear, depth 2": lambda y, **more: deep_linear(gram, y, depth=2, **given, **more),
        "two_layer": lambda y, **more: two_layer(gram, y, particles=2**12, **drawn, **more),
    }
    numbers = (1, 3) if SMALL else (1, 3, 10, 30)
    for name, solve in solvers.items():

        def seconds(y, solve=solve, **more):
            return median_seconds(lambda: jax.block_until_ready(solve(y, **more)), 3 if SMALL else 9)

        one = seconds(many[:, 0])
        counts = (*numbers, 100) if name.startswith("deep_linear") and not SMALL else numbers
        ratios = ", ".join(f"{seconds(many[:, :c]) / one:.2f}" for c in counts)
        asked = ", ".join(f"{seconds(many[:, :c], tangent_kernel=True) / one:.2f}" for c in numbers if c <= 10)
        print(
            f"{name}, T P = {points * (steps + 1)}: one output {one:.3f} s; C = {counts}: {ratios} times; with the "
            f"tangent kernel between classes, C up to 10: {asked}",
            flush=True,
        )
    programs = deep_networks._sweep._cache_size()
    chances = jnp.eye(3)[jnp.arange(points) % 3]
    deep(gram, chances, depth=2, particles=particles, loss="cross_entropy", **drawn)
    print(f"another loss of the same shapes compiles {deep_networks._sweep._cache_size() - programs} programs")


# Networks


def pairs_of_networks(width, depth, activation, richness, steps, rate, repeats):
    """Outputs (T+1, P) of networks, each averaged with one of the opposite readout: their mean and its error."""
    network = MLP(width, depth=depth, activation=activation, richness=richness)
    outputs = []
    for key in jax.random.split(KEY, repeats):
        one = network.init(key, X.shape[1])
        pair = jax.tree.map(lambda w: jnp.stack([w, w]), one) | {"output": jnp.stack([one["output"], -one["output"]])}
        run = train(network, X, Y, steps, learning_rate=rate * len(Y), key=jnp.stack([key, key]), start=pair,
                    metrics=["outputs"])  # fmt: skip
        outputs.append(np.asarray(run.metrics["outputs"], float).mean(axis=0))
    return np.mean(outputs, axis=0), np.std(outputs, axis=0, ddof=1) / repeats**0.5


def theory_of(depth, activation, richness, steps, rate):
    """By the solver that fits."""
    given = {"richness": richness, "learning_rate": rate, "steps": steps}
    if activation == "linear":
        return deep_linear(GRAM, Y, depth=depth, **given)
    if depth == 1:
        return two_layer(GRAM, Y, activation=activation, key=KEY, **given)
    return deep(
        GRAM, Y, depth=depth, activation=activation, key=KEY, particles=200 if SMALL else 1000, repeats=8, **given
    )


def networks():
    """A line for each depth, activation and richness."""
    width, repeats, steps, rate = (64, 4, 3, 0.05) if SMALL else (4000, 12, 12, 0.05)
    every = ("linear", "tanh", "relu")
    print(f"\n{repeats} pairs of networks of width {width}, {steps} steps: deviation of an output, in standard errors")
    for depth in (1, 2, 3):
        for activation in [one for one in every if one in sys.argv] or every:
            for richness in (0.5, 2.0):
                theory = theory_of(depth, activation, richness, steps, rate)
                f, error = pairs_of_networks(width, depth, activation, richness, steps, rate, repeats)
                both = np.hypot(error, theory.error("outputs"))[1:]
                off = np.abs(f - theory.outputs)[1:]
                typical, most = ((off / both) ** 2).mean() ** 0.5, (off / both).max()
                print(
                    f"depth {depth}, {activation:6}, richness {richness}: root mean square {typical:.2f}, at most "
                    f"{most:.2f}; {off.max():.4f} where errors are {both.max():.4f}",
                    flush=True,
                )


def main():
    """Print everything."""
    where = f"{jax.devices()[0].device_kind}, {os.cpu_count()} cores, {platform.machine()}"
    print(f"solvable {__version__}, jax {jax.__version__}, numpy {np.__version__}, {where}, {datetime.date.today()}")
    if "--networks" in sys.argv:
        networks()
        return
    gram_matrices()
    causal_beside_sweeps()
    growth()
    several_outputs()


if __name__ == "__main__":
    main()
