"""Kernels of infinite width: the recursion by hand, in tiles, on several devices, and averages of wide networks."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from solvable import gaussian, kernels
from solvable.networks import MLP

from .points import KEY, X, Z


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


@pytest.mark.parametrize(
    "activation", ["relu", *(pytest.param(one, marks=pytest.mark.slow) for one in ("gelu", "erf"))]
)
def test_single_precision(activation):
    x = jax.random.normal(KEY, (300, 50), float)
    exact, single = (kernels.both(one, depth=3, activation=activation) for one in (x, x.astype(jnp.float32)))
    for name in ("nngp", "ntk"):
        assert getattr(single, name).dtype == jnp.float32
        assert_allclose(getattr(single, name), getattr(exact, name), atol=1e-6 * float(getattr(exact, name).max()))


OTHERS = [pytest.param(one, marks=pytest.mark.slow) for one in ("linear", "erf", "gelu", jnp.sin)]


@pytest.fixture
def small_tiles(monkeypatch):
    """Matrices of more than three rows are made of tiles, whose size is part of the compiled program."""
    monkeypatch.setattr(kernels.theory, "TILE", 3)
    monkeypatch.setattr(kernels.theory, "WHOLE", 0)
    programs = (kernels.theory._square, kernels.theory._rows)
    for program in programs:
        program.clear_cache()
    yield
    for program in programs:
        program.clear_cache()


@pytest.mark.parametrize("activation", ["relu", "tanh", *OTHERS])
@pytest.mark.parametrize("tiles", ["whole", "small_tiles"])
def test_symmetric_to_rounding(activation, tiles, request):
    """To a few units of the last digit: a compiler may round an entry and its mirror image in two ways."""
    if tiles != "whole":
        request.getfixturevalue(tiles)
    for dtype in (jnp.float32, jnp.float64):
        given = {"depth": 2, "activation": activation, "weight_variance": 1.7, "bias_variance": 0.2}
        for points in (5, 7):
            for matrix in kernels.both(jax.random.normal(KEY, (points, 5), dtype), **given):
                assert_allclose(matrix, matrix.T, rtol=4 * float(jnp.finfo(dtype).eps))


def test_whole_numbers_are_inputs_too():
    pixels = jnp.arange(6, dtype=jnp.uint8).reshape(3, 2)
    given = {"depth": 2, "weight_variance": 1.7, "bias_variance": 0.2}
    for z in (None, pixels[:2]):
        found = kernels.both(pixels, z, **given)
        expected = kernels.both(pixels.astype(float), None if z is None else z.astype(float), **given)
        jax.tree.map(assert_array_equal, found, expected)


def test_many_tiles_are_one(request):
    whole = kernels.both(X, depth=2), kernels.both(X, Z, depth=2)
    request.getfixturevalue("small_tiles")
    tiled = kernels.both(X, depth=2), kernels.both(X, Z, depth=2)
    jax.tree.map(lambda a, b: assert_allclose(a, b, rtol=1e-13), whole, tiled)


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


@pytest.mark.parametrize("activation", [pytest.param("relu", marks=pytest.mark.slow), "tanh"])
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


@pytest.mark.slow
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
