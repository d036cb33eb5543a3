"""Exercises of "Transformers: heads, keys, depth"."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import Function, Number, Numbers, Parameters, Slip, called, exercise, is_close


def _parts(short: Any, long: Any, power: Any) -> list[float]:
    ratio = long / short
    return [float(ratio ** (1 - power)), float(ratio ** (0.5 - power))]


def _draw_keys(random: np.random.Generator) -> Parameters:
    """The ratio is not a power of two alone, so that factors differ."""
    return {
        "short": int(random.choice([8, 12, 16, 20, 24, 32])),
        "long": int(random.choice([96, 112, 128, 144, 160, 192, 224])),
        "power": float(random.choice([0.6, 0.7, 0.8, 0.9])),
    }


def _other_part(found: np.ndarray, **drawn: Any) -> str:
    learned, chance = _parts(**drawn)
    if is_close(found[0], learned):
        return "The first is right. The second: terms of random signs add up to the root of their number."
    if is_close(found[1], chance):
        return "The second is right. The first: terms of one sign add up to their number."
    return "Both are sums of d_k terms over d_k^p. In one the terms have one sign, in the other random ones."


exercise(
    "depth_limits.keys",
    1,
    Numbers("The answer", ("the learned part", "the random part"), "A factor is positive."),
    book={"short": 16, "long": 128, "power": 0.75},
    draw=_draw_keys,
    apart=True,
    right=_parts,
    slips={
        "power alone": Slip(
            lambda short, long, power: [(long / short) ** -power, None],
            "That is the factor in front. The sum behind it grows as well.",
        ),
        "power alone, random": Slip(
            lambda short, long, power: [None, (long / short) ** -power],
            "That is the factor in front. The random sum behind it grows as well.",
        ),
        "random for learned": Slip(
            lambda **p: [_parts(**p)[1], None],
            "So the random part goes. Learned terms have one sign.",
        ),
        "no factor": Slip(
            lambda short, long, power: [long / short, None], "So the sum grows. It is divided by a power of d_k."
        ),
        "learned for random": Slip(
            lambda **p: [None, _parts(**p)[0]],
            "So the learned part goes. Random terms add up to the root of their number.",
        ),
        "no factor, random": Slip(
            lambda short, long, power: [None, (long / short) ** 0.5],
            "So the random sum grows. It is divided by a power of d_k.",
        ),
    },
    otherwise=_other_part,
    praise="Only the power 1 keeps what is learned. What chance adds then dies out, and with it what parts the heads.",
)


exercise(
    "depth_limits.heads",
    1,
    Number("The number of heads", above=0, outside="Heads are counted: a positive whole number."),
    book={"heads": 8, "scatter": 0.03, "wanted": 0.012},
    draw={"heads": (4, 16, 0), "scatter": (0.02, 0.06, 3), "wanted": (0.005, 0.015, 3)},
    apart=True,
    right=lambda heads, scatter, wanted: int(np.ceil(heads * (scatter / wanted) ** 2 - 1e-9)),
    slips={
        "no square": Slip(
            lambda heads, scatter, wanted: int(np.ceil(heads * scatter / wanted - 1e-9)),
            "The variance goes as one over the heads; the standard deviation is its root.",
        ),
        "root": Slip(
            lambda heads, scatter, wanted: int(np.ceil(heads * (scatter / wanted) ** 0.5)),
            "It is the other way round: the standard deviation is the root of the variance.",
        ),
        "times": Slip(
            lambda heads, scatter, wanted: int(np.ceil((scatter / wanted) ** 2 - 1e-9)),
            "So many times more heads than there are.",
        ),
        "one less": Slip(
            lambda heads, scatter, wanted: int(np.ceil(heads * (scatter / wanted) ** 2 - 1e-9)) - 1,
            "With one head less it is not yet below.",
        ),
    },
    otherwise=("With so few heads it is still above.", "Fewer heads are enough for that."),
    praise="Weights grow with the square of it. That is what quiet costs; a mean of several models is cheaper.",
    tolerance=1e-9,
)


def _changes(common: float, networks: int = 6, heads: int = 5) -> np.ndarray:
    """Of heads that have this share in common, or nearly."""
    random = np.random.default_rng(round(1000 * common))
    sizes: np.ndarray = 1 + np.arange(networks)
    own: np.ndarray = random.normal(size=(networks, heads, 40)) * sizes[:, None, None]
    alike = random.normal(size=(networks, 1, 40))
    return np.sqrt(1 - common) * own + np.sqrt(common) * 4 * alike


def _common(changes: np.ndarray) -> Any:
    heads = changes.shape[1]
    own, every = np.square(changes).sum(), np.square(changes.sum(axis=1)).sum()
    return (every - own) / (heads - 1) / own


CASES = called([(_changes(0.4),), (_changes(0.3, networks=3, heads=2),)])


exercise(
    "depth_limits.common",
    2,
    Function(CASES),
    right=lambda **_: _common,
    slips={
        "each with itself": Slip(
            lambda **_: lambda changes: (changes.sum(axis=1) ** 2).sum() / changes.shape[1] / (changes**2).sum(),
            "The pairs hold each head with itself, so that heads of no common share would seem to have one.",
        ),
        "sum of pairs": Slip(
            lambda **_: lambda changes: _common(changes) * (changes.shape[1] - 1),
            "A sum over other heads stands where their mean should: there are H - 1 of them.",
        ),
        "mean of ratios": Slip(
            lambda **_: lambda changes: np.mean([_common(one[None]) for one in changes]),
            "That is the mean of the networks' shares. Networks that change little count as much there as others.",
        ),
        "root": Slip(
            lambda **_: lambda changes: np.sqrt(abs(_common(changes))), "This is its root: compare squares of sizes."
        ),
    },
    otherwise="Try it on heads that are all alike, where it is 1, and on random ones, where it is near 0.",
    praise="What all have in common is a square that can be measured without ever seeing it alone.",
)
