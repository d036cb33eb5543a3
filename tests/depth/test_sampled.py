"""Residual networks of any activation: particles against the closed theory, pushes, one hidden layer, and networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.depth.branches import branches
from solvable.depth.theory import kernels, residual, residual_linear
from solvable.depth.theory.sweep import sweep
from solvable.meanfield import two_layer
from solvable.meanfield.problem import checked

from .nets import pooled

GRAM, Y = jnp.array([[1.0, 0.3], [0.3, 0.8]]), jnp.array([1.0, -1.0])
FOUR = jnp.array([[1, 0.3, 0.1, -0.2], [0.3, 0.8, 0.2, 0.1], [0.1, 0.2, 1.1, 0.3], [-0.2, 0.1, 0.3, 0.9]])
TARGETS = jnp.array([1.0, -1.0, 0.6, -0.4])
X = jnp.linalg.cholesky(4 * FOUR)  # x x^T / 4 is their Gram matrix
KEY = jax.random.key(0)
TASK = {"richness": 1.0, "learning_rate": 0.05, "steps": 10}


@pytest.mark.parametrize(
    ("layers", "steps", "power", "particles"),
    [(1, 10, 0.5, 70), (4, 4, 0.5, 70), (3, 4, 0.8, 50), pytest.param(8, 10, 0.5, 300, marks=pytest.mark.slow)],
)
def test_linear_particles_are_the_closed_theory(layers, steps, power, particles):
    """White over all layers together, noises and signs leave no sampling error; kernels miss by floors of pivots."""
    task = TASK | {"depth": layers, "steps": steps, "branch": 1.2, "branch_power": power, "weights": [0.7]}
    found = residual(GRAM, Y[:1], activation="linear", key=KEY, particles=particles, repeats=2, **task)
    exact = residual_linear(GRAM, Y[:1], **task)
    for name in ("outputs", "test"):
        assert_allclose(getattr(found, name), getattr(exact, name), atol=1e-9)
    assert_allclose(found.tangent_kernel, exact.tangent_kernel, atol=1e-7)
    jax.tree.map(lambda one, other: assert_allclose(one, other, atol=1e-7), found.two_time, exact.two_time)
    assert found.error("outputs").max() < 1e-9
    without = residual(GRAM, Y[:1], activation="linear", key=KEY, particles=particles, responses=False, **task)
    exact = residual_linear(GRAM, Y[:1], responses=False, **task)
    assert_allclose(without.outputs, exact.outputs, atol=1e-9)


def test_two_points_after_ten_steps():
    """The first number of the closed theory, at depth 4."""
    found = residual(GRAM, Y, depth=4, activation="linear", key=KEY, particles=140, repeats=2, **TASK)
    assert_allclose(found.outputs[10], [0.9908529, -0.9844124], atol=5e-8)


def pushed(activation, theory, gram, rate, push=0.02, pairs=60_000):
    """Means and errors of d phi(h^1) / d r^1 and d g^2 / d u^1: neurons in the theory's fields, pushed both ways."""
    value, slope = {"tanh": (np.tanh, lambda h: 1 - np.tanh(h) ** 2)}[activation]
    layers, times, size = theory.features.shape[0] - 1, *theory.features.shape[1:3]
    n, b = times * size, 1 / np.sqrt(layers)
    phi, grad, a, down = (np.asarray(one).reshape(layers + 1, n, n) for one in jax.tree.leaves(theory.two_time))
    errors = np.zeros((times, size))
    errors[:, :2] = Y - theory.outputs
    when, random = np.repeat(np.arange(times), size), np.random.default_rng(0)
    pull = rate * np.where(when[:, None] > when, errors.ravel(), 0)
    start = np.tile(gram, (times, times)) * pull

    def field(kernel):
        values, vectors = np.linalg.eigh(kernel)
        return random.normal(size=(pairs, n)) * np.sqrt(np.maximum(values, 0)) @ vectors.T

    def both(field):
        return np.concatenate([field, field])

    first, w = field(np.tile(gram, (times, times))), random.normal(size=(pairs, 1))
    u, r = [both(field(phi[i])) for i in range(layers)], [field(grad[i + 1]) for i in range(layers)]
    r, w = [np.concatenate([one, -one]) for one in r], np.concatenate([w, -w])

    def path(du=0.0, dr=0.0):
        v, g = (np.zeros((layers + 1, 2 * pairs, n)) for _ in range(2))
        for now in (slice(k, k + size) for k in range(0, n, size)):
            h = [both(first)[:, now] + g[0] @ start[now].T]
            for i in range(layers):
                v[i][:, now] = value(h[i])
                noise = (u[i] + (du if i == 0 else 0))[:, now]
                h.append(h[i] + b * noise + g[i + 1] @ (b * a[i] + phi[i] * pull / layers)[now].T)
            v[layers][:, now] = value(h[layers])
            back = slope(h[layers]) * (w + v[layers] @ pull[now].T)
            g[layers][:, now] = back
            for i in reversed(range(layers)):
                noise = (r[i] + (dr if i == 0 else 0))[:, now]
                back = back + slope(h[i]) * (b * noise + v[i] @ (b * down[i] + grad[i + 1] * pull / layers)[now].T)
                g[i][:, now] = back
        return v[0], g[1]

    def mean(felt):
        halves = felt.reshape(2, pairs, n).mean(axis=0) / (2 * push)
        return halves.mean(axis=0), halves.std(axis=0) / pairs**0.5

    rows = []
    for e in push * np.eye(n):
        up, back = path(dr=e)[0] - path(dr=-e)[0], path(du=e)[1] - path(du=-e)[1]
        rows.append([mean(up), mean(back)])
    found = np.moveaxis(np.array(rows), (2, 1, 3, 0), (0, 1, 2, 3))
    return a[0], down[0], found


def test_responses_are_what_a_push_does():
    """A neuron of all layers, simulated with the theory's kernels and responses; equal times of B are not zero."""
    task = {"depth": 2, "richness": 2.0, "learning_rate": 0.1, "steps": 2, "branch": 1.0}
    several = [
        residual(GRAM, Y, activation="tanh", key=key, particles=8000, **task) for key in jax.random.split(KEY, 6)
    ]
    _, b, (mean, error) = pushed("tanh", several[0], np.asarray(GRAM), 0.2)
    for name, known, scatter in (("feature", mean[0], error[0]), ("gradient", mean[1], error[1])):
        found = np.array([getattr(one.two_time, f"{name}_response")[0] for one in several]).reshape(6, 6, 6)
        both = np.hypot(scatter, found.std(axis=0, ddof=1) / 6**0.5)
        off = np.abs(found.mean(axis=0) - known)
        print(off.max(), both.max(), np.abs(known).max())
        assert both.max() < 0.03 * np.abs(known).max()
        assert (off < 4 * both + 0.02 * np.abs(known).max()).all()
    assert np.abs(np.diag(b)[2:]).min() > 10 * error[1].max()


def test_without_branches_it_is_one_hidden_layer():
    task = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.1, "steps": 8, "key": KEY}
    one = residual(GRAM, Y, depth=2, branch=0.0, particles=1000, **task)
    other = two_layer(GRAM, Y, **task)
    assert (jnp.abs(one.outputs - other.outputs) < 4 * one.error("outputs") + 1e-3).all()
    assert_allclose(one.features[-1], other.features[0], atol=0.02)


def test_the_first_kernels_are_those_of_the_start():
    found = residual(
        GRAM, Y[:1], depth=3, activation="tanh", branch=1.5, key=KEY, repeats=16, **TASK | {"steps": 1}
    )  # fmt: skip
    theory = kernels(GRAM, activation="tanh", branch=1.5, depth=3)
    for name in ("features", "gradients"):
        off = np.abs(getattr(found, name)[:, 0] - getattr(theory, name))
        assert (off <= 4 * found.error(name)[:, 0] + 1e-12).all()
    assert found.error("features").max() < 0.01
    assert_allclose(found.tangent_kernel[0], theory.tangent_kernel, atol=0.06)  # four errors, mostly those of G^1
    assert_allclose(found.outputs[0], 0, atol=1e-14)
    assert_allclose(found.test[1], 0.05 * found.tangent_kernel[0, 1, 0] * Y[:1], rtol=0.02)


def test_the_spike_is_as_wide_as_the_inputs_are_large():
    """Of ReLU h scales with the inputs: f(4 Phi^0, 2 y, eta / 4) = 2 f, whatever the unit."""
    task = {"depth": 2, "activation": "relu", "richness": 1.0, "steps": 3, "key": KEY, "particles": 100, "repeats": 2}
    one = residual(GRAM, Y, learning_rate=0.1, **task)
    other = residual(4 * GRAM, 2 * Y, learning_rate=0.025, **task)
    assert_allclose(other.outputs, 2 * one.outputs, rtol=1e-9, atol=1e-12)
    nothing = residual(jnp.zeros((1, 1)), Y[:1], learning_rate=0.1, **task)
    assert_allclose(nothing.outputs, 0)


NETWORKS = [
    # activation, depth, branch, richness, steps, width, groups x pairs of networks, particles
    ("tanh", 3, 1.0, 1.0, 8, 200, (1, 12), 400),
    *(
        pytest.param("tanh", layers, branch, richness, 20, 1000, (6, 2), particles, marks=pytest.mark.slow)
        for layers, branch, richness, particles in (
            (4, 1.0, 1.0, 2000), (4, 1.5, 2.0, 2000), (8, 1.0, 1.0, 2000), (8, 1.5, 2.0, 2000), (16, 1.0, 1.0, 2100),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "layers", "branch", "richness", "steps", "width", "many", "particles"), NETWORKS
)
def test_networks_agree(activation, layers, branch, richness, steps, width, many, particles):
    """Outputs at every step and last kernels within four standard errors; without responses they are far outside."""
    task = {"depth": layers, "branch": branch, "richness": richness, "learning_rate": 0.05, "steps": steps}
    task |= {"activation": activation}
    found, error = _networks(task, width, many)
    theory = residual(FOUR, TARGETS, key=KEY, particles=particles, **task)
    without = residual(FOUR, TARGETS, key=KEY, particles=particles, repeats=2, responses=False, **task)
    off, both = _miss(found, error, theory, "outputs")
    print("f off", off.max(), "one error", both.max(), "worst", (off[1:] / both[1:]).max())
    assert (off[1:] <= 4 * both[1:]).all()
    missed = np.abs(found["outputs"] - without.outputs)
    print("without responses", missed.max(), (missed[1:] / both[1:]).max())
    assert missed.max() > 0.04 * (1 if steps == 20 else 0.3)
    assert not (missed[1:] <= 4 * both[1:]).all()
    off, both = (one[:, -1] for one in _miss(found, error, theory, "features"))
    print("kernels", off.max(), (off / both).max())
    assert (off <= 4 * both).all()


def _networks(task, width, many):
    return pooled(many[0], X, TARGETS, width=width, key=jax.random.key(1), repeats=many[1], **task)


def _miss(found, error, theory, name):
    """Distance of theory and networks, and one standard error of both together."""
    return np.abs(found[name] - getattr(theory, name)), np.hypot(error[name], theory.error(name))


@pytest.mark.slow
def test_the_last_tangent_kernel_is_that_of_networks():
    task = {"depth": 4, "activation": "tanh", "richness": 1.0, "learning_rate": 0.05, "steps": 20}
    found, _ = pooled(
        2, np.linalg.cholesky(4 * FOUR), TARGETS, width=500, key=KEY, repeats=4, tangent_kernel=True, **task
    )
    theory = residual(FOUR, TARGETS, key=KEY, **task)
    largest = float(np.abs(theory.tangent_kernel[-1]).max())
    print(np.abs(found["tangent_kernel"] - theory.tangent_kernel).max() / largest)
    assert_allclose(found["tangent_kernel"], theory.tangent_kernel, atol=0.03 * largest)


@pytest.mark.parametrize(
    ("layers", "width", "many", "particles"),
    [
        (2, 200, (1, 12), 400),
        pytest.param(4, 1000, (6, 2), 4000, marks=pytest.mark.slow),
        pytest.param(8, 1000, (6, 2), 4000, marks=pytest.mark.slow),
    ],
)
def test_networks_of_relu_agree_once_the_spike_is_heard(layers, width, many, particles):
    """A ReLU of one's own has a kink that is not heard: phi'' = 0 in its responses."""
    task = {"depth": layers, "richness": 1.0, "learning_rate": 0.05, "steps": 10}
    found, error = _networks(task | {"activation": "relu"}, width, many)
    theory, deaf = (
        residual(FOUR, TARGETS, key=KEY, particles=particles, activation=phi, **task)
        for phi in ("relu", lambda h: jnp.maximum(h, 0))
    )
    shares = {}
    for name, one in {"heard": theory, "deaf": deaf}.items():
        off, both = _miss(found, error, one, "outputs")
        shares[name] = np.abs(found["features"] - one.features)[:, -1].max() / found["features"][:, -1].max()
        print(name, off.max(), "error", both.max(), "worst", (off[1:] / both[1:]).max(), "kernels", shares[name])
    off, both = _miss(found, error, theory, "outputs")
    assert (off[1:] <= 4 * both[1:]).all()
    off, both = (one[:, -1] for one in _miss(found, error, theory, "features"))
    print("kernels, worst", (off / both).max())
    assert (off <= 4 * both).all()
    if width == 1000:
        assert shares["heard"] < shares["deaf"] / 2


def test_what_a_slider_turns_compiles_nothing():
    task = {"depth": 1, "activation": "tanh", "steps": 2, "key": KEY, "particles": 20, "repeats": 2}
    residual(GRAM, Y, richness=1.0, learning_rate=0.1, **task)
    before = sweep._cache_size()
    for one in (0.5, 0.9):
        residual(GRAM, Y, richness=one, learning_rate=0.03 * one, branch=one, branch_power=one, **task)
    assert sweep._cache_size() == before


def test_what_is_compiled_does_not_grow_with_the_depth():
    """Programs of depths 2 and 64 differ in nothing but their numbers."""
    problem, _ = checked(GRAM, Y, None, 1.0, 0.1, 2)
    lines = []
    for layers in (2, 64):
        sizes = {"depth": layers, "steps": 2, "pairs": 600}
        made = sweep.lower(problem, branches(1.0, 0.5, layers), KEY, phi=jnp.tanh, responses=True, **sizes)
        lines.append(len(made.as_text().splitlines()))
    assert lines[0] == lines[1]


def test_it_goes_through_jax():
    def last(richness):
        task = {"depth": 1, "activation": "tanh", "steps": 2, "key": KEY, "particles": 20, "repeats": 2}
        return residual(GRAM, Y, richness=richness, learning_rate=0.05, **task).outputs[2]

    assert_allclose(jax.vmap(last)(jnp.array([0.5, 1.0])), [last(0.5), last(1.0)], rtol=1e-12)
    slope = jax.jacfwd(lambda richness: last(richness)[0])(1.0)
    assert float(slope) == pytest.approx(float(last(1.0 + 1e-5)[0] - last(1.0 - 1e-5)[0]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 0}, "depth must be a whole number >= 1; got 0"),
        ({"branch": -1.0}, "branch must be >= 0 and finite; got -1.0"),
        ({"richness": 0.0}, "richness must be > 0 and finite; got 0.0"),
        ({"activation": "step"}, "activation must be one of"),
        ({"learning_rate": 3.0, "steps": 40}, r"learning_rate must be below 2 / \(largest eigenvalue of the tangent"),
        ({"targets": jnp.ones(3)}, "targets must have shape"),
        ({"targets": jnp.ones((2, 1))}, r"targets must have shape \(P,\), since only one output is known here"),
        ({"gram": jnp.array([[1, 2], [2, 1.0]])}, "gram must have no negative eigenvalue; got -1"),
        ({"gram": jnp.array([[1, 2], [0, 1.0]])}, "gram must be symmetric"),
        ({"particles": 69}, "particles must be a whole number >= 70; got 69"),  # 1.5 x 2 x (2 x 11 + 1) columns
        ({"repeats": 1}, "repeats must be a whole number >= 2; got 1"),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"gram": GRAM, "targets": Y, "depth": 2, "activation": "tanh", "key": KEY, "particles": 1000} | TASK
    with pytest.raises(ValueError, match=message):
        residual(**(given | change))
