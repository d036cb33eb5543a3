"""Exercises of "Standard, NTK and muP side by side"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Number, Numbers, Parameters, Slip, exercise


def _network(random: np.random.Generator) -> Parameters:
    width, factor = int(random.choice([64, 128, 256])), int(random.choice([4, 16]))
    return {
        "width": width,
        "wide": factor * width,
        "spread": round(width**-0.5, 4),
        "readout": round(1 / width, 5),
        "rate": round(float(random.uniform(1e-3, 4e-3)), 4),
        "readout_rate": round(float(random.uniform(5e-3, 9e-3)), 4),
    }


def _scaled(width: Any, wide: Any, powers: tuple[Any, ...], **given: Any) -> list[Any]:
    """The four numbers of the wide network, with these powers of the width."""
    numbers = (given[name] for name in ("spread", "readout", "rate", "readout_rate"))
    return [
        None if power is None else one * (wide / width) ** power for one, power in zip(numbers, powers, strict=True)
    ]


KEPT = "Learning rate of the {} weights: kept, it blows up: N aligned steps add up to N."
ALIGNED = "Learning rate of the {} weights: N aligned terms must add up to the same."

exercise(
    "parameterizations.port",
    2,
    Numbers("The answer", ("spread", "readout", "rate", "readout_rate")),
    book={"width": 128, "wide": 2048, "spread": 0.0884, "readout": 0.00781, "rate": 0.002, "readout_rate": 0.003},
    draw=_network,
    right=lambda **given: _scaled(powers=(-0.5, -1, -1, -1), **given),
    slips={
        "readout of NTK": Slip(
            lambda **given: _scaled(powers=(None, -0.5, None, None), **given),
            "Spread of the readout: this keeps f(0) as it was. That is NTK, and features stop to learn.",
        ),
        "rate kept": Slip(lambda **given: _scaled(powers=(None, None, 0, None), **given), KEPT.format("hidden")),
        "rate with multipliers": Slip(
            lambda **given: _scaled(powers=(None, None, -0.5, None), **given),
            "Learning rate of the hidden weights: right with multipliers; here there are none.",
        ),
        "readout's rate kept": Slip(
            lambda **given: _scaled(powers=(None, None, None, 0), **given), KEPT.format("readout")
        ),
    },
    otherwise=(
        "Spread of the hidden weights: a sum of N random terms must keep its size.",
        "Spread of the readout: see the last row of muP in the table without multipliers.",
        ALIGNED.format("hidden"),
        ALIGNED.format("readout"),
    ),
    praise="Four numbers, and the sweep that found them was paid for at the small width.",
)

exercise(
    "parameterizations.same",
    1,
    Number("The richness"),
    book={"width": 400, "richness": 0.5},
    draw={"width": (100, 1600, 0), "richness": (0.2, 3.0, 1)},
    right=lambda width, richness: richness * width**0.5,
    slips={
        "upside down": Slip(
            lambda width, richness: richness / width**0.5,
            "Upside down: in NTK nothing but the richness can bring the 1/sqrt(N) to the output.",
        ),
        "no root": Slip(
            lambda width, richness: richness * width,
            "Compare the two gammas. muP's grows as a root of the width.",
        ),
        "unchanged": Slip(
            lambda width, richness: richness,
            "Then f(0) differs by the root of the width, and so does how far features move.",
        ),
    },
    otherwise="Set gamma_0 N^c equal on both sides. Train both with one key and compare outputs.",
    praise="So at one width the two are one family. They part when the width grows and gamma_0 does not.",
)
