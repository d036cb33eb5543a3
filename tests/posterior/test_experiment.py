"""Networks in noisy training: against the kernel, exact laws and the limit of two layers."""

import jax
import pytest

from solvable import kernels, posterior
from solvable.posterior import finite_linear, nngp, two_layer

from .deviations import GRAM, KEY, QUANTITIES, X, Y, assert_within_errors, deviations


@pytest.mark.slow
def test_nngp_is_wide_networks_that_stay_lazy():
    """gamma = 1 is a richness of 1 / sqrt(N)."""
    found = posterior.langevin(
        X,
        Y,
        width=400,
        activation="tanh",
        richness=400**-0.5,
        inverse_temperature=10.0,
        key=KEY,
        time=100.0,
        repeats=32,
    )
    lazy = nngp(kernels.nngp(X, depth=1, activation="tanh"), Y, inverse_temperature=10.0)
    for name, (errors, difference, _) in deviations(found, lazy).items():
        assert errors < 4 or difference < 0.02, name  # corrections of 1/N are 0.3 % of the kernel


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "width"), [(1, 20), (2, 20), (3, 30)])
def test_the_exact_law_is_that_of_networks(depth, width):
    given = {"depth": depth, "width": width, "richness": 1.0, "inverse_temperature": 4.0}
    found = posterior.langevin(X, Y, activation="linear", key=KEY, repeats=32, time=150.0, step_size=0.01, **given)
    assert_within_errors(found, finite_linear(GRAM, Y, **given), 0.015)


@pytest.mark.parametrize(
    ("activation", "richness", "sharp"),
    [("tanh", 2.0, (0.01, 0.02)),
     pytest.param("tanh", 1.0, (0.01, 0.02), marks=pytest.mark.slow),
     pytest.param("relu", 0.7, (0.04, 0.04), marks=pytest.mark.slow)],
)  # fmt: skip
def test_wide_networks_in_equilibrium_follow_the_theory(activation, richness, sharp):
    given = {"activation": activation, "richness": richness, "inverse_temperature": 10.0}
    theory = two_layer(GRAM, Y, method="chain", key=KEY, **given)
    found = posterior.langevin(X, Y, width=400, key=jax.random.key(5), time=60.0, repeats=16, **given)
    lazy = nngp(kernels.nngp(X, depth=1, activation=activation), Y, inverse_temperature=10.0)
    for name, allowed in zip(QUANTITIES, (*sharp[:1] * 2, *sharp[1:] * 2), strict=True):
        _, difference, error = deviations(theory, found)[name]
        assert error < 0.015, name
        assert difference < allowed, name
        assert deviations(lazy, found)[name][1] > 0.1, name


@pytest.mark.slow
def test_the_stationary_law_is_off_by_the_square_of_the_step():
    """A step four times the default still agrees with the exact law; Euler's would be off by 7 %."""
    given = {"depth": 1, "width": 20, "richness": 1.0, "inverse_temperature": 4.0}
    found = posterior.langevin(X, Y, activation="linear", key=KEY, repeats=128, time=200.0, step_size=0.04, **given)
    assert_within_errors(found, finite_linear(GRAM, Y, **given), 0.015)
