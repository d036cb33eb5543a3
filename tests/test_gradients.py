"""What jax differentiates beside central differences, at points where formulas degenerate; and what is refused."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import gaussian, kernels, meanfield, posterior, primer
from solvable.linear_model import theory
from solvable.spectra import Spectrum

Y = jnp.array([1.0, -1.0, 0.5])
ONES = jnp.arange(1.0, 4.0)
CROSS = jnp.array([[0.3, -0.2, 0.5], [0.1, 0.4, -0.6]])
X = jnp.array([[1.0, 0.5], [0.2, -0.7], [-0.4, 0.9]])
NEAR = jnp.diag(jnp.array([1.0, 1.0 + 1e-9, 3.0]))


@functools.cache
def together(function):
    """The function of each row: compiled once, since a matrix has 36 differences."""
    return jax.jit(jax.vmap(function))


def one_by_one(function):
    """The function of each row, which must be known."""
    return lambda rows: [function(jnp.asarray(row)) for row in rows]


def by_differences(function, at, step=1e-4, of_rows=together):
    """To fourth order, symmetric matrices along symmetric moves."""
    at = np.asarray(at, float)
    moves = step * np.eye(at.size).reshape(at.size, *at.shape)
    if at.ndim == 2 and np.array_equal(at, at.T):
        moves = (moves + moves.swapaxes(1, 2)) / 2
    values = [of_rows(function)(at + steps * moves) for steps in (1, -1, 2, -2)]
    return (np.array([8, -8, -1, 1]) @ np.array(values)).reshape(at.shape) / (12 * step)


def flow(times, ridge=0.0, weights=None):
    def of(kernel):
        found = kernels.gradient_flow(kernel, Y, times, cross=CROSS, ridge=ridge, weights=weights)
        return (found.outputs @ ONES).sum() + found.test[:, 0].sum()

    return of


def descent(kernel):
    found = kernels.gradient_descent(kernel, Y, 4, learning_rate=0.2, cross=CROSS, ridge=0.1)
    return (found.outputs @ ONES).sum() + found.test[:, 0].sum()


def entry(kernel, **given):
    return lambda x: kernel(jnp.asarray(x), jnp.array([[0.7, -0.4]]), **given).sum()


MATRICES = {
    "equal eigenvalues": jnp.eye(3),
    "equal and large": 30 * jnp.eye(3),
    "nearly equal": NEAR,
    "a null space": jnp.diag(jnp.array([1.0, 1.0, 0.5])),
    "apart": jnp.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]]),
}
FLOWS = {
    "early": flow([0.05]),
    "later": flow([1.0, 3.0]),
    "late": flow([40.0]),
    "ridge and weights": flow([0.5, 3.0], 0.3, jnp.array([1.0, 2.0, 0.5])),
}


@pytest.mark.parametrize("kernel", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("function", FLOWS.values(), ids=FLOWS)
def test_gradient_flow(function, kernel):
    expected = by_differences(function, kernel)
    for slope in (jax.grad, jax.jacfwd):
        assert_allclose(slope(function)(kernel), expected, atol=1e-8 * np.abs(expected).max())


def test_gradient_flow_by_hand():
    """At K = 1 and t = 1 a move dK moves outputs by exp(-1) dK y."""
    expected = np.exp(-1) * (np.asarray(Y)[:, None] + np.asarray(Y)) / 2
    slope = jax.grad(lambda kernel: kernels.gradient_flow(kernel, Y, [1.0]).outputs.sum())(jnp.eye(3))
    assert_allclose(slope, expected, rtol=1e-13)


@pytest.mark.parametrize(
    "kernel", [jnp.eye(3), NEAR, jnp.diag(jnp.array([1.0, 1.0, 0.0]))], ids=["equal", "near", "null"]
)
def test_gradient_descent(kernel):
    """A null space has a kernel on one side only, so it is compared with the steps themselves."""

    def steps(kernel):
        kernel, f, test, total = (kernel + kernel.T) / 2, jnp.zeros(3), jnp.zeros(2), 0.0
        for _ in range(4):
            f, test = f + 0.2 * (kernel @ (Y - f) - 0.1 * f), test + 0.2 * (CROSS @ (Y - f) - 0.1 * test)
            total += f @ ONES + test[0]
        return total

    for slope in (jax.grad, jax.jacfwd):
        assert_allclose(slope(descent)(kernel), jax.jacfwd(steps)(kernel), rtol=1e-12, atol=1e-12)


def test_gradient_flow_in_its_other_arguments():
    """Times and ridge at zero have one side: the differential equation says what the slopes are."""
    kernel = jnp.eye(3)
    slope = jax.grad(lambda t: kernels.gradient_flow(kernel, Y, t).outputs.sum())(jnp.zeros(1))
    assert_allclose(slope, [Y.sum()], rtol=1e-14)
    slope = jax.grad(lambda r: kernels.gradient_flow(kernel, Y, [1.0], ridge=r).outputs.sum())(0.0)
    assert_allclose(slope, -(1 - 2 * np.exp(-1)) * float(Y.sum()), rtol=1e-13)  # d/dr of (1 - exp(-1 - r)) / (1 + r)
    second = jax.grad(jax.grad(lambda t: kernels.gradient_flow(kernel, Y, t[None]).outputs.sum()))(1.0)
    assert_allclose(second, -np.exp(-1) * float(Y.sum()), rtol=1e-12)


AVERAGES = [(0.0, 1.0, 0.0), (1.0, 1.0, 1.0), (1.0, 1.0, -1.0), (2.0, 1.0, 0.5), (0.0, 0.0, 0.0), (1.0, 2.0, 0.0)]


@pytest.mark.parametrize("at", AVERAGES, ids=str)
@pytest.mark.parametrize("activation", ["erf", pytest.param("gelu", marks=pytest.mark.slow)])
def test_closed_forms_beside_the_rule(activation, at):
    """At zero variances and at correlations of +-1 there is no room for differences; Price's theorem needs none."""
    function = gaussian.ACTIVATIONS[activation]
    slopes = [
        jax.jacfwd(lambda q, one=one: jnp.stack(gaussian.averages(one, *q)))(jnp.array(at))
        for one in (activation, function)
    ]
    assert_allclose(*slopes, atol=1e-14)


KERNELS = {
    "tanh at zero": (entry(kernels.ntk, depth=1, activation="tanh"), [[0.0, 0.0]]),
    "tanh at the same point": (entry(kernels.ntk, depth=1, activation="tanh"), [[0.7, -0.4]]),
    "tanh opposite": (entry(kernels.ntk, depth=1, activation="tanh"), [[-0.7, 0.4]]),
    "erf at zero": (entry(kernels.ntk, depth=2, activation="erf"), [[0.0, 0.0]]),
    "erf at the same point": (entry(kernels.ntk, depth=2, activation="erf"), [[0.7, -0.4]]),
    "gelu at zero": (entry(kernels.ntk, depth=2, activation="gelu"), [[0.0, 0.0]]),
    "gelu opposite": (entry(kernels.ntk, depth=2, activation="gelu"), [[-0.7, 0.4]]),
    "relu": (entry(kernels.ntk, depth=2), [[0.4, 0.3]]),
    "relu with biases at zero": (entry(kernels.ntk, depth=2, bias_variance=0.3), [[0.0, 0.0]]),
    "alignment": (lambda k: kernels.alignment(k, Y), jnp.eye(3)),
}


@pytest.mark.parametrize(("function", "at"), KERNELS.values(), ids=KERNELS)
def test_kernels(function, at):
    expected = by_differences(function, at)
    for slope in (jax.grad, jax.jacfwd):
        found = slope(function)(jnp.asarray(at))
        assert_allclose(found, expected, atol=1e-8 * max(1, np.abs(expected).max()))


def test_a_tangent_kernel_at_a_row_of_zeros():
    """At x = 0 both averages of tanh are as those of x: theta = 2 x z / D to first order, shrunk by tanh at z."""
    z, share = jnp.array([[1.0, 2.0]]), gaussian.averages("tanh", 0.0, 2.5, 0.0).slopes
    slope = jax.grad(lambda x: kernels.ntk(x, z, depth=1, activation="tanh")[0, 0])(jnp.zeros((1, 2)))
    assert_allclose(slope, share * z, rtol=1e-12)


def test_a_parameter_of_an_activation():
    def of(gain):
        return kernels.ntk(X, depth=1, activation=lambda x: jnp.tanh(gain * x)).sum()

    assert_allclose(jax.grad(of)(1.3), by_differences(of, 1.3), rtol=1e-8)


GIVEN = {
    "activation": "tanh",
    "richness": 1.0,
    "learning_rate": 0.1,
    "steps": 2,
    "key": jax.random.key(0),
    "repeats": 2,
}
SOLVERS = {
    "two layers": lambda gram: meanfield.two_layer(gram, Y, particles=64, **GIVEN).outputs.sum(),
    "deep": lambda gram: meanfield.deep(gram, Y, depth=2, particles=32, **GIVEN).outputs.sum(),
    "deep linear": lambda gram: meanfield.deep_linear(
        gram, Y, depth=2, richness=1.0, learning_rate=0.1, steps=2
    ).outputs.sum(),
    "the edge of SGD": lambda gram: theory.sgd_stability_limit(
        Spectrum(jnp.diag(gram) * jnp.array([1.0, 1.0, 0.5]), ONES), batch_size=2.0, width=4.0
    ),
}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.slow] if one in ("deep", "two layers") else []) for one in SOLVERS]
)
def test_solvers_at_equal_eigenvalues(name):
    function = SOLVERS[name]
    expected = by_differences(function, jnp.eye(3), of_rows=one_by_one)
    found = jax.grad(function)(jnp.eye(3))  # along moves that stay symmetric
    assert_allclose((found + found.T) / 2, expected, atol=1e-7 * np.abs(expected).max())


BETA = {"inverse_temperature": 5.0}
REFUSED = {
    "flow twice": (lambda k: jax.hessian(flow([1.0]))(k), jnp.eye(3), "kernel must not be differentiated twice"),
    "relu at zero": (jax.grad(entry(kernels.ntk, depth=2)), jnp.zeros((1, 2)), "x1 must have no row of zeros"),
    "relu, biases from zero": (
        jax.grad(lambda b: kernels.nngp(jnp.zeros((1, 2)), X, depth=1, bias_variance=b).sum()),
        0.0,
        "x1 must have no row of zeros",
    ),
    "a kink": (
        jax.grad(entry(kernels.ntk, depth=1, activation=lambda x: jnp.where(x > 0.5, x, 0.1 * x))),
        jnp.ones((1, 2)),
        "activation has a kink near 0.5",
    ),
}


NONE = {
    "a search for a variance": (lambda g: primer.theory.tanh_network(g, [0.0, 1.0]).correlation.sum(), 2.0),
    "a search for an order parameter": (
        lambda g: posterior.deep_linear(jnp.eye(3), Y, depth=2, richness=g, **BETA).outputs.sum(),
        1.0,
    ),
    "eigenvectors": (lambda k: posterior.nngp(k, Y, **BETA).outputs.sum(), jnp.eye(3)),
}


@pytest.mark.parametrize(("function", "at"), NONE.values(), ids=NONE)
def test_a_search_says_that_it_has_no_slope(function, at):
    for slope in (jax.grad, jax.jacfwd):
        with pytest.raises(TypeError, match=r"slope|differentiated"):
            slope(function)(at)
    at = jnp.asarray(at)
    assert np.isfinite(function(at))


@pytest.mark.parametrize(("slope", "at", "message"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_slope_is_refused(slope, at, message):
    with pytest.raises(ValueError, match=message):
        slope(at)


SPECTRUM = Spectrum(jnp.array([1.0, 0.4]), jnp.array([1.0, 0.5]), jnp.array([1, 3]))
STUDENT = {"width": 7.0, "samples": 5.0}
CURVES = {
    "test": lambda t: theory.gradient_flow(SPECTRUM, t, noise=0.3, **STUDENT).test,
    "train": lambda t: theory.gradient_flow(SPECTRUM, t, noise=0.3, **STUDENT).train,
    "no limits": lambda t: theory.gradient_flow(SPECTRUM, t, noise=0.3).train,
    "the second mode": lambda t: theory.mode_errors(SPECTRUM, t, **STUDENT)[:, 1],
    "ensemble": lambda t: theory.ensemble(SPECTRUM, t, inits=2, datasets=3, **STUDENT).test,
    "first order, width": lambda t: theory.first_order(SPECTRUM, t).width,
    "first order, data": lambda t: theory.first_order(SPECTRUM, t).data,
}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_the_slope_where_time_begins(curve):
    step = 1e-3
    start, *values = curve(step * jnp.arange(4.0))
    from_the_right = (-11 * start + 18 * values[0] - 9 * values[1] + 2 * values[2]) / (6 * step)  # to third order
    assert_allclose(jax.jacfwd(lambda t: curve(t[None])[0])(0.0), from_the_right, atol=1e-6)
