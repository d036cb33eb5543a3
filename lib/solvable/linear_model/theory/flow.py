"""Gradient flow: the loss curve and the missed part of each mode, by inverting the Laplace transform of `response`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, finite_answer, require_times
from ..._pytree import Numbers
from ...numerics.laplace import talbot
from ...spectra import Spectrum
from ..checks import check_sizes
from ..results import LossCurves
from .response import CONVERGED, Disorder, check_converged, differentiable, follow, losses, missed

CONTOUR = talbot(20)


@finite_answer
def gradient_flow(
    spectrum: Spectrum,
    times: Numbers,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
) -> LossCurves:
    r"""Test and train loss of gradient flow, averaged over features and data.

    .. math::
       L(t) &= \frac{1}{(2\pi i)^2}\iint \frac{e^{(z+z')t}}{z z'}\,\big[C(z,z') - \sigma^2\big]\,dz\,dz' \\
       \hat L(t) &= \frac{1}{(2\pi i)^2}\iint \frac{e^{(z+z')t}}{z z'}\,R_1 R_1'\, C\,dz\,dz' \\
       C &= \frac{(1 - S/N)(T + \sigma^2) + X U/N}{(1 - S/P)(1 - S/N) - X X^\top/(N P)}, \qquad
       z = \kappa R_1 R_3, \quad R_1 = 1 - \frac{d_1(\kappa)}{P}, \quad R_3 = 1 - \frac{d_1(\kappa)}{N}

    Frequency z misses mode k to the fraction :math:`F_k = \kappa/(\lambda_k + \kappa)` and learns
    :math:`G_k = 1 - F_k`; :math:`d_1(\kappa)` is the effective dimension, and two frequencies meet in
    :math:`S = \sum_k G_k G'_k`, :math:`X = \sum_k F_k G'_k`, :math:`X^\top = \sum_k G_k F'_k`,
    :math:`T = \sum_k c_k F_k F'_k` and :math:`U = \sum_k c_k G_k F'_k`.

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in any order, in units of 1 / (learning rate x eigenvalue).
      width: number of features N >= 1; ``inf`` is the kernel limit. It may exceed K and need not be whole.
      samples: training points P >= 1; ``inf`` is the population.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,): ``test`` excludes the noise variance and ``train`` includes it, so that with
      infinite samples train = test + noise. At t = 0, test is the whole task power.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as N, P and the effective dimension grow together; corrections are O(1/N, 1/P), and early on they are
    lambda_1 / sum(lambda) of the 1/N and 1/P terms themselves. The quadrature error is below 1e-8 of the loss plus
    1e-11 of the initial loss; losses below 1e-13 of the initial one are rounding.
    Nothing is compiled anew when values change, only when the number of times or modes does.
    Source: Bordelon, Atanasov, Pehlevan (2024), ICML. Book: "A model you can solve".
    """
    check_sizes(spectrum, width=width, samples=samples, noise=noise)
    times = require_times(times)
    test, train, residual = _gradient_flow(spectrum, times, as_floats(width), as_floats(samples), as_floats(noise))
    check_converged(residual)
    parameters = {"allowed": CONVERGED, "spectrum": spectrum, "width": width, "samples": samples, "noise": noise}
    return LossCurves(times, test, train, residual=residual, parameters=parameters)


@jax.jit
def _gradient_flow(
    spectrum: Spectrum, times: Array, width: Array, samples: Array, noise: Array
) -> tuple[Array, Array, Array]:
    disorder = Disorder.of(width, samples, noise)
    spectrum, times = unit_largest(spectrum, times)
    lam, power = spectrum.eigenvalues, spectrum.task_power
    pole = jnp.asarray(CONTOUR.weights / CONTOUR.nodes)  # W_j / Z_j, the weight of 1/z at any time

    @jax.checkpoint
    def at(time: Array, kappa: Array) -> tuple[Array, Array]:
        z = CONTOUR.nodes / time
        return losses(spectrum, disorder, z, differentiable(spectrum, disorder, z, kappa), pole)

    later = later_than_zero(spectrum, times)
    kappas, residual = follow(spectrum, disorder, lambda time: CONTOUR.nodes / time, later)
    test, train = jax.lax.map(lambda pair: at(*pair), (later, kappas))
    unlimited = (disorder.features == 0) & (disorder.data == 0)
    decay = jax.lax.map(lambda time: power @ jnp.exp(-2 * lam * time), times)
    test = jnp.where(times == 0, beginning(spectrum, times), jnp.where(unlimited, decay, test))
    start = power.sum() + noise
    memorised = 2 * disorder.data * (spectrum.counts @ lam) * start * times
    first = beginning(spectrum, times) + noise - memorised
    train = jnp.where(times == 0, first, jnp.where(disorder.data == 0, test + noise, train))
    return test, train, residual


@finite_answer
def mode_errors(
    spectrum: Spectrum,
    times: Numbers,
    *,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
) -> Float[Array, "T K"]:
    r"""How much of each mode is still missed on average: the bias, mode by mode.

    .. math:: H_k(t) = \frac{E[(y - f)\,\psi_k]}{E[y\,\psi_k]}
              = \frac{1}{2\pi i}\int \frac{e^{zt}}{z}\,\frac{\kappa(z)}{\kappa(z)+\lambda_k}\,dz, \qquad
              z = \kappa \Big(1 - \frac{d_1(\kappa)}{N}\Big)\Big(1 - \frac{d_1(\kappa)}{P}\Big)

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in any order, in units of 1 / (learning rate x eigenvalue).
      width: number of features N >= 1, or ``inf``.
      samples: training points P >= 1, or ``inf``.

    Returns:
      An array (T, K): 1 at t = 0, ``exp(-lambda_k t)`` where width and samples are infinite. Label noise does not
      enter. The loss of an infinite ensemble over features and data is :math:`\sum_k c_k H_k^2`.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as N, P and the effective dimension grow together.
    Source: Bordelon, Atanasov, Pehlevan (2024). Book: "Three bottlenecks" and "Mode by mode".
    """
    check_sizes(spectrum, width=width, samples=samples)
    times = require_times(times)
    errors, residual = _mode_errors(spectrum, times, as_floats(width), as_floats(samples))
    check_converged(residual)
    return errors


@jax.jit
def _mode_errors(spectrum: Spectrum, times: Array, width: Array, samples: Array) -> tuple[Array, Array]:
    disorder = Disorder.of(width, samples, jnp.zeros(()))
    spectrum, times = unit_largest(spectrum, times)
    lam = spectrum.eigenvalues
    pole = CONTOUR.weights / CONTOUR.nodes

    @jax.checkpoint
    def errors(time: Array, kappa: Array) -> Array:
        re, im = missed(spectrum, differentiable(spectrum, disorder, CONTOUR.nodes / time, kappa))
        return 2 * (pole.real @ re - pole.imag @ im)

    later = later_than_zero(spectrum, times)
    kappas, residual = follow(spectrum, disorder, lambda time: CONTOUR.nodes / time, later)
    theory = jax.lax.map(lambda at: errors(*at), (later, kappas))
    unlimited = (disorder.features == 0) & (disorder.data == 0)
    theory = jnp.where(unlimited, jnp.exp(-lam * times[:, None]), theory)
    return jnp.where(times[:, None] == 0, 1.0 - lam * times[:, None], theory), residual


def unit_largest(spectrum: Spectrum, times: Array) -> tuple[Spectrum, Array]:
    """The same problem in the unit of its largest eigenvalue, so that no scale over- or underflows."""
    unit = jax.lax.stop_gradient(spectrum.eigenvalues.max())
    leaves, tree = jax.tree.flatten(spectrum)
    return jax.tree.unflatten(tree, [spectrum.eigenvalues / unit, *leaves[1:]]), times * unit


def beginning(spectrum: Spectrum, times: Array) -> Array:
    """The loss at t = 0, with the slope that every student has there on average."""
    return spectrum.task_power.sum() - 2 * (spectrum.eigenvalues @ spectrum.task_power) * times


def later_than_zero(spectrum: Spectrum, times: Array) -> Array:
    """Times, with t = 0 moved to where nothing has been learned yet in float64."""
    return jnp.maximum(times, 1e-20 / (spectrum.counts @ spectrum.eigenvalues))
