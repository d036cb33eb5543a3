"""Exercises of "Problems: a jump that dies, and chaos that begins"."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ...primer import theory
from ..core import Number, Numbers, Slip, exercise


def _jump(a2: Any, a3: Any) -> list[float]:
    """Plateau and temperature where f'(q) (1 - q) / q is largest."""
    q = 0.5 - a2 / (3 * a3)
    return [q, ((2 * a2 + 3 * a3 * q) * (1 - q)) ** 0.5]


exercise(
    "dmft_primer.problem-jump",
    2,
    Numbers("Plateau and temperature", ("plateau", "temperature"), outside="Plateau and temperature are positive."),
    book={"a2": 0.2, "a3": 0.6},
    draw={"a2": (0.1, 0.3, 2), "a3": (0.5, 0.9, 2)},
    apart=True,
    right=_jump,
    slips={
        "triples alone": Slip(
            lambda a2, a3: [0.5, None], "Plateau: this is that of triples alone. The pairs pull it down."
        ),
        "no root": Slip(
            lambda a2, a3: [None, _jump(a2, a3)[1] ** 2], "Temperature: this is its square. The noise enters as T^2."
        ),
        "pairs alone": Slip(
            lambda a2, a3: [None, (2 * a2) ** 0.5],
            "Temperature: here q = 0 becomes unstable. A plateau that jumps has appeared before, at a higher one.",
        ),
    },
    otherwise=(
        "Plateau: set C to a constant at late times. For which T does the condition first have a root q > 0?",
        "Temperature: put the plateau into the condition.",
    ),
    praise="At this temperature a plateau appears at once, at a finite height. Just above it C already lingers there.",
    tolerance=0.005,
)


def _tie(p: Any, a2: Any) -> list[float]:
    """The coupling at which jump and continuous freezing happen at one temperature, and the height of the jump."""
    q = (p - 3) / (p - 2)
    return [2 * a2 / (p * q ** (p - 3) * (1 - q)), q]


exercise(
    "dmft_primer.problem-tie",
    2,
    Numbers("Coupling and plateau", ("coupling", "plateau"), outside="Coupling and plateau are positive."),
    book={"p": 4, "a2": 0.3},
    draw={"p": [4, 5, 6], "a2": (0.1, 0.9, 2)},
    apart=True,
    right=_tie,
    slips={
        "plateau alone": Slip(
            lambda p, a2: [None, (p - 2) / (p - 1)], "Plateau: this is the jump of a glass without pairs."
        ),
        "without p": Slip(
            lambda p, a2: [_tie(p, a2)[0] * p / 2, None],
            "Coupling: a factor of f' is missing. A term q^p exerts the force p q^(p-1).",
        ),
        "equal forces": Slip(
            lambda p, a2: [2 * a2 / p, None],
            "Coupling: here both terms of f' are equal at q = 1. Compare two temperatures instead.",
        ),
    },
    otherwise=(
        "Coupling: the largest T^2 at a q > 0 must equal the T^2 at which q = 0 becomes unstable.",
        "Plateau: two conditions hold at once, an equal height and a flat top. Divide one by the other.",
    ),
    praise="With p = 3 the jump would shrink to nothing there; with p > 3 it ends at a finite height.",
    tolerance=0.005,
)


def _relaxation(a2: Any, a3: Any, temperature: Any, step: float, level: float) -> np.ndarray:
    """C in equilibrium at multiples of the step, until it is below the level: trapezoids, implicit in the last value.

    C' = -T C - (1/T) int_0^tau f'(C(tau - u)) C'(u) du
    """

    def force(c: Any) -> Any:
        return 2 * a2 * c + 3 * a3 * c**2

    c, late = np.array([1.0, 1 - temperature * step]), 0.0
    f = force(c)
    past = c[:1]
    while past[-1] > level and len(past) < 5000:
        cells = (f[1:] + f[:-1]) / 2  # of the memory, the youngest first; f ends with a guess of the next value
        known = cells[1:][::-1] @ np.diff(past)
        slope = temperature / 2 + cells[0] / (2 * temperature)
        rest = past[-1] * (temperature / 2 - cells[0] / (2 * temperature)) + (known + late) / (2 * temperature)
        new = (past[-1] - step * rest) / (1 + step * slope)
        late = known + cells[0] * (new - past[-1])
        past = np.append(past, new)
        f = np.append(np.append(f[:-1], force(new)), force(2 * new - past[-2]))
    return past


def _falls(a2: Any, a3: Any, temperature: Any, level: Any) -> float:
    """When it has fallen to the level: the error of the step goes as its square, and is taken out."""
    found = []
    for step in (0.1, 0.05):
        c = _relaxation(a2, a3, temperature, step, level)
        found.append(float(np.interp(-level, -c, step * np.arange(len(c)))))
    return (4 * found[1] - found[0]) / 3


exercise(
    "dmft_primer.problem-relaxation",
    3,
    Number("The time", above=0, outside="The time that has passed is positive."),
    book={"a2": 0.2, "a3": 0.6, "temperature": 0.87, "level": 0.2},
    draw={"temperature": (0.86, 0.95, 3)},
    right=_falls,
    slips={
        "no memory": Slip(
            lambda a2, a3, temperature, level: float(np.log(1 / level) / temperature),
            "So a spin on its own would forget. Where are the couplings?",
        ),
    },
    otherwise=(
        "It has not fallen so far yet. Does your equation start with C' = -T, and is its step small enough?",
        "By then it has fallen further. Does your equation start with C' = -T and tend to the condition for a plateau?",
    ),
    praise="One function of one time was enough: in equilibrium R is a derivative of C. Cool further, and it slows.",
    tolerance=0.02,
)


exercise(
    "dmft_primer.problem-onset",
    2,
    Numbers("Variance and time", ("variance", "time"), outside="Variance and time are positive."),
    book={"gain": 1.02, "cubic": 0.25},
    draw={"gain": (1.01, 1.04, 3), "cubic": (0.1, 0.5, 2)},
    apart=True,
    right=lambda gain, cubic: [(gain - 1) / (3 * cubic), 3**0.5 * float(np.arccosh(2)) / (gain - 1)],
    slips={
        "one third": Slip(
            lambda gain, cubic: [gain - 1, None], "Variance: this is that of tanh, whose cubic term is x^3/3."
        ),
        "one contraction": Slip(
            lambda gain, cubic: [(gain - 1) / cubic, None],
            "Variance: <x^3 x'> pairs x' with any one of three x. How many terms does that give?",
        ),
        "width": Slip(
            lambda gain, cubic: [None, 3**0.5 / (gain - 1)],
            "Time: this is the scale of the bump. When has a hyperbolic secant fallen to half?",
        ),
        "exponential": Slip(
            lambda gain, cubic: [None, 3**0.5 * float(np.log(2)) / (gain - 1)],
            "Time: so it falls in the end. At first the ball rolls off a hilltop, slowly.",
        ),
    },
    otherwise=(
        "Variance: expand <phi phi'> to third order in the variances, and keep the largest term of each power.",
        "Time: Delta'' = alpha Delta - beta Delta^3 has a solution in closed form. Fix alpha by the two hilltops.",
    ),
    praise="The shape is the same for every activation: only its height knows the cubic term.",
    tolerance=0.005,
)

exercise(
    "dmft_primer.problem-onset-lyapunov",
    2,
    Numbers("The exponents", ("of states", "of silence"), outside="Above g = 1 both rates are positive."),
    book={"gain": 1.02},
    draw={"gain": (1.005, 1.08, 4)},
    right=lambda gain: [(gain - 1) ** 2 / 2, gain - 1],
    slips={
        "ground level": Slip(
            lambda gain: [(gain - 1) ** 2, None],
            "Of states: this is -E_0. The exponent is -1 + sqrt(1 - E_0).",
        ),
        "exchanged": Slip(lambda gain: [gain - 1, (gain - 1) ** 2 / 2], "The two are in each other's place."),
        "zero mode": Slip(
            lambda gain: [0.0, None],
            "Of states: this is the level of Delta', which has a node. The lowest level has none.",
        ),
    },
    otherwise=(
        "Of states: the well is a multiple of 1 - 6 sech^2, whose levels are known. Take the lowest.",
        "Of silence: linearise the network about x = 0. The eigenvalues of J fill a disk of radius g.",
    ),
    praise="Linear in g - 1 one way, quadratic the other: near the onset the network hovers at the edge of chaos.",
    tolerance=0.005,
)


@lru_cache
def _exponent(gain: float) -> float:
    return float(theory.tanh_network(gain, [0.0]).lyapunov)


def _share(gain: Any) -> float:
    return _exponent(gain) / ((gain - 1) ** 2 / 2)


exercise(
    "dmft_primer.problem-onset-reach",
    1,
    Number("The share", above=0, outside="The share is positive: both exponents are."),
    book={"gain": 1.3},
    draw={"gain": (1.05, 1.6, 3)},
    right=_share,
    slips={
        "upside down": Slip(lambda gain: 1 / _share(gain), "Upside down: divide the theory by the law."),
        "square": Slip(lambda gain: _share(gain) / 2, "The law has a half: -1 + sqrt(1 + x) is x/2 for small x."),
    },
    otherwise="Ask `theory.tanh_network` for the exponent at this gain, and divide it by (g - 1)^2 / 2.",
    praise="The law is the limit g to 1 and no more: it misses nearly three times g - 1 of itself, even close by.",
    tolerance=0.01,
)
