r"""Ensembles: students that share their data, their features, both or neither.

The square of an averaged prediction is an average over pairs of students, and two students correlate through what they
share. In the two-frequency form of `response` this means: where the features are not shared the pair has 1/N = 0, where
the data are not shared it has 1/P = 0 and no common noise, while the effective ridge of each keeps its own N and P.

.. math:: V_{\text{init}} = L_A - L_0, \quad V_{\text{data}} = L_D - L_0, \quad
          V_{\text{both}} = L_{AD} - L_A - L_D + L_0, \qquad \text{bias} = L_0 = \sum_k c_k H_k^2

with A, D, AD and 0 for pairs that share the features, the data, both or nothing.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import as_floats, finite_answer, require_times
from ..._pytree import Numbers
from ...spectra import Spectrum
from ..checks import check_members, check_sizes
from ..results import EnsembleCurves
from .flow import CONTOUR, beginning, later_than_zero, unit_largest
from .response import CONVERGED, Disorder, both_halves, check_converged, differentiable, follow, two_point


@finite_answer
def ensemble(
    spectrum: Spectrum,
    times: Numbers,
    *,
    inits: ArrayLike = 1,
    datasets: ArrayLike = 1,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
    paired: bool = False,
) -> EnsembleCurves:
    r"""Test loss of the average of many students, each trained by gradient flow.

    .. math::
       L &= \text{bias} + \frac{V_{\text{init}}}{E} + \frac{V_{\text{data}}}{D} + \frac{V_{\text{both}}}{E D}, \qquad
       \text{bias} = L_0 = \sum_k c_k H_k^2 \\
       V_{\text{init}} &= L_A - L_0, \qquad V_{\text{data}} = L_D - L_0, \qquad
       V_{\text{both}} = L_{AD} - L_A - L_D + L_0

    Each term is the loss of a pair of students that share nothing, features (A), data (D) or both, from C of
    `gradient_flow`: 1/N = 0 in it where the features are not shared, 1/P = 0 and no noise where the data are not, while
    each effective ridge keeps its own N and P.

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in any order, in units of 1 / (learning rate x eigenvalue).
      inits: E >= 1 draws of features, or ``inf``.
      datasets: D >= 1 data sets of `samples` points each, or ``inf``. Every student of the E x D has one of each.
      width: number of features N >= 1 of one student, or ``inf``.
      samples: training points P >= 1 of one student, or ``inf``.
      noise: variance of the label noise, >= 0.
      paired: E students, each with features and data of its own, instead of all E x D combinations; `inits` and
        `datasets` must then be equal, and the loss is bias + (all three variances) / E.

    Returns:
      ``EnsembleCurves`` of shape (T,): ``test`` of the average, without the noise variance, and ``bias``,
      ``init_variance``, ``data_variance`` and ``both_variance``, which do not depend on E and D.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`, or `paired` that is neither True nor False.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as N, P and the effective dimension grow together. The quadrature error of each part is that of
    `gradient_flow`. Source: Bordelon, Atanasov, Pehlevan (2024). Book: "Ensembling or width".
    """
    check_sizes(spectrum, width=width, samples=samples, noise=noise)
    check_members(inits, datasets, paired)
    times = require_times(times)
    shared, residual = _pairs_that_share(spectrum, times, *(as_floats(x) for x in (width, samples, noise)))
    check_converged(residual)
    bias, init, data, single = shared
    parts = init - bias, data - bias, single - init - data + bias
    e, d = as_floats(inits), as_floats(datasets)
    test = bias + (sum(parts) / e if paired else parts[0] / e + parts[1] / d + parts[2] / (e * d))
    parameters = {"allowed": CONVERGED, "spectrum": spectrum, "width": width, "samples": samples, "noise": noise}
    parameters |= {"inits": inits, "datasets": datasets, "paired": paired}
    return EnsembleCurves(times, test, bias, *parts, residual=residual, parameters=parameters)


@jax.jit
def _pairs_that_share(
    spectrum: Spectrum, times: Array, width: Array, samples: Array, noise: Array
) -> tuple[Array, Array]:
    """Correlated losses of two students that share nothing, features, data, and both: shape (4, T)."""
    disorder = Disorder.of(width, samples, noise)
    spectrum, times = unit_largest(spectrum, times)
    none = jnp.zeros(())
    features = disorder._replace(data=none, noise=none)
    data = disorder._replace(features=none)
    pole = jnp.asarray(CONTOUR.weights / CONTOUR.nodes)
    weights = pole[:, None] * both_halves(pole)

    def losses(at: tuple[Array, Array]) -> Array:
        time, kappa = at
        kappa = differentiable(spectrum, disorder, CONTOUR.nodes / time, kappa)
        four = (Disorder(none, none, none), features, data, disorder)
        return jnp.stack([2 * jnp.sum(weights * (two_point(spectrum, d, kappa, kappa) - d.noise)).real for d in four])

    later = later_than_zero(spectrum, times)
    kappas, residual = follow(spectrum, disorder, lambda time: CONTOUR.nodes / time, later)
    shared = jax.lax.map(losses, (later, kappas)).T
    return jnp.where(times == 0, beginning(spectrum, times), jnp.maximum(shared, 0.0)), residual
