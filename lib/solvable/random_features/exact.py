"""The Volterra equation in time, for given features: every step of it, nothing averaged but the batches."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import as_floats, concrete, finite_answer, require, require_float64, require_kind
from .._pytree import Numbers
from ..linear_model.checks import check_batch, check_features, check_rate
from ..linear_model.exact import Basis, basis
from ..results import require_steps
from ..spectra import Spectrum
from .results import Volterra

__all__ = ["volterra"]

MOST = 100_000
"""Steps up to which sums over all earlier ones are made: their number grows as the square."""


@finite_answer
def volterra(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    features: Float[Array, "N K"] | None,
    learning_rate: ArrayLike,
    batch_size: ArrayLike = 1,
) -> Volterra:
    r"""Loss of one-pass SGD for given features, from its Volterra equation in time.

    .. math::
       L_t &= F_t + \sum_{s<t} K_{t-1-s}\, L_s, \qquad
       F_t = L_\infty + \sum_i q_i u_i\, \rho_i^t, \qquad
       K_t = \frac{\eta^2}{B} \sum_i q_i^2\, \rho_i^t \\
       \rho_i &= 1 - 2\eta q_i + \eta^2 (1 + \tfrac1B)\, q_i^2

    with :math:`q_i` the eigenvalues of the student's kernel :math:`A \Lambda A^\top/d`, :math:`u_i` the squares of the
    best weights along its eigenvectors, and :math:`L_\infty` the loss of the best.

    Args:
      spectrum: the v modes.
      steps: step numbers, whole and >= 0, in any order, shape (T,), at most 100,000, known to Python; or one whole
        number: all up to it.
      features: A, shape (d, v), unit Gaussians for the model of the theory, a column for each mode; None is infinite
        width.
      learning_rate: eta > 0, of half the gradient of the batch's mean square error; in units of 1 / eigenvalue.
      batch_size: B >= 1 fresh samples a step.

    Returns:
      `Volterra` of shape (T,), with the floor, and without what only a theory has.

    Raises:
      ValueError: for an argument out of range, features of a spectrum with multiplicity, or a learning rate at which
        the loss leaves float64 in these steps.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32.

    Exact for Gaussian data. Costs O(d max(steps) + max(steps)^2); `linear_model.exact.sgd` has the same loss without
    the second. Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024). Book: "Noise that feeds on the loss".
    """
    require_float64()
    require_kind("spectrum", spectrum, Spectrum)
    numbers = require_steps(steps)
    require("steps", steps, f"at most {MOST} where every earlier step is summed", lambda x: x <= MOST)
    check_rate(learning_rate)
    check_batch(batch_size)
    features = check_features(spectrum, features)
    last = int(numbers.max())
    rows = _volterra(basis(spectrum, features), as_floats(learning_rate), as_floats(batch_size), last)
    loss = concrete(rows["loss"])
    if loss is not None and not np.isfinite(loss).all():
        raise ValueError(f"learning_rate must be smaller; got {learning_rate}, and the loss grows without end")
    floor = rows.pop("floor")
    taken = {name: row[numbers.astype(int)] for name, row in rows.items()}
    parameters = {"spectrum": spectrum, "learning_rate": learning_rate, "batch_size": batch_size}
    return Volterra(jnp.asarray(numbers), **taken, floor=floor, parameters=parameters)


@partial(jax.jit, static_argnums=3)
def _volterra(student: Basis, eta: Array, batch: Array, last: int) -> dict[str, Array]:
    q, start = student.rates, student.rates * student.target**2
    rho = 1 - 2 * eta * q + eta**2 * (1 + 1 / batch) * q**2

    def fall(left: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        return left * rho, (student.irreducible + start @ left, eta**2 / batch * (student.counts * q**2 @ left))

    _, (forcing, kernel) = jax.lax.scan(fall, jnp.ones_like(q), length=last + 1)
    memory = jnp.concatenate([kernel[::-1], jnp.zeros(last + 1)])

    def step(t: Array, rows: tuple[Array, Array]) -> tuple[Array, Array]:
        """K_{t-1-s} stands beside row s, and zeros beside what is still to come."""
        fed, loss = rows
        past = jax.lax.dynamic_slice(memory, (last + 1 - t,), (last + 1,))
        return fed.at[t].set(past @ forcing), loss.at[t].add(past @ loss)

    fed, loss = jax.lax.fori_loop(0, last + 1, step, (jnp.zeros_like(forcing), forcing))
    began = jnp.arange(last + 1) > 0
    kesten = jnp.where(began, (loss - forcing) / jnp.where(began, fed, 1.0), 1.0)
    curves = {"forcing": forcing, "kernel": kernel, "fed_back": fed, "loss": loss, "kesten": kesten}
    return curves | {"floor": student.irreducible}
