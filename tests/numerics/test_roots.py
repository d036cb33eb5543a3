"""Searches that cannot leave their bracket."""

import jax.numpy as jnp
import pytest

from solvable.numerics import roots


def test_bisection_closes_in_on_the_last_place_where_a_condition_holds():
    low, high = roots.bisect(lambda x: x**3 < 2, 0.0, 2.0)
    assert low**3 < 2 <= high**3
    assert high - low < 1e-15
    low, high = roots.bisect(lambda x: x < 0.3, 0.0, 1.0, halvings=3)
    assert (low, high) == (0.25, 0.375)


def test_the_golden_section_finds_a_minimum():
    assert roots.golden_section(lambda x: (x - 0.3) ** 2, jnp.array(-5.0), jnp.array(7.0)) == pytest.approx(
        0.3, abs=1e-7
    )
