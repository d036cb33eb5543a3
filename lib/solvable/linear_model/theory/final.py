"""The end of training: the static problem, one real frequency. Equations: see ``response``, with z = z'."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import as_floats, finite_answer, require_nonnegative
from ..._pytree import Numbers
from ...numerics.roots import bisect, golden_section
from ...numerics.slopes import without_slopes
from ...spectra import Spectrum
from ..checks import check_sizes
from ..results import FinalLoss
from .response import Disorder, mean_square


def final_loss(
    spectrum: Spectrum,
    *,
    width: Numbers = np.inf,
    samples: Numbers = np.inf,
    noise: Numbers = 0.0,
    ridge: Numbers = 0.0,
) -> FinalLoss:
    r"""Loss after training for ever (``ridge=0``), or at the minimum of the ridge-penalised loss.

    .. math:: L + \sigma^2 = \frac{(1 - d_2/N)(T + \sigma^2) + (d_1 - d_2)\,U/N}
                                  {(1 - d_2/P)(1 - d_2/N) - (d_1 - d_2)^2/(N P)},
              \qquad \hat L = (1 - d_1/P)^2\,(L + \sigma^2)

    at :math:`\delta = \kappa\,(1 - d_1/N)(1 - d_1/P)`, with effective dimensions :math:`d_j(\kappa)`,
    :math:`T = \sum_k c_k F_k^2`, :math:`U = \sum_k c_k F_k G_k`, :math:`F_k = \kappa/(\lambda_k+\kappa) = 1 - G_k`.

    Args:
      spectrum: the K modes; losses come in the unit of their task power.
      width: number of features N >= 1, or ``inf``; one number or an array. The four sizes broadcast.
      samples: training points P >= 1, or ``inf``; one number or an array.
      noise: variance of the label noise, >= 0; one number or an array.
      ridge: strength delta >= 0 of the penalty :math:`\delta |w|^2` added to the mean square error, in the unit of the
        eigenvalues; one number or an array.

    Returns:
      ``FinalLoss``: ``test`` without the label noise and ``train`` with it and without the penalty, of the broadcast
      shape. Without ridge the singular cases are values: ``test`` is ``inf`` at N = P < K, and where N and P are at
      least K it is the limit (0 without noise; with it, noise K / (P - K), which is ``inf`` at P = K). At N = P = K the
      limits ridge -> 0 and t -> inf differ, and the value is that of ridge -> 0.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact as N, P and the effective dimension grow together; corrections are O(1/N, 1/P).
    Source: teacher-student slides of C. Pehlevan (2025); J. Simon et al. (2023). Book: "Three bottlenecks" and
    "Test and train part ways".
    """
    check_sizes(spectrum, scalar=False, width=width, samples=samples, noise=noise)
    require_nonnegative("ridge", ridge)
    test, train = _final_losses(spectrum, *(as_floats(x) for x in (width, samples, noise, ridge)))
    return FinalLoss(test, train)


@finite_answer
def optimal_ridge(
    spectrum: Spectrum, *, width: ArrayLike = np.inf, samples: ArrayLike = np.inf, noise: ArrayLike = 0.0
) -> Array:
    r"""The ridge with the smallest test loss.

    .. math:: \delta_\star = \arg\min_\delta L(\delta), \qquad
              \delta_\star = \frac{\sigma^2}{P\,\bar w^2} \;\text{ if } N = \infty,\; \bar w_k^2 = \bar w^2

    Args:
      spectrum: the K modes.
      width: number of features N >= 1, or ``inf``; one number.
      samples: training points P >= 1, or ``inf``; one number.
      noise: variance of the label noise, >= 0; one number.

    Returns:
      A scalar delta >= 0, in the unit of the eigenvalues; 0 where no ridge helps by more than rounding.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`; and where jax differentiates it, for a search has no derivative
        (that of `final_loss` is 0 at its minimum).
      RuntimeError: where jax is in float32.

    Good to about 1e-6 of itself, and less where the ridge moves the loss by little: a minimum is flat.
    Source: the minimum of `final_loss`; the closed case is Bayes' rule for a Gaussian teacher.
    Book: "Test and train part ways".
    """
    check_sizes(spectrum, width=width, samples=samples, noise=noise)
    sizes = (as_floats(x) for x in (width, samples, noise))
    sentence = "optimal_ridge is a search and has no derivative; differentiate final_loss instead"
    return _optimal_ridge(*without_slopes(sentence, (spectrum, *sizes)))


@jax.jit
def _optimal_ridge(spectrum: Spectrum, width: Array, samples: Array, noise: Array) -> Array:
    def test(log_ridge: Array) -> Array:
        return _final_loss(spectrum, width, samples, noise, jnp.exp(log_ridge))[0]

    trace, power = spectrum.counts @ spectrum.eigenvalues, jnp.maximum(spectrum.task_power.sum(), 1e-300)
    best = golden_section(test, jnp.log(1e-14 * spectrum.eigenvalues.max()), jnp.log(1e4 * trace * (1 + noise / power)))
    return jnp.where(
        test(best) < (1 - 1e-12) * _final_loss(spectrum, width, samples, noise, jnp.zeros(()))[0], jnp.exp(best), 0.0
    )


@jax.jit
def _final_losses(spectrum: Spectrum, *settings: Array) -> tuple[Array, Array]:
    spread = jnp.broadcast_arrays(*settings)
    flat = tuple(setting.ravel() for setting in spread)
    test, train = jax.lax.map(lambda setting: _final_loss(spectrum, *setting), flat)
    return test.reshape(spread[0].shape), train.reshape(spread[0].shape)


def _final_loss(spectrum: Spectrum, width: Array, samples: Array, noise: Array, ridge: Array) -> tuple[Array, Array]:
    lam, power, modes = spectrum.eigenvalues, spectrum.task_power, spectrum.modes
    disorder = Disorder.of(width, samples, noise)
    rank = jnp.minimum(width, samples)
    complete = (ridge == 0) & (rank >= modes)  # every mode is learned: kappa = 0
    singular = (ridge == 0) & (width == samples) & (rank < modes)
    kappa = _effective_ridge(spectrum, disorder, rank, ridge, polish=~(complete | singular))
    # any number where it is not used, so that grad is finite; not 1 - f, which leaves rounding of many small modes
    f, g = (jnp.where(complete, 0.5, share / (lam + kappa)) for share in (kappa, lam))
    counts = spectrum.counts
    x = counts @ (f * g)
    total = mean_square(disorder, s=counts @ (g * g), x=x, x_swapped=x, t=power @ (f * f), u=power @ (f * g))
    data_response = jnp.where((ridge == 0) & (samples <= width), 0.0, 1 - counts @ g * disorder.data)

    spare = jnp.maximum(samples - modes, 0.0)  # data beyond one per mode: they average the noise
    full = jnp.where(noise == 0, 0.0, jnp.where(spare > 0, noise * modes / jnp.where(spare > 0, spare, 1.0), jnp.inf))
    corner = modes * jnp.sum(power / lam) / (3 * jnp.sum(counts / lam))
    full = jnp.where((width == modes) & (samples == modes) & (noise == 0), corner, full)
    test = jnp.where(complete, full, jnp.where(singular, jnp.inf, jnp.maximum(total - noise, 0.0)))
    train = jnp.where(
        complete,
        noise * jnp.maximum(1 - modes * disorder.data, 0.0),
        jnp.where(singular, 0.0, data_response**2 * total),
    )
    return test, train


def _effective_ridge(spectrum: Spectrum, disorder: Disorder, rank: Array, ridge: Array, polish: Array) -> Array:
    """The largest root kappa of ridge = kappa (1 - d/N) (1 - d/P), by bisection in its logarithm."""
    lam, counts = spectrum.eigenvalues, spectrum.counts

    def dimension(log_kappa: Array) -> Array:
        return counts @ (lam / (lam + jnp.exp(log_kappa)))

    def excess(log_kappa: Array) -> Array:
        d = dimension(log_kappa)
        return jnp.exp(log_kappa) * (1 - d * disorder.data) * (1 - d * disorder.features) - ridge

    def below(log_kappa: Array) -> Array:
        return ~((dimension(log_kappa) < rank) & (excess(log_kappa) >= 0))

    top = ridge + counts @ lam * (disorder.data + disorder.features) + lam.max()
    bottom = jnp.minimum(lam.min(), jnp.where(ridge > 0, ridge, jnp.inf)) * 1e-20
    bracket = jax.lax.stop_gradient((jnp.log(bottom), jnp.log(top)))
    log_kappa = jax.lax.stop_gradient(bisect(below, *bracket, halvings=64)[1])
    slope = jax.grad(excess)(log_kappa)
    change = excess(log_kappa) / jnp.where(polish, slope, 1.0)  # a Newton step carries the implicit derivative
    return jnp.exp(log_kappa - jnp.where(polish, change, 0.0))
