"""`power_laws` and `power_lines`: curves beside the slopes that are claimed for them."""

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

from solvable import figures

X = np.logspace(0, 2, 5)
LAWS = {"right": (3 * X**-0.5, 0.5), "wrong": (X**-1.0, 2.0)}


def test_the_thin_line_has_the_claimed_slope_and_meets_the_curve_in_its_middle():
    ax = figures.power_laws(X, LAWS, xlabel="N", ylabel="loss", ax=plt.figure().subplots())
    curves, claims = ax.get_lines()[::2], ax.get_lines()[1::2]
    for curve, claim, (_, exponent) in zip(curves, claims, LAWS.values(), strict=True):
        assert np.allclose(np.diff(np.log(claim.get_ydata())) / np.diff(np.log(X)), -exponent)
        assert claim.get_ydata()[2] == pytest.approx(curve.get_ydata()[2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["right", "wrong"]
    plt.close("all")


def test_the_lines_of_an_explorer_are_the_same():
    ax = figures.power_laws(X, LAWS, xlabel="N", ylabel="loss", ax=plt.figure().subplots())
    lines = jax.jit(lambda scale: figures.power_lines(X, {n: (scale * y, p) for n, (y, p) in LAWS.items()}))(1.0)
    assert set(lines) == {"right", "_right", "wrong", "_wrong"}
    drawn = [line.get_ydata() for line in ax.get_lines()]
    for place, label in enumerate(["right", "_right", "wrong", "_wrong"]):
        np.testing.assert_allclose(lines[label].y, drawn[place], rtol=1e-12)
    plt.close("all")


def test_a_curve_of_another_length_is_named():
    with pytest.raises(ValueError, match=r"'short' has shape \(3,\) and x has \(5,\)"):
        figures.power_laws(X, {"short": (X[:3], 1.0)}, xlabel="N", ylabel="loss", ax=plt.figure().subplots())
    plt.close("all")
