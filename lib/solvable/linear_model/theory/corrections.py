r"""The first corrections of a large student on much data: the terms of order 1/N and 1/P, before any bottleneck.

.. math::
   N\,(L_N - L_\infty) &\to \mathcal L^{-1}\Big[\, d(z) \sum_k \frac{\lambda_k c_k}{(z + \lambda_k)^2} \Big](2t) \\
   P\,(L - \hat L) &\to 2 \sum_k c_k\, e^{-\lambda_k t}\; \mathcal L^{-1}\Big[ \frac{d(z)}{z + \lambda_k} \Big](t)

with d(z) the effective dimension at kappa = z: to this order disorder has not yet moved it.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..._checks import finite_answer, require_times
from ..._pytree import Numbers
from ...numerics.laplace import talbot
from ...spectra import Spectrum
from ..checks import check_sizes
from .flow import later_than_zero, unit_largest
from .response import complex_dimension

CONTOUR = talbot(24)


class FirstOrder(NamedTuple):
    """Coefficients of the first corrections.

    Attributes:
      width: shape (T,), the limit of N (L_N - L_inf) for large N, on infinite data.
      data: shape (T,), the limit of P (test - train) for large P, at infinite width and without label noise.
    """

    width: Float[Array, " T"]
    data: Float[Array, " T"]


@finite_answer
def first_order(spectrum: Spectrum, times: Numbers) -> FirstOrder:
    r"""What 1/N costs in test loss, and what 1/P opens between test and train.

    .. math::
       N\,(L_N - L_\infty) &= \frac{1}{2\pi i}\int e^{2zt}\, d_1(z) \sum_k \frac{\lambda_k c_k}{(z + \lambda_k)^2}\,dz
       + O(1/N) \\
       P\,(L - \hat L) &= 2 \sum_k c_k\, e^{-\lambda_k t} \sum_l \lambda_l\,
       \frac{e^{-\lambda_k t} - e^{-\lambda_l t}}{\lambda_l - \lambda_k} + O(1/P)

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in any order, in units of 1 / (learning rate x eigenvalue).

    Returns:
      ``FirstOrder``, two arrays (T,) in the unit of the task power: ``width``, the first line on infinite data, and
      ``data``, the second at infinite width without label noise.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Good while the correction is small, t well below N^b or P^b. At t of order one both true coefficients are larger,
    by a share of at most lambda_1 / sum(lambda). Quadrature error below 1e-8 of each.
    Source: Bordelon, Atanasov, Pehlevan (2024). Book: "How finite width builds up", "Test and train part ways".
    """
    check_sizes(spectrum, width=jnp.inf, samples=jnp.inf)
    return FirstOrder(*_first_order(spectrum, require_times(times)))


@jax.jit
def _first_order(spectrum: Spectrum, times: Array) -> tuple[Array, Array]:
    spectrum, times = unit_largest(spectrum, times)
    lam, power = spectrum.eigenvalues, spectrum.task_power

    def coefficients(time: Array) -> tuple[Array, Array]:
        z = CONTOUR.nodes / (2 * time)
        d, _ = complex_dimension(spectrum, z)
        width = 2 * jnp.sum(CONTOUR.weights / (2 * time) * d * ((power * lam) @ (z + lam[:, None]) ** -2.0)).real
        z = CONTOUR.nodes / time
        d, _ = complex_dimension(spectrum, z)
        overlap = 2 * ((1 / (z + lam[:, None])) @ (CONTOUR.weights / time * d)).real
        return width, 2 * jnp.sum(power * jnp.exp(-lam * time) * overlap)

    found = jax.lax.map(coefficients, later_than_zero(spectrum, times))
    width, data = found
    memorised = 2 * power.sum() * (spectrum.counts @ lam) * times
    return jnp.where(times == 0, 0.0, width), jnp.where(times == 0, memorised, data)
