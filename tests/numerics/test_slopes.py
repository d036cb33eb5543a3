"""What has no slope."""

import jax
import jax.numpy as jnp
import pytest

from solvable.numerics import slopes


def test_what_has_no_slope_says_so():
    assert slopes.without_slopes("x must not be differentiated", jnp.ones(2)).tolist() == [1.0, 1.0]
    with pytest.raises(TypeError, match="x must not be differentiated"):
        jax.grad(lambda x: slopes.without_slopes("x must not be differentiated", x).sum())(jnp.ones(2))
