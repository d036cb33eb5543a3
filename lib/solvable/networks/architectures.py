"""Which architecture has which limit, and at which learning rates: a table read off the networks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from .._checks import require_kind, require_one_of
from .._tables import Table
from ..parameterizations.abc import OPTIMIZERS
from ..parameterizations.counting import satisfies
from .interface import AnyNetwork
from .perceptrons import MLP, ResidualMLP
from .transformers import Transformer


def limits(*networks: AnyNetwork, optimizer: str = "sgd") -> Table:
    r"""Which architecture has which limit, and at which rates it learns.

    .. math:: r \propto N^x L^y

    Of the width, "rich" or "lazy" as the wishes of its parameterization are granted. Of the depth, "random paths" at
    :math:`\alpha = 1/2` and "a smooth flow" above. Of the heads, where their number grows at keys of one length. Of
    the keys, "heads alike" where the logits have the power :math:`\alpha_k = 1`, at which learning changes them by
    order one and chance by none.

    Args:
      networks: one or several `MLP`, `ResidualMLP` or `Transformer`; of each only the kind, the parameterization and
        the powers count.
      optimizer: ``"sgd"`` or ``"adam"``.

    Returns:
      `parameterizations.tables.Table`, a row for each; rates are powers of the width N and the depth L, in units of
      eta_0, and read off the networks' own ``rates``.

    Raises:
      ValueError: for an unknown optimizer, or no network.
      TypeError: for a network of another kind.

    Source: Yang and Hu (2021); Bordelon, Noci, Li, Hanin, Pehlevan (2024); Yang, Yu, Zhu, Hayou (2024); Bordelon,
    Chaudhry, Pehlevan (2024). Book: "Transformers: heads, keys, depth".
    """
    require_one_of("optimizer", optimizer, OPTIMIZERS)
    if not networks:
        raise ValueError("networks must be one or several; got none")
    for one in networks:
        require_kind("networks", one, (MLP, ResidualMLP, Transformer))
    heads = ("", "width", "heads", "keys", "depth", "rate, first layer", "inner layers", "last")
    name = "Adam" if optimizer == "adam" else "SGD"
    rows = tuple((_name(one), *_limits(one, optimizer), *_rates(one, optimizer)) for one in networks)
    return Table(f"Limits, and rates of {name}: N width, L depth", heads, rows)


def _name(network: Any) -> str:
    powers = [("α", getattr(network, "branch_power", None)), ("α_k", getattr(network, "attention_power", None))]
    words = [f"{letter} = {_short(power)}" for letter, power in powers if power is not None]
    return ", ".join([type(network).__name__, network.parameterization.name, *words])


def _limits(network: Any, optimizer: str) -> tuple[str, ...]:
    """Of width, heads, keys and depth."""
    stable, learns, rich = (one.holds for one in satisfies(network.parameterization, optimizer=optimizer))
    width = "none" if not (stable and learns) else "rich" if rich else "lazy"
    power = getattr(network, "branch_power", 0.0)
    depth = "none" if power < 0.5 else "random paths" if power == 0.5 else "smooth flow"
    if not isinstance(network, Transformer):
        return width, "-", "-", depth
    keys = "none" if network.attention_power < 1 else "heads alike" if network.attention_power == 1 else "none learns"
    return width, "heads differ" if width != "none" else "none", keys, depth


def _rates(network: Any, optimizer: str) -> list[str]:
    """Of the first layer, those between, and the last one, as powers of width and depth."""
    inputs = (2,) * len(network.axes)
    one = replace(network, width=4 * getattr(network, "heads", 1), depth=4)
    found = [size.rates(inputs, optimizer) for size in (one, replace(one, width=4 * one.width), replace(one, depth=16))]

    def word(layer: str) -> str:
        here, wide, deep = (float(rates[layer]) for rates in found)
        powers = {"N": np.log(wide / here) / np.log(4), "L": np.log(deep / here) / np.log(4)}
        parts = [symbol if round(p, 9) == 1 else f"{symbol}^{_short(p)}" for symbol, p in powers.items() if round(p, 9)]
        return " ".join(parts) or "1"

    inner = "hidden" if "hidden" in found[0] else "query"
    return [word(layer) for layer in ("input", inner, "output")]


def _short(power: float) -> str:
    return str(Fraction(float(power)).limit_denominator(24))
