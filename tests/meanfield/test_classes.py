"""Several outputs in the theories of training: known numbers, symmetries, closed forms, and one output with an axis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import kernels
from solvable.meanfield import MeanField, deep, deep_linear, deep_linear_networks, expansion, two_layer

from .points import CHANCES, KEY, LOSSES, TARGETS, TASK

SETTING = {"depth": 2, "richness": 1.5, "steps": 12}
SQUARE = SETTING | {"learning_rate": 0.04}
TURN = jnp.linalg.qr(jax.random.normal(jax.random.key(4), (3, 3), float))[0]


@pytest.mark.parametrize(
    ("loss", "targets", "rate", "first"),
    [(*LOSSES[0], (0.8869356, -0.3813200, 0.1285187)), (*LOSSES[1], (2.7586647, -0.9691168, -1.7895480))],
)
def test_known_numbers(loss, targets, rate, first):
    found = deep_linear(TASK, targets, learning_rate=rate, loss=loss, tangent_kernel=True, **SETTING)
    assert_allclose(found.outputs[-1, 0], first, atol=1.2e-7)
    assert found.outputs.shape == (13, 4, 3)
    assert found.test.shape == (13, 0, 3)
    assert found.gradients.shape == (2, 13, 4, 4, 3, 3)
    f = np.asarray(found.outputs[-1])
    if loss == "square":
        own = [[6.95016, -1.51901, -0.11597], [-1.51901, 7.24128, -1.27648], [-0.11597, -1.27648, 7.29434]]
        assert_allclose(found.tangent_kernel[-1, 0, 0], own, atol=6e-6)
        assert found.loss[-1] == pytest.approx(((f - targets) ** 2).sum() / 2)
    else:
        assert found.loss[-1] == pytest.approx(-(targets * np.log(np.exp(f) / np.exp(f).sum(1)[:, None])).sum())


def test_another_loss_compiles_nothing():
    for loss, targets, rate in LOSSES:
        deep_linear(TASK, targets, learning_rate=rate, loss=loss, **SETTING)
        compiled = deep_linear_networks._sweep._cache_size()
        if loss == "square":
            before = compiled
    assert compiled == before


def test_targets_along_one_direction_are_one_output():
    """So a kernel between classes that is a multiple of the unit matrix cannot be seen to be wrong there."""
    along = jnp.array([0.6, 0.0, 0.8])
    one = deep_linear(TASK, TARGETS[:, 0], **SQUARE)
    many = deep_linear(TASK, jnp.outer(TARGETS[:, 0], along), **SQUARE)
    assert_allclose(many.outputs, one.outputs[..., None] * along, atol=1e-12)
    assert_allclose(many.features, one.features, atol=1e-12)


def test_turned_targets_turn_the_outputs():
    plain, turned = (deep_linear(TASK, y, tangent_kernel=True, **SQUARE) for y in (TARGETS, TARGETS @ TURN))
    assert_allclose(turned.outputs, plain.outputs @ TURN, atol=1e-12)
    for name in ("features", "signals", "loss"):
        assert_allclose(getattr(turned, name), getattr(plain, name), atol=1e-12)
    jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-12), turned.two_time, plain.two_time)
    assert_allclose(turned.tangent_kernel, TURN.T @ plain.tangent_kernel @ TURN, atol=1e-11)


def test_classes_that_sum_to_zero_stay_so():
    for loss, targets, rate in (("square", CHANCES - 1 / 3, 0.04), LOSSES[1]):
        found = deep_linear(TASK, targets, learning_rate=rate, loss=loss, **SETTING)
        assert_allclose(found.outputs.sum(axis=-1), 0, atol=1e-12)
        assert np.abs(found.outputs[-1]).max() > 0.5


def test_first_responses():
    """Features answer to the signal without a target; signals with the errors of both times, summed over classes."""
    found = deep_linear(TASK, TARGETS, **SQUARE)
    up, down = found.two_time.feature_response[0, 1, :, 0], found.two_time.gradient_response[0, 1, :, 0]
    assert_allclose(up, 0.06 * TASK, atol=1e-12)
    assert_allclose(down, 0.06 * (TARGETS - found.outputs[1]) @ TARGETS.T, atol=1e-12)


def test_one_column_is_one_output():
    """Features and outputs of (P,); the signal is D g, and so is its kernel."""
    one, column = (deep_linear(TASK, y, tangent_kernel=True, **SQUARE) for y in (TARGETS[:, 0], TARGETS[:, :1]))
    assert_allclose(column.outputs[..., 0], one.outputs, atol=1e-12)
    assert_allclose(column.features, one.features, atol=1e-12)
    assert_allclose(column.tangent_kernel[..., 0, 0], one.tangent_kernel, atol=1e-11)
    assert_allclose(column.gradients[..., 0, 0], one.gradients, atol=1e-11)
    miss = TARGETS[:, 0] - one.outputs
    assert_allclose(column.signals, one.gradients * miss[:, :, None] * miss[:, None], atol=1e-12)
    assert one.signals is None
    response = one.two_time.feature_response[0] / miss  # of one output to g, of several to D g
    assert_allclose(column.two_time.feature_response[0], response, atol=1e-12)


def test_steps_are_those_of_the_tangent_kernel_between_classes():
    """(f(t+1) - f(t)) / eta -> sum K D, over points and classes, with half the difference at half the rate."""
    left = []
    for rate in (0.04, 0.02):
        found = deep_linear(TASK, TARGETS, tangent_kernel=True, learning_rate=rate, **SETTING)
        at = 6 if rate == 0.04 else 12
        step = (found.outputs[at] - found.outputs[at - 1]) / rate
        miss = TARGETS - found.outputs[at - 1]
        kernel = found.tangent_kernel[at - 1]
        left.append(np.abs(step - jnp.einsum("mncd,nd->mc", kernel, miss)).max())
        own = jnp.einsum("mncc,nc->mc", kernel, miss)
        assert np.abs(step - own).max() > 3 * left[-1]  # without what classes do to each other
    assert left[1] / left[0] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("depth", "lost"), [(1, 0.0049), pytest.param(2, 0.0092, marks=pytest.mark.slow)])
def test_one_gradient_kernel_for_all_classes_is_wrong(depth, lost):
    """Its mean over classes in the place of the matrix, along the right path; what a step leaves is of its own size."""
    gram, targets = jnp.array([[1, 0.3], [0.3, 0.8]]), jnp.array([[1, 0.2], [-0.3, 0.9]])  # of rank 2
    off = []
    for rate, steps in ((0.02, 40), (0.01, 80)):
        found = deep_linear(
            gram, targets, depth=depth, richness=2.0, learning_rate=rate, steps=steps, tangent_kernel=True
        )
        kernel, f, rows = np.asarray(found.tangent_kernel), jnp.zeros((2, 2)), []
        for one in np.trace(kernel, axis1=-2, axis2=-1) / 2:
            rows.append(f)
            f = f + rate * one @ (targets - f)
        off.append(np.abs(jnp.stack(rows) - found.outputs).max())
    assert 2 * off[1] - off[0] == pytest.approx(lost, rel=0.1)


@pytest.mark.parametrize("depth", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_linear_particles_are_the_closed_solution(depth):
    """Both losses, with a point without a target; every kernel between classes."""
    names = ("outputs", "test", "loss", "features", "signals", "gradients", "tangent_kernel")
    for loss, targets, rate in LOSSES:
        given = {"richness": 1.5, "learning_rate": rate, "steps": 6, "loss": loss, "tangent_kernel": True}
        drawn = {"activation": "linear", "key": KEY, "repeats": 2} | given
        exact = deep_linear(TASK, targets[:3], depth=depth, **given)
        every = [deep(TASK, targets[:3], depth=depth, particles=100, **drawn)]
        if depth == 1:
            every.append(two_layer(TASK, targets[:3], particles=64, **drawn))
        for found in every:
            for name in names:
                atol = 1e-9 if name in names[:3] else 1e-8  # pivots of kernels over time have a floor of 1e-9
                assert_allclose(getattr(found, name), getattr(exact, name), atol=atol, err_msg=name)
            assert np.abs(found.signals[:, :, 3]).max() == 0  # no target, no signal
            assert found.error("gradients").max() < 1e-8
        jax.tree.map(lambda a, b: assert_allclose(a, b, atol=1e-8), every[0].two_time, exact.two_time)


def test_a_column_of_particles_is_one_output():
    """The same neurons where no error is negative: else some have the opposite r."""
    given = {"activation": "tanh", "richness": 1.5, "learning_rate": 0.08, "steps": 3, "key": KEY, "repeats": 2}
    y = jnp.abs(TARGETS)
    one, column = (deep(TASK, y, depth=2, particles=100, tangent_kernel=True, **given) for y in (y[:, 0], y[:, :1]))
    miss = y[:, 0] - one.outputs
    assert miss.min() > 0
    assert_allclose(column.outputs[..., 0], one.outputs, atol=1e-12)
    assert_allclose(column.features, one.features, atol=1e-11)
    assert_allclose(column.gradients[1, ..., 0, 0], one.gradients[1], atol=1e-11)
    assert_allclose(column.gradients[0, ..., 0, 0], one.gradients[0], atol=1e-5)  # r_c given r, which it is
    # the mean of D g over samples is not the product of both means
    assert_allclose(column.signals, one.gradients * miss[:, :, None] * miss[:, None], atol=1e-3)
    sent = one.two_time.gradient_response[0] * miss[:, :, None, None]
    assert_allclose(column.two_time.gradient_response[0], sent, atol=1e-3)
    assert np.abs(sent).max() > 0.1


@pytest.mark.slow
def test_pushes_of_kinks_have_the_size_of_the_errors():
    """A column of small targets is one output, as the same column of large ones."""
    given = {"activation": "relu", "richness": 1.5, "learning_rate": 0.08, "steps": 3, "key": KEY, "repeats": 2}
    y = jnp.abs(TARGETS)
    one, column = (deep(TASK, y, depth=2, particles=3000, **given) for y in (y[:, 0], y[:, :1]))
    near = 4 * float(one.error("outputs").max()) + 0.002
    assert np.abs(column.outputs[..., 0] - one.outputs).max() < near
    response = one.two_time.feature_response[0] / (y[:, 0] - one.outputs)
    found = column.two_time.feature_response[0]
    assert np.abs(found - response).max() < 0.1 * np.abs(response).max()


def test_a_column_of_two_layers_is_one_output():
    given = {"activation": "tanh", "learning_rate": 0.08, "steps": 3, "key": KEY, "particles": 64, "repeats": 2}
    one, column = (
        two_layer(TASK, y, richness=1.5, tangent_kernel=True, **given) for y in (TARGETS[:, 0], TARGETS[:, :1])
    )
    assert_allclose(column.outputs[..., 0], one.outputs, atol=1e-12)
    assert_allclose(column.tangent_kernel[..., 0, 0], one.tangent_kernel, atol=1e-12)


def test_singular_values_are_learned_one_by_one():
    """Two linear layers, whitened points: df/dtau = 2 sqrt(1 + gamma_0^2 f^2) (s - f) for each, solved in closed form.

    In the end the features have the eigenvalue sqrt(1 + gamma_0^2 s^2).
    """
    s = np.array([1.5, 0.8, 0.3])
    given = {"activation": "linear", "key": KEY, "particles": 64, "repeats": 2, "steps": 180}
    for richness, halves in ((0.3, (0.3432, 0.3456, 0.3464)), (3.0, (0.2257, 0.2854, 0.3340))):
        found = two_layer(jnp.eye(3), jnp.diag(s), richness=richness, learning_rate=0.002, **given)
        f = np.diagonal(found.outputs, axis1=1, axis2=2)
        a, b = np.arcsinh(richness * s), np.arcsinh(richness * s / 2)
        tau = np.log(np.tanh(a / 2) * np.cosh((a + b) / 2) / np.sinh((a - b) / 2)) / (2 * np.cosh(a))
        assert_allclose(tau, halves, atol=1e-4)
        reached = [np.interp(one / 2, f[:, k], 0.002 * np.arange(181)) for k, one in enumerate(s)]
        assert_allclose(reached, tau, atol=1e-3)
        assert np.abs(found.outputs[-1] - jnp.diag(f[-1])).max() < 1e-12
    end = two_layer(jnp.eye(3), jnp.diag(s), richness=3.0, learning_rate=0.02, **given)
    assert_allclose(end.features[0, -1], np.diag(np.sqrt(1 + 9 * s**2)), rtol=0.005, atol=1e-9)  # steps of 0.02


def test_classes_collapse_as_their_closed_form_says():
    """Two whitened points of each of three classes, learned to the end by two linear layers."""
    labels, n, c = np.repeat(np.arange(3), 2), 2, 3
    given = {"activation": "linear", "key": KEY, "particles": 64, "repeats": 2}
    found = two_layer(jnp.eye(6), jnp.eye(3)[labels] - 1 / 3, richness=4.0, learning_rate=0.02, steps=120, **given)
    start, end = (kernels.classes(found.features[0, row], labels) for row in (0, -1))
    assert start.within / start.between == pytest.approx((n - 1) * c / (c - 1))
    expected = (n - 1) * c / ((c - 1) * (1 + 16 * n) ** 0.5)
    assert expected == pytest.approx(0.2611, abs=1e-4)
    assert end.within / end.between == pytest.approx(0.2618, abs=1e-4)
    assert_allclose(end.cosines, 1.5 * np.eye(3) - 0.5, atol=1e-12)


def test_the_expansion_leaves_the_fourth_order():
    given = {"activation": "tanh", "learning_rate": 0.08, "steps": 10, "key": KEY}
    series, left = expansion(TASK, TARGETS, **given), []
    for richness in (0.1, 0.2):
        rich, near = two_layer(TASK, TARGETS, richness=richness, **given), series.at(richness)
        left.append([np.abs(getattr(rich, x) - getattr(near, x)).max() for x in ("outputs", "features", "signals")])
    assert_allclose(np.divide(left[1], left[0]), 16, rtol=0.1)
    assert np.linalg.norm(rich.outputs - near.outputs, axis=(1, 2)).max() == pytest.approx(4.3e-5, rel=0.02)
    assert near.gradients is None


TRAIN = {"richness": 1.0, "learning_rate": 0.1, "steps": 2}
DRAWN = {"activation": "tanh", "key": KEY, "repeats": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": jnp.ones((2, 3, 1))}, r"targets must have shape \(P,\) or \(P, C\), .*; got \(2, 3, 1\)"),
        ({"targets": jnp.ones((5, 3))}, r"at most one row for each of the 4 points; got \(5, 3\)"),
        ({"targets": TARGETS.at[1, 2].set(jnp.nan)}, r"targets must be finite; got nan \(first at index \(1, 2\)\)"),
        ({"loss": "hinge"}, r"loss must be one of \('square', 'cross_entropy'\); got 'hinge'"),
        ({"loss": "cross_entropy", "targets": jnp.ones(4)}, r"needs at least two classes; got \(4,\)"),
        ({"loss": "cross_entropy", "targets": jnp.ones((4, 1))}, r"needs at least two classes; got \(4, 1\)"),
        ({"loss": "cross_entropy"}, r"targets must be >= 0 for cross_entropy; got -0\.5 \(first at index \(0, 1\)\)"),
        ({"loss": "cross_entropy", "targets": CHANCES.at[2, 0].set(0.1)}, r"row 2 has 1\.1"),
        ({"particles": 10}, "particles must be a whole number >= 12; got 10"),
        ({"weights": jnp.ones(3)}, r"weights must have shape \(4,\); got \(3,\)"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        two_layer(**{"gram": TASK, "targets": TARGETS} | TRAIN | DRAWN | change)


def test_particles_that_cannot_be_whitened_are_named():
    """The last layer has (T + 1) Q fields and C readouts; class by class Q C strangers too."""
    wide = jnp.ones((4, 40))
    with pytest.raises(ValueError, match="particles must be a whole number >= 79; got 20"):
        deep(TASK, wide, depth=2, particles=20, **TRAIN | DRAWN)  # 1.5 (12 + 40)
    with pytest.raises(ValueError, match="particles must be a whole number >= 259; got 20"):
        deep(TASK, wide, depth=2, particles=20, tangent_kernel=True, **TRAIN | DRAWN)  # 1.5 (12 + 160)


def test_expansions_know_the_square_loss_alone():
    with pytest.raises(TypeError, match="loss"):
        expansion(TASK, CHANCES, learning_rate=0.1, steps=2, loss="cross_entropy", **DRAWN)


@pytest.mark.parametrize(("loss", "share"), [("square", 2), ("cross_entropy", 4)])
def test_a_rate_past_stability_is_named_with_the_bound_at_the_start(loss, share):
    """Of a linear network the tangent kernel is (L + 1) Phi^0 at the start, the same for each class."""
    bound = share / (3 * np.linalg.eigvalsh(TASK).max())
    chances = jnp.array([[0.9, 0.1, 0], [0.1, 0.9, 0], [0.6, 0.4, 0], [0.3, 0.7, 0]])
    with pytest.raises(ValueError, match=rf"must be below {share} / .* here {bound:.4g}, .* 30 diverged at step \d"):
        deep_linear(TASK, chances, depth=2, richness=1.0, learning_rate=30.0, steps=12, loss=loss)


def test_nothing_to_learn_more_classes_than_points_and_twice_the_same_are_no_errors():
    given = {"richness": 1.0, "learning_rate": 0.05, "steps": 6, "tangent_kernel": True}
    drawn = {"activation": "linear", "key": KEY, "repeats": 2} | given
    for targets in (jnp.zeros((3, 3)), TARGETS[:3].at[1].set(0)):
        found = deep(TASK, targets, depth=2, particles=100, **drawn)
        exact = deep_linear(TASK, targets, depth=2, **given)
        assert_allclose(found.outputs, exact.outputs, atol=1e-9)
        assert_allclose(found.tangent_kernel, exact.tangent_kernel, atol=1e-8)
        if not targets.any():
            assert np.abs(found.outputs).max() == 0
    place = jnp.array([0, 0, 1, 2])
    twice = deep(TASK[place][:, place], TARGETS[place[:3]], depth=2, particles=100, **drawn)
    assert_allclose(twice.outputs[:, 0], twice.outputs[:, 1], atol=1e-3)


def test_weights_count_points():
    """Twice the weight at half the rate is the same; of a point that is there twice the weights add up."""
    place = jnp.array([0, 0, 1, 2])
    given = {"loss": "cross_entropy"} | SETTING
    weighted, plain = (
        deep_linear(TASK[place][:, place], CHANCES[place], weights=jnp.array(p), learning_rate=rate, **given)
        for p, rate in (([3.0, 1.0, 2.0, 2.0], 0.05), ([1.0, 1.0, 1.0, 1.0], 0.1))
    )
    assert_allclose(weighted.outputs, plain.outputs, atol=1e-12)
    assert_allclose(weighted.loss, 2 * plain.loss, rtol=1e-12)


def test_results_are_saved_and_read_at_listed_steps(tmp_path):
    given = {"richness": 1.5, "learning_rate": 0.1, "loss": "cross_entropy", "depth": 2}
    whole = deep_linear(TASK, CHANCES, steps=12, **given)
    some = deep_linear(TASK, CHANCES, steps=[12, 3], **given)
    assert_allclose(some.outputs, whole.outputs[jnp.array([12, 3])])
    assert_allclose(some.signals, whole.signals[:, jnp.array([12, 3])])
    some.save(tmp_path / "classes.npz")
    again = MeanField.load(tmp_path / "classes.npz")
    assert_allclose(again.loss, some.loss)
    assert again.gradients is None
