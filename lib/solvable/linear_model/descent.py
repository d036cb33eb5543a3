r"""Full-batch gradient descent and heavy ball: the theory in steps instead of time.

Sum a discrete path with powers of 1/u. Heavy ball becomes gradient flow at one frequency,

.. math:: v(t+1) = v(t) - \eta\, M S\, v(t) + \beta\,(v(t) - v(t-1)) \quad\Rightarrow\quad
          \sum_t u^{-t} v(t) = \frac{u}{u - 1}\; z\,(z + M S)^{-1} \bar w, \qquad
          z(u) = \frac{(u - 1)(u - \beta)}{\eta\, u}

so the loss is that of gradient flow with 1/z replaced by u/(u - 1) and exp(zt) by u^t. Plain descent is beta = 0.
Few steps are read off a circle in u; many off Talbot's contour in log u, which misses modes that turn their sign at
every step and is used when these have died out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import concrete, require, require_scalar, require_shape
from .._pytree import Numbers
from ..laplace import circle, talbot
from ..spectra import Spectrum
from .curves import LossCurves
from .final import check_sizes
from .response import Disorder, both_halves, check_converged, data_response, follow, kappa_at, two_point

CONTOUR = talbot(20)
FEW = 64  # steps up to here are always read off the circle
FORGOTTEN = 23.0  # -log of what is left of the modes that Talbot's contour misses
ROWS = 256  # nodes of the circle whose pairs are in memory at once


def gradient_descent(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    learning_rate: ArrayLike,
    momentum: ArrayLike = 0.0,
    width: ArrayLike = np.inf,
    samples: ArrayLike = np.inf,
    noise: ArrayLike = 0.0,
) -> LossCurves:
    r"""Test and train loss of full-batch gradient descent, averaged over features and data.

    .. math:: w(t+1) &= w(t) - \tfrac{\eta}{2} \nabla \hat L + \beta\,(w(t) - w(t-1)) \\
              L(t) &= \frac{1}{(2\pi i)^2} \oint\!\oint \frac{(u u')^t}{(u-1)(u'-1)}\,[C(z, z') - \sigma^2]\,du\,du'

    with z = (u - 1)(u - beta) / (eta u) and C of `solvable.linear_model.response`.

    Args:
      spectrum: the K modes.
      steps: shape (T,), step numbers, whole and >= 0, in any order; known values, not traced by jax.
      learning_rate: eta > 0, multiplies half the gradient of the mean square error; in units of 1 / eigenvalue.
      momentum: beta of heavy ball, >= 0 and < 1, a known number; 0 is plain gradient descent.
      width, samples, noise: as in `gradient_flow`.

    Returns:
      ``LossCurves`` whose ``times`` are the step numbers.

    Raises:
      ValueError: for an argument out of range, or a learning rate at or past the `stability_limit`, which is named.
        (Where it or a size is traced by jax it is not checked: past 0.85 of the limit losses would be wrong.)
      RuntimeError: where jax is in float32, or if the self-consistent equation did not converge.

    Exact as N, P and the effective dimension grow together; gradient flow is the limit eta -> 0 at fixed
    time = eta x steps / (1 - beta). The quadrature error is below 1e-8 of the loss plus 1e-10 of the initial loss.
    Source: Bordelon, Atanasov, Pehlevan (2024), discrete time. No page shows it yet.
    """
    check_sizes(width=width, samples=samples, noise=noise)
    numbers = check_steps(steps)
    check_rate(learning_rate)
    require_scalar("momentum", momentum)
    require("momentum", momentum, ">= 0 and < 1", lambda x: (x >= 0) & (x < 1))
    if concrete(momentum) is None:
        raise ValueError("momentum must be a known number; it is being traced by jax")
    limit = stability_limit(spectrum, momentum=momentum, width=width, samples=samples)
    require_below("learning_rate", learning_rate, limit)
    eta, beta, *sizes = (jnp.asarray(x, float) for x in (learning_rate, momentum, width, samples, noise))
    few = numbers < _talbot_from(eta, beta, limit)
    found = np.zeros((2, len(numbers)))
    test, train = jnp.asarray(found)
    residuals = []
    for chosen, method in ((few, _on_circle), (~few, _on_talbot)):
        if chosen.any():
            most = 1 << int(numbers[chosen].max()).bit_length()  # powers of two: few compiled programs
            some, more, residual = method(most, jnp.asarray(numbers[chosen], float), spectrum, eta, beta, *sizes)
            test, train = test.at[np.flatnonzero(chosen)].set(some), train.at[np.flatnonzero(chosen)].set(more)
            residuals.append(residual)
    residual = jnp.max(jnp.stack(residuals))
    check_converged(residual)
    parameters = {"spectrum": spectrum, "width": width, "samples": samples, "noise": noise}
    parameters |= {"learning_rate": learning_rate, "momentum": momentum}
    return LossCurves(jnp.asarray(numbers, float), test, train, residual=residual, parameters=parameters)


def stability_limit(
    spectrum: Spectrum, *, momentum: ArrayLike = 0.0, width: ArrayLike = np.inf, samples: ArrayLike = np.inf
) -> Array:
    r"""The learning rate at which full-batch descent starts to diverge.

    .. math:: \eta_{\max} = \frac{2 (1 + \beta)}{q_{\max}}, \qquad
              q_{\max} = \min_{x > \lambda_1} x \Big(1 + \frac{D}{N}\Big)\Big(1 + \frac{D}{P}\Big), \quad
              D = \sum_k \frac{\lambda_k}{x - \lambda_k}

    where q_max is the upper edge of the averaged spectrum of M S. The average spreads each eigenvalue into a band; a
    single student's largest eigenvalue scatters about lambda_1 by a share sqrt(2/N + 2/P), mostly below that edge.

    Args:
      spectrum: the K modes.
      momentum: beta of heavy ball, >= 0 and < 1.
      width, samples: as in `gradient_flow`.

    Returns:
      A scalar, in units of 1 / eigenvalue. Book: "What a batch buys".
    """
    check_sizes(width=width, samples=samples)
    _, largest = edge(spectrum, *(jnp.asarray(x, float) for x in (width, samples)))
    return 2 * (1 + jnp.asarray(momentum, float)) / largest


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


def golden_section(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where a function with one minimum has it, to about 1e-8 of the interval."""
    ratio = (np.sqrt(5) - 1) / 2

    def shrink(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        down = function(left) < function(right)
        return jnp.where(down, low, left), jnp.where(down, right, high)

    low, high = jax.lax.fori_loop(0, 40, shrink, (low, high))
    return (low + high) / 2


def _talbot_from(eta: Array, beta: Array, limit: Array) -> int:
    """The step from which nothing is left of modes with negative or complex u."""
    if concrete(eta) is None or concrete(limit) is None:
        flip = 0.7 * (1 + float(beta))  # taken to be 0.85 of the limit
    else:
        flip = float((1 + beta) * eta / limit * 2 - 1 - beta)  # -(u + beta/u) of the fastest mode
    fastest = (flip + np.sqrt(max(flip**2 - 4 * float(beta), 0.0))) / 2
    slowest = max(fastest, float(beta) ** 0.5, 1e-300)
    return max(FEW, int(np.ceil(FORGOTTEN / -np.log(slowest))))


@partial(jax.jit, static_argnums=0)
def _on_circle(
    most: int, steps: Array, spectrum: Spectrum, eta: Array, beta: Array, *sizes: Array
) -> tuple[Array, ...]:
    """Test, train and residual for steps up to `most`: one table of pairs serves them all."""
    disorder = Disorder.of(*sizes)
    nodes, weight = circle(most)
    z = _frequency(nodes - 1, nodes, eta, beta)
    kappa, residual = kappa_at(spectrum, disorder, z)
    r1 = data_response(spectrum, disorder, z, kappa)
    pole = weight * jnp.exp(steps[:, None] * np.log(nodes)) * nodes / (nodes - 1)  # (T, J)

    def rows(block: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        kappa_i, r1_i, pole_i = block
        c = two_point(spectrum, disorder, kappa_i, kappa)
        test = jnp.einsum("it,ij,tj->t", pole_i, c - disorder.noise, both_halves(pole))
        return test, jnp.einsum("it,ij,tj->t", pole_i, r1_i[:, None] * both_halves(r1) * c, both_halves(pole))

    spare = -len(nodes) % ROWS if len(nodes) > ROWS else 0
    blocks = tuple(
        jnp.pad(x, [(0, spare)] + [(0, 0)] * (x.ndim - 1), mode=how).reshape(-1, min(ROWS, len(nodes)), *x.shape[1:])
        for x, how in ((kappa, "edge"), (r1, "edge"), (pole.T, "constant"))
    )
    test, train = (2 * jnp.sum(part, axis=0).real for part in jax.lax.map(rows, blocks))
    return jnp.maximum(test, 0.0), jnp.maximum(train, 0.0), residual


@partial(jax.jit, static_argnums=0)
def _on_talbot(_: int, steps: Array, spectrum: Spectrum, eta: Array, beta: Array, *sizes: Array) -> tuple[Array, ...]:
    """Test, train and residual for late steps, each from its own contour."""
    disorder = Disorder.of(*sizes)

    def contour(step: Array) -> Array:
        s = CONTOUR.nodes / step
        return _frequency(jnp.expm1(s), jnp.exp(s), eta, beta)

    def losses(at: tuple[Array, Array]) -> tuple[Array, Array]:
        step, kappa = at
        s = CONTOUR.nodes / step
        pole = CONTOUR.weights / step * jnp.exp(s) / jnp.expm1(s)
        weights = pole[:, None] * both_halves(pole)
        r1 = data_response(spectrum, disorder, contour(step), kappa)
        c = two_point(spectrum, disorder, kappa, kappa)
        test = 2 * jnp.sum(weights * (c - disorder.noise)).real
        return jnp.maximum(test, 0.0), jnp.maximum(2 * jnp.sum(weights * r1[:, None] * both_halves(r1) * c).real, 0.0)

    kappas, residual = follow(spectrum, disorder, contour, steps)
    test, train = jax.lax.map(losses, (steps, kappas))
    return test, train, residual


def _frequency(u_minus_1: ArrayLike, u: ArrayLike, eta: Array, beta: Array) -> Array:
    u = jnp.asarray(u)
    return u_minus_1 * (u - beta) / (eta * u)


def check_steps(steps: Numbers) -> np.ndarray:
    """Step numbers as a NumPy array, or an error that names them."""
    require_shape("steps", steps, 1, "a list of step numbers, shape (T,)")
    numbers = concrete(steps)
    if numbers is None:
        raise ValueError("steps must be known numbers; they are being traced by jax")
    allowed = "whole numbers >= 0"
    require("steps", steps, allowed, lambda x: (x >= 0) & (x == np.floor(x)) & np.isfinite(x))
    return numbers.astype(float)


def check_rate(learning_rate: ArrayLike) -> None:
    """A positive learning rate, or an error."""
    require_scalar("learning_rate", learning_rate)
    require("learning_rate", learning_rate, "> 0 and finite", lambda x: (x > 0) & np.isfinite(x))


def require_below(name: str, value: ArrayLike, limit: Array) -> None:
    """Raise ValueError unless `value` is below a computed limit, where both are known."""
    bound = concrete(limit)
    if bound is not None:
        require(name, value, f"below the stability limit {float(bound):.6g}", lambda x: x < bound)
