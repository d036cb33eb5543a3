"""Networks and their halves: what the pieces are, the 1/N law, and errors that are what they say."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, Custom, Deviations, ResidualMLP, Transformer, deviations, train
from solvable.networks.widths import _halves, _squares

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (4, 8), float)
Y = jnp.sin(X[:, 0]) + X[:, 1]


@functools.cache  # tests that ask the same share the answer
def run(name="mup", width=256, *, activation="tanh", depth=1, steps=10, learning_rate=0.5, **options):
    return deviations(
        lambda n: MLP(n, depth=depth, parameterization=name, activation=activation),
        width, X, Y, steps, learning_rate=learning_rate, key=KEY, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["mup", "standard"])
def test_halves_are_diagonal_blocks_with_the_spread_of_their_width(name):
    wide, narrow = (MLP(n, depth=3, parameterization=name, dtype=float) for n in (8, 4))
    weights = jax.vmap(lambda one: wide.init(one, 8))(jax.random.split(KEY, 3))  # 8 inputs: not cut, though they could
    pieces = _halves(wide, narrow, weights, (8,), ())
    hidden, spread = weights["hidden"][1], 2**0.5 if name == "standard" else 1.0
    assert_allclose(pieces["hidden"][2], spread * hidden[:, :4, :4])
    assert_allclose(pieces["hidden"][3], spread * hidden[:, 4:, 4:])
    assert_allclose(pieces["input"][3], weights["input"][1, 4:])
    assert_allclose(pieces["output"][4], spread * weights["output"][2, :4])


@pytest.mark.parametrize("network", [ResidualMLP, pytest.param(Transformer, marks=pytest.mark.slow)])
def test_other_networks_are_cut_too(network):
    x = jax.random.normal(KEY, (4, 3, 8)) if network is Transformer else X
    found = deviations(network, 8, x, Y, 2, learning_rate=0.1, key=KEY, halvings=1, repeats=3, metrics=["outputs"])
    assert found.widths.tolist() == [4, 8]
    assert found.means["outputs"].shape == (2, 3, 4)


def test_pieces_are_independent_networks_of_their_width():
    """The mean and the variance over pieces are those of networks drawn one by one."""
    found = run(width=32, halvings=2, repeats=512, metrics=("outputs",))
    alone = train(MLP(8, depth=1), X, Y, 10, learning_rate=0.5, key=jax.random.split(KEY, 2048), metrics=["outputs"])
    f = np.asarray(alone.metrics["outputs"][:, -1])
    assert_allclose(found.mean("outputs")[0], f.mean(axis=0), atol=4 * float(f.std(axis=0).max() * (2 / 2048) ** 0.5))
    (variance, *_), (error, *_) = found.variance("outputs")
    assert abs(variance - f.var(axis=0).mean()) < 4 * 2**0.5 * error


def test_the_variance_of_few_networks_is_without_bias():
    """At the largest width the means are those of single networks; below, all pieces count, not the R networks."""
    found = run(width=8, halvings=1, repeats=2)
    expected = np.asarray(found.means["outputs"][-1]).var(axis=0, ddof=1).mean()
    assert_allclose(found.variance("outputs")[0][-1], expected, rtol=1e-6)
    values = np.random.default_rng(0).normal(size=(1000, 2, 2))  # 1,000 times two networks and their halves
    assert np.mean([_squares(one) for one in values]) == pytest.approx(1, abs=4 * (2 / 3 / 1000) ** 0.5)


@pytest.mark.parametrize(
    ("activation", "names", "setting"),
    [
        ("relu", ("outputs", "loss", "tangent_kernel"), {"steps": 5, "learning_rate": 0.3}),
        pytest.param("tanh", ("outputs", "loss"), {"steps": 10, "learning_rate": 0.5}, marks=pytest.mark.slow),
    ],
)
def test_deviations_fall_as_one_over_the_width(activation, names, setting):
    found = run(activation=activation, repeats=1024, **setting)
    for name in names:
        for slope in (found.variance_exponent(name), found.difference_exponent(name)):
            assert slope.error < 0.05
            assert slope.value == pytest.approx(-1.0, abs=0.1), name


@pytest.mark.slow
def test_deep_networks_too():
    found = run(width=512, depth=2, activation="relu", repeats=3072, steps=5, learning_rate=0.3)
    for name in ("outputs", "loss", "tangent_kernel"):
        assert found.variance_exponent(name).value == pytest.approx(-1.0, abs=0.1)
    slope = found.difference_exponent("loss")
    assert abs(slope.value + 1) < 0.1 + 2 * slope.error
    assert slope.error < 0.2


@pytest.mark.slow
def test_outputs_of_the_tangent_parameterization_never_agree():
    """f(0) keeps its size, so seeds differ at every width; the kernel settles all the same."""
    found = run("ntk", repeats=1024, steps=1, learning_rate=0.01)
    assert found.variance_exponent("outputs").value == pytest.approx(0.0, abs=0.1)
    assert found.variance_exponent("tangent_kernel").value == pytest.approx(-1.0, abs=0.1)


def test_halves_cancel_the_scatter():
    """The same number of independent networks would leave an error that is several times larger."""
    found = run(repeats=1024)
    (*_, variance), (*_, error) = found.variance("outputs")[0], found.difference("outputs")[1]
    independent = (variance * (1 + 2) / 1024) ** 0.5  # of a difference of means over 1,024 networks of either width
    assert error < independent / 4


def test_errors_are_those_of_repeated_experiments():
    draws = jax.random.normal(KEY, (300, 3, 20, 2)) + 3 * jnp.array([0.0, 1.0, 1.5])[:, None, None]
    every = [Deviations(jnp.array([2.0, 4.0, 8.0]), {"f": one}, {"f": one**2}) for one in draws]
    for method in ("difference", "variance"):
        values, errors = np.array([getattr(one, method)("f") for one in every]).transpose(1, 0, 2)
        assert_allclose(errors.mean(axis=0), values.std(axis=0), rtol=0.15)  # 300 draws know it to 4 %
    slopes = np.array([one.difference_exponent("f") for one in every])
    assert slopes[:, 1].mean() == pytest.approx(slopes[:, 0].std(), rel=0.15)


def test_what_is_but_rounding_has_no_exponent():
    noise = 1e-17 * jax.random.normal(KEY, (3, 4, 2))
    made = Deviations(
        jnp.array([2.0, 4.0, 8.0]), {"f": 1 + noise, "zero": 0 * noise}, {"f": noise**2, "zero": 0 * noise}
    )
    single = run(width=8, halvings=2, repeats=2, steps=1, learning_rate=1e-9)
    for found, name in ((made, "f"), (made, "zero"), (zero_targets(), "loss")):
        for exponent in (found.variance_exponent, found.difference_exponent):
            with pytest.raises(ValueError, match=f"{name} must differ by more than rounding"):
                exponent(name)
    assert single.variance_exponent("outputs").error > 0  # small steps leave the scatter of the start


def zero_targets():
    """Networks of inputs and targets that are zero: all losses are."""
    return deviations(lambda n: MLP(n, depth=1), 8, 0 * X, 0 * Y, 1, learning_rate=0.1, key=KEY, halvings=2, repeats=2)


def test_it_is_saved(tmp_path):
    found = run(width=8, halvings=1, repeats=2)
    found.save(tmp_path / "deviations.npz")
    assert_allclose(Deviations.load(tmp_path / "deviations.npz").means["loss"], found.means["loss"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 12}, r"width must be a multiple of 2\^halvings, with 3 halvings; got 12"),
        ({"halvings": 0}, "halvings must be a whole number >= 1; got 0"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"learning_rate": 1e9, "width": 8}, "learning_rate must be smaller; 1000000000.0 diverged at step 1, width 8"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        run(**{"repeats": 2} | change)


def test_what_has_no_halves_is_refused():
    def own(width):
        return Custom(lambda k, i, o: {}, lambda w, x: (x[:, 0], x[None]), lambda o: {})

    with pytest.raises(ValueError, match="network must return an MLP, ResidualMLP or Transformer; got Custom"):
        deviations(own, 8, X, Y, 1, learning_rate=0.1, key=KEY)
    found = run(width=8, halvings=1, repeats=2)
    with pytest.raises(ValueError, match=r"name must be one of .* got 'kernel'"):
        found.mean("kernel")
    with pytest.raises(ValueError, match=r"widths must be three or more for this exponent; got \[4.0, 8.0\]"):
        found.difference_exponent("loss")
