"""What an explorer refuses, in words."""

import numpy as np
import pytest

from solvable.figures import HeatMap, Line

from .curves import KNOBS, TIMES, explored, losses


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: explored(losses, KNOBS | {"depth": KNOBS["a"]}),
            "controls must have no knob 'depth', which curves does not take",
        ),
        (lambda: explored(losses, {"a": KNOBS["a"]}), r"missing: \['samples', 'width'\]"),
        (lambda: explored(losses, {}), "controls must hold at least one knob"),
        (lambda: explored(losses, KNOBS, alt=" "), "alt must say something"),
        (lambda: explored(losses, KNOBS, caption=""), "caption must say something"),
        (lambda: explored(losses, KNOBS, name="No spaces"), "name must be small letters"),
        (lambda: explored(losses, KNOBS, log="t"), "log must be made of"),
        (lambda: explored(losses, KNOBS, xlim=(0.0, 1.0)), "xlim must be two increasing positive numbers"),
        (lambda: explored(losses, KNOBS, ylim=(1.0, 0.5)), "ylim must be two increasing positive numbers"),
        (lambda: explored(losses, KNOBS, marks={"tset": "k"}), r"marks must not name \['tset'\]"),
        (lambda: explored(losses, KNOBS, marks={"test": "red"}), r"marks\['test'\] must look like"),
        (lambda: explored(lambda a: Line(TIMES, TIMES), {"a": KNOBS["a"]}), "curves must return a dict"),
        (lambda: explored(lambda a: {"l": TIMES}, {"a": KNOBS["a"]}), r"curves\['l'\] must be a Line"),
        (lambda: explored(lambda a: {"l": Line(TIMES, TIMES[:3])}, {"a": KNOBS["a"]}), "do not fit together"),
        (
            lambda: explored(lambda a: {"z": HeatMap(TIMES, TIMES, a * np.eye(50))}, {"a": KNOBS["a"]}, log=""),
            r"curves\['z'\].x must increase in even steps in value",
        ),
    ],
)
def test_bad_input_names_the_argument(book, make, words):
    with pytest.raises(ValueError, match=words):
        make()
