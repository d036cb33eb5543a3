"""Arguments of the linear model's theories and experiments in range, or an error that names the one that is not."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import jax
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    MOST,
    concrete,
    require,
    require_array,
    require_flag,
    require_float64,
    require_kind,
    require_nonnegative,
    require_positive,
    require_scalar,
    shown,
)
from .._memory import require_memory
from .._pytree import Numbers
from ..spectra import Spectrum


@runtime_checkable
class Schedule(Protocol):
    """Momentum from step to step: y <- (1 - Delta) y + g_1 G, then theta <- theta - g_2 G - g_3 y."""

    @property
    def learning_rate(self) -> ArrayLike:
        """What the schedule is scaled by, in units of 1 / eigenvalue."""

    def coefficients(self, step: ArrayLike) -> tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike]:
        """Delta, g_1, g_2, g_3 at a step, which may lie half way between two."""


def check_sizes(spectrum: Spectrum, scalar: bool = True, **values: Numbers) -> None:
    """A spectrum, and width, samples and noise in range, or an error that names the one that is not."""
    require_float64()
    require_kind("spectrum", spectrum, Spectrum)
    for name in ("width", "samples"):
        if scalar:
            require_scalar(name, values[name])
        require(name, values[name], ">= 1 (inf for no limit)", lambda x: x >= 1)
    if "noise" in values:
        check_noise(values["noise"], scalar)


def check_walked(steps: Numbers) -> None:
    """Raise ValueError where a loop over single steps would not end."""
    require("steps", steps, f"at most {MOST} where every step is made", lambda x: x <= MOST)


def check_rate(learning_rate: ArrayLike) -> None:
    """A positive learning rate, or an error."""
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)


def check_momentum(momentum: ArrayLike, known: bool = True) -> None:
    """A momentum, known where asked for, or an error."""
    require_scalar("momentum", momentum)
    if known and concrete(momentum) is None:
        raise ValueError("momentum must be a known number; it is being traced by jax")
    require("momentum", momentum, ">= 0 and < 1", lambda x: (x >= 0) & (x < 1))


def check_schedule(schedule: Schedule, steps: Numbers) -> None:
    """A schedule whose coefficients are in range at these steps, or an error."""
    if isinstance(schedule, type) or not isinstance(schedule, Schedule):
        raise TypeError(f"schedule must have a learning_rate and coefficients(step); got {shown(schedule)}")
    if any(leaf is schedule for leaf in jax.tree.leaves(schedule)):
        raise TypeError(f"schedule must be known to jax as a pytree; got {shown(schedule)}")
    fades, *pulls = schedule.coefficients(np.asarray(concrete(steps), float) if concrete(steps) is not None else 0.0)
    require("schedule", fades, "one with 0 <= Delta <= 1 at every step", lambda x: (x >= 0) & (x <= 1))
    for name, pull in zip(("g_1", "g_2", "g_3"), pulls, strict=True):
        require("schedule", pull, f"one with {name} >= 0 and finite", lambda x: (x >= 0) & np.isfinite(x))


def check_cut(latent_cut: ArrayLike) -> None:
    """A number of modes, or an error."""
    require_scalar("latent_cut", latent_cut)
    require("latent_cut", latent_cut, ">= 1 and finite", lambda x: (x >= 1) & np.isfinite(x))


def check_batch(batch_size: ArrayLike) -> None:
    """A batch size, or an error."""
    require_scalar("batch_size", batch_size)
    require("batch_size", batch_size, ">= 1 and finite", lambda x: (x >= 1) & np.isfinite(x))


def check_features(spectrum: Spectrum, features: Numbers | None) -> Array | None:
    """Features as an array with a column for each mode, or an error; None is infinite width."""
    if features is None:
        return None
    features = require_array("features", features, 2, "a table (N features, K modes)")
    if features.shape[1] != len(spectrum.eigenvalues):
        modes = len(spectrum.eigenvalues)
        raise ValueError(f"features must have one column per mode, {modes}; got shape {features.shape}")
    if spectrum.multiplicity is not None:
        raise ValueError("spectrum must have its modes one by one where there are features; got a binned one")
    require_memory(lambda rows: 16 * rows**2, **{"len(features)": len(features)})
    return features


def require_below(name: str, value: ArrayLike, limit: Array) -> None:
    """Raise ValueError unless `value` is below a computed limit, where both are known."""
    bound = concrete(limit)
    if bound is not None:
        require(name, value, f"below the stability limit {float(bound):.6g}", lambda x: x < bound)


def check_members(inits: ArrayLike, datasets: ArrayLike, paired: bool) -> None:
    """Sizes of an ensemble, or an error that names the wrong one."""
    require_flag("paired", paired)
    for name, count in (("inits", inits), ("datasets", datasets)):
        require_scalar(name, count)
        require(name, count, ">= 1 (inf for an endless ensemble)", lambda x: x >= 1)
    if paired and np.any(np.asarray(inits) != np.asarray(datasets)):
        raise ValueError(f"datasets must equal inits where they are paired; got {datasets} and {inits}")


def check_noise(noise: Numbers, scalar: bool = True) -> None:
    """A noise variance, or an error."""
    if scalar:
        require_scalar("noise", noise)
    require_nonnegative("noise", noise)
