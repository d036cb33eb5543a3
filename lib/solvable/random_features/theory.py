r"""The Volterra equation of one-pass SGD, averaged over random features: its parts, and the measures behind them.

.. math:: L = F + K * L, \qquad \hat F = \frac{g_F(z_-) - g_F(z_+)}{\eta^2 c\,(z_- - z_+)}, \quad
          \hat K \text{ likewise with } g_K, \qquad \widehat{K * F} = \hat K \hat F, \quad
          \hat L = \frac{\hat F}{1 - \hat K}

The transforms are those of `linear_model.theory.sgd`; a limit of endless width, or a late time, leaves sums over modes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import as_floats, concrete, finite_answer, require, require_shape
from .._pytree import Numbers
from ..linear_model.checks import check_batch, check_rate, check_sizes, require_below
from ..linear_model.theory import final_loss, sgd_stability_limit
from ..linear_model.theory.response import CONVERGED, Disorder, check_converged, differentiable, kappa_at, solve_from
from ..linear_model.theory.stability import edge
from ..linear_model.theory.stochastic import inverted, resolvents
from ..numerics.roots import bisect
from ..results import require_steps
from ..spectra import Spectrum, largest
from .results import Measures, Volterra

__all__ = ["measures", "volterra"]

ABOVE = 1e-9  # the axis, in units of the eigenvalue
DOWN = 2.0  # largest ratio of neighbouring heights


@finite_answer
def volterra(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    batch_size: ArrayLike = 1,
    width: ArrayLike = np.inf,
) -> Volterra:
    r"""Loss of one-pass SGD as what falls by itself and what its own noise feeds, averaged over features.

    .. math::
       L &= F + K * L, \qquad (K * L)(t) = \sum_{s<t} K_{t-1-s}\, L(s) \\
       F &\approx F_0 + F_{pp} + F_{ac}, \qquad K \approx K_{pp} \\
       F_0 &= \kappa \sum_j \frac{c_j}{\lambda_j + \kappa} \;\text{ at } d_1(\kappa) = d, \qquad
       F_{pp} = \sum_{j \le d} c_j\, e^{-2\eta t \lambda_j} \\
       F_{ac} &= \frac1d \sum_j \frac{c_j}{\lambda_j} \sum_{j \le d} \lambda_j\, e^{-2\eta t \lambda_j}, \qquad
       K_{pp} = \frac{\eta^2}{B} \sum_j \lambda_j^2\, e^{-2\eta t \lambda_j}

    Args:
      spectrum: the v modes; `random_features.spectrum` makes it of two exponents.
      steps: step numbers, whole and >= 0, in any order, shape (T,); or one whole number: all up to it.
      learning_rate: eta > 0, of half the gradient of the batch's mean square error; in units of 1 / eigenvalue.
      batch_size: B >= 1 fresh samples a step.
      width: d >= 1 random features, at most v, or ``inf``.

    Returns:
      `Volterra` of shape (T,). Talks and papers whose loss has a factor 1/2 have half of forcing, fed_back and loss.

    Raises:
      ValueError: for an argument out of range, or a learning rate at or past
        `linear_model.theory.sgd_stability_limit`, which is named. (A traced learning rate is not checked.)
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Forcing, kernel, fed_back and loss are exact as d and the effective dimension grow together, to 1e-9 of themselves
    where they fall no faster than t^-2. The four parts are their leading orders once the first mode is learned,
    2 eta t lambda_1 >> 1. F_ac is one of them where both of its sums converge; on power laws, 2 alpha > 1 and
    2 beta > 1 (`phases.classify` has the terms that count). F is then within 2 % of the one that rules. Across
    crossings their sum was 0.77 to 1.2 of F for 0.75 <= alpha <= 1.5 and beta >= 0.7, up to 1.5 of it near 2 beta = 1,
    and 0.6 of it at alpha = 2. Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington (2024).
    Book: "Noise that feeds on the loss".
    """
    _check_width(spectrum, width)
    steps = jnp.asarray(require_steps(steps, known=False))
    check_rate(learning_rate)
    check_batch(batch_size)
    require_below("learning_rate", learning_rate, sgd_stability_limit(spectrum, batch_size=batch_size, width=width))
    settings = tuple(as_floats(x) for x in (learning_rate, batch_size, width))
    found = _volterra(spectrum, steps, *settings)
    check_converged(found["residual"])
    parameters = {"allowed": CONVERGED, "spectrum": spectrum, "width": width}
    parameters |= {"learning_rate": learning_rate, "batch_size": batch_size}
    return Volterra(steps, **found, parameters=parameters)


def _check_width(spectrum: Spectrum, width: ArrayLike) -> None:
    """From 1 to the number of directions, of which more cannot be drawn at random; or endless."""
    check_sizes(spectrum, width=width, samples=np.inf)
    modes = concrete(spectrum.modes)
    if modes is not None:
        most = float(modes)
        require("width", width, f"at most {most:g}, the latent directions, or inf", lambda d: (d <= most) | np.isinf(d))


@jax.jit
def _volterra(spectrum: Spectrum, steps: Array, eta: Array, batch: Array, width: Array) -> dict[str, Array]:
    def rows(_: Array, f: Array, k: Array) -> Array:
        return jnp.stack([f, k, k * f, k * f / (1 - k)])

    found, residual = inverted(spectrum, steps, eta, batch, width, rows)
    forcing, kernel, fed_back, fed = jnp.maximum(found, 0.0)
    began = steps > 0
    lam, power, traces = spectrum.eigenvalues, spectrum.task_power, spectrum.counts * spectrum.eigenvalues
    left = jnp.exp(-2 * eta * steps[:, None] * lam)
    first = largest(spectrum, width)
    return {
        "forcing": forcing,
        "kernel": kernel,
        "fed_back": jnp.where(began, fed_back, 0.0),
        "loss": forcing + jnp.where(began, fed, 0.0),
        "kesten": jnp.where(began, fed / jnp.where(began, fed_back, 1.0), 1.0),
        "kernel_norm": _norm(spectrum, eta, batch, width),
        "floor": final_loss(spectrum, width=width).test,
        "unlearned": left @ (power * first),
        "distorted": left @ (traces * first) * (power / lam).sum() / width,
        "wide_kernel": eta**2 / batch * (left @ (lam * traces)),
        "residual": residual,
    }


def _norm(spectrum: Spectrum, eta: Array, batch: Array, width: Array) -> Array:
    """The sum of K: D / (B + 1) with D = sum_k lambda_k / (x - lambda_k) at x (1 + D / N) = 2 / (c eta)."""
    lam, top = spectrum.eigenvalues, spectrum.eigenvalues.max()
    end = 2 / ((1 + 1 / batch) * eta)

    def dimension(log_gap: Array) -> Array:
        return spectrum.counts @ (lam / (top * jnp.exp(log_gap) + (top - lam)))

    def excess(log_gap: Array) -> Array:
        return top * (1 + jnp.exp(log_gap)) * (1 + dimension(log_gap) / width) - end

    inner, outer = jax.lax.stop_gradient((edge(spectrum, width, jnp.inf)[0], jnp.log(end / top)))
    log_gap = jax.lax.stop_gradient(bisect(lambda at: excess(at) < 0, inner, outer)[0])
    log_gap -= excess(log_gap) / jax.lax.stop_gradient(jax.grad(excess)(log_gap))
    return dimension(log_gap) / (batch + 1)


@finite_answer
def measures(spectrum: Spectrum, eigenvalues: Numbers, *, width: ArrayLike) -> Measures:
    r"""Densities of the two measures behind forcing and kernel, on the axis of the eigenvalues of a student's kernel.

    .. math::
       \mu_F(q) &= -\frac1\pi\, \mathrm{Im}\, \frac{1}{R_3} \sum_j \frac{c_j}{\lambda_j + \kappa}, \qquad
       \mu_K(q) = -\frac1\pi\, \mathrm{Im}\, q\, d_1(\kappa) \qquad
       \text{at } \kappa R_3 = -q + i0, \quad R_3 = 1 - \frac{d_1(\kappa)}{d} \\
       \mu_F(\{0\}) &= \kappa_\star \sum_j \frac{c_j}{\lambda_j + \kappa_\star} \;\text{ at } d_1(\kappa_\star) = d

    Args:
      spectrum: the v modes, one by one: the largest eigenvalues have a band each.
      eigenvalues: q > 0, shape (Q,).
      width: d >= 1 random features, at most v.

    Returns:
      `Measures` of shape (Q,). mu_K / q^2 is the number of eigenvalues at q, all of them d where d < v.

    Raises:
      ValueError: for an argument out of range, named with its value, or a spectrum with multiplicities.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as d and the effective dimension grow together: one student's eigenvalues scatter about a band. Read 1e-9 of q
    off the axis, so an edge is blurred by 1e-9 of itself. Source: E. Paquette, C. Paquette, L. Xiao, J. Pennington
    (2024). Book: "Two exponents, one student".
    """
    _check_width(spectrum, width)
    require("width", width, "finite: without random features the measures are those of the modes", np.isfinite)
    if spectrum.multiplicity is not None:
        raise ValueError("spectrum must have its modes one by one: each has a band of its own; got multiplicities")
    require_shape("eigenvalues", eigenvalues, 1, "a list of eigenvalues, shape (Q,)")
    require("eigenvalues", eigenvalues, "> 0 and finite", lambda q: (q > 0) & np.isfinite(q))
    found = _measures(spectrum, as_floats(eigenvalues), as_floats(width))
    check_converged(found["residual"])
    parameters = {"allowed": CONVERGED, "spectrum": spectrum, "width": width}
    return Measures(as_floats(eigenvalues), **found, parameters=parameters)


@jax.jit
def _measures(spectrum: Spectrum, eigenvalues: Array, width: Array) -> dict[str, Array]:
    disorder = Disorder.of(width, jnp.asarray(jnp.inf), jnp.zeros(()))
    trace = spectrum.counts @ spectrum.eigenvalues

    def solve(q: Array) -> tuple[Array, Array]:
        """kappa just above -q: straight down from where it is easy."""

        def rung(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
            height, kappa, _ = state
            height = jnp.maximum(height / DOWN, ABOVE)
            return height, *solve_from(spectrum, disorder, (-q + 1j * q * height)[None], kappa)

        top = jax.lax.stop_gradient(10 * (1 + (spectrum.eigenvalues.max() + trace / width) / q))
        kappa, size = kappa_at(spectrum, disorder, (-q + 1j * q * top)[None])
        _, kappa, size = jax.lax.while_loop(lambda state: state[0] > ABOVE, rung, (top, kappa, size))
        return kappa[0], size

    kappa, sizes = jax.lax.map(solve, jax.lax.stop_gradient(eigenvalues))
    kappa = differentiable(spectrum, disorder, -eigenvalues + 1j * ABOVE * eigenvalues, kappa)
    (forcing, _), (kernel, _) = resolvents(spectrum, disorder, kappa)
    density = -jnp.stack([forcing, kernel]).imag / jnp.pi
    floor = final_loss(spectrum, width=width).test
    return {"forcing": density[0], "kernel": density[1], "atom": floor, "residual": sizes.max()}
