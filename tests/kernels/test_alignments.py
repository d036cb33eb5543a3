"""Alignment of kernels with a task, at its extremes and by hand."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.kernels import alignment

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
