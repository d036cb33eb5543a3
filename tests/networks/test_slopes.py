"""Slopes over widths: of a known law, and their standard errors."""

import jax
import jax.numpy as jnp
import pytest

from solvable.networks import CoordinateCheck


def test_slopes_of_a_known_law():
    sizes = jnp.array([2.0, 4.0, 8.0])[:, None] ** -0.5 * jnp.ones(4)
    flat = jnp.ones((3, 4, 1))
    made = CoordinateCheck(jnp.array([2.0, 4.0, 8.0]), flat, flat, sizes, sizes)
    (slope,) = made.exponents("output_change")
    assert slope.value == pytest.approx(-0.5)
    assert slope.error == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="name must be one of"):
        made.exponents("loss")


def test_the_standard_error_of_a_slope_is_that_of_repeated_experiments():
    """Sizes with a known spread between seeds: the stated error against the scatter of 400 slopes."""
    widths, key = jnp.array([64.0, 128.0, 256.0]), jax.random.key(4)
    sizes = jnp.exp(0.3 * jax.random.normal(key, (400, 3, 30)))
    flat = jnp.ones((3, 30, 1))
    slopes = [CoordinateCheck(widths, flat, flat, one, one).exponents("output_change")[0] for one in sizes]
    values, errors = jnp.array(slopes).T
    assert abs(values.mean()) < 4 * values.std() / 20
    assert float(errors.mean() / values.std()) == pytest.approx(1, abs=0.12)  # 400 slopes know it to 4 %
