"""Exercises of "Test and train part ways"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...linear_model import theory
from ...spectra import Spectrum
from ..core import Number, Slip, exercise

exercise(
    "bottlenecks.best-ridge",
    2,
    Number("The ridge", above=0, outside="With noise in the labels the best ridge is positive."),
    book={"b": 1.5, "modes": 1000, "samples": 200, "noise": 0.1},
    draw={"b": (1.2, 1.8, 1), "noise": (0.05, 0.4, 2), "samples": (80, 399, 0)},
    right=lambda noise, samples, **_: noise / samples,  # all weights are 1
    slips={
        "of the sum": Slip(
            lambda noise, **_: noise,
            "The ridge of this book is added to the mean square error, not to the sum over the data.",
        )
    },
    otherwise=(
        "The test loss has its minimum at a larger ridge. `final_loss` takes an array of them.",
        "The test loss has its minimum at a smaller ridge. `final_loss` takes an array of them.",
    ),
    praise=(
        "Noise over data, over a prior of 1: the same ridge for every mode, because no mode is more likely to matter."
    ),
    tolerance=0.02,
)


def _ratio(times: Any, fresh: Any, a: Any, b: Any, modes: Any, width: Any, samples: Any) -> np.ndarray:
    """The loss with old data over that with fresh data, of a student whose width is `fresh`."""
    spectrum = Spectrum.power_law(a=a, b=b, modes=modes)
    reused = theory.gradient_flow(spectrum, times, width=width, samples=samples).test
    return np.asarray(reused / theory.gradient_flow(spectrum, times, width=fresh).test)


def _free_until(fresh: Any, **drawn: Any) -> float:
    times = np.logspace(-1, 6, 400)
    return float(np.interp(1.1, _ratio(times, fresh, **drawn), times))


def _risen(found: Any, **drawn: Any) -> float:
    return float(_ratio([found], drawn["width"], **drawn)[0])


exercise(
    "bottlenecks.free-reuse",
    2,
    Number("The time", above=0, outside="The time should be positive."),
    book={"a": 1.5, "b": 1.25, "modes": 1000, "width": 512, "samples": 200},
    draw={"samples": (80, 499, 0)},
    right=lambda **drawn: _free_until(drawn["width"], **drawn),
    score=lambda found, **drawn: _risen(found, **drawn) / 1.1,
    slips={
        "infinite width": Slip(
            lambda **drawn: _free_until(np.inf, **drawn),
            "You compare with a student of infinite width. Give both the same width, so that only data differ.",
        )
    },
    otherwise=lambda found, **drawn: (
        f"At this time the loss is {100 * abs(_risen(found, **drawn) - 1):.0f} % above: "
        f"{'more' if _risen(found, **drawn) > 1.1 else 'less'} than 10. Plot the ratio."
    ),
    praise="Until then an epoch of old data is worth an epoch of new ones.",
    tolerance=0.005,
)
