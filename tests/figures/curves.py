"""Two curves that three knobs bend, and their explorer."""

import numpy as np

from solvable import figures
from solvable.figures import Knob, Line, Means

TIMES = np.logspace(0, 5, 50)


def losses(a, width, samples):
    """Two curves that bend as a learning curve does."""
    base = TIMES ** (1 - a)
    test = base + width ** (1 - a) * (1 - base) + samples ** (1 - a) * (1 - base)
    return {"test": Line(TIMES, test), "train": Line(TIMES, test * (1 + TIMES / samples) ** -0.3)}


def trials(a, width, samples):
    """Ten points of the test curve, each off by one standard error, up and down in turn."""
    y = losses(a, width, samples)["test"].y[::5]
    mean, error = y * (1 + 0.05 * (-1) ** np.arange(10)), 0.05 * y
    return {"test": Means(TIMES[::5], mean, mean - error, mean + error)}


KNOBS = {
    "a": Knob(1.1, 2.0, start=1.46, label="exponent a"),
    "width": Knob(16, 1024, start=128, label="width N", log=True),
    "samples": Knob(16, 1024, start=500, label="samples P", log=True),
}
AXES = {"name": "test", "x": "time t", "y": "loss", "caption": "Caption.", "alt": "Two falling lines."}
LIMITS = {"xlim": (1.0, 1e5), "ylim": (1e-3, 3.0)}


def explored(curves, controls, **changes):
    return figures.explore(curves, controls, **(AXES | LIMITS | changes))
