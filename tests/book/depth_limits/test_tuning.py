"""What "Two limits of depth, and tuning once for all depths" says, at its own parameters; in full where slow."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import data, depth
from solvable.networks import ResidualMLP, train, transfer

KEY = jax.random.key(0)
SGD, ADAM = 2.0 ** np.arange(1, 3.1, 0.5), 2.0 ** np.arange(-2.5, -0.4, 0.5)
FULL = (2, 4, 8, 16, 32)


def residual(power, width=64, plain=False):
    """With rates of its own; or with those of all layers, at the same strength of its branches."""

    def network(layers):
        strength = {"branch": float(layers) ** -power, "branch_power": 0.0} if plain else {"branch_power": power}
        return ResidualMLP(width, depth=layers, activation="relu", **strength)

    return network


def sweep(power, rates, depths=(2, 8, 32), *, width=64, points=64, plain=False, repeats=3, **given):
    images, labels = data.images(points)["digits"]
    return transfer(
        residual(power, width, plain), depths, rates, 8 * images, labels, 20, key=KEY, label="depth", repeats=repeats,
        **given,
    )  # fmt: skip


def losses(found):
    return np.asarray(found.mean).min(axis=1)


def test_valleys_of_full_strength_run_away():
    """By 7 found from 2 to 8 layers, and to a loss ten times as large; nothing trains at 32."""
    found = sweep(0.0, 2.0 ** np.arange(-4, 3.1), (2, 4, 8))
    assert not found.at_the_edge.any()
    assert found.drift > 4
    assert losses(found)[2] > 8 * losses(found)[0]
    with pytest.raises(ValueError, match="all did at depth 32"):
        sweep(0.0, 2.0 ** np.arange(-10, -7.1), (2, 32))


@pytest.mark.parametrize(
    ("power", "optimizer"),
    [(0.5, "sgd"), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1.0, "sgd"), (0.5, "adam")))],
)
def test_the_best_rate_stays_in_both_limits_and_so_does_the_loss(power, optimizer):
    found = sweep(power, {"sgd": SGD, "adam": ADAM}[optimizer], optimizer=optimizer)
    assert not found.at_the_edge.any()
    assert found.drift < 1.5
    assert losses(found).max() < 2 * losses(found).min()


def test_an_optimum_alone_can_be_had_for_nothing():
    """Adam at full strength: the best rate moves by 1.7, the loss there by 160."""
    found = sweep(0.0, 2.0 ** np.arange(-3.5, -0.9, 0.5), optimizer="adam")
    assert found.drift < 2.5
    assert losses(found)[2] > 60 * losses(found)[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("power", "optimizer", "plain", "most"),
    [
        (0.5, "sgd", False, 1.5),
        (1.0, "sgd", False, 1.5),
        (0.5, "adam", False, 1.5),
        (1.0, "adam", False, 1.5),
        (0.5, "adam", True, 1.6),
    ],
)
def test_five_depths_and_five_seeds(power, optimizer, plain, most):
    """Found 1.13, 1.07, 1.26, 1.11, 1.38."""
    start = {"sgd": np.arange(-1, 4.1, 0.5), "adam": np.arange(-5, 1.1, 0.5)}[optimizer]
    found = sweep(power, 2.0**start, FULL, optimizer=optimizer, plain=plain, repeats=5)
    assert not found.at_the_edge.any()
    assert found.drift < most


@pytest.mark.slow
def test_without_their_rates_or_their_strength_branches_are_lost():
    """At full strength the optimum falls by 200 to 16 layers; at alpha = 1 with plain rates it drifts, one way."""
    full = sweep(0.0, 2.0 ** np.arange(-10, 3.1, 0.5), FULL[:-1], repeats=5)
    assert full.drift > 50
    assert (np.diff(full.optimum) < 0).all()
    plain, own = (sweep(1.0, 2.0 ** np.arange(-1, 5.1, 0.5), FULL, plain=is_plain, repeats=5) for is_plain in (1, 0))
    assert plain.drift > 1.4 * own.drift
    assert (np.diff(plain.optimum) > 0).all()
    adam = sweep(0.0, 2.0 ** np.arange(-6, 1.1, 0.5), FULL, optimizer="adam", repeats=5)
    assert adam.drift < 2.5
    assert (np.diff(losses(adam)) > 0).all()
    assert losses(adam)[-1] > 60 * losses(adam)[0]


@pytest.mark.slow
def test_width_and_depth_at_once():
    """Found 3.5, 3.2, 3.9 and 3.6, 3.2, 2.9; at width 32 4.6, 4.3, 6.0."""
    found = {width: sweep(0.5, SGD, width=width) for width in (32, 64, 128)}
    both = np.concatenate([found[width].optimum for width in (64, 128)])
    assert both.max() < 1.5 * both.min()
    assert found[32].optimum[2] > 1.5 * found[64].optimum[2]
    low = np.array([losses(found[width]) for width in (32, 64, 128)])
    assert (np.diff(low, axis=0) < 0).all()  # wider is better
    assert not (np.diff(low, axis=1) < 0).all(axis=1).any()  # deeper is not


@pytest.mark.slow
def test_a_random_teacher_has_no_smooth_valley():
    """One of the best rates is known to a factor only, where those of digits are known to a tenth or so."""
    x = jax.random.normal(jax.random.key(1), (64, 16))
    hidden, readout = jax.random.split(jax.random.key(2))
    y = jax.nn.relu(x @ jax.random.normal(hidden, (16, 64)) / 4) @ jax.random.normal(readout, (64, 4)) / 8
    given = {"key": KEY, "label": "depth"}
    found = transfer(residual(0.5), FULL, 2.0 ** np.arange(-3, 3.6, 0.5), x, y - y.mean(axis=0), 20, **given)
    assert found.error().max() > 0.3
    assert found.drift > 1.5


def paths(power, layers=64):
    inputs = jnp.array([[1.2, 0.4], [0.3, -1.1]])
    network = ResidualMLP(64, depth=layers, branch_power=power)
    run = train(network, inputs, jnp.array([1.0, -1.0]), 20, learning_rate=0.3, key=KEY, every=20)
    assert run.loss[-1] < 0.5 * run.loss[0]  # something is learned
    return np.asarray(network.forward(run.end, inputs)[1][:, 0])


def test_one_limit_is_a_walk_the_other_a_flow():
    """Squares of steps add up to the same at 16 and 64 layers, or to four times less: .54 and .54, .037 and .010."""
    ratios = {}
    for power in (0.5, 1.0):
        few, many = (np.mean((np.diff(paths(power, layers), axis=0) ** 2).sum(axis=0)) for layers in (16, 64))
        ratios[power] = few / many
    assert ratios[0.5] == pytest.approx(1, abs=0.25)
    assert ratios[1.0] == pytest.approx(4, rel=0.25)


GRAM, Y = jnp.array([[1.0, 0.6], [0.6, 0.5]]), jnp.array([1.0, 0.0])
RATES = 2.0 ** jnp.linspace(-9, 0, 17)


def outputs(layers, power, responses=True, steps=6):
    def one(rate, power):
        return depth.theory.residual_linear(
            GRAM, Y, depth=layers, richness=1.0, learning_rate=rate, steps=steps, branch_power=power,
            responses=responses,
        ).outputs  # fmt: skip

    return jax.vmap(one)(RATES, jnp.full(17, power))


def first_steps(beta, alpha, layers):
    """The page's formula."""
    b2 = beta**2 / layers ** (2 * alpha)
    grown = (1 + b2) ** layers
    return grown * (2 + beta**2 / (1 + b2)), 1 + grown + layers ** (2 * alpha - 1) * (grown - 1)


@pytest.mark.parametrize("power", [0.5, 0.75, 1.0])
def test_first_steps_with_and_without_the_echo(power):
    for layers in (4, 16):
        for responses, step in zip((True, False), first_steps(1.0, power, layers), strict=True):
            f = outputs(layers, power, responses)
            assert jnp.abs(f[:, 1] - RATES[:, None] * step * GRAM[0]).max() < 1e-10


def test_the_echo_outlives_one_limit_and_not_the_other():
    """A third of the first step at 1/2; at 1 it falls as beta^2 / 2L."""
    for beta in (0.5, 1.0, 2.0):
        with_echo, without = first_steps(beta, 0.5, 1e7)
        assert with_echo == pytest.approx((2 + beta**2) * np.exp(beta**2), rel=1e-5)
        assert without == pytest.approx(2 * np.exp(beta**2), rel=1e-5)
        with_echo, without = first_steps(beta, 1.0, 4000.0)
        assert 4000 * (1 - without / with_echo) == pytest.approx(beta**2 / 2, rel=0.01)
    half, one = (
        [float(jnp.abs(outputs(layers, power)[8] - outputs(layers, power, False)[8]).max()) for layers in (1, 4, 16)]
        for power in (0.5, 1.0)
    )
    np.testing.assert_allclose(half, [0.072, 0.115, 0.139], atol=5e-4)
    np.testing.assert_allclose(one, [0.072, 0.035, 0.010], atol=5e-4)


@pytest.mark.slow
def test_the_echo_from_1_to_32_layers():
    """Ten steps at a rate of .05: it saturates at 1/2, and falls as the depth at 1."""
    gram, y = jnp.array([[1.0, 0.3], [0.3, 0.8]]), jnp.array([1.0, -1.0])
    lost = {}
    for power in (0.5, 1.0):
        lost[power] = []
        for layers in (1, 2, 4, 8, 16, 32):
            true, without = (
                depth.theory.residual_linear(
                    gram, y, depth=layers, richness=1.0, learning_rate=0.05, steps=10, branch_power=power,
                    responses=echo,
                ).outputs
                for echo in (True, False)
            )  # fmt: skip
            lost[power].append(float(jnp.abs(true - without).max()))
    np.testing.assert_allclose(lost[0.5], [0.103, 0.143, 0.177, 0.202, 0.216, 0.223], atol=6e-4)
    np.testing.assert_allclose(lost[1.0], [0.103, 0.086, 0.058, 0.034, 0.018, 0.009], atol=6e-4)


def valley(layers, power):
    loss = ((outputs(layers, power)[:, -1] - Y) ** 2).sum(axis=1) / 2
    return np.where(loss < 10, loss, np.nan)


def test_valleys_of_the_explorer():
    """At 0 they leave the figure; from 1/2 on the bottom is near that of one layer, in place and in height."""
    one = valley(1, 0.5)
    assert np.isnan(valley(16, 0.0)).all()
    assert np.nanargmin(valley(4, 0.0)) < np.nanargmin(one) - 6
    for power in (0.5, 0.75, 1.0):
        for layers in (4, 16):
            found = valley(layers, power)
            assert abs(int(np.nanargmin(found)) - int(np.nanargmin(one))) <= 2
            assert np.nanmin(found) == pytest.approx(np.nanmin(one), rel=0.25)


@pytest.mark.parametrize(
    ("layers", "power"), [(4, 0.5), (4, 1.0), *(pytest.param(16, p, marks=pytest.mark.slow) for p in (0.5, 1.0))]
)
def test_networks_stand_on_the_lines_of_the_explorer(layers, power):
    """Below the best rate, within 4 standard errors of f and 2/N.

    At it f overshoots to 1.7 after a step, what follows depends on its exact size, and networks of width 64 to 1,024
    are off by .04 to .05.
    """
    some, keys = RATES[::3], jax.random.split(jax.random.key(1), 8)
    network = ResidualMLP(128, depth=layers, activation="linear", branch_power=power)
    drawn = jax.vmap(lambda one: network.init(one, 2))(keys)
    twins = drawn | {"output": -drawn["output"]}
    start = jax.tree.map(lambda *w: jnp.broadcast_to(jnp.stack(w), (6, 2, *w[0].shape)), drawn, twins)
    run = train(
        network, 2**0.5 * jnp.linalg.cholesky(GRAM), Y, 6, learning_rate=2 * some[:, None, None],
        key=jnp.stack([keys, keys]), start=start, every=6, metrics=["outputs"],
    )  # fmt: skip
    f, limit = run.metrics["outputs"][:, :, :, -1].mean(axis=1), outputs(layers, power)[::3, -1]
    error = f.std(axis=1, ddof=1) / 8**0.5
    below = np.asarray(some < RATES[np.nanargmin(valley(layers, power))])
    assert below.sum() >= 4
    assert np.all((np.abs(f.mean(axis=1) - limit) < 4 * error + 2 / 128)[below])
