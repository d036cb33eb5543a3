r"""The learning rates at which training starts to diverge: the edge of the averaged spectrum of a student's kernel."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import as_floats, finite_answer
from ...numerics.roots import bisect, golden_section
from ...spectra import Spectrum
from ..checks import check_batch, check_momentum, check_sizes


@finite_answer
def stability_limit(
    spectrum: Spectrum, *, momentum: ArrayLike = 0.0, width: ArrayLike = np.inf, samples: ArrayLike = np.inf
) -> Array:
    r"""The learning rate at which full-batch descent starts to diverge.

    .. math:: \eta_{\max} = \frac{2 (1 + \beta)}{q_{\max}}, \qquad
              q_{\max} = \min_{x > \lambda_1} x \Big(1 + \frac{D}{N}\Big)\Big(1 + \frac{D}{P}\Big), \quad
              D = \sum_k \frac{\lambda_k}{x - \lambda_k}

    where q_max is the upper edge of the averaged spectrum of a student's kernel on its data.

    Args:
      spectrum: the K modes.
      momentum: beta of heavy ball, >= 0 and < 1.
      width: number of features N >= 1, or ``inf``.
      samples: training points P >= 1, or ``inf``.

    Returns:
      A scalar, in units of 1 / eigenvalue.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for the averaged spectrum. The average spreads each eigenvalue into a band; a single student's largest
    eigenvalue scatters about lambda_1 by a share sqrt(2/N + 2/P), mostly below that edge.
    Source: the edge of the self-consistent equation of Bordelon, Atanasov, Pehlevan (2024), at negative kappa.
    Book: "What a batch buys".
    """
    check_sizes(spectrum, width=width, samples=samples)
    check_momentum(momentum, known=False)
    _, largest = edge(spectrum, *(as_floats(x) for x in (width, samples)))
    return 2 * (1 + as_floats(momentum)) / largest


@jax.jit
def edge(spectrum: Spectrum, width: ArrayLike, samples: ArrayLike) -> tuple[Array, Array]:
    """Minus the edge of z(kappa) on kappa = -x < -lambda_1: log(x / lambda_1 - 1) there, and the eigenvalue q_max."""
    largest = spectrum.eigenvalues.max()
    lam, counts = spectrum.eigenvalues / largest, spectrum.counts

    def minus_z(log_gap: Array) -> Array:
        x = 1 + jnp.exp(log_gap)
        d = counts @ (lam / (x - lam))
        return x * (1 + d / width) * (1 + d / samples)

    top = jnp.log(1 + counts @ lam * (1 / width + 1 / samples)) + 5
    log_gap = golden_section(minus_z, jnp.asarray(-36.0), top)
    return log_gap, largest * minus_z(log_gap)


@finite_answer
def sgd_stability_limit(spectrum: Spectrum, *, batch_size: ArrayLike, width: ArrayLike = np.inf) -> Array:
    r"""The learning rate from which the loss of one-pass SGD grows without end.

    .. math:: \frac{\eta^2}{B} \sum_t K_t = \frac{\eta}{B} \sum_q \frac{q}{2 - c\,\eta\,q} = 1
              \quad\Longleftrightarrow\quad \eta = \frac{2}{c\,x\,(1 + D/N)}, \qquad
              D = \sum_k \frac{\lambda_k}{x - \lambda_k} = B + 1, \qquad c = 1 + \frac1B

    with K_t what a unit of noise adds to the loss t steps later, and q the eigenvalues of the student's kernel; or the
    edge of their spectrum, where this comes first. Where many modes matter and the batch is small it is about
    2 B / tr(Lambda).

    Args:
      spectrum: the K modes.
      batch_size: B >= 1 and finite, samples a step.
      width: number of features N >= 1, or ``inf``.

    Returns:
      A scalar, in units of 1 / eigenvalue.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact as N and the effective dimension grow together, at any batch size.
    Source: the condition of E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024), averaged over features.
    Book: "Fresh data: one-pass SGD" and "What a batch buys".
    """
    check_sizes(spectrum, width=width, samples=np.inf)
    check_batch(batch_size)
    return _sgd_limit(spectrum, as_floats(batch_size), as_floats(width))


@jax.jit
def _sgd_limit(spectrum: Spectrum, batch: Array, width: Array) -> Array:
    largest, trace = spectrum.eigenvalues.max(), spectrum.counts @ spectrum.eigenvalues
    lam = spectrum.eigenvalues

    def dimension(log_gap: Array) -> Array:
        return spectrum.counts @ (lam / (largest * jnp.exp(log_gap) + (largest - lam)))

    low, high = bisect(lambda middle: dimension(middle) > batch + 1, -40.0, jnp.log(1 + trace / largest))
    middle = jax.lax.stop_gradient((low + high) / 2)
    # a last step of Newton's, since halving an interval has no slope
    middle -= (dimension(middle) - (batch + 1)) / jax.lax.stop_gradient(jax.grad(dimension)(middle))
    gap = jnp.maximum(middle, edge(spectrum, width, jnp.inf)[0])
    return 2 / ((1 + 1 / batch) * largest * (1 + jnp.exp(gap)) * (1 + dimension(gap) / width))
