"""The coordinate check: counted exponents against measured ones, and a verdict that can fail."""

import functools

import jax
import jax.numpy as jnp
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, CoordinateCheck, Custom, Transformer, coordinate_check
from solvable.parameterizations import ABC, exponents, mup, named

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (4, 16), float)
Y = jnp.sign(X[:, 0])
CASES = {  # learning rate and steps: one tiny step where the changes grow with the width
    ("standard", "sgd"): (1e-4, 1),
    ("standard", "adam"): (1e-6, 1),
    ("ntk", "sgd"): (0.05, 5),
    ("ntk", "adam"): (0.003, 5),
    ("mup", "sgd"): (0.05, 5),
    ("mup", "adam"): (0.003, 5),
}


@functools.cache  # tests that ask the same share the answer
def measured(name, optimizer, widths, repeats):
    rate, steps = CASES[name, optimizer]
    options = {"learning_rate": rate, "steps": steps, "optimizer": optimizer, "repeats": repeats, "key": KEY}
    return coordinate_check(lambda width: MLP(width, depth=3, parameterization=name), widths, X, Y, **options)


def agree(found, name, optimizer, names):
    expected = exponents(named(name), depth=3, optimizer=optimizer)
    for size, counted in names.items():
        slopes = found.exponents(size)
        assert max(slope.error for slope in slopes) < 0.05, slopes
        assert_allclose([slope.value for slope in slopes], getattr(expected, counted), atol=0.08)


SIZES = {"feature_size": "hidden", "feature_change": "hidden_change", "output_change": "output_change"}


@pytest.mark.parametrize(
    ("name", "optimizer"), [pytest.param("standard", "adam", marks=pytest.mark.slow), ("mup", "sgd")]
)
def test_counting_predicts_the_measurement(name, optimizer):
    found = measured(name, optimizer, (64, 512), 40)
    agree(found, name, optimizer, SIZES)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_counting_predicts_the_measurement_over_sixteen_fold_widths(name, optimizer):
    agree(measured(name, optimizer, (64, 128, 256, 512, 1024), 16), name, optimizer, SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["standard", "ntk", "mup"])
def test_the_output_at_the_start_over_sixteen_fold_widths(name):
    agree(measured(name, "sgd", (64, 128, 256, 512, 1024), 100), name, "sgd", {"output_size": "output"})


def test_the_verdict_names_what_breaks():
    good = measured("mup", "sgd", (64, 512), 40)
    assert good.passed
    assert [wish.words for wish in good.verdict] == 3 * ["the same size at every width"]
    bad = measured("ntk", "sgd", (64, 512), 40)
    assert not bad.passed
    assert [wish.holds for wish in bad.verdict] == [True, True, False]
    assert "hidden layer 2 changes as N^(-0." in bad.verdict[2].words
    assert "NO  the features learn: hidden layer 1 changes as N^(-0." in str(bad)
    first = bad.layers[0]
    assert [one.name for one in bad.layers] == ["hidden layer 1", "hidden layer 2", "hidden layer 3", "output"]
    assert [one.holds for one in bad.layers] == [False, False, False, True]
    assert (first.start_exponent, first.change_exponent) == (
        bad.exponents("feature_size")[0], bad.exponents("feature_change")[0],
    )  # fmt: skip
    assert_allclose(first.change, bad.feature_change[..., 0], rtol=1e-6)
    assert all(one.holds for one in good.layers)  # an output that vanishes at the start is allowed


def test_it_is_shown_as_a_table():
    found = measured("ntk", "sgd", (64, 512), 40)
    power = found.exponents("feature_change")[0]
    assert repr(found).startswith("Coordinate check, widths 64 to 512: not passed\n")
    assert repr(found).endswith(str(found))
    words = f"N<sup>{power.value:.2f}</sup> ± {power.error:.2f}".replace("-", "−")
    shown = found._repr_html_()
    assert f"<td>{words}</td><td>✗</td>" in shown
    assert '<th scope="row">output</th>' in shown
    assert "<caption>Coordinate check, widths 64 to 512: not passed</caption>" in shown


def test_a_layer_that_was_forgotten():
    """muP for Adam with one learning rate for all layers: the first layer freezes."""
    uniform = ABC(mup().a, mup().b, mup().c, adam=(-0.5, -0.5, -0.5))
    found = coordinate_check(
        lambda width: MLP(width, depth=3, parameterization=uniform),
        (64, 512), X, Y, learning_rate=0.01, key=KEY, repeats=40, optimizer="adam",
    )  # fmt: skip
    assert not found.verdict[2].holds
    assert found.verdict[2].words.startswith("hidden layer 1 changes as N^(-0.")
    first, _, third = found.exponents("feature_change")
    assert first.value == pytest.approx(-0.5, abs=0.08)
    assert third.value > -0.25  # of the width by itself, and a part that the first layer passes on


WIDER = pytest.mark.parametrize(
    "heads", [pytest.param(lambda width: 4, id="width"), pytest.param(lambda width: width // 8, id="heads")]
)


def transformers(heads, name, widths, **options):
    """Wider at four heads, or with ever more heads of eight."""
    x = jax.random.normal(jax.random.key(3), (4, 6, 5), float)

    def make(width):
        return Transformer(width, heads=heads(width), parameterization=name)

    return coordinate_check(make, widths, x, Y, key=KEY, repeats=16, optimizer="adam", **options)


@pytest.mark.slow
@WIDER
def test_a_transformer_passes_over_eight_fold_widths_and_the_standard_one_fails(heads):
    found = transformers(heads, "mup", [32, 64, 128, 256], learning_rate=0.003, steps=3)
    assert found.passed, str(found)
    assert not transformers(heads, "standard", [32, 64, 128, 256], learning_rate=1e-5, steps=1).passed


def test_a_network_of_your_own():
    """Two layers written by hand, with the spread of the second forgotten."""

    def make(width, spread):
        def start(key, inputs, outputs):
            first, second = jax.random.split(key)
            return {
                "in": jax.random.normal(first, (width, *inputs)),
                "out": spread * jax.random.normal(second, (width, *outputs)),
            }

        def forward(weights, x):
            h = x @ weights["in"].T / 4
            return jnp.tanh(h) @ weights["out"] / width, h[None]

        return Custom(start, forward, lambda optimizer: {"in": width, "out": width})

    def check(spread):
        return coordinate_check(
            lambda width: make(width, spread(width)),
            [32, 128], X, Y, learning_rate=1e-3, key=KEY, steps=1, repeats=32,
        )  # fmt: skip

    assert check(lambda width: 1.0).passed
    wrong = check(lambda width: width**0.5)
    assert not wrong.passed
    assert not wrong.verdict[1].holds


def test_seeds_in_portions_are_the_same(monkeypatch):
    from solvable.networks import rows

    whole = measured("mup", "sgd", (8, 16), 6)
    measured.cache_clear()
    monkeypatch.setattr(rows, "LARGEST", 4 * (16 * 16 + 2 * 16 * 16 + 16))
    portions = measured("mup", "sgd", (8, 16), 6)
    for name in ("feature_change", "output_size"):
        assert_allclose(getattr(portions, name), getattr(whole, name), rtol=1e-4)


TOO_SMALL = "too small to measure at this learning rate and precision"


def test_a_network_that_does_not_move_has_not_passed():
    found = coordinate_check(
        lambda width: MLP(width, depth=3, parameterization="ntk"),
        (32, 128, 512), X, Y, learning_rate=1e-9, key=KEY, repeats=4,
    )  # fmt: skip
    assert float(found.feature_change.max()) == 0
    assert [wish.holds for wish in found.verdict] == [True, None, None]
    assert not found.passed
    assert [one.holds for one in found.layers] == [None] * 4
    assert "not measured" in found._repr_html_()
    assert str(found).endswith(f"?   the features learn: hidden layer 1, hidden layer 2, hidden layer 3: {TOO_SMALL}")


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("mup", [1e-2, 1e-5, 1e-7]),
        pytest.param("mup", [10.0**-n for n in range(2, 10)], marks=pytest.mark.slow),
        pytest.param("ntk", [10.0**-n for n in range(2, 10)], marks=pytest.mark.slow),
    ],
)
def test_single_precision_says_what_double_says_or_nothing(name, rates):
    """Down to where steps are lost in the weights' rounding; before, the slopes of what was left were judged."""

    def verdict(rate, dtype):
        found = coordinate_check(
            lambda width: MLP(width, parameterization=name, dtype=dtype),
            (32, 512), X, Y, learning_rate=rate, key=KEY, repeats=24,
        )  # fmt: skip
        return [wish.holds for wish in found.verdict]

    whole, seen = verdict(1e-3, float), []
    for rate in rates:
        seen.append(verdict(rate, jnp.float32))
        assert seen[-1] in (whole, [True, None, None]), rate
    assert seen[0] == whole
    assert seen[-1] == [True, None, None]


def hand_written(start, hidden):
    """One hidden layer; `start` draws the readout, `hidden` says what stands for its state."""

    def make(width):
        def draw(key, inputs, outputs):
            first, second = jax.random.split(key)
            return {"in": jax.random.normal(first, (width, *inputs)), "out": start(second, width), "none": jnp.ones(3)}

        def forward(weights, x):
            h = x @ weights["in"].T / 4
            return jnp.tanh(h) @ weights["out"] / width, hidden(h)[None]

        return Custom(draw, forward, lambda optimizer: {"in": width, "out": width, "none": 0.0})

    return coordinate_check(make, [32, 128], X, Y, learning_rate=0.01, key=KEY, steps=1, repeats=8)


def test_what_stays_or_is_nothing_has_not_passed():
    """A readout of zeros holds the features for one step; states that are no function of the weights never move."""
    normal = lambda key, width: jax.random.normal(key, (width,))  # noqa: E731
    good = hand_written(normal, lambda h: h)
    assert [wish.holds for wish in good.verdict] == [True, True, True]  # a frozen array does not count
    silent = hand_written(lambda key, width: jnp.zeros(width), lambda h: h)
    assert [wish.holds for wish in silent.verdict] == [True, None, None]
    constant = hand_written(normal, jnp.ones_like)
    assert [wish.holds for wish in constant.verdict] == [True, True, None]
    nothing = hand_written(normal, jnp.zeros_like)
    assert [wish.holds for wish in nothing.verdict] == [None, True, None]


def test_few_seeds_let_nothing_pass():
    """An exponent known to +- 0.25 or worse is not known to be zero."""
    sizes, flat = jnp.array([[1.0, 3.0], [1.5, 4.0]]), jnp.ones((2, 2, 1))
    found = CoordinateCheck(jnp.array([64.0, 128.0]), flat, flat, sizes, sizes)
    assert found.exponents("output_change")[0].is_zero
    assert [wish.holds for wish in found.verdict] == [None, None, True]
    assert "take more seeds" in found.verdict[1].words


def test_it_is_saved(tmp_path):
    found = measured("mup", "sgd", (8, 16), 6)
    found.save(tmp_path / "check.npz")
    assert_allclose(CoordinateCheck.load(tmp_path / "check.npz").feature_change, found.feature_change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"widths": [8]}, r"widths must be at least two different ones; got \[8\]"),
        ({"widths": [8, 0]}, "widths must be a whole number >= 1; got 0"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"steps": 0}, "steps must be a whole number >= 1; got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be > 0 and finite; got -1.0"),
        ({"learning_rate": 1e30}, r"learning_rate must be smaller; 1e\+30 diverged at step \d, width 8"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"widths": [8, 16], "inputs": X, "targets": Y, "learning_rate": 0.1, "key": KEY, "repeats": 2} | change
    with pytest.raises(ValueError, match=message):
        coordinate_check(lambda width: MLP(width, activation="relu"), **given)
