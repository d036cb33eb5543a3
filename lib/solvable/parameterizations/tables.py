"""Parameterizations side by side: what one writes into a program, and what follows for a wide network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

from .._checks import require_count, require_flag, require_kind, require_one_of
from .._tables import Table
from .abc import ABC, KINDS, OPTIMIZERS
from .counting import exponents, satisfies

__all__ = ["Table", "counts", "scales"]

Powers = Counter[str]  # of each symbol; they add up in a product


def scales(*parameterizations: ABC, optimizer: str = "sgd", multiplier_free: bool = False) -> Table:
    r"""What to write for each layer: its multiplier, the spread of its weights at the start, its learning rate.

    .. math:: V = m W: \qquad \sigma_V = m\,\sigma_W, \qquad
              \eta_V = m^2\, \eta_W \;\text{(SGD)}, \qquad \eta_V = m\, \eta_W \;\text{(Adam)}

    Args:
      parameterizations: one or several `ABC`.
      optimizer: ``"sgd"`` or ``"adam"``.
      multiplier_free: write every layer without a multiplier, as most programs do.

    Returns:
      `Table` with powers of the width N, the number of inputs D and the richness g; learning rates in units of eta_0.

    Raises:
      ValueError: for an unknown optimizer.
      TypeError: for a parameterization that is no `ABC`, or a multiplier_free that is neither True nor False.

    Source: Yang and Hu (2021), Yang et al. (2022). Book: "Standard, NTK and muP side by side".
    """
    require_one_of("optimizer", optimizer, OPTIMIZERS)
    require_flag("multiplier_free", multiplier_free)
    rows = []
    for abc in parameterizations:
        require_kind("parameterizations", abc, ABC)
        for place, kind in enumerate(KINDS):
            multiplier = Powers({"N": -abc.a[place]})
            multiplier.update({"D": -0.5} if kind == "input" else {})
            multiplier.update({"N": -abc.c, "g": -1} if kind == "output" else {})
            rate = Powers({"N": 2 * abc.c + abc.sgd[place], "g": 2} if optimizer == "sgd" else {"N": abc.adam[place]})
            spread = Powers({"N": -abc.b[place]})
            if multiplier_free:
                spread.update(multiplier)
                for _ in range(2 if optimizer == "sgd" else 1):
                    rate.update(multiplier)
                multiplier = Powers()
            rows.append((abc.name, kind, *map(_product, (multiplier, spread, rate))))
    what = f"{optimizer.upper() if optimizer == 'sgd' else 'Adam'}: N width, D inputs, g richness"
    return Table(what, ("", "layer", "multiplier", "spread", "learning rate"), tuple(rows))


def counts(*parameterizations: ABC, depth: int = 3, optimizer: str = "sgd") -> Table:
    """How sizes go with the width, by power counting, and which of the three wishes are granted.

    The entries are the powers :math:`N^x` of h, of its change in the first and in the last hidden layer, of f and of
    its change; see `exponents` and `satisfies`.

    Args:
      parameterizations: one or several `ABC`.
      depth: L, hidden layers, whole and >= 1.
      optimizer: ``"sgd"`` or ``"adam"``.

    Returns:
      `Table`, a row for each parameterization.

    Raises:
      ValueError: for an unknown optimizer or a depth below 1.
      TypeError: for a parameterization that is no `ABC`.

    To first order in the learning rate. Source: Yang and Hu (2021). Book: "Standard, NTK and muP side by side".
    """
    rows, depth = [], require_count("depth", depth)
    for abc in parameterizations:
        require_kind("parameterizations", abc, ABC)
        found = exponents(abc, depth=depth, optimizer=optimizer)
        sizes = [max(found.hidden), found.hidden_change[0], found.hidden_change[-1], found.output, found.output_change]
        wishes = satisfies(abc, depth=depth, optimizer=optimizer)
        rows.append(
            (abc.name, *(_product({"N": size}) for size in sizes), *("yes" if w.holds else "no" for w in wishes))
        )
    heads = ("", "h", "change of h, first", "last", "f", "change of f", "stable", "learns f", "learns h")
    return Table(f"Sizes at the start and after a step, {depth} hidden layers", heads, tuple(rows))


def _product(powers: Mapping[str, float | int]) -> str:
    """``N^-1/2 g^2``; 1 where nothing is left."""
    kept = {symbol: Fraction(power).limit_denominator(24) for symbol, power in powers.items()}
    words = [symbol if power == 1 else f"{symbol}^{power}" for symbol, power in kept.items() if power]
    return " ".join(words) or "1"
