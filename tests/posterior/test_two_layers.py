"""Two layers: both methods against each other, against closed forms, and against networks."""

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable import kernels, posterior
from solvable.posterior import deep_linear, nngp, two_layer

from .deviations import GRAM, KEY, QUANTITIES, X, Y, assert_within_errors, deviations


@pytest.mark.parametrize(("method", "richness"), [("chain", 1.5), ("importance", 0.3)])
def test_linear_neurons_are_the_closed_form(method, richness):
    given = {"richness": richness, "inverse_temperature": 10.0}
    found = two_layer(GRAM, Y, activation="linear", method=method, key=KEY, **given)
    assert_within_errors(found, deep_linear(GRAM, Y, depth=1, **given), 0.01)
    assert found.residual < 1e-10
    assert_allclose(
        found.preactivations.T @ found.preactivations / len(found.preactivations), found.features[0, :4, :4], atol=0.1
    )


@pytest.mark.slow
def test_chain_and_importance_agree():
    given = {"activation": "tanh", "richness": 0.8, "inverse_temperature": 5.0, "key": KEY}
    weighted = two_layer(GRAM, Y, particles=2**13, **given)
    walked = two_layer(GRAM, Y, method="chain", particles=2**12, **given)
    assert_within_errors(walked, weighted, 0.015)


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "richness"), [("relu", 0.5), ("erf", 0.6), ("tanh", 1.0)])
def test_chain_and_importance_agree_on_more(activation, richness):
    given = {"activation": activation, "richness": richness, "inverse_temperature": 10.0, "key": KEY}
    weighted = two_layer(GRAM, Y, particles=2**15, **given)
    walked = two_layer(GRAM, Y, method="chain", particles=2**13, **given)
    assert_within_errors(walked, weighted, 0.01)


def test_little_richness_is_the_kernel_of_the_prior():
    found = two_layer(GRAM, Y, activation="tanh", richness=1e-3, inverse_temperature=10.0, key=KEY)
    lazy = nngp(kernels.nngp(X, depth=1, activation="tanh"), Y, inverse_temperature=10.0)
    for name in QUANTITIES:
        assert_allclose(getattr(found, name), getattr(lazy, name), atol=4e-3)


@pytest.mark.slow
def test_thirty_two_points():
    """Linear neurons against the closed form, and tanh against networks; the chain has 32 dimensions."""
    x = jax.random.normal(jax.random.key(7), (34, 40))
    y = jnp.sign(x[:32, 0])
    gram = x @ x.T / 40
    given = {"richness": 1.0, "inverse_temperature": 10.0}
    linear = two_layer(gram, y, activation="linear", method="chain", key=KEY, particles=2**8, repeats=64, **given)
    exact = deep_linear(gram, y, depth=1, **given)
    found = deviations(linear, exact)
    for name in ("outputs", "test", "readout"):
        assert found[name][0] < 4, name
        assert found[name][2] < 0.015, name
    z = (linear.features - exact.features) / linear.error("features")  # 595 numbers: their mean square says more
    assert jnp.sqrt((z**2).mean()) < 1.3
    assert found["features"][2] < 0.015
    theory = two_layer(gram, y, activation="tanh", method="chain", key=KEY, particles=2**10, **given)
    found = posterior.langevin(x, y, width=400, activation="tanh", key=KEY, time=20.0, **given)
    for name, (_, difference, _) in deviations(theory, found).items():
        assert difference < 0.03, name


TWO = {"gram": GRAM, "targets": Y, "activation": "tanh", "richness": 1.0, "inverse_temperature": 10.0, "key": KEY}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gram": GRAM.at[0, 1].add(0.1)}, "gram must be symmetric; entries differ by 0.1"),
        ({"gram": GRAM - 3 * jnp.eye(5)}, "gram must have no negative eigenvalue; got -"),
        (
            {"targets": jnp.ones(6)},
            r"targets must have shape \(P,\) or .* row for each of the 5 points; got \(6,\)",
        ),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"inverse_temperature": -1.0}, "inverse_temperature must be > 0 and finite; got -1.0"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"method": "guess"}, r"method must be one of \('importance', 'chain'\); got 'guess'"),
        ({"particles": 4}, "particles must be a whole number >= 9; got 4"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"richness": 2.5}, r"at 2.5 they are worth \d+.* of 1024 samples .*method='chain'"),
        ({"activation": "linear", "richness": 1.5}, r"with a tail of power 0\.\d+ \(at most 0.65\)"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        two_layer(**TWO | change)


@pytest.mark.slow
def test_a_chain_that_did_not_arrive_is_said():
    with pytest.raises(RuntimeError, match=r"rounds must suffice .* at richness 6"):
        two_layer(**TWO | {"richness": 6.0, "method": "chain", "rounds": 1})
