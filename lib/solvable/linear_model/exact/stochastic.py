"""One-pass SGD of one student, averaged over all batches that it might see."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, concrete
from ..._pytree import Numbers
from ...numerics.stepping import read_off
from ...results import LossCurves, require_steps
from ...spectra import Spectrum
from ..checks import check_rate, check_walked
from .student import Basis, basis, check_student


def sgd(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    features: Float[Array, "N K"] | None,
    learning_rate: ArrayLike,
    batch_size: ArrayLike,
    noise: ArrayLike = 0.0,
) -> LossCurves:
    r"""Expected loss of one-pass SGD for given features, over all batches it might see.

    .. math:: L_t = L_\infty + \sum_i q_i u_i, \qquad
              u_i \leftarrow \big(1 - 2\eta q_i + \eta^2 q_i^2 (1 + \tfrac1B)\big)\,u_i
              + \frac{\eta^2}{B}\, q_i\,(L_t + \sigma^2)

    with :math:`q_i` the eigenvalues of the kernel :math:`A \Lambda A^\top/N`, :math:`u_i` the mean square distance of
    the weights from the best ones along its eigenvectors, and :math:`L_\infty` the loss of the best. The last term
    stands m_i times where m_i modes share an eigenvalue and u_i is their sum.

    Args:
      spectrum: the K modes.
      steps: step numbers, whole and >= 0, in any order, shape (T,); or one whole number: all up to it.
      features: A, shape (N, K), unit Gaussians for the model of the theory, a column for each mode; None is infinite
        width.
      learning_rate: eta > 0, multiplies half the gradient of the batch's mean square error; in units of 1 / eigenvalue.
      batch_size: B >= 1 fresh samples a step.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), whose ``times`` are the step numbers; ``test`` excludes the noise variance, and
      ``train`` is test + noise.

    Raises:
      ValueError: for an argument out of range, features of a spectrum with multiplicity, or a learning rate at which
        the loss leaves float64 in these steps.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for Gaussian data at any size. Costs O(N K + N max(steps)), and O(N^2 (K + N)) once for the eigenvectors.
    Source: the moments of the model's definition; summed over i they are the Volterra equation of E. Paquette,
    C. Paquette, L. Xiao, J. Pennington (2024). Book: "Fresh data: one-pass SGD".
    """
    features = check_student(spectrum, features, batch_size, noise)
    numbers = require_steps(steps, known=False)
    check_walked(steps)
    check_rate(learning_rate)
    rotated = basis(spectrum, features)
    losses = moments(rotated, jnp.asarray(numbers), *(as_floats(x) for x in (learning_rate, batch_size, noise)))
    known = concrete(losses)
    if known is not None and not np.isfinite(known).all():
        raise ValueError(f"learning_rate must be smaller; got {learning_rate}, and the loss grows without end")
    parameters = {"spectrum": spectrum, "learning_rate": learning_rate, "batch_size": batch_size, "noise": noise}
    return LossCurves(jnp.asarray(numbers), losses, losses + as_floats(noise), parameters=parameters)


@jax.jit
def moments(student: Basis, steps: Array, eta: Array, batch: Array, noise: Array) -> Float[Array, " T"]:
    """The recursion, from each step asked for to the next."""
    q, eta_q = student.rates, eta * student.rates

    def loss(u: Array) -> Array:
        return student.irreducible + q @ u

    def step(_: Array, u: Array) -> Array:
        noisy = student.counts * eta / batch * eta_q * (loss(u) + noise)
        return (1 - 2 * eta_q + eta_q**2 * (1 + 1 / batch)) * u + noisy

    return read_off(step, loss, student.target**2, steps)
