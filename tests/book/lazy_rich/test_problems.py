"""The claims of "Problems: the silence before learning, and one draw of a kernel"."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable.exercises.lazy_rich import problems
from solvable.meanfield import deep_linear, finite
from solvable.networks import MLP


def test_the_richest_network_of_the_first_figure_waits():
    """Its 8 pairs: below a twentieth at half of the time to one half, where the lazy one has a third."""
    learned = {}
    for richness in (0.1, 1000.0):
        runs = finite(
            jnp.ones((1, 1)),
            jnp.array([1.0]),
            width=300,
            activation="linear",
            richness=richness,
            learning_rate=0.02 / np.sqrt(1 + richness**2),
            steps=500,
            key=jax.random.key(0),
            repeats=8,
        )
        f = np.asarray(runs.outputs)[:, 0]
        half = np.interp(0.5, f, np.arange(501))
        learned[richness] = np.interp(half / 2, np.arange(501), f)
    assert learned[1000.0] < 0.05
    assert learned[0.1] > 0.25


def test_the_theory_of_deep_linear_networks_ends_with_the_kernel_of_the_problem():
    """At the book's numbers; the error of a step goes as its size, and is taken out."""
    ends = []
    for rate, steps in ((0.04, 60), (0.02, 120)):
        found = deep_linear(
            jnp.array([[0.6]]), jnp.array([1.5]), depth=1, richness=2.0, learning_rate=rate, steps=[steps]
        )
        ends.append(float(found.tangent_kernel[-1, 0, 0]))
    assert 2 * ends[1] - ends[0] == pytest.approx(problems._kernel(0.6, 1.5, 2.0), rel=5e-3)


def kernels_of_draws(activation, depth, width, draws):
    """Tangent kernels of networks at one input of unit length, to a common factor."""
    network = MLP(width, depth=depth, activation=activation, parameterization="ntk", dtype=float)
    x = jnp.ones((1, 1))

    def kernel(key):
        weights = network.init(key, 1)
        slopes = jax.grad(lambda w: network.apply(w, x).squeeze())(weights)
        return sum(jnp.sum(one**2) for one in jax.tree.leaves(slopes))

    return np.asarray(jax.lax.map(kernel, jax.random.split(jax.random.key(0), draws), batch_size=100))


@pytest.mark.parametrize("which", [0, 1], ids=["linear", "relu"])
def test_the_kernels_of_draws_scatter_as_the_problem_says(which):
    """3,000 draws: 4 standard errors of a variance, and corrections of relative order L / N."""
    depth, width = 2, 100
    found = kernels_of_draws(("linear", "relu")[which], depth, width, 3000)
    variance = found.var() / found.mean() ** 2
    expected = problems._tangent(depth, width)[which]
    assert variance == pytest.approx(expected, rel=4 * np.sqrt(2 / 3000) + 5 * depth / width / 2)
    assert abs(variance - expected) < 0.3 * abs(problems._tangent(depth, width)[1 - which] - expected)


def test_an_ensemble_removes_half_of_the_excess():
    """A Gamma law of kernels of mean 1 and small variance: the mean loss, and the loss of the mean error."""
    time, variance = 1.5, 1e-4
    each = (1 + 2 * time * variance) ** (-1 / variance) / np.exp(-2 * time) - 1
    mean = (1 + time * variance) ** (-2 / variance) / np.exp(-2 * time) - 1
    assert each == pytest.approx(2 * time**2 * variance, rel=1e-2)
    assert mean / each == pytest.approx(0.5, rel=1e-2)
