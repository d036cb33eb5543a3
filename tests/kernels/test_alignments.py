"""Alignment of kernels with a task, at its extremes and by hand; and where classes lie, from known features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.kernels import alignment, classes

Y = jnp.array([1.0, -2.0, 0.5])


def test_extremes_and_by_hand():
    assert alignment(3 * jnp.outer(Y, Y), Y) == pytest.approx(1)
    assert alignment(jnp.eye(3), Y) == pytest.approx(3**-0.5)
    assert alignment(jnp.outer(jnp.array([2.0, 1.0, 0.0]), jnp.array([2.0, 1.0, 0.0])), Y) == pytest.approx(0)
    k = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.5]])
    y = np.asarray(Y)
    expected = (k * np.outer(y, y)).sum() / np.sqrt((k**2).sum()) / np.sqrt((np.outer(y, y) ** 2).sum())
    assert_allclose(alignment(jnp.stack([k, 2 * k]), Y), [expected, expected])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"kernel must have shape \(..., 3, 3\); got \(2, 2\)"):
        alignment(jnp.eye(2), Y)
    with pytest.raises(ValueError, match="targets must be finite and not all zero"):
        alignment(jnp.eye(3), jnp.zeros(3))


@pytest.mark.parametrize(
    ("kernel", "shown"), [(jnp.zeros((3, 3)), "0.0"), (jnp.eye(3).at[1, 1].set(jnp.nan), "nan")], ids=["zero", "nan"]
)
def test_a_kernel_without_a_direction_is_named(kernel, shown):
    for given in (kernel, jnp.stack([jnp.eye(3), kernel])):
        with pytest.raises(ValueError, match=f"kernel must be finite, and no matrix all zero; got {shown}"):
            alignment(given, Y)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_no_square_leaves_the_range(size):
    assert alignment(size * jnp.eye(3), size * Y) == pytest.approx(3**-0.5, rel=1e-14)


FEATURES = np.asarray(jax.random.normal(jax.random.key(0), (7, 5), float))
LABELS = np.array([0, 1, 1, 2, 0, 2, 2])


def test_alignment_with_several_targets():
    y = np.asarray(jax.random.normal(jax.random.key(1), (7, 3), float))
    kernel = FEATURES @ FEATURES.T
    expected = (kernel * (y @ y.T)).sum() / np.linalg.norm(kernel) / np.linalg.norm(y @ y.T)
    assert alignment(kernel, y) == pytest.approx(expected)
    assert alignment(y @ y.T, 1e200 * y) == pytest.approx(1)
    assert alignment(kernel, y[:, :1]) == pytest.approx(float(alignment(kernel, y[:, 0])))
    with pytest.raises(ValueError, match="targets must be finite and not all zero"):
        alignment(kernel, jnp.zeros((7, 3)))
    with pytest.raises(ValueError, match=r"targets must be one row a point.*\(7, 3, 1\)"):
        alignment(kernel, y[..., None])


def test_classes_are_those_of_the_features():
    means = np.stack([FEATURES[c == LABELS].mean(axis=0) for c in range(3)])
    apart = means - FEATURES.mean(axis=0)
    found = classes(np.stack([FEATURES @ FEATURES.T] * 2), LABELS)
    assert_allclose(found.within, [((FEATURES - means[LABELS]) ** 2).sum(axis=1).mean()] * 2)
    assert_allclose(found.between, [(apart[LABELS] ** 2).sum(axis=1).mean()] * 2)
    unit = apart / np.linalg.norm(apart, axis=1, keepdims=True)
    assert_allclose(found.cosines[1], unit @ unit.T)
    assert_allclose(found.within + found.between, FEATURES.var(axis=0).sum())


@pytest.mark.parametrize(
    ("kernel", "labels", "message"),
    [
        (np.eye(2), [0, 0.5], r"labels must be whole numbers >= 0; got 0\.5 \(first at index \(1,\)\)"),
        (np.eye(2), [0, 2], "labels must be of at least two classes, each with a point; class 1 has none"),
        (np.eye(2), [1, 2], "class 0 has none"),
        (np.eye(2), [0, 0], "class 1 has none"),
        (np.eye(3), [0, 1], r"kernel must have shape \(..., 2, 2\); got \(3, 3\)"),
        (np.ones((2, 2)), [0, 1], "kernel must tell the mean of each class from that of all points"),
        (np.diag([1, np.inf]), [0, 1], "kernel must be finite; got inf"),
    ],
)
def test_bad_classes_are_named(kernel, labels, message):
    with pytest.raises(ValueError, match=message):
        classes(kernel, labels)
