"""Settings of the grid: which knobs step, functions that jax cannot trace, and errors in words."""

import jax.numpy as jnp
import numpy as np
import pytest

from solvable.figures import Knob, Line
from solvable.figures.explorer.grid import weights

from .curves import KNOBS, TIMES, explored, losses


def test_a_kink_makes_its_knob_step_and_leaves_the_other_smooth(book):
    x = np.linspace(0, 1, 30)
    controls = {
        "shift": Knob(0, 1, start=0.5, label="shift"),
        "height": Knob(0, 1, start=0.5, label="height"),
    }

    def kinked(shift, height):
        return {"line": Line(x, jnp.abs(x - shift) + height)}

    page = explored(kinked, controls, log="", xlim=(0, 1), ylim=(0, 2))
    assert page.sampled.smooth == (False, True)
    assert page.data["knobs"]["shift"]["values"] == page.data["knobs"]["shift"]["grid"]
    assert len(page.data["knobs"]["height"]["values"]) > 50
    assert "interpolated in height" in page.note
    assert "shift takes computed values only" in page.note


def test_a_list_of_values_steps(book):
    page = explored(losses, KNOBS | {"width": Knob(values=[16, 64, 256], start=64, label="width N")})
    assert page.sampled.smooth == (True, False, True)
    assert page.data["knobs"]["width"]["texts"] == ["16", "64", "256"]


def test_a_function_that_cannot_be_traced_is_called_setting_by_setting(book):
    calls = []

    def plain(a, width, samples):
        calls.append(a)
        return losses(float(a), float(width), float(samples))

    knobs = {name: Knob(k.low, k.high, start=k.start, label=k.label, points=3, log=k.log) for name, k in KNOBS.items()}
    page = explored(plain, knobs)
    assert len(calls) >= np.prod([len(knob.grid) for knob in knobs.values()])
    batched = explored(losses, knobs)
    assert page.data["data"] == batched.data["data"]


def test_a_gap_that_moves_makes_its_knob_step(book):
    x = np.linspace(0, 1, 20)

    def moving(edge):
        return {"line": Line(x, jnp.where(x < edge, jnp.nan, x))}

    page = explored(moving, {"edge": Knob(0, 1, start=0.5, label="e")}, log="", xlim=(0, 1), ylim=(0, 1))
    assert page.sampled.smooth == (False,)


def test_shapes_that_change_with_a_knob_are_refused(book):
    def growing(count):
        x = np.linspace(0, 1, int(count))
        return {"line": Line(x, x)}

    with pytest.raises(ValueError, match=r"same labels and shapes at every setting; they differ at {'count': 3"):
        explored(growing, {"count": Knob(2, 4, start=2, label="n", points=3)}, log="", xlim=(0, 1), ylim=(0, 1))


def test_a_setting_that_fails_is_named(book):
    def fails(a):
        if a > 1.5:
            raise ValueError("no such model")
        return {"line": Line(TIMES, TIMES)}

    with pytest.raises(ValueError, match=r"curves fails at {'a': 2\.0}: no such model"):
        explored(fails, {"a": Knob(1, 2, start=1, label="a", points=3)})


def test_lagrange_weights_are_exact_for_cubics_and_one_at_a_node():
    nodes = np.array([0.0, 0.7, 1.1, 2.0, 3.0, 3.2])
    for at in np.linspace(0, 3.2, 17):
        assert weights(nodes, at, 4) @ (nodes**3 - nodes) == pytest.approx(at**3 - at)
    np.testing.assert_array_equal(weights(nodes, 1.1, 4), [0, 0, 1, 0, 0, 0])
