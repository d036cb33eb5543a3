r"""What the heads of an attention layer have in common, and a table of which architecture has which limit.

.. math:: s = \frac{\langle \Delta_h \cdot \Delta_{h'} \rangle_{h \neq h'}}{\langle \Delta_h \cdot \Delta_h \rangle_h}
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Array

from .._checks import require, require_array, require_kind, require_known, require_one_of, require_positive
from .._tables import Table
from ..numerics.statistics import jackknife
from ..parameterizations.abc import OPTIMIZERS
from ..parameterizations.counting import satisfies
from .interface import AnyNetwork
from .perceptrons import MLP, ResidualMLP
from .slopes import Slope
from .transformers import Transformer


def common_share(changes: Array) -> Slope:
    r"""The share of what the heads changed that all of them have in common.

    .. math:: s = \frac{\langle \Delta_h \cdot \Delta_{h'} \rangle_{h \neq h'}}
                       {\langle \Delta_h \cdot \Delta_h \rangle_h}

    averaged over networks, above and below the line. No head is compared with itself, so that heads which change
    independently have s = 0 in the mean, and heads which change alike have s = 1.

    Args:
      changes: of attention, or of its logits as `Transformer.logits` gives them, after training less before, shape
        (S, L, P, H, T, T) for S networks; at least two networks and two heads.

    Returns:
      A pair (value, error): s, and its standard error by leaving out one network after the other.

    Raises:
      ValueError: for changes of another shape, that are not finite, or that are zero; or traced by jax.

    Source: made here, for what Bordelon, Chaudhry, Pehlevan (2024) prove of long keys.
    Book: "Transformers: heads, keys, depth".
    """
    require_known("changes", changes)
    changes = require_array("changes", changes, 6, "changes of attention, shape (S, L, P, H, T, T)")
    require("changes", changes, "finite", np.isfinite)
    networks, _, _, heads, *_ = changes.shape
    if not (networks >= 2 and heads >= 2):
        raise ValueError(f"changes must be of at least two networks and two heads; got shape {changes.shape}")
    each = np.moveaxis(np.asarray(changes, float), 3, 1).reshape(networks, heads, -1)
    own = (each**2).sum(axis=(1, 2)) / heads
    require_positive("changes squared", own.sum())
    pairs = ((each.sum(axis=1) ** 2).sum(axis=1) - heads * own) / (heads * (heads - 1))

    def share(rows: np.ndarray) -> float:
        return float(rows[:, 0].sum() / rows[:, 1].sum())

    return Slope(*map(float, jackknife(share, np.stack([pairs, own], axis=1), axis=0)))


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
