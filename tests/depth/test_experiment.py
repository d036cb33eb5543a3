"""A neuron's walk through the layers: its law, its clock, and the size of one network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import depth
from solvable.networks import ResidualMLP

KEY = jax.random.key(0)
ONE = jnp.ones((1, 1))


def walk(width, layers, activation, repeats, **options):
    """Of one input of size one, shape (R, L + 1, N)."""
    return np.asarray(
        depth.experiment.walk(
            ONE, width=width, depth=layers, activation=activation, key=KEY, repeats=repeats, **options
        )
    )[:, :, 0]


def test_its_law_is_that_of_networks():
    """Three neurons, two inputs, more inputs than neurons too: second and fourth moments of the last layer."""
    x = jax.random.normal(jax.random.key(1), (4, 5))
    found = depth.experiment.walk(x, width=3, depth=3, activation="relu", branch=1.5, key=KEY, repeats=20_000)
    network = ResidualMLP(3, depth=3, activation="relu", branch=1.5, dtype=float)
    keys = jax.random.split(jax.random.key(2), 20_000)
    other = jax.vmap(lambda key: network.forward(network.init(key, 5), x)[1])(keys)
    assert found.shape == other.shape == (20_000, 4, 4, 3)

    def moments(h):
        last = np.asarray(h)[:, -1]
        products = np.einsum("rpn,rqn->rpq", last, last) / 3
        rows = [products.reshape(len(h), -1), (products**2).reshape(len(h), -1), last.prod(axis=2)]
        rows = np.concatenate(rows, axis=1)
        return rows.mean(axis=0), rows.std(axis=0) / len(h) ** 0.5

    (one, error), (two, other_error) = moments(found), moments(other)
    assert (np.abs(one - two) <= 4 * np.hypot(error, other_error)).all()


@pytest.mark.parametrize("width", [8, 32])
def test_the_kurtosis_of_linear_networks(width):
    h = walk(width, 16, "linear", 10_000)[:, -1]
    second, fourth = (h**2).mean(axis=1), (h**4).mean(axis=1)
    found = fourth.mean() / second.mean() ** 2
    moves = fourth / second.mean() ** 2 - 2 * found * second / second.mean()  # of one network, to first order
    error = moves.std() / len(h) ** 0.5
    assert abs(found - depth.exact.kurtosis(width, depth=16)) <= 4 * error
    assert found > 3 + 4 * error


def test_all_neurons_share_one_clock():
    """Width 1,000, ReLU, beta = 2: quadratic variations scatter as those of Gaussian steps, and hardly know h(1)."""
    layers, repeats = 128, 8
    h = walk(1000, layers, "relu", repeats, branch=2.0)
    known = depth.theory.kernels(ONE, activation="relu", branch=2.0, depth=layers)
    v = 4 / layers * np.asarray(known.features)[:-1, 0, 0]
    scatter, heard = np.sqrt(2 * (v**2).sum()) / v.sum(), np.sqrt((v**2).sum()) / float(known.covariance[-1, 0, 0])
    assert scatter == pytest.approx(0.143, abs=0.002)
    variation = (np.diff(h, axis=1) ** 2).sum(axis=1)
    relative = variation.std(axis=1, ddof=1) / variation.mean(axis=1)
    seen = np.array([np.corrcoef(one, last**2)[0, 1] for one, last in zip(variation, h[:, -1], strict=True)])
    for found, wanted in ((relative, scatter), (seen, heard)):
        assert abs(found.mean() - wanted) <= 4 * found.std(ddof=1) / repeats**0.5
    assert 0.08 < heard < 0.12
    deeper = depth.theory.kernels(ONE, activation="relu", branch=2.0, depth=4 * layers)
    v = 4 / (4 * layers) * np.asarray(deeper.features)[:-1, 0, 0]
    assert np.sqrt((v**2).sum()) / float(deeper.covariance[-1, 0, 0]) == pytest.approx(heard / 2, rel=0.02)


def spread(layers, repeats, width=64, **options):
    """N Var ln (|h(1)|^2 / |h^1|^2): of ReLU networks that is the one at a fixed first layer; with its error."""
    h = walk(width, layers, "relu", repeats, **options)
    size = np.log((h[:, -1] ** 2).sum(axis=1) / (h[:, 0] ** 2).sum(axis=1))
    squares = (size - size.mean()) ** 2
    return width * squares.mean(), width * squares.std() / repeats**0.5


@pytest.mark.parametrize(
    ("depths", "repeats"), [((16, 64), 2000), pytest.param((16, 64, 256), 8000, marks=pytest.mark.slow)]
)
def test_the_size_of_a_network_knows_its_depth_where_branches_are_unscaled(depths, repeats):
    """Prototype, with 1/sqrt L: 2.48, 2.52, 2.54. Unscaled, over L: 0.8, 1.3, 1.6."""
    scaled = [spread(one, repeats) for one in depths]
    for value, error in scaled:
        assert abs(value - 2.5) <= 4 * error + 0.06
    unscaled = [spread(one, repeats, branch=0.5, branch_power=0.0) for one in depths]
    over = [value / one for one, (value, _) in zip(depths, unscaled, strict=True)]
    for one, value, (_, error) in zip(depths, over, unscaled, strict=True):
        known = {16: 0.82, 64: 1.25, 256: 1.60}[one]
        assert abs(value - known) <= 4 * 2**0.5 * error / one + 0.005  # a prototype's, of as many draws
    for (late, (_, error)), early, one in zip(zip(over[1:], unscaled[1:], strict=True), over, depths[1:], strict=False):
        assert late - early > 4 * error / one


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "width must be a whole number >= 1; got 0"),
        ({"depth": 0}, "depth must be a whole number >= 1; got 0"),
        ({"branch": -1.0}, "branch must be >= 0 and finite; got -1.0"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        (
            {"branch": 1e30, "depth": 64, "activation": "linear"},
            "branch must be of a size that leaves room for the answer",
        ),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"width": 2, "depth": 2, "activation": "relu", "key": KEY, "repeats": 2}
    with pytest.raises(ValueError, match=message):
        depth.experiment.walk(ONE, **(given | change))


def test_paths_start_from_the_inputs():
    x = jnp.array([[1.0, 2.0], [0.0, 1.0]])
    h = depth.experiment.walk(x, width=2000, depth=1, activation="linear", branch=0.0, key=KEY, repeats=2)
    assert_allclose(h[:, 0], h[:, 1])
    assert_allclose(np.einsum("rpn,rqn->pq", h[:, 0], h[:, 0]) / 4000, x @ x.T / 2, atol=0.2)


GRAM, Y = jnp.array([[1.0, 0.3], [0.3, 0.8]]), jnp.array([1.0, -1.0])
X = jnp.linalg.cholesky(2 * GRAM)  # x x^T / 2 is their Gram matrix


def theory_of(activation, layers, particles=600, **task):
    if activation == "linear":
        return depth.theory.residual_linear(GRAM, Y, depth=layers, **task)
    return depth.theory.residual(
        GRAM, Y, depth=layers, activation=activation, key=KEY, particles=particles, repeats=8, **task
    )


@pytest.mark.parametrize(
    ("activation", "layers", "width", "repeats"),
    [
        ("linear", 4, 100, 24),
        *(pytest.param("linear", layers, 400, 8, marks=pytest.mark.slow) for layers in (4, 16, 64)),
        *(pytest.param("tanh", layers, 400, 32, marks=pytest.mark.slow) for layers in (4, 16)),
    ],
)
def test_an_untied_way_back_has_no_echo(activation, layers, width, repeats):
    """Tied networks lie on the theory with responses, untied ones on that without, and both are apart, however deep."""
    task = {"richness": 1.0, "learning_rate": 0.05, "steps": 10}
    found, error = {}, {}
    for untied in (False, True):
        runs = depth.experiment.finite(
            X, Y, width=width, depth=layers, activation=activation, key=KEY, repeats=repeats, untied=untied, **task
        )
        theory = theory_of(activation, layers, responses=not untied, **task)
        found[untied], error[untied] = np.asarray(runs.outputs), np.asarray(runs.error("outputs"))
        off, both = np.abs(found[untied] - theory.outputs)[1:], np.hypot(error[untied], theory.error("outputs"))[1:]
        print("untied" if untied else "tied", "off", off.max(), "one error", both.max(), "worst", (off / both).max())
        assert (off <= 4 * both).all()
    apart, both = np.abs(found[False] - found[True]), np.hypot(error[False], error[True])
    place = np.unravel_index(apart.argmax(), apart.shape)
    print("apart", apart[place], "+-", both[place])
    assert apart[place] > 4 * both[place]


def test_untied_networks_are_tied_ones_at_the_start():
    task = {"width": 8, "depth": 3, "activation": "tanh", "richness": 1.0, "learning_rate": 0.1, "key": KEY}
    tied, untied = (
        depth.experiment.finite(X, Y, steps=2, repeats=2, untied=one, branch_power=1.0, **task) for one in (False, True)
    )
    assert tied.features.shape == (4, 3, 2, 2)
    assert_allclose(tied.features[:, 0], untied.features[:, 0], rtol=1e-12)
    assert_allclose(tied.outputs[0], 0, atol=1e-14)
    assert np.abs(tied.outputs[1] - untied.outputs[1]).max() > 1e-3


def test_networks_of_smooth_branches():
    """alpha = 1, where branches learn L times faster than at the plain rate, and the tangent kernel at the start."""
    task = {"depth": 4, "richness": 1.0, "learning_rate": 0.05, "steps": 10, "branch_power": 1.0}
    theory = depth.theory.residual_linear(GRAM, Y, **task)
    found = depth.experiment.finite(
        X, Y, width=200, activation="linear", key=KEY, repeats=12, tangent_kernel=True, **task
    )  # fmt: skip
    assert (np.abs(found.outputs - theory.outputs)[1:] <= 4 * found.error("outputs")[1:]).all()
    assert found.error("outputs").max() < 0.03
    assert_allclose(found.tangent_kernel[0], theory.tangent_kernel[0], atol=0.3)
    assert found.preactivations.shape == (2 * 12 * 200, 2)


@pytest.mark.parametrize(
    ("width", "depths", "repeats"),
    [
        (32, (4, 8), 100),
        pytest.param(64, (4, 16, 64), 150, marks=pytest.mark.slow),
        pytest.param(256, (4, 16, 64), 60, marks=pytest.mark.slow),
    ],
)
def test_the_scatter_of_trained_networks_does_not_see_the_depth(width, depths, repeats):
    """N Var f after ten steps, mean of two points. Prototype: .142, .155, .152 at width 64, .181, .170, .172 at 256."""
    found = {}
    for layers in depths:
        squares = []
        for key in jax.random.split(KEY, groups := max(1, width * layers // 1024)):
            runs = depth.experiment.finite(
                X, Y, width=width, depth=layers, activation="tanh", richness=1.0, learning_rate=0.1, steps=[10],
                key=key, repeats=repeats // groups,
            )  # fmt: skip
            squares.append(width * (np.asarray(runs.outputs_std)[0] ** 2).mean())
        many = groups * (repeats // groups - 1)
        found[layers] = np.mean(squares), np.mean(squares) * np.sqrt(2 / many / len(Y))
    print(found)
    for one, error in found.values():
        for other, another in found.values():
            assert abs(one - other) <= 3 * np.hypot(error, another)
        assert 0.05 < one < 0.4


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"width": 0}, ValueError, "width must be a whole number >= 1; got 0"),
        ({"depth": 0}, ValueError, "depth must be a whole number >= 1; got 0"),
        ({"branch": -1.0}, ValueError, "branch must be >= 0 and finite; got -1.0"),
        ({"richness": 0.0}, ValueError, "richness must be > 0 and finite; got 0.0"),
        (
            {"learning_rate": 50.0, "steps": 40},
            ValueError,
            r"learning_rate must be smaller; at 50.0 a network diverged",
        ),
        ({"untied": True, "tangent_kernel": True}, ValueError, "tangent_kernel must be False for untied networks"),
        ({"repeats": 1}, ValueError, "repeats must be a whole number >= 2; got 1"),
    ],
)
def test_bad_input_of_trained_networks_is_named(change, kind, message):
    given = {"inputs": X, "targets": Y, "width": 2, "depth": 2, "activation": "linear", "key": KEY, "repeats": 2}
    given |= {"richness": 1.0, "learning_rate": 0.05, "steps": 2}
    with pytest.raises(kind, match=message):
        depth.experiment.finite(**(given | change))


def test_neurons_of_a_wide_network_are_gaussian():
    """At any depth, ReLU too: the fourth moment of 32 networks of width 1,000, up to what their sizes do, 3 N Var q."""
    for layers in (4, 64):
        h = walk(1000, layers, "relu", 32)[:, -1]
        ratio = (h**4).mean(axis=1) / (h**2).mean(axis=1) ** 2
        assert abs(ratio.mean() - 3) < 4 * ratio.std(ddof=1) / 32**0.5 + 3 * 2.5 / 1000
        skew = (h**3).mean(axis=1) / (h**2).mean(axis=1) ** 1.5
        assert abs(skew.mean()) < 4 * skew.std(ddof=1) / 32**0.5
