"""Classes of real images: how they collapse with the richness, layer by layer, and what that does not buy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data, kernels
from solvable.meanfield import deep, finite, two_layer

KEY = jax.random.key(0)


def first_of_each(count, digits):
    """The first images of each digit, times 8: inner products over 64 are cosines. Then the others, at most 300."""
    x, targets = (np.asarray(one) for one in data.digits())
    labels = targets.argmax(axis=1)
    rows = np.concatenate([np.flatnonzero(labels == digit)[:count] for digit in range(digits)])
    rest = np.setdiff1d(np.arange(len(x)), rows)[:300]
    return 8 * x[rows], labels[rows], 8 * x[rest], labels[rest]


def ratio(kernel, labels):
    found = kernels.classes(kernel, labels)
    return np.asarray(found.within / found.between)


def cosines(kernel, labels):
    """Between centred means of different classes; a simplex has -1 / (C - 1) everywhere."""
    found = np.asarray(kernels.classes(kernel, labels).cosines)
    return found[..., ~np.eye(found.shape[-1], dtype=bool)]


@pytest.mark.slow
def test_deeper_layers_collapse_more():
    x, labels, _, _ = first_of_each(2, 4)
    gram = jnp.asarray(x @ x.T / 64)
    assert_allclose(np.diag(gram), 1, atol=1e-6)
    top = np.linalg.eigvalsh(gram).max()
    assert top == pytest.approx(2.810, abs=1e-3)
    targets = jnp.eye(4)[labels] - 1 / 4
    assert cosines(gram, labels).std() == pytest.approx(0.21, abs=0.01)
    known = {0.2: (0.428, 0.411, 0.379), 1.0: (0.299, 0.158, 0.073), 2.0: (0.230, 0.085, 0.027)}
    for richness, ends in known.items():
        given = {"depth": 3, "activation": "tanh", "richness": richness, "steps": 14, "key": KEY}
        given["learning_rate"] = 1 / ((6 if richness == 2 else 4) * top)
        found = deep(gram, targets, particles=500, repeats=4, **given)
        assert_allclose(ratio(found.features[:, 0], labels), (0.445, 0.458, 0.467), rtol=0.05)
        assert_allclose(ratio(found.features[:, -1], labels), ends, rtol=0.05)
        networks = finite(jnp.asarray(x), targets, width=1000, repeats=8, **given)
        assert_allclose(ratio(networks.features[:, -1], labels), ends, rtol=0.08)
        means, theirs = (cosines(one.features[:, -1], labels) for one in (found, networks))
        assert_allclose(means, theirs, atol=0.03)
        if richness == 2:
            assert_allclose(means.mean(axis=1), -1 / 3, atol=0.01)
            assert_allclose(means.std(axis=1), (0.140, 0.088, 0.070), atol=0.005)  # towards a simplex, layer by layer


RICH = (0.1, 0.5, 1.0, 2.0, 4.0)


@pytest.mark.slow
def test_digits_collapse_with_the_richness_and_are_told_apart_no_better():
    x, labels, others, answers = first_of_each(8, 10)
    every = np.concatenate([x, others])
    gram, targets = jnp.asarray(every @ every.T / 64), jnp.eye(10)[labels] - 0.1
    top = np.linalg.eigvalsh(gram[:80, :80]).max()
    assert top == pytest.approx(13.08, abs=0.01)
    middle = np.eye(80) - 1 / 80
    rows = []
    for richness in RICH:
        rate = 1 / (2 * top) if richness <= 1 else 0.7 / (top * richness)
        found = two_layer(gram, targets, activation="tanh", richness=richness, learning_rate=rate, steps=60, key=KEY,
                          particles=2**11, repeats=4)  # fmt: skip
        end = found.features[0, -1]
        told = kernels.classes(end[:80, :80], labels)
        means = cosines(end[:80, :80], labels)
        aligned = kernels.alignment(middle @ end[:80, :80] @ middle, middle @ targets)
        right = (found.test[-1].argmax(axis=1) == answers).mean()
        rows.append((told.within / told.between, aligned, means.std(), ratio(end[80:, 80:], answers), right))
        assert means.mean() == pytest.approx(-1 / 9, abs=0.01)
    assert ratio(found.features[0, 0, :80, :80], labels) == pytest.approx(0.68, rel=0.03)
    collapsed, aligned, spread, apart, right = np.array(rows, float).T
    assert_allclose(collapsed, (0.67, 0.463, 0.28, 0.154, 0.09), rtol=0.05)
    assert_allclose(aligned, (0.69, 0.75, 0.82, 0.88, 0.92), rtol=0.03)
    assert_allclose(spread, (0.21, 0.19, 0.17, 0.14, 0.12), rtol=0.06)
    assert_allclose(apart, (0.98, 0.82, 0.65, 0.53, 0.47), rtol=0.03)
    assert_allclose(right, (0.873, 0.880, 0.883, 0.883, 0.880), atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("richness", "collapsed", "aligned"), [(0.5, 0.463, 0.757), (2.0, 0.154, 0.880)])
def test_wide_networks_sort_digits_as_the_theory_says(richness, collapsed, aligned):
    x, labels, _, _ = first_of_each(8, 10)
    top, middle = np.linalg.eigvalsh(x @ x.T / 64).max(), np.eye(80) - 1 / 80
    targets = jnp.eye(10)[labels] - 0.1
    rate = 1 / (2 * top) if richness <= 1 else 0.7 / (top * richness)
    end = finite(jnp.asarray(x), targets, width=2000, activation="tanh", richness=richness, learning_rate=rate,
                 steps=[60], key=KEY, repeats=8).features[0, -1]  # fmt: skip
    assert ratio(end, labels) == pytest.approx(collapsed, rel=0.02)
    assert kernels.alignment(middle @ end @ middle, middle @ targets) == pytest.approx(aligned, rel=0.01)


@pytest.mark.slow
def test_digits_collapse_with_the_cross_entropy_too():
    x, labels, _, _ = first_of_each(8, 10)
    gram = jnp.asarray(x @ x.T / 64)
    top, found = np.linalg.eigvalsh(gram).max(), []
    for richness in RICH:
        rate = 1 / top if richness <= 1 else 1.4 / (top * richness)
        end = two_layer(gram, jnp.eye(10)[labels], activation="tanh", richness=richness, learning_rate=rate, steps=120,
                        key=KEY, particles=2**11, repeats=4, loss="cross_entropy").features[0, -1]  # fmt: skip
        found.append(float(ratio(end, labels)))
    assert_allclose(found, (0.46, 0.13, 0.075, 0.045, 0.032), rtol=0.05)
