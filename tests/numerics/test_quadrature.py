"""The quadrature rule of a Gaussian."""

from numpy.testing import assert_allclose

from solvable.numerics import quadrature


def test_the_rule_of_quadrature_has_the_moments_of_a_gaussian():
    nodes, weights = quadrature.rule(quadrature.NODES, float)
    for power, moment in ((0, 1), (1, 0), (2, 1), (4, 3), (8, 105)):
        assert_allclose(weights @ nodes**power, moment, atol=1e-12 * max(moment, 1))
