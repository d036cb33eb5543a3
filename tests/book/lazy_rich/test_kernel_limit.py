"""What "The kernel limit" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import data, kernels
from solvable.networks import MLP, train
from solvable.spectra import Spectrum

X, OTHERS = jax.random.normal(jax.random.key(1), (6, 8)), jax.random.normal(jax.random.key(2), (4, 8))
Y, EVERY = jnp.sin(X[:, 0]) + X[:, 1], jnp.concatenate([X, OTHERS])
WIDTHS, PLAN = (64, 256, 1024), {"steps": 40, "learning_rate": 0.5}
WATCH = {
    "kernel": lambda network, weights, *_: kernels.empirical(network, weights, EVERY),
    "f": lambda network, weights, *_: network.apply(weights, EVERY),
}


def trained(width, depth, every=4):
    """NTK first, then muP; eight seeds."""
    network = MLP(width, depth=depth, richness=jnp.array([[width**-0.5], [1.0]]))
    keys = jax.random.split(jax.random.key(width), 8)
    return train(network, X, Y, **PLAN, key=keys, metrics=WATCH, every=every).metrics


def distance(one, other):
    return float((jnp.linalg.norm(one - other, axis=(-2, -1)) / jnp.linalg.norm(other, axis=(-2, -1))).mean())


def slope(widths, sizes):
    return np.polyfit(np.log(widths), np.log(sizes), 1)[0]


def predicted(kernel, start):
    given = {"cross": kernel[6:, :6], "weights": np.full(6, 1 / 6)}
    found = kernels.gradient_descent(kernel[:6, :6], Y - start[:6], **PLAN, **given)
    return jnp.concatenate([found.outputs, found.test], axis=1)


@pytest.fixture(scope="module")
def runs():
    return [trained(width, 1) for width in WIDTHS]


@pytest.fixture(scope="module")
def limit():
    return kernels.ntk(EVERY, depth=1, activation="tanh")


def test_a_richness_of_one_over_the_root_of_the_width_is_ntk(runs):
    key = jax.random.split(jax.random.key(64), 8)
    run = train(MLP(64, depth=1, parameterization="ntk"), X, Y, **PLAN, key=key, metrics=WATCH, every=40).metrics
    for name in WATCH:
        np.testing.assert_allclose(runs[0][name][0, :, -1], run[name][:, -1], rtol=1e-3, atol=1e-4)


def test_the_kernel_scatters_as_a_root_and_moves_as_the_width(runs, limit):
    first, last = ([run["kernel"][:, :, at] for run in runs] for at in (0, -1))
    scatter = [distance(one[0], limit) for one in first]
    lazy, rich = ([distance(b[i], a[i]) for a, b in zip(first, last, strict=True)] for i in (0, 1))
    assert slope(WIDTHS, scatter) == pytest.approx(-0.5, abs=0.1)
    assert slope(WIDTHS, lazy) == pytest.approx(-1.0, abs=0.15)  # other inputs and seeds give -0.90 to -1.0
    assert slope(WIDTHS, rich) == pytest.approx(0.0, abs=0.1)
    assert all(change < size for change, size in zip(lazy, scatter, strict=True))
    assert min(rich) > 1  # by more than its own size
    for run in runs:
        assert float(run["loss"][0, :, -1].mean()) < 0.15 * float(run["loss"][0, :, 0].mean())  # mostly learned


def test_training_is_linear_and_nothing_is_fitted(runs, limit):
    """Off by 1 / root of the width with the limit's kernel, by 1 / width with the network's own."""
    f, own = jnp.stack([run["f"][0] for run in runs]), jnp.stack([run["kernel"][0, :, 0] for run in runs])
    many = jax.jit(jax.vmap(jax.vmap(predicted)))
    gaps = []
    for kernel in (jnp.broadcast_to(limit, own.shape), own):
        gap = f[:, :, -1] - f[:, :, 0] - many(kernel, f[:, :, 0])[:, :, -1]
        gaps.append(np.abs(gap).max(axis=2).mean(axis=1))
    assert slope(WIDTHS, gaps[0]) == pytest.approx(-0.5, abs=0.15)
    assert slope(WIDTHS, gaps[1]) == pytest.approx(-1.0, abs=0.15)
    moved = np.abs(f[-1, :, -1] - f[-1, :, 0]).max(axis=1).mean()
    assert gaps[0][-1] < 0.04 * moved
    assert gaps[1][-1] < 0.005 * moved


@pytest.mark.slow
def test_deep_networks_too():
    runs = [trained(width, 2, every=40) for width in (32, 128, 512)]
    limit = kernels.ntk(EVERY, depth=2, activation="tanh")
    lazy = [distance(run["kernel"][0, :, -1], run["kernel"][0, :, 0]) for run in runs]
    assert slope((32, 128, 512), lazy) == pytest.approx(-1.0, abs=0.1)
    assert slope((32, 128, 512), [distance(run["kernel"][0, :, 0], limit) for run in runs]) == pytest.approx(
        -0.5, abs=0.1
    )


class TestDigits:
    @pytest.fixture(scope="class")
    @classmethod
    def digits(cls):
        images, labels = data.images(256)["digits"]
        labels = labels - labels.mean(axis=0)
        gram = kernels.ntk(8 * images, depth=1, activation="relu")
        values, modes = (a[..., ::-1] for a in jnp.linalg.eigh(gram / 256))
        return 8 * images, labels, gram, values, modes

    def test_the_spectrum_is_that_of_the_kernel(self, digits):
        _, labels, gram, values, modes = digits
        spectrum, residual = Spectrum.from_features(jnp.linalg.cholesky(gram), labels)
        np.testing.assert_allclose(spectrum.eigenvalues, values, rtol=1e-6)
        np.testing.assert_allclose(spectrum.task_power, jnp.sum((modes.T @ labels) ** 2, axis=1) / 256, atol=1e-8)
        assert residual < 1e-10
        assert np.log10(values[0] / values[-1]) == pytest.approx(3, abs=0.1)  # decades

    def test_labels_are_in_the_first_modes_and_shuffled_ones_anywhere(self, digits):
        _, labels, _, _, modes = digits
        mixed = jax.random.permutation(jax.random.key(0), labels)
        real, shuffled = (
            np.cumsum(np.sum((np.asarray(modes).T @ one) ** 2, axis=1)) / float(jnp.sum(one**2))
            for one in (labels, mixed)
        )
        assert real[9] > 0.5
        assert real[0] < 0.01
        first = np.asarray(modes)[:, 0]
        assert abs(np.sign(first).sum()) == 256  # one sign, nearly constant
        assert abs(first.sum()) / 16 > 0.98
        even = np.arange(1, 257) / 256  # C(k) = k / P; nine labels scatter around it
        assert np.abs(shuffled - even).max() < 0.05

    def test_a_network_learns_them_in_order(self, digits):
        images, labels, _, values, modes = digits
        network = MLP(512, depth=1, activation="relu", parameterization="ntk")
        weights = network.init(jax.random.key(4), 64, (10,))
        left = {"left": lambda n, w, start, x, y: jnp.sum((modes.T @ (y - n.apply(w, x))) ** 2, axis=1)}
        run = train(
            network, images, labels + network.apply(weights, images), 300, learning_rate=5.0, key=jax.random.key(0),
            start=weights, metrics=left,
        ).metrics["left"]  # fmt: skip
        power, shares, reach = np.sum((np.asarray(modes).T @ labels) ** 2, axis=1), [], []
        for steps in (1, 3, 10, 30, 100, 300):
            theory = np.cumsum(power * (1 - (1 - 5.0 * np.asarray(values)) ** (2 * steps))) / power.sum()
            assert np.abs(theory - np.cumsum(run[0] - run[steps]) / power.sum()).max() < 0.03
            shares.append(theory[-1])
            reach.append(np.argmax(theory < 0.98 * np.cumsum(power) / power.sum()))
        assert (np.diff(shares) > 0).all()
        assert reach[4] > reach[2]  # 100 steps follow C(k) further than 10
        assert 1 - (1 - 5.0 * values[-1]) ** 300 < 0.5

    def learned(self, digits, width, repeats):
        """Of the page's networks: the power learned in the first modes at all ticks, and that of the kernel limit."""
        images, labels, _, values, modes = digits
        network = MLP(width, depth=1, activation="relu", parameterization="ntk")
        left = {"left": lambda n, w, start, x, y: jnp.sum((modes.T @ (y - n.apply(w, x))) ** 2, axis=1)}

        def one(key):
            start = network.init(key, 64, (10,))
            return train(
                network, images, labels + network.apply(start, images), 300, learning_rate=5.0, key=key, start=start,
                metrics=left,
            ).metrics["left"]  # fmt: skip

        power, ticks = np.sum((np.asarray(modes).T @ labels) ** 2, axis=1), [1, 3, 10, 30, 100, 300]
        runs = np.stack([one(key) for key in jax.random.split(jax.random.key(4), 8)[:repeats]])
        found = np.cumsum(runs[:, :1] - runs[:, ticks], axis=2) / power.sum()
        theory = [np.cumsum(power * (1 - (1 - 5.0 * np.asarray(values)) ** (2 * t))) / power.sum() for t in ticks]
        return found, np.array(theory)

    @pytest.mark.parametrize("repeats", [4, pytest.param(8, marks=pytest.mark.slow)])
    def test_networks_stand_on_the_line_of_the_explorer(self, digits, repeats):
        """At all ticks and modes: within 4 standard errors and the theory's error, some 4/N; 6/N is allowed."""
        found, theory = self.learned(digits, 512, repeats)
        error = found.std(axis=0, ddof=1) / repeats**0.5
        assert np.all(np.abs(found.mean(axis=0) - theory) < 4 * error + 6 / 512)

    @pytest.mark.slow
    def test_they_stand_below_it_and_half_as_far_at_twice_the_width(self, digits):
        gaps = []
        for width in (256, 512):
            found, theory = self.learned(digits, width, 8)
            below = (theory - found)[:, -1, -1]  # after 300 steps, all modes together
            assert (below > 0).all()
            gaps.append(below)
        assert gaps[0].mean() / gaps[1].mean() == pytest.approx(2, rel=0.2)


def test_the_kernel_sees_all_directions_alike():
    """|x_1| among 24 directions: the network in muP errs far less than the kernel at its best time."""
    u = jax.random.normal(jax.random.key(1), (512, 24))
    v = jnp.abs(u[:, 0]) - jnp.abs(u[:256, 0]).mean()
    both = kernels.ntk(u, depth=1, activation="relu")
    lazy = kernels.gradient_flow(
        both[:256, :256], v[:256], np.logspace(0, 5, 20), cross=both[256:, :256], weights=np.full(256, 1 / 256)
    )
    new = {"new": lambda network, w, *_: jnp.mean((network.apply(w, u[256:]) - v[256:]) ** 2)}
    rich = train(
        MLP(256, depth=1, activation="relu"), u[:256], v[:256], 600, learning_rate=0.3, key=jax.random.key(3),
        metrics=new, every=50,
    )  # fmt: skip
    kernel = float(jnp.mean((lazy.test - v[256:]) ** 2, axis=1).min() / v[256:].var())
    assert kernel > 0.5
    assert float(rich.metrics["new"][-1] / v[256:].var()) < 0.4 * kernel
