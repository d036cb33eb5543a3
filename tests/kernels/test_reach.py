"""Kernels at the ends of what a precision holds: right, or refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from solvable import gaussian, kernels

X = jax.random.normal(jax.random.key(0), (4, 5), float)
Z = jax.random.normal(jax.random.key(1), (3, 5), float)


def by_angles(x1, x2, depth, w, b):
    """ReLU by the cosine of the angle in each layer, and logarithms of sizes; K and theta over the size of rows."""
    spread = [np.log(w * np.mean(np.asarray(x, np.longdouble) ** 2, axis=1) + b) for x in (x1, x2)]
    product = w * np.asarray(x1, np.longdouble) @ np.asarray(x2, np.longdouble).T / x1.shape[1] + b
    c = product / np.exp(spread[0][:, None] / 2 + spread[1] / 2)
    theta = c
    for _ in range(depth):
        angle = np.pi - np.arccos(np.clip(c, -1, 1))
        new = [np.logaddexp(one + np.log(w / 2), np.log(b) if b else -np.inf) for one in spread]
        change = [one - after for one, after in zip(spread, new, strict=True)]
        shrink = np.exp(change[0][:, None] / 2 + change[1] / 2)
        lift = b * np.exp(-(new[0][:, None] + new[1]) / 2)
        c, slopes = (
            w * shrink * (np.sqrt(np.maximum(1 - c**2, 0)) + angle * c) / (2 * np.pi) + lift,
            angle / (2 * np.pi),
        )
        theta, spread = c + w * shrink * slopes * theta, new
    return c, theta, spread


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize(
    ("size", "other", "depth", "w", "b"),
    [
        (1.0, 1.0, 60, 1.0, 0.0),
        (1.0, 1.0, 98, 1.0, 0.0),
        (1e-9, 1e-9, 3, 1.0, 0.0),
        (1e10, 1e10, 3, 1.0, 0.0),
        (1e-14, 1e14, 3, 1.0, 0.0),
        (1e10, 1e-9, 2, 1.7, 0.2),
        (1e-12, 1e-12, 2, 1e3, 1e-20),
        (1.0, 1.0, 20, 30.0, 0.5),
    ],
)
def test_relu_at_any_size_and_depth(size, other, depth, w, b, dtype):
    # an angle of a deep layer, near 3 / depth, is off by a rounding over itself, and as many add up
    digits = jnp.finfo(dtype).eps * (10 + depth**2 / 10)
    x, z = (size * X).astype(dtype), (other * Z).astype(dtype)
    given = {"depth": depth, "weight_variance": w, "bias_variance": b}
    for found, first, second in ((kernels.both(x, z, **given), x, z), (kernels.both(x, **given), x, x)):
        c, theta, spread = by_angles(first, second, depth, w, b)
        scale = np.exp(spread[0][:, None] / 2 + spread[1] / 2)
        apart = np.ones_like(c, bool) if first is not second else ~np.eye(len(x), dtype=bool)
        off = np.abs(np.asarray(found.nngp, np.longdouble) / scale - c)[apart].max()
        assert off < digits
        off = np.abs(np.asarray(found.ntk, np.longdouble) / scale / np.abs(theta).max() - theta / np.abs(theta).max())
        assert off[apart].max() < digits


def test_float64_at_the_ends_of_its_range():
    for size in (1e-140, 1e150):
        found, unit = kernels.both(size * X, depth=3), kernels.both(X, depth=3)
        for one, other in zip(found, unit, strict=True):
            assert_allclose(one / size / size, other, rtol=1e-13)
            assert_array_equal(one, one.T)
    # a factor of a power of two changes no digit
    jax.tree.map(
        lambda one, other: assert_array_equal(one / 2.0**40, other),
        kernels.both(2.0**40 * X, Z, depth=3),
        kernels.both(X, Z, depth=3),
    )


@pytest.mark.parametrize("activation", ["linear", "gelu", "erf", "tanh"])
@pytest.mark.parametrize("size", [1e-9, 1e-13])
def test_small_rows_of_others(activation, size):
    given = {"depth": 2, "activation": activation}
    single = kernels.both((size * X).astype(jnp.float32), Z.astype(jnp.float32) * size, **given)
    exact = kernels.both(
        (size * X).astype(jnp.float32).astype(float), (Z.astype(jnp.float32) * size).astype(float), **given
    )
    for one, other in zip(single, exact, strict=True):
        assert_allclose(one, other, atol=1e-6 * float(jnp.abs(other).max()))


@pytest.mark.parametrize(
    ("x", "change", "message"),
    [
        (X.astype(jnp.float32), {"depth": 300}, "holds with its digits, from 9.9e-32 to"),
        (1e-20 * X.astype(jnp.float32), {}, "x1 must have kernels that float32 holds"),
        (1e20 * X.astype(jnp.float32), {}, "x1 must have kernels that float32 holds"),
        (1e-20 * X.astype(jnp.float32), {"activation": "linear"}, "x1 must have kernels that float32 holds"),
        (1e20 * X.astype(jnp.float32), {"activation": "erf"}, "x1 must have smaller rows"),
        (1e-20 * X.astype(jnp.float32), {"activation": "erf"}, "x1 must have kernels that float32 holds"),
        (1e10 * X.astype(jnp.float32), {"activation": "gelu"}, "x1 must have smaller rows"),
        (X.astype(jnp.float32), {"activation": "gelu", "depth": 100}, "x1 must have kernels that float32 holds"),
        (1e200 * X, {}, "x1 must have kernels that float64 holds"),
        (1e-200 * X, {}, "x1 must have kernels that float64 holds"),
        (1e-200 * X, {"activation": "tanh"}, "x1 must have kernels that float64 holds"),
        (100 * X, {"activation": "tanh"}, "x1 must be smaller for this activation: at .* nodes"),
        (X.astype(jnp.float32), {"weight_variance": 1e-300}, "weight_variance must be 0, or from 4.7e-38"),
        (X.astype(jnp.float32), {"bias_variance": 1e-300}, "bias_variance must be 0, or from 4.7e-38"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused(x, change, message):
    with pytest.raises(ValueError, match=message):
        kernels.both(x, **{"depth": 1} | change)


def test_rows_of_zeros_have_a_kernel():
    x = X.at[1].set(0)
    found = kernels.both(x, depth=2)
    assert_array_equal(found.ntk[1], 0)
    assert_allclose(found.ntk[0, 2], kernels.ntk(X, depth=2)[0, 2], rtol=1e-14)
    assert_array_equal(kernels.ntk(jnp.zeros((2, 3)), depth=1), 0)
    assert_allclose(kernels.nngp(jnp.zeros((2, 3)), depth=1, bias_variance=1.0), 1.5)


@pytest.mark.parametrize(("dtype", "least", "most"), [(jnp.float32, 2e-31, 1e38), (jnp.float64, 2e-292, 1e308)])
def test_averages_of_relu_in_the_whole_range(dtype, least, most):
    """Homogeneous: over the root of both variances they depend on the correlation alone."""
    unit = gaussian.averages("relu", 1.0, 1.0, 0.3)
    for q1, q2 in ((least, least), (most, most), (least, most), (1.0, most), (least, 1.0)):
        root = (q1**0.5) * (q2**0.5)
        found = gaussian.averages("relu", *(jnp.asarray(one, dtype) for one in (q1, q2, 0.3 * root)))
        assert found.product / root == pytest.approx(float(unit.product), rel=20 * float(jnp.finfo(dtype).eps))
        assert found.slopes == pytest.approx(float(unit.slopes), rel=20 * float(jnp.finfo(dtype).eps))
        at = [jnp.asarray(one, dtype) for one in (q1, q2, 0.3 * root)]
        slope = jax.grad(lambda *given: gaussian.averages("relu", *given).product, argnums=2)(*at)
        assert slope == pytest.approx(float(unit.slopes), rel=20 * float(jnp.finfo(dtype).eps))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("relu", 1.0, 1.0, float("nan")), "covariance must be finite; got nan"),
        (("erf", 1.0, 1.0, 1.5), "covariance must be at most sqrt.* in size; got 1.5"),
        (("tanh", 4.0, 1.0, -2.01), "covariance must be at most sqrt.* in size; got -2.01"),
        (("gelu", 0.0, 1.0, 1e-9), "covariance must be at most sqrt.* in size; got 1e-09"),
        (("gelu", 1e200, 1.0, 0.0), "variance1 must be 0, or from .* to 3.35e[+]153 in float64; got 1e[+]200"),
        (("erf", 1.0, np.float32(1e20), np.float32(0)), "variance2 must be 0, or from .* to 4.61e[+]18 in float32"),
        (("relu", 1.0, 1e-310, 0.0), "variance2 must be 0, or from 1e-292"),
        (("tanh", 1e6, 1.0, 0.0), "variance1 must be smaller for this activation"),
        (("tanh", 1e300, 1.0, 0.0), "variance1 must be 0, or from"),
    ],
)
def test_averages_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        gaussian.averages(*given)


def test_a_covariance_may_be_off_by_rounding():
    q = jnp.asarray([1.7, 0.3], jnp.float32)
    k = jnp.sqrt(q[0] * q[1]) * (1 + 4 * jnp.finfo(jnp.float32).eps)
    for activation in ("relu", "erf", "gelu", "tanh"):
        assert np.isfinite(gaussian.averages(activation, *q, k)).all()
