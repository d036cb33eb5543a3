"""The model's two exponents, and the spectrum that they stand for."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from .._checks import as_floats, concrete, require, require_float64, require_scalar
from ..spectra import OCTAVES, Spectrum

STEEPEST = 8
"""alpha up to which the last of 2^64 eigenvalues is above zero in float64."""


def spectrum(alpha: ArrayLike, beta: ArrayLike, *, latent: ArrayLike) -> Spectrum:
    r"""Power laws in the two exponents of power-law random features.

    .. math:: \lambda_j = j^{-2\alpha}, \qquad \bar w_j = j^{-\beta}, \qquad
              c_j = \lambda_j \bar w_j^2 = j^{-(2\alpha + 2\beta)}, \qquad j = 1 \ldots v

    Args:
      alpha: > 0 and at most 8, of the data: features fall as j^-alpha.
      beta: of the targets, with alpha + beta > 1/2, or they have no finite power.
      latent: v, the number of modes, whole and >= 1; ``inf`` where 2 alpha > 1. It may be traced, up to 2^64.

    Returns:
      A `Spectrum` that is not normalised, a = 2 alpha + 2 beta and b = 2 alpha in the words of `Spectrum.power_law`,
      with Gauss sums in place of its modes: 12 nodes for every factor of two. For theories only.

    Raises:
      ValueError: for an argument out of range, named with its value.
      RuntimeError: where jax is in float32.

    Sums over modes are right to 1e-9. Of endlessly many, those beyond 2^64 are one node with the trace of all of them,
    which is exact as long as the resolution kappa lies above their eigenvalues. A traced `latent` has as many nodes as
    the largest one, most of no weight, so that nothing is compiled anew where it changes.
    Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024). Book: "Two exponents, one student".
    """
    require_float64()
    check_exponents(alpha, beta)
    require_scalar("latent", latent)
    known = concrete(latent)
    endless = known is not None and known.dtype.kind == "f" and bool(np.isposinf(known))
    if endless:
        require("alpha", alpha, "> 1/2 where latent is inf, or the eigenvalues have no sum", lambda x: 2 * x > 1)
    elif known is not None:
        require("latent", known, "whole, >= 1 and at most 2^64, or inf", _fits)
    a, b = 2 * as_floats(alpha) + 2 * as_floats(beta), 2 * as_floats(alpha)
    modes = latent if known is None else 2**OCTAVES if endless else int(known)
    found = Spectrum.power_law(a=a, b=b, modes=modes, normalize=False, binned=True)
    if not endless:
        return found
    last = 2.0**OCTAVES
    beyond = (last**-b, last ** (1 - a) / (a - 1), last / (b - 1))
    parts = (found.eigenvalues, found.task_power, found.counts)
    return Spectrum(*(jnp.append(part, one) for part, one in zip(parts, beyond, strict=True)))


def _fits(modes: np.ndarray) -> Any:
    return (modes >= 1) & (modes <= 2.0**OCTAVES) & (modes % 1 == 0)


def check_exponents(alpha: ArrayLike, beta: ArrayLike) -> None:
    """Of data and targets: numbers, the first positive, with a power law in the loss."""
    for name, value in (("alpha", alpha), ("beta", beta)):
        require_scalar(name, value)
    require("alpha", alpha, f"> 0 and at most {STEEPEST}", lambda x: (x > 0) & (x <= STEEPEST))
    require("beta", beta, "finite", np.isfinite)
    data = concrete(alpha)
    if data is not None:
        least = 0.5 - float(data)
        require("beta", beta, f"> {least:g}, that is 1/2 - alpha: else there is no power law", lambda x: x > least)
