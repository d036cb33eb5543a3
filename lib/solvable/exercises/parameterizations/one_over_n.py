"""Exercises of "How finite networks differ from the limit"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Parameters, Slip, exercise


def _seeds(width: Any, variance: Any, bias: Any, share: Any) -> float:
    return variance * width / (share * bias) ** 2


exercise(
    "parameterizations.seeds",
    1,
    Number("The number of seeds"),
    book={"width": 256, "variance": 0.8, "bias": 0.3, "share": 0.1},
    draw={
        "width": [128, 256, 512, 1024],
        "variance": (0.3, 1.5, 2),
        "bias": (0.2, 0.6, 2),
        "share": [0.05, 0.1, 0.2],
    },
    apart=True,
    right=_seeds,
    slips={
        "no width": Slip(
            lambda **p: _seeds(**p) / p["width"],
            "The width is missing: variance and bias both fall as 1/N, but the error goes with a root.",
        ),
        "width upside down": Slip(
            lambda **p: _seeds(**p) / p["width"] ** 2, "The bias falls as 1/N too, and it counts squared."
        ),
        "no share": Slip(
            lambda **p: _seeds(**p | {"share": 1.0}), "This makes the standard error as large as the bias itself."
        ),
        "root": Slip(
            lambda **p: _seeds(**p) ** 0.5,
            "The square of this: the variance of a mean is the variance over the number of seeds.",
        ),
    },
    otherwise="Set sqrt(variance of a mean of R seeds) to the share of the bias, both at this width.",
    praise="It grows as the width: the wider the network, the more of them it takes to see that it is not infinite.",
    tolerance=0.03,  # rounded up to an integer
)


def _measured(random: np.random.Generator) -> Parameters:
    small = int(random.choice([16, 32, 64]))
    limit, slope = float(random.uniform(0.02, 0.08)), float(random.uniform(0.3, 0.9))
    return {"widths": [small, 2 * small], "losses": [round(limit + slope / n, 5) for n in (small, 2 * small)]}


exercise(
    "parameterizations.extrapolate",
    1,
    Number("The loss in the limit"),
    book={"widths": [32, 64], "losses": [0.084, 0.072]},
    draw=_measured,
    apart=True,
    right=lambda widths, losses: 2 * losses[1] - losses[0],
    slips={
        "the wider": Slip(
            lambda widths, losses: losses[1],
            "That is the wider of the two, as it is. Half of the way is still to go.",
        ),
        "mean": Slip(
            lambda widths, losses: (losses[0] + losses[1]) / 2,
            "The limit is not between the two: the loss still falls beyond.",
        ),
        "geometric": Slip(
            lambda widths, losses: losses[1] ** 2 / losses[0],
            "That is a geometric series. Here each doubling halves the distance to the limit.",
        ),
    },
    otherwise="Write loss = limit + s/N at both widths, and solve for the limit.",
    praise=("Two widths give the limit, free of the first power of 1/N: Richardson's trick, as old as quadrature."),
    tolerance=1e-3,
)
