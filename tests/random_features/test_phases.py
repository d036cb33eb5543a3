"""Phases: the table of exponents against the parts of the loss, and what happens on its lines."""

import numpy as np
import pytest

from solvable.random_features import phases

POINTS = {
    "Ia": [(0.8, 0.25), (1.2, 0.3), (0.6, -0.05)],
    "II": [(1.0, 0.7), (1.5, 0.9), (2.0, 0.6)],
    "III": [(0.75, 1.2), (2.0, 2.5), (0.55, 0.7)],
    "Ib": [(0.4, 0.3), (0.2, 0.4)],
    "Ic": [(0.2, 0.8), (0.15, 1.0)],
    "IVa": [(0.4, 0.8), (0.35, 1.0)],
    "IVb": [(0.27, 0.9), (0.26, 1.5)],
}
SURVIVE = {
    "Ia": {"F_pp", "F_0"}, "Ib": {"F_pp", "F_0"}, "Ic": {"F_pp", "F_0"}, "II": {"F_pp", "F_ac", "F_0"},
    "III": {"F_pp", "F_ac", "F_0", "K_pp"}, "IVa": {"F_pp", "F_0", "K_pp"}, "IVb": {"F_pp", "F_0", "K_pp"},
}  # fmt: skip


def best(terms):
    """Width and loss exponent of the largest term at the best split, by trying all shares."""
    width = np.linspace(0, 1, 200_001)
    largest = np.max([one.time * (1 - width) + one.width * width for one in terms], axis=0)
    return width[largest.argmin()], -largest.min()


@pytest.mark.parametrize(("name", "alpha", "beta"), [(name, *at) for name, every in POINTS.items() for at in every])
def test_exponents_are_those_of_the_largest_part_at_the_best_split(name, alpha, beta):
    found = phases.classify(alpha, beta)
    assert (found.name, found.boundary) == (name, False)
    assert {one.name for one in found.terms} == SURVIVE[name]
    width, loss = best(found.terms)
    assert found.loss == pytest.approx(loss, abs=2e-5)
    assert found.width == pytest.approx(width, abs=2e-5)
    assert found.time + found.width == 1


def test_known_numbers():
    """The sheet's."""
    for at, width, loss in (
        ((0.8, 0.25), 0.3846, 0.4231), ((1.0, 0.7), 0.4118, 0.7059), ((0.75, 1.2), 0.5, 0.6667), ((0.4, 0.3), 0.5, 0.2),
        ((0.2, 0.8), 0.5682, 0.2273), ((0.15, 1.0), 0.5652, 0.1696), ((0.4, 0.8), 0.5, 0.4),
        ((0.27, 0.9), 0.6034, 0.2952), ((0.26, 1.5), 0.6327, 0.3086),
    ):  # fmt: skip
        found = phases.classify(*at)
        assert (found.width, found.loss) == pytest.approx((width, loss), abs=5e-5)


LINES = {  # a point of each line, and the step across it
    "2 alpha = 1, rough": ((0.5, 0.3), (1, 0), "Ia"),
    "2 alpha = 1, smooth": ((0.5, 0.9), (1, 0), "III"),
    "2 beta = 1, above": ((0.9, 0.5), (0, 1), "II"),
    "2 beta = 1, IVa": ((0.4, 0.5), (0, 1), "IVa"),
    "2 beta = 1, IVb": ((0.27, 0.5), (0, 1), "IVb"),
    "2 beta = 1, Ic": ((0.2, 0.5), (0, 1), "Ic"),
    "alpha = beta": ((0.8, 0.8), (1, 0), "II"),
    "alpha = 1/4": ((0.25, 0.8), (1, 0), "IVb"),
    "alpha = 1 - 1 / sqrt 2": ((1 - 0.5**0.5, 1.0), (1, 0), "IVa"),
}


@pytest.mark.parametrize("line", LINES)
def test_the_loss_exponent_goes_on_across_every_line(line):
    (alpha, beta), (up, right), name = LINES[line]
    found = phases.classify(alpha, beta)
    assert (found.name, found.boundary) == (name, True)
    h = 1e-9
    sides = [phases.classify(alpha + sign * h * up, beta + sign * h * right) for sign in (-1, 1)]
    assert not any(one.boundary for one in sides)
    assert sides[0].name != sides[1].name
    for one in sides:
        assert one.loss == pytest.approx(found.loss, abs=1e-7)
    if line == "alpha = 1 - 1 / sqrt 2":  # two corners change places
        assert [one.width for one in sides] == pytest.approx([0.631, 0.5], abs=5e-4)
    else:
        assert sides[0].width == pytest.approx(sides[1].width, abs=1e-7)


def test_no_pair_sends_more_than_a_root_of_a_half_into_width():
    """As beta grows, beside the line where two corners change places."""
    line = 1 - 0.5**0.5 - 1e-9
    pairs = [(a, b) for a in (*np.linspace(0.02, 3, 20), line) for b in np.geomspace(0.5, 1e4, 20)]
    widths = [phases.classify(float(a), float(b)).width for a, b in pairs]
    assert 0.707 < max(widths) < 0.5**0.5


@pytest.mark.parametrize(
    ("alpha", "beta", "says"),
    [
        (0.0, 1.0, "alpha must be > 0 and at most 8; got 0.0"),
        (-1.0, 1.0, "alpha must be > 0 and at most 8; got -1.0"),
        (np.nan, 1.0, "alpha must be > 0 and at most 8; got nan"),
        (0.3, 0.2, "beta must be > 0.2, that is 1/2 - alpha: else there is no power law; got 0.2"),
        (0.3, np.inf, "beta must be finite; got inf"),
    ],
)
def test_bad_input_is_named(alpha, beta, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(")):
        phases.classify(alpha, beta)
