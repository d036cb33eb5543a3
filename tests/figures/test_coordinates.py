"""`layer_sizes`: the coordinate check as a picture."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

from solvable import figures
from solvable.networks import CoordinateCheck

WIDTHS = np.array([32.0, 64.0, 128.0])


def check(power, seeds=12):
    """Two hidden layers, the first of which changes as a power of the width; a little scatter."""
    scatter = 1 + 0.01 * np.random.default_rng(0).normal(size=(3, seeds))
    flat, falls = scatter, scatter * (WIDTHS[:, None] / 32) ** power
    return CoordinateCheck(
        *map(jnp.asarray, (WIDTHS, np.stack([flat, 2 * flat], -1), np.stack([falls, 3 * flat], -1), falls, flat))
    )


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_a_panel_for_every_layer_names_the_one_that_breaks():
    axes = figures.layer_sizes(check(-0.5))
    assert [ax.get_title() for ax in axes] == ["✗ hidden layer 1", "✓ hidden layer 2", "✓ output"]
    assert len({axes[place].title.get_color() for place in (0, 1)}) == 2
    good = figures.layer_sizes(check(0.0))
    assert [ax.get_title()[0] for ax in good] == ["✓"] * 3


def test_sizes_are_in_units_of_the_smallest_width_and_powers_in_the_legend():
    ax = figures.layer_sizes(check(-0.5))[0]
    start, change = (box.lines[0].get_xydata() for box in ax.containers)
    np.testing.assert_allclose(start[:, 0], WIDTHS)
    np.testing.assert_allclose(start[:, 1], 1, rtol=0.02)
    np.testing.assert_allclose(change[:, 1], (WIDTHS / 32) ** -0.5, rtol=0.02)
    label = ax.get_legend().get_texts()[1].get_text()
    assert float(label.split("{")[1].split("}")[0]) == pytest.approx(-0.5, abs=0.01)


def test_what_is_but_rounding_is_not_drawn_and_known_to_nobody():
    found = check(0.0)
    still = CoordinateCheck(
        jnp.asarray(WIDTHS), found.feature_size, 0 * found.feature_change, found.output_size, found.output_change
    )
    axes = figures.layer_sizes(still)
    assert [ax.get_title()[0] for ax in axes] == ["?", "?", "✓"]
    assert [len(ax.containers) for ax in axes] == [1, 1, 2]


def test_what_is_no_check_is_named():
    with pytest.raises(TypeError, match="found must be"):
        figures.layer_sizes({"widths": [1]})
