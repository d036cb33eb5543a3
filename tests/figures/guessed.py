"""Two losses, one of them known, and their guess; and a level line, whose guess is read off in numbers."""

import numpy as np

from solvable import figures
from solvable.figures import Line, Means

TIMES = np.logspace(0, 4, 40)
CURVES = {"wide": Line(TIMES, TIMES**-0.5 + 0.03), "narrow": Line(TIMES, TIMES**-0.5 + 0.2)}
TRIALS = {
    label: Means(TIMES[::5], 1.05 * line.y[::5], 0.9 * line.y[::5], 1.2 * line.y[::5]) for label, line in CURVES.items()
}
WORDS = {
    "x": "time t",
    "y": "loss",
    "caption": "Where does $N = 1024$ run?",
    "alt": "A line that falls and levels off.",
    "answer": "Another line levels off later.",
}
LOSSES = {"known": ["narrow"], "experiment": TRIALS, "name": "losses", "xlim": (1, 1e4), "ylim": (1e-2, 3)} | WORDS
LEVEL = Line(np.linspace(0, 1, 5), np.full(5, 0.5))


def losses(curves=CURVES, **changes):
    return figures.guess(curves, **(LOSSES | changes))


def level(**changes):
    frame = WORDS | {"name": "level", "x": "x", "y": "y", "log": "", "xlim": (0, 1), "ylim": (0, 1)}
    return figures.guess({"answer": LEVEL}, **(frame | changes))
