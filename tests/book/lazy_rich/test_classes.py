"""What "Several outputs: classes" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data, kernels, posterior
from solvable.meanfield import deep, deep_linear, finite, two_layer

GRAM = jnp.array([[1.0, 0.3, 0.1, -0.2], [0.3, 0.8, 0.2, 0.1], [0.1, 0.2, 1.1, 0.3], [-0.2, 0.1, 0.3, 0.9]])
Y = jnp.eye(3)[jnp.array([0, 1, 2, 0])]
GIVEN = {"activation": "tanh", "richness": 2.0, "learning_rate": 0.15, "steps": 24, "key": jax.random.key(1)}
ERRORS = {"square": lambda f: Y - f, "cross_entropy": lambda f: Y - jax.nn.softmax(f, axis=1)}


def walk(error):
    """The loop of the page."""
    draw = jax.random.normal(jax.random.key(0), (20_000, 7))
    h, z = draw[:, :4] @ jnp.linalg.cholesky(GRAM).T, draw[:, 4:]
    h, z, outputs = jnp.concatenate([h, h]), jnp.concatenate([z, -z]), []
    for _ in range(25):
        f = jnp.tanh(h).T @ z / len(h) / 2.0
        outputs.append(f)
        pull = 0.3 * error(f)
        back = (1 - jnp.tanh(h) ** 2) * (z @ pull.T)
        h, z = h + back @ GRAM, z + jnp.tanh(h) @ pull
    return jnp.stack(outputs)


@pytest.mark.parametrize("loss", ERRORS)
def test_three_changed_lines_are_the_library_and_the_networks(loss):
    page, limit = walk(ERRORS[loss]), two_layer(GRAM, Y, loss=loss, **GIVEN)
    chance = 4 * max(1, float(jnp.abs(page).max())) / 20_000**0.5  # of an average over as many neurons
    assert jnp.abs(page - limit.outputs).max() < chance / 2
    networks = finite(2 * jnp.linalg.cholesky(GRAM), Y, width=400, repeats=16, loss=loss, **GIVEN)
    error = np.hypot(networks.error("outputs"), limit.error("outputs"))
    assert np.all(np.abs(networks.outputs - limit.outputs) < 4 * error + 4 / 400 * np.abs(limit.outputs) + 1e-9)
    first = limit.outputs[:, 0]
    if loss == "square":
        assert_allclose(first[-1], [1, 0, 0], atol=0.05)
    else:
        assert first[-1, 0] > first[-4, 0] + 0.05 > 1  # goes on
        assert np.all(first[-1, 1:] < -0.5)


def test_blocks_between_classes_are_not_zero_once_anything_was_learned():
    kernel = deep_linear(
        GRAM, Y, depth=2, richness=2.0, learning_rate=0.05, steps=[0, 12], tangent_kernel=True
    ).tangent_kernel[:, 0, 0]
    assert_allclose(kernel[0], np.diag(np.diag(kernel[0])), atol=1e-12)
    off = kernel[1][~np.eye(3, dtype=bool)]
    assert np.abs(off).max() > 0.05 * kernel[1].max()


def time(f, s, richness):
    """The closed form of the page."""
    a, b = np.arcsinh(richness * s), np.arcsinh(richness * f)
    return np.log(np.tanh(a / 2) * np.cosh((a + b) / 2) / np.sinh((a - b) / 2)) / (2 * np.cosh(a))


@pytest.mark.parametrize("richness", [0.1, 3.0, 10.0])
def test_the_times_of_modes_solve_their_equation(richness):
    for s in (1.5, 0.8, 0.3):
        f = np.linspace(0, 0.95, 20)[1:] * s
        slope = 1e-6 / (time(f + 5e-7, s, richness) - time(f - 5e-7, s, richness))
        assert_allclose(slope, 2 * np.sqrt(1 + richness**2 * f**2) * (s - f), rtol=1e-6)
        assert time(1e-9, s, richness) == pytest.approx(0, abs=1e-8)


def test_half_times_of_classes_part_with_the_richness():
    found = [[time(s / 2, s, g) for s in (1.5, 0.8, 0.3)] for g in (0.3, 3.0)]
    assert_allclose(found, [[0.3432, 0.3456, 0.3464], [0.2257, 0.2854, 0.3340]], atol=5e-5)
    assert time(0.15, 0.3, 1e-3) == pytest.approx(np.log(2) / 2, rel=1e-5)
    done = time(0.94 * 1.5, 1.5, 10.0)
    assert time(0.3 * 0.36, 0.3, 10.0) < done < time(0.3 * 0.42, 0.3, 10.0)  # two fifths


def test_modes_learn_by_themselves_in_the_theory_and_end_with_the_kernel_of_the_page():
    """In turned directions of points and classes, at steps of .008, to their size."""
    turn = jnp.linalg.qr(jax.random.normal(jax.random.key(5), (2, 3, 3)))[0]
    s = jnp.array([1.5, 0.8, 0.3])
    found = deep_linear(jnp.eye(3), turn[0] * s @ turn[1].T, depth=1, richness=3.0, learning_rate=0.008, steps=[30, 60])
    turned = jnp.einsum("ik,tic,cj->tkj", turn[0], found.outputs, turn[1])
    f = np.diagonal(turned, axis1=1, axis2=2)
    assert_allclose(turned, jnp.eye(3) * turned, atol=1e-12)
    for t, at in enumerate((0.24, 0.48)):
        for k in range(3):
            assert time(f[t, k], float(s[k]), 3.0) == pytest.approx(at, abs=0.024)
    kernel = turn[0].T @ found.features[0, -1] @ turn[0]
    assert_allclose(kernel, jnp.diag(jnp.sqrt(1 + 9 * f[-1] ** 2)), atol=0.02)


@pytest.mark.parametrize("richness", [1.0, *(pytest.param(g, marks=pytest.mark.slow) for g in (0.1, 10.0))])
def test_networks_stand_on_the_lines_of_the_explorer(richness):
    """Within 4 standard errors, 1/N, and what a step of .002 does: half a step times the slope of the kernel."""
    s, ticks = jnp.array([1.5, 0.8, 0.3]), tuple(range(0, 501, 50))
    run = finite(
        3**0.5 * jnp.eye(3), jnp.diag(s), width=300, activation="linear", richness=richness, learning_rate=0.002,
        steps=ticks, key=jax.random.key(6), repeats=8,
    )  # fmt: skip
    for k in range(3):
        grid = float(s[k]) * np.linspace(0, 1, 4000)[1:-1]
        line = np.interp(0.002 * np.array(ticks), time(grid, float(s[k]), richness), grid, left=0)
        miss = np.abs(run.outputs[:, k, k] - line)
        assert np.all(miss < 4 * run.error("outputs")[:, k, k] + (1 / 300 + 0.004) * s[k])


PIXELS, DIGIT = (np.asarray(one) for one in data.digits())
DIGIT = DIGIT.argmax(axis=1)


def first(images, digits):
    return np.concatenate([np.flatnonzero(np.equal(DIGIT, c))[:images] for c in range(digits)])


SEEN = first(8, 10)
X, LABELS, ANSWERS = jnp.array(8 * PIXELS[SEEN]), DIGIT[SEEN], jnp.eye(10)[DIGIT[SEEN]]
AWAY = np.eye(80) - 1 / 80


def setting(richness):
    top = np.linalg.eigvalsh(X @ X.T / 64)[-1]
    return {
        "activation": "tanh", "richness": richness, "steps": [0, 60],
        "learning_rate": float(min(0.5, 0.7 / richness) / top),
    }  # fmt: skip


def ratio(kernel, labels):
    told = kernels.classes(kernel, labels)
    return np.asarray(told.within / told.between)


@pytest.mark.slow
def test_digits_collapse_and_others_are_told_apart_as_well():
    others = np.setdiff1d(np.arange(len(PIXELS)), SEEN)[:120]
    every = jnp.concatenate([X, 8 * PIXELS[others]])
    rows = {}
    for g in (0.1, 0.5, 1.0, 4.0):
        found = [
            two_layer(
                every @ every.T / 64, ANSWERS - 0.1, particles=512, repeats=2, key=jax.random.key(i), **setting(g)
            )
            for i in (0, 1)
        ]
        collapsed = [ratio(one.features[0, -1, :80, :80], LABELS) for one in found]
        assert collapsed[0] == pytest.approx(collapsed[1], rel=0.02)  # the particles of the page are enough
        end = found[0].features[0, -1]
        right = (found[0].test[-1].argmax(axis=1) == DIGIT[others]).mean()
        aligned = kernels.alignment(AWAY @ end[:80, :80] @ AWAY, ANSWERS - 0.1)
        rows[g] = [collapsed[0], aligned, right, ratio(end[80:, 80:], DIGIT[others])]
        assert (found[0].outputs[-1].argmax(axis=1) == LABELS).all()
    inside, aligned, right, outside = np.array(list(rows.values()), float).T
    assert_allclose(inside, (0.67, 0.46, 0.28, 0.09), atol=0.01)
    assert_allclose(aligned, (0.69, 0.76, 0.82, 0.92), atol=0.01)
    assert np.ptp(right) < (0.95 * 0.05 / 120) ** 0.5  # one standard error
    assert inside[-1] / ratio(found[0].features[0, 0, :80, :80], LABELS) == pytest.approx(1 / 7, rel=0.15)
    assert outside[-1] / outside[0] == pytest.approx(0.5, abs=0.06)  # half way


@pytest.mark.parametrize("richness", [4.0, pytest.param(0.1, marks=pytest.mark.slow)])
def test_the_networks_of_the_first_figure_know_the_answers_and_one_kind_has_found_the_classes(richness):
    run = finite(X, ANSWERS - 0.1, width=512, repeats=2, key=jax.random.key(0), **setting(richness))
    assert (run.outputs[-1].argmax(axis=1) == LABELS).all()
    start, end = ratio(run.features[0], LABELS)
    assert start == pytest.approx(0.68, rel=0.05)
    assert end == pytest.approx({0.1: 0.67, 4.0: 0.09}[richness], rel=0.05)


def test_each_layer_sorts_on():
    few = first(2, 4)
    x, kind = jnp.array(8 * PIXELS[few]), DIGIT[few]
    gram, top = x @ x.T / 64, np.linalg.eigvalsh(x @ x.T / 64)[-1]
    given = {"depth": 3, "activation": "tanh", "richness": 2.0, "steps": 14, "learning_rate": 1 / 6 / top}
    given["key"] = jax.random.key(0)
    theory = ratio(deep(gram, jnp.eye(4)[kind] - 0.25, particles=400, repeats=2, **given).features, kind)
    networks = ratio(finite(x, jnp.eye(4)[kind] - 0.25, width=300, repeats=8, **given).features, kind)
    assert_allclose(theory[:, 0], (0.445, 0.458, 0.467), rtol=0.05)
    assert_allclose(theory[:, -1], (0.230, 0.085, 0.027), rtol=0.05)
    assert_allclose(networks[:, -1], theory[:, -1], rtol=0.1)
    assert np.all(theory[:-1, -1] > 2.5 * theory[1:, -1])


@pytest.mark.parametrize(("depth", "above"), [(2, 1.07), pytest.param(3, 1.18, marks=pytest.mark.slow)])
def test_deep_linear_layers_go_as_powers_which_are_slow_to_come(depth, above):
    """The top layer is 7 and 18 % above at gamma_0 s = 15, and nearer at twice as much."""
    ratios = []
    for size, rate, steps in ((1.5, 0.004, 120), (3.0, 0.0015, 200)):
        found = deep_linear(
            jnp.ones((1, 1)), jnp.array([size]), depth=depth, richness=10.0, learning_rate=rate, steps=[steps]
        )
        assert found.outputs[-1, 0] == pytest.approx(size, rel=1e-3)
        power = (10 * size) ** (2 * np.arange(1, depth + 1) / (depth + 1))
        ratios.append(found.features[:, -1, 0, 0] / power)
    assert ratios[0][-1] == pytest.approx(above, abs=0.01)
    assert np.abs(ratios[1] - 1).max() < np.abs(ratios[0] - 1).max()


def test_the_readouts_leave_the_unit_matrix_where_the_classes_are():
    found = posterior.deep_linear(
        GRAM, Y - Y.mean(axis=1, keepdims=True), depth=2, richness=2.0, inverse_temperature=10.0
    ).readout
    assert_allclose(found @ np.ones(3), 1, atol=1e-9)
    assert np.linalg.eigvalsh(found)[1:].min() > 1.5
    assert found[0, 0] == np.diag(found).max()


@pytest.mark.parametrize(("images", "classes", "richness"), [(2, 3, 4.0), (3, 2, 2.0)])
def test_whitened_classes_collapse_as_the_closed_form_says(images, classes, richness):
    labels = np.repeat(np.arange(classes), images)
    found = deep_linear(
        jnp.eye(len(labels)), jnp.eye(classes)[labels] - 1 / classes, depth=1, richness=richness, learning_rate=0.03,
        steps=[60],
    )  # fmt: skip
    told = kernels.classes(found.features[0, -1], labels)
    limit = (images - 1) * classes / (classes - 1) / np.sqrt(1 + richness**2 * images)
    assert told.within / told.between == pytest.approx(limit, rel=0.01)
    off = np.asarray(told.cosines)[~np.eye(classes, dtype=bool)]
    assert_allclose(off, -1 / (classes - 1), atol=1e-9)
