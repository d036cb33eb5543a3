"""Power counting: exponents against the talk's and against networks, and the three wishes."""

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP
from solvable.parameterizations import ABC, exponents, mup, ntk, satisfies, standard


def test_the_talks_exponents():
    """Measured too: see the coordinate check."""
    table = {
        standard(): ([0, 0, 0], [-0.5, 0.5, 0.5], 0, 1),
        ntk(): ([0, 0, 0], [-0.5, -0.5, -0.5], 0, 0),
        mup(): ([0, 0, 0], [0, 0, 0], -0.5, 0),
    }
    for parameterization, (hidden, change, output, output_change) in table.items():
        found = exponents(parameterization)
        assert_allclose(found.hidden, hidden, atol=1e-12)
        assert_allclose(found.hidden_change, change, atol=1e-12)
        assert found.output == output
        assert found.output_change == output_change


def test_adam_on_standard():
    found = exponents(standard(), optimizer="adam")
    assert found.hidden_change == (0, 1, 1)
    assert found.output_change == 1.5


def holds(parameterization, **options):
    return [wish.holds for wish in satisfies(parameterization, **options)]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "abc",
    [
        pytest.param(ABC(a=(0, 0.25, 0.5), b=(0, 0, 0), c=0), id="grows"),
        pytest.param(ABC(a=(0.125, 0.5, 0.25), b=(0.125, 0.25, 0.5), c=0.25), id="falls"),
    ],
)
def test_what_each_layer_adds_to_the_output_where_h_has_a_power_of_its_own(abc, optimizer):
    """Linear networks, one input: in a small step a layer moves f by its rate times |df/dW|^2, for Adam |df/dW|_1."""
    found = exponents(abc, depth=3, optimizer=optimizer)
    assert found.hidden[-1] != 0
    x, widths, power = jax.random.normal(jax.random.key(0), (1, 8)), (64, 1024), 2 if optimizer == "sgd" else 1

    def contributions(width):
        network = MLP(width, depth=3, parameterization=abc, activation="linear")
        rates = network.rates((8,), optimizer)

        def sizes(key):
            slopes = jax.grad(lambda weights: network.apply(weights, x)[0])(network.init(key, 8))
            first, (second, third), last = slopes["input"], slopes["hidden"], slopes["output"]
            rate = [rates[kind] for kind in ("input", "hidden", "hidden", "output")]
            return [r * (abs(one) ** power).sum() for r, one in zip(rate, (first, second, third, last), strict=True)]

        draws = 16 * widths[1] // width  # the narrow scatter more
        return np.mean(jax.vmap(sizes)(jax.random.split(jax.random.key(1), draws)), axis=1)

    small, large = map(contributions, widths)
    assert_allclose(np.log(large / small) / np.log(widths[1] / widths[0]), found.contributions, atol=0.06)


def test_three_wishes():
    assert holds(standard()) == [True, False, False]
    assert holds(ntk()) == [True, True, False]
    assert holds(mup()) == [True, True, True]
    assert holds(mup(), optimizer="adam") == [True, True, True]
    assert holds(standard(), optimizer="adam") == [True, False, False]
    assert holds(ntk(), optimizer="adam") == [True, True, False]
    assert "the weights of hidden layer 2 move its features by N^+0.5" in satisfies(standard())[2].words


def test_counting_gives_the_talks_constraints():
    """On a grid of exponents the three verdicts are those of the constraints, written as equations."""
    half = [-0.5, 0.0, 0.5, 1.0]
    agreed = set()
    for a0, b0, a, b, b_out, c in np.stack(np.meshgrid(*[half] * 6)).reshape(6, -1).T.tolist():
        stable = a0 + b0 == 0 and a + b == 0.5
        function = a + b_out == 0.5 and a0 + b_out == 0
        features = c + b_out == 0.5
        found = holds(ABC(a=(a0, a, 0.5), b=(b0, b, b_out), c=c))
        assert found[0] == stable
        if stable:
            assert found[1] == function
        if stable and function:
            assert found[2] == features
            agreed.add(features)
    assert agreed == {False, True}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exponents(mup(), depth=0), "depth must be a whole number >= 1; got 0"),
        (lambda: exponents(mup(), optimizer="lion"), "optimizer must be one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message.replace("^", r"\^")):
        call()
