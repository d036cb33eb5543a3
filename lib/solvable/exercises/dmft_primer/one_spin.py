"""Exercises of "From coupled spins to one spin in a bath"."""

from __future__ import annotations

import numpy as np

from ..core import Number, Numbers, Parameters, Slip, exercise

TWO = "The variance of H differs by 2. What does H itself differ by?"
ONE = "Both change: T stands beside H in exp(-H/T), so it has the unit of an energy."

exercise(
    "dmft_primer.convention",
    1,
    Numbers("Temperature and energy", ("temperature", "energy")),
    book={"p": 3, "temperature": 0.6, "energy": -1.4},
    draw=lambda random: {  # the number of spins last: it was drawn so from the first
        "temperature": round(float(random.uniform(0.3, 0.9)), 2),
        "energy": round(float(random.uniform(-1.6, -1.0)), 2),
        "p": int(random.integers(3, 6)),
    },
    right=lambda temperature, energy, p: [temperature / 2**0.5, energy / 2**0.5],
    slips={
        "unchanged": Slip(
            lambda temperature, energy, p: [temperature, energy],
            "Nothing has changed, but the couplings have: half the variance makes every energy smaller.",
        ),
        "wrong way": Slip(
            lambda temperature, energy, p: [temperature * 2**0.5, energy * 2**0.5],
            "The wrong way round: is the H of this book the larger or the smaller one?",
        ),
        "half": Slip(lambda temperature, energy, p: [temperature / 2, energy / 2], TWO),
        "double": Slip(lambda temperature, energy, p: [temperature * 2, energy * 2], TWO),
        "energy alone": Slip(lambda temperature, energy, p: [temperature, None], ONE),
        "temperature alone": Slip(lambda temperature, energy, p: [None, energy], ONE),
    },
    otherwise="Write H of one convention as a constant times H of the other, then look at H/N and at H/T.",
    praise="And the clock changes too: the force is smaller by the same factor, so times are longer by it.",
)


def _sample(random: np.random.Generator) -> Parameters:
    size, std = int(random.integers(2, 12)) * 100, round(float(random.uniform(0.01, 0.04)), 3)
    return {"size": size, "std": std, "target": round(std / float(random.uniform(3, 9)), 5)}


exercise(
    "dmft_primer.self-averaging",
    1,
    Number("The size"),
    book={"size": 500, "std": 0.024, "target": 0.003},
    draw=_sample,
    apart=True,
    right=lambda size, std, target: size * (std / target) ** 2,
    slips={
        "as 1/N": Slip(
            lambda size, std, target: size * std / target,
            "This would be enough if fluctuations fell as 1/N. Look at the slope of the figure again.",
        ),
        "upside down": Slip(
            lambda size, std, target: size * (std / target) ** 0.5,
            "The power is upside down: solve std ~ N^(-1/2) for N.",
        ),
        "ratio": Slip(
            lambda size, std, target: (std / target) ** 2,
            "This is how many times larger the sample must be. How large was it?",
        ),
    },
    otherwise=lambda found, size, std, target: (
        "Smaller systems fluctuate more, not less."
        if found < size
        else "Scale the given standard deviation with the law of the figure until it meets the target."
    ),
    praise="A single run of that size is as good as an average over many small ones.",
    tolerance=0.02,
)
