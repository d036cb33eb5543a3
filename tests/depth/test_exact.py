"""Closed forms: against sums over layers written out, and their limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.depth import exact


def fourth_moment(width, layers, branch):
    """<h^4> / <h^2>^2 of a linear network, layer by layer: both moments of |h|^2 obey a recursion."""
    square, second, fourth = branch**2 / layers, 1.0, 1 + 2 / width  # of |h|^2 / N, Gaussian at first
    for _ in range(layers):
        # |h + b z|^2 / N with z ~ N(0, q): q -> q + 2 b (h.z)/N + b^2 |z|^2/N
        fourth *= (1 + square) ** 2 + 4 * square / width + 2 * square**2 / width
        second *= 1 + square
    return 3 * fourth / (1 + 2 / width) / second**2


@pytest.mark.parametrize("width", [1, 8, 32])
def test_the_kurtosis_is_that_of_the_recursion_and_has_a_limit(width):
    assert exact.kurtosis(width, depth=16, branch=1.2) == pytest.approx(fourth_moment(width, 16, 1.2))
    assert exact.kurtosis(width) == pytest.approx(3 * np.exp(4 / width))
    assert exact.kurtosis(width, depth=10**7) == pytest.approx(float(exact.kurtosis(width)), rel=1e-5)
    assert exact.kurtosis(width, branch_power=1.0) == 3  # smooth paths
    assert_allclose(exact.kurtosis([width, 2 * width])[0], exact.kurtosis(width))


def test_a_single_neuron_is_geometric():
    """One factor 1 + b w a layer: <(1 + b w)^4> = 1 + 6 b^2 + 3 b^4. No sample finds that: 200,000 draws gave 62."""
    square = 1 / 64
    assert exact.kurtosis(1, depth=64) == pytest.approx(
        3 * ((1 + 6 * square + 3 * square**2) / (1 + square) ** 2) ** 64
    )
    assert 132 < exact.kurtosis(1, depth=64) < 134


def test_kernels_in_closed_form():
    for branch in (0.5, 1.0, 2.0):
        square = branch**2
        assert exact.covariance(0.7, activation="linear", branch=branch) == pytest.approx(0.7 * np.exp(square))
        assert exact.covariance(0.7, activation="relu", branch=branch) == pytest.approx(0.7 * np.exp(square / 2))
        kernel = exact.tangent_kernel([0.7, -0.2], activation="linear", branch=branch)
        assert_allclose(kernel, (2 + square) * np.exp(square) * np.array([0.7, -0.2]), rtol=1e-14)
        finite = exact.tangent_kernel(0.7, activation="linear", branch=branch, depth=5)
        each = 1 + square / 5
        assert finite == pytest.approx(each**4 * (2 * each + square) * 0.7, rel=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact.kurtosis(0.5), "width must be >= 1; got 0.5"),
        (lambda: exact.kurtosis(4, branch_power=0.3), "branch_power must be >= 1/2, since below there is no limit"),
        (lambda: exact.covariance(-1.0, activation="relu"), "variance must be >= 0 and finite; got -1.0"),
        (lambda: exact.covariance(1.0, activation="tanh"), r"activation must be one of \('linear', 'relu'\); got"),
        (lambda: exact.tangent_kernel(1.0, activation="relu", depth=0), "depth must be a whole number >= 1; got 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
