"""How strong the branches of a residual network are: what enters h at random, and what they learn."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    as_floats,
    concrete,
    require_count,
    require_nonnegative,
    require_number,
    require_scalar,
)


class Branches(NamedTuple):
    """Of one layer; of the whole depth, in one unit of layer time, where there is no number of layers."""

    noise: Array  # b^2 = beta^2 / L^(2 alpha)
    learning: Array  # beta^2 / L, since branches learn L^(2 alpha - 1) faster; without that below alpha = 1/2


def branches(branch: ArrayLike, branch_power: ArrayLike, depth: int | None) -> Branches:
    """Checked strengths at this depth, or in the limit; at alpha > 1/2 no noise is left there."""
    require_scalar("branch", branch)
    require_nonnegative("branch", branch)
    require_limit(branch_power) if depth is None else require_number("branch_power", branch_power)
    power, square = as_floats(branch_power), as_floats(branch) ** 2
    if depth is not None:
        size = jnp.asarray(float(require_count("depth", depth)))
        return Branches(square * size ** (-2 * power), square * size ** -jnp.minimum(2 * power, 1))
    return Branches(jnp.where(power == 0.5, square, 0), square)


def require_limit(branch_power: ArrayLike) -> None:
    """Raise ValueError where branches are too strong for a limit of depth."""
    require_number("branch_power", branch_power)
    known = concrete(branch_power)
    if known is not None and not known >= 0.5:
        raise ValueError(f"branch_power must be >= 1/2, since below there is no limit of depth; got {known}")
