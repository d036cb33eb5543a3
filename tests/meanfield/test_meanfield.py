"""Mean-field theory against closed forms, against brute force, against wide networks, and its limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels
from solvable.meanfield import MeanField, deep, deep_linear, expansion, finite, two_layer

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (4, 4), float)
GRAM = X @ X.T / 4
Y = jnp.array([1.0, -0.7, 0.4])  # the fourth point is a test point
SMALL = GRAM[:2, :2]


# Two layers


@pytest.mark.parametrize("richness", [0.5, 2.0])
def test_linear_particles_are_the_closed_solution(richness):
    given = {"richness": richness, "learning_rate": 0.1, "steps": 20}
    found = two_layer(GRAM, Y, activation="linear", key=KEY, particles=64, **given)
    exact = deep_linear(GRAM, Y, depth=1, **given)
    for name in ("outputs", "test", "features", "gradients", "tangent_kernel", "loss"):
        assert_allclose(getattr(found, name), getattr(exact, name), atol=1e-10)
    assert found.error("outputs").max() < 1e-10
    assert_allclose(found.outputs[0], 0, atol=1e-15)


@pytest.mark.parametrize("activation", ["linear", "tanh", "relu"])
@pytest.mark.parametrize("richness", [0.5, 2.0])
def test_two_layers_are_near_their_limit(activation, richness):
    given = {"activation": activation, "richness": richness, "learning_rate": 0.1, "steps": 30, "repeats": 2}
    found = two_layer(SMALL, Y[:2], key=KEY, particles=2**13, **given)
    fine = two_layer(SMALL, Y[:2], key=jax.random.key(9), particles=2**16, **given)
    assert_allclose(found.outputs, fine.outputs, atol=1e-3)


def test_one_point_on_its_own():
    """df/dt = 2 sqrt(1 + gamma^2 f^2) (y - f) for a linear network; steps of 1e-3 follow it."""
    found = deep_linear(jnp.ones((1, 1)), jnp.array([1.5]), depth=1, richness=2.0, learning_rate=2e-2, steps=100)
    f = 0.0
    for _ in range(200 * 100):
        f += 1e-4 * 2 * (1 + 4 * f**2) ** 0.5 * (1.5 - f)
    assert found.outputs[-1, 0] == pytest.approx(f, abs=0.02)
    assert found.tangent_kernel[-1, 0, 0] == pytest.approx(2 * (1 + 4 * f**2) ** 0.5, rel=0.02)


# Deep networks


@pytest.mark.parametrize(("depth", "richness"), [(1, 2.0), (2, 0.5), (3, 1.0)])
def test_deep_linear_particles_are_the_closed_solution(depth, richness):
    given = {"depth": depth, "richness": richness, "learning_rate": 0.05, "steps": 8}
    found = deep(GRAM[:3, :3], Y[:2], activation="linear", key=KEY, particles=150, repeats=2, **given)
    exact = deep_linear(GRAM[:3, :3], Y[:2], **given)
    assert_allclose(found.outputs, exact.outputs, atol=1e-10)
    assert_allclose(found.test, exact.test, atol=1e-10)
    jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-9), found.two_time, exact.two_time)


def iterated(depth, richness, rate, steps, damping=0.7, sweeps=400):
    """The same equations solved for all times together, from a lazy guess, with NumPy: outputs (T+1, P)."""
    size, times = 2, steps + 1
    n, k = times * size, rate * richness
    when = np.repeat(np.arange(times), size)
    earlier = when[:, None] > when
    start, y = np.tile(np.asarray(SMALL), (times, times)), np.asarray(Y[:2])
    h = [start] + [start.copy() for _ in range(depth)]
    g = [None] + [np.ones((n, n)) for _ in range(depth + 1)]
    a, b = ([np.zeros((n, n)) for _ in range(depth + 1)] for _ in range(2))
    f = np.zeros((times, size))
    for _ in range(sweeps):
        pull = (y - f).ravel()
        c = [None] + [a[i - 1] + k * h[i - 1] * pull * earlier for i in range(1, depth + 1)]
        d = [None] + [b[i] + k * g[i + 1] * pull * earlier for i in range(1, depth + 1)]
        new_h, new_g, new_a, new_b = list(h), list(g), list(a), list(b)
        for i in range(1, depth + 1):
            r, s = np.linalg.inv(np.eye(n) - c[i] @ d[i]), np.linalg.inv(np.eye(n) - d[i] @ c[i])
            new_h[i] = r @ (h[i - 1] + c[i] @ g[i + 1] @ c[i].T) @ r.T
            new_g[i] = s @ (g[i + 1] + d[i] @ h[i - 1] @ d[i].T) @ s.T
            if i < depth:
                new_a[i] = r @ c[i]
            if i > 1:
                new_b[i - 1] = s @ d[i]
            if i == depth:
                new_f = np.diag(r @ (h[i - 1] @ d[i].T + c[i] @ g[i + 1]) @ s.T).reshape(times, size) / richness
        mix = lambda old, new: None if old is None else (1 - damping) * old + damping * new  # noqa: E731
        h, g, a, b = (list(map(mix, *pair)) for pair in ((h, new_h), (g, new_g), (a, new_a), (b, new_b)))
        f = mix(f, new_f)
    return f


@pytest.mark.parametrize(("depth", "richness"), [(2, 0.5), (3, 1.0)])
def test_the_causal_order_is_the_fixed_point_of_brute_force(depth, richness):
    found = deep_linear(SMALL, Y[:2], depth=depth, richness=richness, learning_rate=0.05, steps=8)
    assert_allclose(found.outputs, iterated(depth, richness, 0.05, 8), atol=1e-9)


def shifted(activation, u, r, c, d, push=0.02):
    """d phi(h) / d r and d g / d u, means and errors (2, n, n): neurons whose fields are pushed, both ways."""
    value, slope = {
        "tanh": (np.tanh, lambda h: 1 - np.tanh(h) ** 2),
        "relu": (lambda h: np.maximum(h, 0), lambda h: (h > 0) * 1.0),
    }[activation]
    size, n = 2, u.shape[1]

    def path(u, r):
        v, g = np.zeros_like(u), np.zeros_like(u)
        for now in (slice(k, k + size) for k in range(0, n, size)):
            h = u[:, now] + g @ c[now].T
            v[:, now] = value(h)
            g[:, now] = slope(h) * (r[:, now] + v @ d[now].T)
        return v, g

    def mean(felt):
        pairs = felt.reshape(2, -1, n).mean(axis=0) / (2 * push)
        return pairs.mean(axis=0), pairs.std(axis=0) / len(pairs) ** 0.5

    u, r, pairs = np.concatenate([u, u]), np.concatenate([r, -r]), []
    for e in push * np.eye(n):
        up, down = path(u, r + e)[0] - path(u, r - e)[0], path(u + e, r)[1] - path(u - e, r)[1]
        pairs.append([mean(up), mean(down)])
    return np.moveaxis(np.array(pairs), (2, 1, 3, 0), (0, 1, 2, 3))


@pytest.mark.parametrize(
    ("activation", "steps", "near", "particles"), [("tanh", 2, 0.01, 4000), ("relu", 1, 0.05, 16_000)]
)
def test_responses_are_what_a_push_does(activation, steps, near, particles):
    """A single neuron of each layer, simulated with the theory's C and D, and pushed, here and in the theory."""
    given = {"depth": 2, "richness": 2.0, "learning_rate": 0.1, "steps": steps}
    theory = deep(SMALL, Y[:2], activation=activation, key=KEY, particles=particles, **given)
    n, k = 2 * (steps + 1), 0.2
    phi, grad, up, down = (np.asarray(one).reshape(2, n, n) for one in jax.tree.leaves(theory.two_time))
    when, random = np.repeat(np.arange(steps + 1), 2), np.random.default_rng(0)
    pull = np.where(when[:, None] > when, k * np.ravel(Y[:2] - theory.outputs), 0)
    start, ones = np.tile(SMALL, (steps + 1, steps + 1)), np.ones((n, n))

    def field(kernel):
        values, vectors = np.linalg.eigh(kernel)
        return random.normal(size=(12 * particles, n)) * np.sqrt(np.maximum(values, 0)) @ vectors.T

    first = shifted(activation, field(start), field(grad[1]), start * pull, down[0] + grad[1] * pull)
    second = shifted(activation, field(phi[0]), field(ones), up[0] + phi[0] * pull, ones * pull)
    for found, (mean, error) in ((up[0], first[:, 0]), (down[0], second[:, 1])):
        print(
            np.abs(found - mean).max(),
            error.max(),
            np.abs(mean).max(),
            np.abs(np.abs(found - mean) / (4 * error + near * np.abs(mean).max())).max(),
        )
        assert error.max() < 0.02 * np.abs(mean).max()
        assert (np.abs(found - mean) < 4 * error + near * np.abs(mean).max()).all()
    assert np.abs(np.diag(down[0])[2:]).min() > 10 * error.max()  # equal times are not zero


def test_one_hidden_layer_is_two_layers():
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 12}
    one = deep(SMALL, Y[:2], depth=1, key=KEY, particles=4000, **given)
    other = two_layer(SMALL, Y[:2], key=KEY, **given)
    assert (jnp.abs(one.outputs - other.outputs) < 4 * one.error("outputs") + 1e-3).all()
    assert_allclose(one.features, other.features, atol=0.02)


@pytest.mark.parametrize(
    ("depth", "activation", "richness", "width"),
    [(1, "tanh", 2.0, 1000), (1, "relu", 2.0, 1000),
     pytest.param(2, "tanh", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "linear", 2.0, 1000, marks=pytest.mark.slow),
     pytest.param(2, "relu", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "linear", 0.5, 1000, marks=pytest.mark.slow),
     pytest.param(3, "tanh", 2.0, 1000, marks=pytest.mark.slow)],
)  # fmt: skip
def test_wide_networks_follow_the_theory(depth, activation, richness, width):
    repeats = (24 if depth == 1 else 16) * (3 if richness < 1 else 1)  # f(0) / f falls as 1 / gamma_0
    given = {"richness": richness, "learning_rate": 0.05, "steps": 12}
    known = GRAM[:3, :3]
    if activation == "linear":
        theory = deep_linear(known, Y, depth=depth, **given)
    elif depth == 1:
        theory = two_layer(known, Y, activation=activation, key=KEY, **given)
    else:
        particles = 3000 if activation == "relu" else 800
        theory = deep(known, Y, depth=depth, activation=activation, key=KEY, particles=particles, **given)
    tangent = {"tangent_kernel": depth == 2}
    found = finite(
        X[:3], Y, width=width, depth=depth, activation=activation, key=KEY, repeats=repeats, **tangent, **given
    )
    size, error = float(jnp.abs(theory.outputs).max()), found.error("outputs")
    assert error.max() < 0.015 * size
    assert (np.abs(found.outputs - theory.outputs) < 4 * np.hypot(error, theory.error("outputs")) + 0.004 * size).all()
    assert_allclose(found.features[:, -1], theory.features[:, -1], rtol=0.05, atol=0.02)
    if depth == 2:  # gradient kernels enter the tangent kernel
        largest = float(theory.tangent_kernel[-1].max())
        assert_allclose(found.tangent_kernel[-1], theory.tangent_kernel[-1], atol=0.05 * largest)


@pytest.mark.parametrize(
    ("activation", "power", "values"), [("tanh", 2, (0.05, 0.1, 0.2)), ("relu", 1, (0.0025, 0.005, 0.01))]
)
def test_little_richness_is_the_kernel_limit(activation, power, values):
    """|rich - lazy| falls as gamma^2; as gamma where neurons can cross a kink, for those that switch off stay off.

    The samples are the same, so that their error cancels.
    """
    kernel = kernels.ntk(X, depth=1, activation=activation)
    exact = kernels.gradient_descent(kernel[:3, :3], Y, 20, learning_rate=0.1, cross=kernel[3:, :3])
    lazy, *rich = (
        two_layer(GRAM, Y, activation=activation, richness=one, learning_rate=0.1, steps=20, key=KEY, particles=2**13)
        for one in (1e-4, *values)
    )
    assert_allclose(lazy.outputs, exact.outputs, atol=2e-3)
    assert_allclose(lazy.test, exact.test, atol=2e-3)
    gaps = [float(jnp.abs(one.outputs - lazy.outputs).max()) for one in rich]
    assert_allclose(np.diff(np.log(gaps)) / np.log(2), power, atol=0.1)


def test_it_is_saved(tmp_path):
    found = deep(SMALL, Y[:2], depth=2, activation="tanh", richness=1.0, learning_rate=0.05, steps=3, key=KEY,
                 particles=50, repeats=2)  # fmt: skip
    found.save(tmp_path / "theory.npz")
    again = MeanField.load(tmp_path / "theory.npz")
    assert_allclose(again.tangent_kernel, found.tangent_kernel)
    assert_allclose(again.loss, found.loss)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gram": GRAM.at[0, 1].add(0.1)}, "gram must be symmetric; entries differ by 0.1"),
        ({"gram": GRAM - 3 * jnp.eye(4)}, "gram must have no negative eigenvalue; got -"),
        ({"targets": jnp.ones(5)}, r"targets must have shape \(P,\), at most one for each of the 4 points; got \(5,\)"),
        ({"targets": jnp.ones((2, 1))}, r"targets must have shape \(P,\)"),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"steps": 0}, "steps must be a whole number >= 1; got 0"),
        ({"particles": 6}, "particles must be a whole number >= 9; got 6"),
        ({"activation": "swish"}, "activation must be one of"),
        ({"weights": jnp.ones(2)}, r"weights must have shape \(3,\); got \(2,\)"),
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
        ({"learning_rate": 3.0}, r"learning_rate must be below .* here 0\.\d+, .*; 3 diverged at step \d"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"gram": GRAM, "targets": Y, "activation": "relu", "richness": 1.0, "learning_rate": 0.1, "steps": 20}
    with pytest.raises(ValueError, match=message):
        two_layer(**given | {"key": KEY} | change)


TRAIN = {"richness": 1.0, "steps": 8}
SAMPLE = {"activation": "linear", "key": KEY, "particles": 64, "repeats": 2}
PAST_STABILITY = {
    "two_layer": lambda x, y, rate: two_layer(x, y, learning_rate=rate, **TRAIN, **SAMPLE),
    "expansion": lambda x, y, rate: expansion(x, y, learning_rate=rate, steps=8, **SAMPLE),
    "deep": lambda x, y, rate: deep(x, y, depth=2, learning_rate=rate, **TRAIN, **SAMPLE),
    "deep_linear, one layer": lambda x, y, rate: deep_linear(x, y, depth=1, learning_rate=rate, **TRAIN),
    "deep_linear": lambda x, y, rate: deep_linear(x, y, depth=2, learning_rate=rate, **TRAIN),
}


@pytest.mark.parametrize("rate", [10.0, 1e100, 1e300])
@pytest.mark.parametrize("name", PAST_STABILITY)
def test_past_stability_there_is_no_answer(name, rate):
    """Whether numbers grow, become infinite, or are none: the closed solution had only NaN, and returned them."""
    with pytest.raises(ValueError, match=r"learning_rate must be below .* diverged at step [12]"):
        PAST_STABILITY[name](jnp.ones((1, 1)), jnp.ones(1), rate)


@pytest.mark.parametrize("name", PAST_STABILITY)
def test_without_a_task_nothing_diverges(name):
    assert_allclose(PAST_STABILITY[name](jnp.ones((1, 1)), jnp.zeros(1), 0.1).outputs, 0, atol=1e-12)


def test_bad_deep_input_is_named():
    given = {"depth": 2, "activation": "tanh", "richness": 1.0, "learning_rate": 0.1, "steps": 5, "key": KEY}
    with pytest.raises(ValueError, match="depth must be a whole number >= 1; got 0"):
        deep(SMALL, Y[:2], **given | {"depth": 0})
    with pytest.raises(ValueError, match="particles must be a whole number >= 37; got 20"):
        deep(SMALL, Y[:2], **given | {"particles": 20})


def test_finite_networks_have_the_limits_kernels_and_neurons():
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 10, "key": KEY}
    theory = two_layer(GRAM[:3, :3], Y, **given)
    found = finite(X[:3], Y, width=500, repeats=8, tangent_kernel=True, **given)
    assert_allclose(found.tangent_kernel, theory.tangent_kernel, rtol=0.05, atol=0.02)
    growth = [float(one.tangent_kernel[-1, 0, 0] / one.tangent_kernel[0, 0, 0]) for one in (found, theory)]
    assert growth[1] > 1.1
    assert growth[0] == pytest.approx(growth[1], rel=0.02)
    assert found.preactivations.shape == (2 * 8 * 500, 3)
    assert_allclose(jnp.cov(found.preactivations.T), jnp.cov(theory.preactivations.T), rtol=0.1, atol=0.03)
    assert_allclose(found.outputs[0], 0, atol=1e-14)
    assert found.loss[-1] == pytest.approx(float(theory.loss[-1]), rel=0.05)


def test_finite_networks_that_diverge_are_refused():
    with pytest.raises(ValueError, match=r"learning_rate must be smaller; at 50.0 a network diverged at step \d"):
        finite(X[:3], Y, width=8, activation="relu", richness=1.0, learning_rate=50.0, steps=30, key=KEY, repeats=2)


def test_the_closed_solution_maps_over_richness():
    """Batched LAPACK calls inside a loop can hang on a CPU: the closed solution makes none."""
    values = jnp.linspace(0.2, 1.5, 16)

    def loss(richness):
        return deep_linear(SMALL, Y[:2], depth=3, richness=richness, learning_rate=0.02, steps=24).loss

    assert_allclose(jax.jit(jax.vmap(loss))(values)[::5], [loss(one) for one in values[::5]], rtol=1e-9)
