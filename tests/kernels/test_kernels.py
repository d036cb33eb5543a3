"""Kernels of infinite width: the recursion by hand, finite networks, several devices; and training with them."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

from solvable import gaussian, kernels
from solvable.networks import MLP, train

KEY = jax.random.key(0)
X = jax.random.normal(KEY, (7, 5), float)
Z = jax.random.normal(jax.random.key(1), (4, 5), float)


def by_hand(x1, x2, depth, activation, w, b):
    """The recursion pair by pair."""

    def pair(one, other):
        q1, q2, k = (float(w * u @ v / len(u) + b) for u, v in ((one, one), (other, other), (one, other)))
        theta = k
        for _ in range(depth):
            product, slopes = gaussian.averages(activation, q1, q2, k)
            k, old = float(w * product + b), theta
            theta = k + float(w * slopes) * old
            q1, q2 = (float(w * gaussian.diagonal(activation, q).product + b) for q in (q1, q2))
        return k, theta

    return np.array([[pair(one, other) for other in x2] for one in x1]).transpose(2, 0, 1)


@pytest.mark.parametrize("activation", ["linear", "relu", "erf", "gelu", "tanh"])
def test_the_recursion(activation):
    given = {"depth": 2, "activation": activation, "weight_variance": 1.7, "bias_variance": 0.2}
    expected = by_hand(X, Z, 2, activation, 1.7, 0.2)
    assert_allclose(kernels.both(X, Z, **given), expected, rtol=1e-12)
    square = kernels.both(jnp.concatenate([X, Z]), **given)
    assert_allclose(square.nngp[:7, 7:], expected[0], rtol=1e-12)
    assert_allclose(square.ntk[:7, 7:], expected[1], rtol=1e-12)
    assert_allclose(kernels.ntk(X, Z, **given), expected[1], rtol=1e-12)


def test_the_diagonal_of_relu_is_exact():
    """Without biases q halves in every layer, and the tangent kernel is (depth + 1) times that."""
    q = (X**2).mean(axis=1)
    for x, digits in ((X, 1e-14), (X.astype(jnp.float32), 1e-6)):
        found = kernels.both(x, depth=3)
        assert_allclose(jnp.diag(found.nngp), q / 8, rtol=digits)
        assert_allclose(jnp.diag(found.ntk), 4 * q / 8, rtol=digits)


@pytest.mark.parametrize("activation", ["relu", "gelu", "erf"])
def test_single_precision(activation):
    x = jax.random.normal(KEY, (300, 50), float)
    exact, single = (kernels.both(one, depth=3, activation=activation) for one in (x, x.astype(jnp.float32)))
    for name in ("nngp", "ntk"):
        assert getattr(single, name).dtype == jnp.float32
        assert_allclose(getattr(single, name), getattr(exact, name), atol=1e-6 * float(getattr(exact, name).max()))


@pytest.mark.parametrize("activation", ["linear", "relu", "erf", "gelu", "tanh", jnp.sin])
@pytest.mark.parametrize("tile", [3, 512])
def test_symmetric_to_rounding(activation, tile, monkeypatch):
    """To a few units of the last digit: a compiler may round an entry and its mirror image in two ways."""
    monkeypatch.setattr(kernels.theory, "TILE", tile)
    monkeypatch.setattr(kernels.theory, "WHOLE", 0 if tile == 3 else kernels.theory.WHOLE)
    jax.clear_caches()
    for dtype in (jnp.float32, jnp.float64):
        given = {"depth": 2, "activation": activation, "weight_variance": 1.7, "bias_variance": 0.2}
        for points in (5, 7):
            for matrix in kernels.both(jax.random.normal(KEY, (points, 5), dtype), **given):
                assert_allclose(matrix, matrix.T, rtol=4 * float(jnp.finfo(dtype).eps))
    jax.clear_caches()


def test_whole_numbers_are_inputs_too():
    pixels = jnp.arange(6, dtype=jnp.uint8).reshape(3, 2)
    given = {"depth": 2, "weight_variance": 1.7, "bias_variance": 0.2}
    for z in (None, pixels[:2]):
        found = kernels.both(pixels, z, **given)
        expected = kernels.both(pixels.astype(float), None if z is None else z.astype(float), **given)
        jax.tree.map(assert_array_equal, found, expected)


def test_many_tiles_are_one(monkeypatch):
    whole = kernels.both(X, depth=2), kernels.both(X, Z, depth=2)
    monkeypatch.setattr(kernels.theory, "TILE", 3)
    monkeypatch.setattr(kernels.theory, "WHOLE", 0)
    jax.clear_caches()
    tiled = kernels.both(X, depth=2), kernels.both(X, Z, depth=2)
    jax.tree.map(lambda a, b: assert_allclose(a, b, rtol=1e-13), whole, tiled)
    jax.clear_caches()


def test_several_devices_share_the_rows():
    program = """
import jax, numpy as np
jax.config.update("jax_enable_x64", True)
from solvable import kernels
x = jax.random.normal(jax.random.key(0), (7, 5))
assert jax.device_count() == 3
for z in (None, x[:4]):
    found = kernels.both(x, z, depth=2)
    alone = kernels.theory._rows(x, x if z is None else z, 0, kernels.theory.Network(1.0, 0.0), depth=2,
                                 activation="relu", same=z is None)
    assert len(found.ntk.sharding.device_set) == 3
    np.testing.assert_allclose(found.ntk, alone.ntk, rtol=1e-13)
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=3", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | flags, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


# Finite networks


def slopes(network, weights, x):
    """Every slope of every output, one matrix for each layer: (P, O, W) or (P, W)."""
    return {
        name: np.asarray(one).reshape(*one.shape[: one.ndim - weights[name].ndim], -1)
        for name, one in jax.jacobian(network.apply)(weights, x).items()
    }


@pytest.mark.parametrize("name", ["standard", "ntk", "mup"])
def test_the_kernel_of_a_finite_network_is_its_slopes(name):
    network = MLP(6, depth=3, parameterization=name, richness=1.7, dtype=float)
    weights, rates = network.init(KEY, 5), network.rates((5,), "sgd")
    one, other = slopes(network, weights, X), slopes(network, weights, Z)
    expected = sum(float(rates[layer]) * one[layer] @ other[layer].T for layer in one)
    assert_allclose(kernels.empirical(network, weights, X, Z), expected, rtol=1e-12)
    assert_allclose(kernels.empirical(network.apply, weights, X, Z), sum(one[i] @ other[i].T for i in one), rtol=1e-12)


def test_the_kernel_of_several_outputs():
    network = MLP(6, depth=2, dtype=float)
    weights, rates = network.init(KEY, 5, (2,)), network.rates((5,), "sgd")
    one, other = slopes(network, weights, X), slopes(network, weights, Z)
    expected = sum(float(rates[layer]) * np.einsum("aiw,bjw->abij", one[layer], other[layer]) for layer in one)
    assert_allclose(kernels.empirical(network, weights, X, Z), expected, rtol=1e-12)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_few_rows_at_a_time_are_all_of_them(monkeypatch, outputs):
    network = MLP(6, depth=2, dtype=float)
    weights = network.init(KEY, 5, outputs)
    whole = kernels.empirical(network, weights, X, Z)
    monkeypatch.setattr(kernels.finite, "NUMBERS", 3 * (5 * 6 + 6 * 6 + 6) + 40)
    assert_allclose(kernels.empirical(network, weights, X, Z), whole, rtol=1e-13)


def test_the_kernel_of_any_function_and_inputs_of_any_shape():
    x = jax.random.normal(KEY, (3, 2, 4), float)

    def function(weights, x):
        return jnp.einsum("ptd,td->p", x, weights["a"]) ** 2 + weights["b"]

    weights = {"a": x[0] + 1, "b": jnp.asarray(2.0)}
    inner = np.einsum("ptd,td->p", x, weights["a"])
    expected = 4 * np.outer(inner, inner) * np.einsum("ptd,qtd->pq", x, x) + 1
    assert_allclose(kernels.empirical(function, weights, x), expected, rtol=1e-12)


def test_a_step_moves_the_outputs_by_their_kernel():
    """Also on inputs that were not trained on; what is left is of second order in the learning rate."""
    network, y = MLP(16, depth=2, richness=0.7, dtype=float), jnp.sin(X[:, 0])
    weights = network.init(KEY, 5)
    pull = (y - network.apply(weights, X)) / len(X)
    misses = []
    for rate in (1e-3, 5e-4):
        moved = train(network, X, y, 1, learning_rate=rate, key=KEY, start=weights).end
        step = network.apply(moved, Z) - network.apply(weights, Z)
        expected = rate * kernels.empirical(network, weights, Z, X) @ pull
        misses.append(jnp.abs(step - expected).max() / jnp.abs(expected).max())
    assert misses[0] < 0.02
    assert misses[0] / misses[1] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_wide_networks_have_this_kernel(activation):
    """The tangent kernel of 256 perceptrons; without biases, and in the book's multipliers. 0.5 % is theirs, 1 / N."""
    network = MLP(256, depth=2, activation=activation, parameterization="ntk", dtype=float)

    def kernel(key):
        return kernels.empirical(network, network.init(key, 5), X, Z)

    measured = np.asarray(jax.lax.map(kernel, jax.random.split(KEY, 256)))
    error = measured.std(axis=0, ddof=1) / 256**0.5
    expected = kernels.ntk(X, Z, depth=2, activation=activation)
    assert error.max() < 0.015 * float(expected.max())
    assert (np.abs(measured.mean(axis=0) - expected) < 4 * error + 0.005 * np.abs(expected)).all()


def test_networks_with_biases_and_other_spreads_have_these_kernels():
    """Two hidden layers written out, all weights and biases N(0, 1) times a root; 1 % is theirs, 1 / N."""
    w, b, n = 1.7, 0.3, 256

    def network(weights, x):
        for matrix, bias in weights:
            x = (w / x.shape[1]) ** 0.5 * x @ matrix.T + b**0.5 * bias
            last, x = x, jnp.tanh(x)
        return last[:, 0]

    def drawn(key):
        keys = jax.random.split(key, 6)
        shapes = [(n, 5), (n,), (n, n), (n,), (1, n), (1,)]
        numbers = [jax.random.normal(one, shape, float) for one, shape in zip(keys, shapes, strict=True)]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    def found(key):
        weights = drawn(key)
        return kernels.empirical(network, weights, X, Z), network(weights, X)[:, None] * network(weights, Z)

    given = {"depth": 2, "activation": "tanh", "weight_variance": w, "bias_variance": b}
    tangents, products = jax.jit(lambda keys: jax.lax.map(found, keys))(jax.random.split(KEY, 512))
    for values, expected, sharp in (
        (tangents, kernels.ntk(X, Z, **given), 0.02),
        (products, kernels.nngp(X, Z, **given), 0.1),
    ):
        error = values.std(axis=0, ddof=1) / 512**0.5
        assert error.max() < sharp * float(expected.max())
        assert (jnp.abs(values.mean(axis=0) - expected) < 4 * error + 0.01 * jnp.abs(expected)).all()


@pytest.mark.parametrize(
    ("x1", "x2", "message"),
    [
        (X.at[0, 0].set(jnp.nan), None, "x1 must be finite; got nan"),
        (X, jnp.ones((3, 4)), r"x2 must have rows of the shape \(5,\) of x1's; got \(4,\)"),
        (jnp.ones(()), None, r"x1 must be inputs, one a row, shape \(P, ...\); got shape \(\)"),
        (X[:0], None, r"x1 must be inputs, one a row, shape \(P, ...\); got shape \(0, 5\)"),
    ],
)
def test_bad_inputs_of_networks_are_named(x1, x2, message):
    network = MLP(6, dtype=float)
    with pytest.raises(ValueError, match=message):
        kernels.empirical(network, network.init(KEY, 5), x1, x2)


def test_a_kernel_that_overflows_is_named():
    with pytest.raises(ValueError, match=r"weights must be of a size that leaves room for the answer; got 1e\+200"):
        kernels.empirical(lambda w, x: (w[0] * x).sum(axis=1) * w[1], jnp.array([1e200, 1.0]), X)


# Training


KERNEL = kernels.ntk(X, depth=1) * 5
CROSS = kernels.ntk(Z, X, depth=1) * 5
Y = jnp.stack([jnp.sin(X[:, 0]), X[:, 1] ** 2], axis=1)
WEIGHTS = jnp.linspace(0.5, 2, 7)


def test_flow_is_the_differential_equation():
    times = np.array([0.0, 0.3, 2.0])

    def slope(_, f):
        every = np.concatenate([KERNEL, CROSS])
        known = f.reshape(-1, 2)[:7]
        return (every @ (WEIGHTS[:, None] * (Y - known)) - 0.3 * f.reshape(-1, 2)).ravel()

    found = kernels.gradient_flow(KERNEL, Y, times, cross=CROSS, ridge=0.3, weights=WEIGHTS)
    expected = solve_ivp(slope, (0, 2), np.zeros(22), t_eval=times, rtol=1e-10, atol=1e-12).y.T.reshape(3, 11, 2)
    assert_allclose(found.outputs, expected[:, :7], atol=1e-8)
    assert_allclose(found.test, expected[:, 7:], atol=1e-8)


def test_descent_is_its_steps():
    found = kernels.gradient_descent(KERNEL, Y, 20, learning_rate=0.05, cross=CROSS, ridge=0.3, weights=WEIGHTS)
    f, test = jnp.zeros((7, 2)), jnp.zeros((4, 2))
    for step in range(21):
        assert_allclose(found.outputs[step], f, atol=1e-12)
        assert_allclose(found.test[step], test, atol=1e-12)
        pull = WEIGHTS[:, None] * (Y - f)
        f, test = f + 0.05 * (KERNEL @ pull - 0.3 * f), test + 0.05 * (CROSS @ pull - 0.3 * test)


def test_it_ends_at_the_ridge_estimate_and_null_modes_stay():
    end = kernels.gradient_flow(KERNEL, Y[:, 0], [1e6], cross=CROSS, ridge=0.3)
    assert_allclose(end.test[0], CROSS @ jnp.linalg.solve(KERNEL + 0.3 * jnp.eye(7), Y[:, 0]), rtol=1e-9)
    flat = kernels.gradient_flow(jnp.ones((2, 2)), jnp.array([1.0, -1.0]), [0.0, 5.0])
    assert_allclose(flat.outputs, 0, atol=1e-12)
    flat = kernels.gradient_descent(jnp.ones((2, 2)), jnp.array([1.0, 3.0]), 2, learning_rate=0.1)
    assert_allclose(flat.outputs, [[0, 0], [0.4, 0.4], [0.72, 0.72]], atol=1e-12)


def test_predictions_are_saved(tmp_path):
    found = kernels.gradient_flow(KERNEL, Y, [0.0, 1.0], cross=CROSS)
    found.save(tmp_path / "found.npz")
    assert_allclose(kernels.Predictions.load(tmp_path / "found.npz").test, found.test)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 0}, "depth must be a whole number >= 1; got 0"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"weight_variance": 0.0}, "weight_variance must be > 0 and finite; got 0.0"),
        ({"weight_variance": jnp.ones(2)}, "weight_variance must be one number"),
        ({"bias_variance": jnp.ones(1)}, "bias_variance must be one number"),
        ({"bias_variance": -1.0}, "bias_variance must be >= 0 and finite; got -1.0"),
        ({"x1": X.at[0, 0].set(jnp.nan)}, "x1 must be finite; got nan"),
        ({"x2": jnp.ones((3, 4))}, "x2 must have the 5 columns of x1; got 4"),
    ],
)
def test_bad_networks_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        kernels.both(**{"x1": X, "depth": 1} | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kernel": KERNEL[:, :3]}, r"kernel must be a square matrix, shape \(P, P\); got shape \(7, 3\)"),
        ({"kernel": KERNEL.at[0, 1].add(1)}, "kernel must be symmetric; entries differ by 1"),
        ({"kernel": -KERNEL}, "kernel must have no negative eigenvalue; got -"),
        ({"targets": Y[:3]}, r"targets must have one row for each of the 7 points; got shape \(3, 2\)"),
        ({"ridge": -1.0}, "ridge must be >= 0 and finite; got -1.0"),
        ({"weights": jnp.ones(3)}, r"weights must have shape \(7,\); got \(3,\)"),
        ({"cross": jnp.ones((2, 3))}, r"cross must have a column for each of the 7 points; got shape \(2, 3\)"),
        ({"learning_rate": 10.0}, r"learning_rate must be <= 2 / \(largest eigenvalue\) = 0\.\d+; got 10.0"),
    ],
)
def test_bad_training_is_named(change, message):
    given = {"kernel": KERNEL, "targets": Y, "steps": 3, "learning_rate": 0.01} | change
    with pytest.raises(ValueError, match=message):
        kernels.gradient_descent(**given)
