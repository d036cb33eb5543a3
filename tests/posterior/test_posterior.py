"""Posteriors against closed forms, against exact finite networks, and against networks in noisy training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels, posterior
from solvable.posterior import (
    Posterior,
    deep_linear,
    finite_linear,
    nngp,
    proportional,
    two_layer,
)

KEY = jax.random.key(3)
X = jax.random.normal(jax.random.key(0), (5, 8), float)
GRAM = X @ X.T / 8
Y = jnp.array([1.0, -0.7, 0.4, 0.9])  # the fifth point is a test point
QUANTITIES = ("outputs", "test", "features", "readout")


def deviations(one, other):
    """Largest difference of each quantity in standard errors, and relative to its largest value; and the error."""
    found = {}
    for name in QUANTITIES:
        a, b = (np.asarray(getattr(p, name)) for p in (one, other))
        error = np.hypot(*(np.asarray(p.error(name)) for p in (one, other)))
        size = np.abs(b).max()
        found[name] = np.abs((a - b) / error).max(), np.abs(a - b).max() / size, error.max() / size
    return found


def assert_within_errors(one, other, largest_error):
    for name, (errors, _, size) in deviations(one, other).items():
        assert size < largest_error, (name, size)
        assert errors < 4, (name, errors)


# The kernel's


def test_nngp_is_the_mean_of_a_gaussian_process_given_its_values():
    kernel = kernels.nngp(X, depth=1, activation="erf")
    found = nngp(kernel, Y, inverse_temperature=5.0)
    by_hand = kernel[:, :4] @ jnp.linalg.solve(kernel[:4, :4] + jnp.eye(4) / 5, Y)
    assert_allclose(jnp.concatenate([found.outputs, found.test]), by_hand, rtol=1e-12)


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


# Deep linear networks


def residual(found, gram, targets, depth, richness, beta):
    """f and H from u alone, by inverting matrices of all the points, and what is left of the equation for u."""
    u, count = float(found.readout), len(targets)
    known = gram[:count, :count]
    kappa = jnp.linalg.inv(u**depth * known + jnp.eye(count) / beta) @ targets
    f = u**depth * gram[:, :count] @ kappa
    return 1 + richness**2 * u**depth * kappa @ known @ kappa - u, f


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_deep_linear_solves_its_equation(depth):
    found = deep_linear(GRAM, Y, depth=depth, richness=1.5, inverse_temperature=10.0)
    left, f = residual(found, GRAM, Y, depth, 1.5, 10.0)
    assert abs(left) < 1e-9
    assert found.residual < 1e-12
    assert found.readout > 1.5
    assert_allclose(jnp.concatenate([found.outputs, found.test]), f, rtol=1e-9)
    assert_allclose(
        found.features[-1] - (found.features[-2] if depth > 1 else GRAM), 1.5**2 * jnp.outer(f, f) / found.readout
    )


@pytest.mark.parametrize(("depth", "richness"), [(1, 0.5), (1, 1.5), (2, 1.5), (3, 1.0)])
def test_the_limit_is_off_by_one_over_the_width(depth, richness):
    """N times the error settles to a constant: doubling the width from 100 changes it by less than 2 %."""
    given = {"depth": depth, "richness": richness, "inverse_temperature": 10.0}
    limit = deep_linear(GRAM, Y, **given)
    scaled = []
    for width in (100, 200):
        exact = finite_linear(GRAM, Y, width=width, **given)
        scaled.append([width * np.abs(getattr(exact, name) - getattr(limit, name)).max() for name in QUANTITIES])
    assert_allclose(scaled[0], scaled[1], rtol=0.02)
    assert min(scaled[1]) > 0.01


@pytest.mark.parametrize(
    ("depth", "width"), [(2, 8), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1, 3), (3, 5)))]
)
def test_the_exact_law_is_that_of_drawn_norms(depth, width):
    """Weights |w|^2 / N drawn from chi^2 and weighted by the evidence, with NumPy."""
    richness, beta, draws = 1.2, 4.0, 200_000
    exact = finite_linear(GRAM, Y, depth=depth, width=width, richness=richness, inverse_temperature=beta)
    u = np.random.default_rng(0).chisquare(width, (draws, depth)) / width
    product, gram, y = u.prod(axis=1), np.asarray(GRAM), np.asarray(Y)
    noisy = product[:, None, None] * gram[:4, :4] + np.eye(4) / beta
    inverse = np.linalg.inv(noisy)
    log = -(richness**2) * width / 2 * np.einsum("a,sab,b->s", y, inverse, y) - np.linalg.slogdet(noisy)[1] / 2
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    assert 1 / (weights**2).sum() > 1000

    def check(value, found):
        mean = np.tensordot(weights, value, 1)
        error = np.sqrt(np.tensordot(weights**2, (value - mean) ** 2, 1))
        assert error.max() < 0.015 * np.abs(mean).max()
        assert np.abs((mean - found) / error).max() < 4

    cross = product[:, None, None] * gram[:, :4]
    f = np.einsum("sqa,sab,b->sq", cross, inverse, y)
    check(f, jnp.concatenate([exact.outputs, exact.test]))
    check(u[:, -1], exact.readout)
    spread = product[:, None, None] * gram - cross @ inverse @ cross.swapaxes(1, 2)
    second = f[:, :, None] * f[:, None] + spread / (richness**2 * width)
    kernel = gram
    for layer in range(depth):
        share = 1 / u[:, layer:].prod(axis=1)
        kernel = (1 - 1 / width) * kernel + richness**2 * second * share[:, None, None]
        check(kernel, exact.features[layer])


@pytest.mark.slow
@pytest.mark.parametrize(("depth", "width"), [(1, 20), (2, 20), (3, 30)])
def test_the_exact_law_is_that_of_networks(depth, width):
    given = {"depth": depth, "width": width, "richness": 1.0, "inverse_temperature": 4.0}
    found = posterior.langevin(X, Y, activation="linear", key=KEY, repeats=32, time=150.0, step_size=0.01, **given)
    assert_within_errors(found, finite_linear(GRAM, Y, **given), 0.015)


def test_where_two_solutions_compete_the_likelier_one_is_taken():
    """A weak signal, three layers: u jumps as the richness grows, and the exact law of a wide network with it."""
    gram, y, given = jnp.array([[0.01]]), jnp.array([1.0]), {"depth": 3, "inverse_temperature": 1.0}
    rich = np.linspace(3.0, 10.0, 29)
    u = np.array([float(deep_linear(gram, y, richness=g, **given).readout) for g in rich])
    jump = int(np.argmax(np.diff(u)))
    assert u[jump + 1] / u[jump] > 2
    for place in (jump, jump + 1):
        exact = finite_linear(gram, y, richness=rich[place], width=3000, **given).readout
        assert exact == pytest.approx(u[place], rel=0.05)


@pytest.mark.parametrize(("depth", "samples"), [(1, 50), (1, 150), (2, 50), (2, 150), (3, 50)])
@pytest.mark.parametrize("beta", [10.0, 1e6])
def test_the_proportional_limit_is_the_exact_law_to_a_percent(depth, samples, beta):
    random = np.random.default_rng(1)
    x = random.normal(size=(samples, 200))
    gram = jnp.asarray(x @ x.T / 200)
    y = jnp.asarray(2 * x @ random.normal(size=200) / 200**0.5 + 0.3 * random.normal(size=samples))
    found = proportional(gram, y, depth=depth, width=100, inverse_temperature=beta)
    exact = finite_linear(gram, y, depth=depth, width=100, richness=0.1, inverse_temperature=beta)
    assert_allclose(found.readout, exact.readout, rtol=0.01)
    assert abs(found.readout - 1) > 0.2  # without renormalisation it would be 1
    assert_allclose(found.outputs, exact.outputs, atol=0.01)
    if beta > 1e3:
        power = y @ jnp.linalg.solve(gram, y) / samples
        assert_allclose(1 - found.readout, samples / 100 * (1 - power / found.readout**depth), atol=1e-4)


# Two layers


@pytest.mark.parametrize(
    ("method", "richness"), [("chain", 1.5), pytest.param("importance", 0.3, marks=pytest.mark.slow)]
)
def test_linear_neurons_are_the_closed_form(method, richness):
    given = {"richness": richness, "inverse_temperature": 10.0}
    found = two_layer(GRAM, Y, activation="linear", method=method, key=KEY, **given)
    assert_within_errors(found, deep_linear(GRAM, Y, depth=1, **given), 0.01)
    assert found.residual < 1e-10
    assert_allclose(
        found.preactivations.T @ found.preactivations / len(found.preactivations), found.features[0, :4, :4], atol=0.1
    )


def test_chain_and_importance_agree():
    given = {"activation": "tanh", "richness": 0.8, "inverse_temperature": 5.0, "key": KEY}
    weighted = two_layer(GRAM, Y, **given)
    walked = two_layer(GRAM, Y, method="chain", **given)
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


# Networks


@pytest.mark.slow
def test_the_stationary_law_is_off_by_the_square_of_the_step():
    """A step four times the default still agrees with the exact law; Euler's would be off by 7 %."""
    given = {"depth": 1, "width": 20, "richness": 1.0, "inverse_temperature": 4.0}
    found = posterior.langevin(X, Y, activation="linear", key=KEY, repeats=128, time=200.0, step_size=0.04, **given)
    assert_within_errors(found, finite_linear(GRAM, Y, **given), 0.015)


def test_a_result_is_saved(tmp_path):
    found = two_layer(GRAM, Y, activation="tanh", richness=0.2, inverse_temperature=2.0, key=KEY)
    found.save(tmp_path / "posterior.npz")
    again = Posterior.load(tmp_path / "posterior.npz")
    assert_allclose(again.error("features"), found.error("features"))


TWO = {"gram": GRAM, "targets": Y, "activation": "tanh", "richness": 1.0, "inverse_temperature": 10.0, "key": KEY}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gram": GRAM.at[0, 1].add(0.1)}, "gram must be symmetric; entries differ by 0.1"),
        ({"gram": GRAM - 3 * jnp.eye(5)}, "gram must have no negative eigenvalue; got -"),
        ({"targets": jnp.ones(6)}, r"targets must have shape \(P,\), at most one for each of the 5 points; got \(6,\)"),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"inverse_temperature": -1.0}, "inverse_temperature must be > 0 and finite; got -1.0"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"method": "guess"}, r"method must be one of \('importance', 'chain'\); got 'guess'"),
        ({"particles": 4}, "particles must be a whole number >= 9; got 4"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"richness": 2.5}, r"at 2.5 they are worth \d+.* of 1024 samples .*method='chain'"),
        ({"activation": "linear", "richness": 1.5}, r"with a tail of power 0\.\d+ \(at most 0.65\)"),
        pytest.param(
            {"richness": 6.0, "method": "chain", "rounds": 1},
            "rounds must suffice .* at richness 6",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        two_layer(**TWO | change)


def test_other_bad_input_is_named():
    given = {"richness": 1.0, "inverse_temperature": 10.0}
    with pytest.raises(ValueError, match="depth must be a whole number >= 1; got 0"):
        deep_linear(GRAM, Y, depth=0, **given)
    with pytest.raises(ValueError, match=r"width must be >= 1; got 0\.5"):
        deep_linear(GRAM, Y, depth=1, width=0.5, **given)
    with pytest.raises(ValueError, match="width must be a whole number >= 1; got 0"):
        finite_linear(GRAM, Y, depth=1, width=0, **given)
    with pytest.raises(ValueError, match="kernel must be symmetric"):
        nngp(GRAM.at[0, 1].add(0.1), Y, inverse_temperature=1.0)
    networks = {"width": 10, "activation": "tanh", "key": KEY, "time": 1.0, "burn_in": 1.0} | given
    with pytest.raises(ValueError, match=r"step_size must be small enough for a stable run; 3(\.0)? diverged"):
        posterior.langevin(X, Y, **networks | {"step_size": 3.0, "activation": "linear"})
    with pytest.raises(ValueError, match=r"time must be > 0 and finite; got 0\.0"):
        posterior.langevin(X, Y, **networks | {"time": 0.0})
