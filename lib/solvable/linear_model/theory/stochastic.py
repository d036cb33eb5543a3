r"""One-pass SGD: every batch is new, so there is no training set, and the noise of the batches is the third disorder.

For given features the expected loss obeys a Volterra equation; summed with powers of 1/zeta it is algebra,

.. math:: \hat L = \hat F + \frac{\eta^2}{B}\,\hat K\,\Big(\hat L + \frac{\sigma^2}{\zeta - 1}\Big), \qquad
          \rho(q) = 1 - 2\eta q + \eta^2 c\, q^2, \quad c = 1 + \frac1B

with F the loss of the averaged gradient and K the response to noise, both sums of 1/(zeta - rho(q)) over the
eigenvalues q of the student's kernel. Partial fractions at the two roots z of rho(-z) = zeta leave resolvents, whose
averages over features are known:

.. math:: g_F(z) = \frac1z \sum_k c_k F_k(z), \qquad g_K(z) = -z\, d(\kappa(z)), \qquad
          \hat F = \frac{g_F(z_-) - g_F(z_+)}{\eta^2 c\,(z_- - z_+)}, \quad \hat K \text{ likewise.}
"""

from __future__ import annotations

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
    complex_dimension,
    differentiable,
    follow,
    kappa_at,
    missed,
)
from .stability import sgd_stability_limit

CONTOUR = talbot(20)
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

    Exact as N and the effective dimension grow together, at any batch size. The quadrature error is below 1e-8 of
    the loss plus 1e-10 of the initial loss. Costs the same at any step, and with ``binned=True`` at any K.
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
    disorder = Disorder.of(width, jnp.asarray(jnp.inf), noise)

    c = 1 + 1 / batch

    def frequencies(zeta_minus_1: Array) -> Array:
        """z_- and the conjugate of z_+, both in the upper half plane."""
        root = jnp.sqrt(1 + c * zeta_minus_1)
        return jnp.concatenate([zeta_minus_1 / ((1 + root) * eta), -(1 + root).conj() / (c * eta)])

    def transform(zeta_minus_1: Array, kappa: Array) -> Array:
        """zeta x L-hat."""
        z = frequencies(zeta_minus_1)
        f = jax.lax.complex(*(missed(spectrum, kappa) @ spectrum.task_power)) / z
        k = -z * complex_dimension(spectrum, kappa)[0]
        (z_slow, z_fast), (f_slow, f_fast), (k_slow, k_fast) = (x.reshape(2, -1) for x in (z, f, k))
        gap = eta**2 * c * (z_slow - z_fast.conj())
        f_hat, k_hat = (f_slow - f_fast.conj()) / gap, (k_slow - k_fast.conj()) / gap * eta**2 / batch
        return (1 + zeta_minus_1) * (f_hat + noise * k_hat / zeta_minus_1) / (1 - k_hat)

    def contour(step: Array) -> Array:
        return frequencies(jnp.expm1(CONTOUR.nodes / step))

    many = jnp.maximum(steps, FEW)
    nodes, weight = circle(FEW)
    both = jnp.concatenate([frequencies(jnp.asarray(nodes - 1)), contour(many.min())])
    kappa, worst = kappa_at(spectrum, disorder, both)
    kappa, first = jnp.split(kappa, [2 * len(nodes)])
    kappa = differentiable(spectrum, disorder, both[: 2 * len(nodes)], kappa)
    few = jnp.minimum(steps, FEW)
    values = weight * transform(jnp.asarray(nodes - 1), kappa)
    early = 2 * jnp.sum(values * jnp.exp(few[:, None] * np.log(nodes)), axis=1).real

    def late(at: tuple[Array, Array]) -> Array:
        step, kappa = at
        kappa = differentiable(spectrum, disorder, contour(step), kappa)
        return 2 * jnp.sum(CONTOUR.weights / step * transform(jnp.expm1(CONTOUR.nodes / step), kappa)).real

    kappas, residual = follow(spectrum, disorder, contour, many, first)
    test = jnp.where(steps < FEW, early, jax.lax.map(late, (many, kappas)))
    return jnp.maximum(test, 0.0), jnp.maximum(worst, residual)
