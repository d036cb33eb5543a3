r"""One-pass SGD: every batch is new, so there is no training set, and the noise of the batches is the third disorder.

For given features the expected loss obeys a Volterra equation; summed with powers of 1/zeta it is algebra,

.. math:: \hat L = \hat F + \frac{\eta^2}{B}\,\hat K\,\Big(\hat L + \frac{\sigma^2}{\zeta - 1}\Big), \qquad
          \rho(q) = 1 - 2\eta q + \eta^2 c\, q^2, \quad c = 1 + \frac1B

with F the loss of the averaged gradient and K the response to noise, both sums of 1/(zeta - rho(q)) over the
eigenvalues q of the student's kernel. Partial fractions at the two roots z of rho(-z) = zeta leave resolvents, whose
averages over features are known:

.. math:: g_F(z) = \frac1{R_3} \sum_k \frac{c_k}{\lambda_k + \kappa}, \qquad g_K(z) = -z\, d(\kappa), \qquad
          \hat F = \frac{g_F(z_-) - g_F(z_+)}{\eta^2 c\,(z_- - z_+)}, \quad \hat K \text{ likewise.}

The error of a contour is relative to the mean of the loss over all times so far, which a loss that falls faster than
1/t is far below. So t L(t) is inverted, whose transform is the slope :math:`-d(\zeta \hat L)/d\ln\zeta`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import as_floats, finite_answer
from ..._pytree import Numbers
from ...numerics.laplace import circle, talbot
from ...results import LossCurves, require_steps
from ...spectra import Spectrum
from ..checks import check_batch, check_rate, check_sizes, require_below
from .response import (
    CONVERGED,
    Disorder,
    check_converged,
    differentiable,
    follow,
    kappa_at,
)
from .stability import sgd_stability_limit

CONTOUR = talbot(24)
FEW = 8  # steps below this are read off a circle, the others off Talbot's contour in log zeta


@finite_answer
def sgd(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    batch_size: ArrayLike,
    width: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
) -> LossCurves:
    r"""Test loss of one-pass SGD, averaged over batches and features.

    .. math::
       w(t+1) &= w(t) + \frac{\eta}{B} \sum_{\mu=1}^{B} \big(y_\mu - f_\mu\big)\,\phi_\mu, \qquad
       L(t) = \frac{1}{2\pi i} \oint \zeta^t\, \hat L(\zeta)\, d\zeta \\
       \hat L &= \hat F + \frac{\eta^2}{B}\,\hat K\,\Big(\hat L + \frac{\sigma^2}{\zeta - 1}\Big), \qquad
       \hat F = \frac{g_F(z_-) - g_F(z_+)}{\eta^2 c\,(z_- - z_+)}, \quad \hat K \text{ likewise with } g_K \\
       g_F(z) &= \frac1z \sum_k \frac{c_k\,\kappa}{\lambda_k + \kappa}, \qquad g_K(z) = -z\, d_1(\kappa), \qquad
       z = \kappa \Big(1 - \frac{d_1(\kappa)}{N}\Big)

    at the two roots :math:`z_\mp` of :math:`1 + 2\eta z + \eta^2 c z^2 = \zeta`, with :math:`c = 1 + 1/B`. Here
    :math:`\hat L(\zeta)` is the sum of :math:`\zeta^{-t-1} L(t)`, no train loss.

    Args:
      spectrum: the K modes.
      steps: step numbers, whole and >= 0, in any order, shape (T,); or one whole number: all up to it.
      learning_rate: eta > 0, multiplies half the gradient of the batch's mean square error; in units of
        1 / eigenvalue.
      batch_size: B >= 1 fresh samples a step.
      width: number of features N >= 1, or ``inf``.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), whose ``times`` are the step numbers. ``test`` excludes the noise variance;
      ``train``, the loss on a batch before it is used, is test + noise.

    Raises:
      ValueError: for an argument out of range, or a learning rate at or past `sgd_stability_limit`, which is named.
        (A traced learning rate is not checked.)
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as N and the effective dimension grow together, at any batch size. The quadrature error is below 1e-9 of the
    loss, at any step to 1e12 where it falls as a power of the step; a loss that has fallen exponentially is right to
    1e-10 of the initial one. Costs the same at any step, and with ``binned=True`` at any K.
    Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024); Bordelon, Atanasov, Pehlevan (2024).
    Book: "Fresh data: one-pass SGD".
    """
    check_sizes(spectrum, width=width, noise=noise, samples=np.inf)
    steps = jnp.asarray(require_steps(steps, known=False))
    check_rate(learning_rate)
    check_batch(batch_size)
    require_below("learning_rate", learning_rate, sgd_stability_limit(spectrum, batch_size=batch_size, width=width))
    eta, batch, features, variance = (as_floats(x) for x in (learning_rate, batch_size, width, noise))
    test, residual = _sgd(spectrum, steps, eta, batch, features, variance)
    check_converged(residual)
    parameters = {"allowed": CONVERGED, "spectrum": spectrum, "width": width, "noise": noise}
    parameters |= {"learning_rate": learning_rate, "batch_size": batch_size}
    return LossCurves(steps, test, test + variance, residual=residual, parameters=parameters)


@jax.jit
def _sgd(spectrum: Spectrum, steps: Array, eta: Array, batch: Array, width: Array, noise: Array) -> tuple[Array, Array]:
    def loss(zeta_minus_1: Array, f: Array, k: Array) -> Array:
        return ((f + k * noise / zeta_minus_1) / (1 - k))[None]

    (test,), residual = inverted(spectrum, steps, eta, batch, width, loss)
    return jnp.maximum(test, 0.0), residual


def inverted(
    spectrum: Spectrum, steps: Array, eta: Array, batch: Array, width: Array, combine: Callable[..., Array]
) -> tuple[Array, Array]:
    """Functions of the steps, (rows, T), from what `combine` makes of zeta - 1, F-hat and eta^2/B K-hat: (rows, J).

    And the largest residual. Steps from `FEW` on need not be whole.
    """
    student = Transforms(spectrum, Disorder.of(width, jnp.asarray(jnp.inf), jnp.zeros(())), eta, batch)
    many = jnp.maximum(steps, FEW)
    nodes, weight = circle(FEW)
    around = jnp.asarray(nodes - 1)
    both = jnp.concatenate([student.frequencies(around), student.contour(many.min())])
    kappa, worst = kappa_at(spectrum, student.disorder, both)
    kappa, first = jnp.split(kappa, [2 * len(nodes)])
    kappa = differentiable(spectrum, student.disorder, both[: 2 * len(nodes)], kappa)
    few = jnp.minimum(steps, FEW)
    values = weight * student.of(around, kappa, combine)[0]
    early = 2 * (values @ jnp.exp(np.log(nodes)[:, None] * few)).real

    kappas, residual = follow(spectrum, student.disorder, student.contour, many, first)
    later = jax.lax.map(lambda at: student.late(at[0], at[1], combine), (many, kappas)).T
    return jnp.where(steps < FEW, early, later), jnp.maximum(worst, residual)


class Transforms(NamedTuple):
    """All that one-pass SGD knows of a width: where its transforms are read, and what they are there."""

    spectrum: Spectrum
    disorder: Disorder
    eta: Array
    batch: Array

    def frequencies(self, zeta_minus_1: Array) -> Array:
        """z_- and the conjugate of z_+, both in the upper half plane."""
        c = 1 + 1 / self.batch
        root = jnp.sqrt(1 + c * zeta_minus_1)
        return jnp.concatenate([zeta_minus_1 / ((1 + root) * self.eta), -(1 + root).conj() / (c * self.eta)])

    def contour(self, step: Array) -> Array:
        """The frequencies of Talbot's contour."""
        return self.frequencies(jnp.expm1(CONTOUR.nodes / step))

    def of(self, zeta_minus_1: Array, kappa: Array, combine: Callable[..., Array]) -> tuple[Array, Array]:
        """zeta x what `combine` makes of the two transforms, and its slope in s = ln zeta."""
        eta, c = self.eta, 1 + 1 / self.batch
        zeta, root = 1 + zeta_minus_1, jnp.sqrt(1 + c * zeta_minus_1)
        gap, widens = 2 * eta * root, c * zeta / (2 * root**2)  # eta^2 c (z_- - z_+), and d ln(gap) / ds

        def divided(values: Array, slopes: Array) -> tuple[Array, Array]:
            """[g(z_-) - g(z_+)] / gap and its slope: dz_-/ds = -dz_+/ds = zeta / gap."""
            (slow, fast), (slow_slope, fast_slope) = (one.reshape(2, -1) for one in (values, slopes))
            ratio = (slow - fast.conj()) / gap
            return ratio, (slow_slope + fast_slope.conj()) * zeta / gap**2 - ratio * widens

        of_f, of_k = resolvents(self.spectrum, self.disorder, kappa)
        (f, f_slope), (k, k_slope) = divided(*of_f), (eta**2 / self.batch * one for one in divided(*of_k))
        value, slope = jax.jvp(combine, (zeta_minus_1, f, k), (zeta, f_slope, k_slope))
        return zeta * value, zeta * (value + slope)

    def late(self, step: Array, kappa: Array, combine: Callable[..., Array]) -> Array:
        """What is asked for, shape (rows,), at a step from `FEW` on whose contour has these kappa."""
        kappa = differentiable(self.spectrum, self.disorder, self.contour(step), kappa)
        _, slope = self.of(jnp.expm1(CONTOUR.nodes / step), kappa, combine)
        return -2 * (slope @ (CONTOUR.weights / step)).real / step


def resolvents(spectrum: Spectrum, disorder: Disorder, kappa: Array) -> tuple[tuple[Array, Array], ...]:
    """g_F and its slope in z, then g_K and its slope; nothing is the difference of two that are nearly alike."""
    x, y = kappa.real[:, None] + spectrum.eigenvalues, kappa.imag[:, None]
    norm = 1 / (x * x + y * y)
    re, im = x * norm, -y * norm  # 1 / (kappa + lambda)

    def sums(weights: Array) -> tuple[Array, Array]:
        """Of weights / (kappa + lambda), and of its square."""
        square = (re * re - im * im) @ weights, (2 * re * im) @ weights
        return jax.lax.complex(re @ weights, im @ weights), jax.lax.complex(*square)

    (power, squares), (d, steepness) = sums(spectrum.task_power), sums(spectrum.counts * spectrum.eigenvalues)
    r3, crowd = 1 - d * disorder.features, steepness * disorder.features
    slope = 1 / (r3 + kappa * crowd)  # of kappa
    of_f = power / r3, -slope * (squares + crowd * power / r3) / r3
    return of_f, (-kappa * r3 * d, kappa * r3 * steepness * slope - d)
