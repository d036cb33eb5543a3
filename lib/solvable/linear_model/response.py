r"""One frequency and two: the averaged response of the linear model, and its averaged square.

Laplace variable z. The equations, in this order (N = width, P = samples):

.. math::
   d(\kappa) = \sum_k \frac{\lambda_k}{\lambda_k+\kappa}, \qquad
   R_1 = 1 - d/P, \quad R_3 = 1 - d/N, \qquad z = \kappa R_1 R_3

The effective ridge :math:`\kappa(z)` is all that the disorder does to one frequency: mode k is missed to the
fraction :math:`F_k = \kappa/(\lambda_k+\kappa)` and learned to the fraction :math:`G_k = 1 - F_k`. Two frequencies
meet in four sums over modes,

.. math::
   S = \sum_k G_k G'_k, \quad X = \sum_k F_k G'_k = d' - S, \qquad
   T = \sum_k c_k F_k F'_k, \quad U = \sum_k c_k G_k F'_k = \sum_k c_k F'_k - T

and the mean square error, label noise :math:`\sigma^2` included, is :math:`C(z,z')/(z z')` with

.. math::
   C = \frac{(1 - S/N)(T + \sigma^2) + X U/N}{(1 - S/P)(1 - S/N) - X X^\top/(N P)}

The static ridge problem is the case z = z'. Derivation: book, "A model you can solve".
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..spectra import Spectrum

NEWTON_STEPS = 20  # quadratic convergence needs 3 or 4 from a neighbouring time
NEWTON_TOLERANCE = 1e-10  # of a relative step; the next one is its square
LADDER = 1.5  # largest ratio of neighbouring times on the way down from z = infinity


class Disorder(NamedTuple):
    """Inverse width, inverse number of samples, and noise variance."""

    features: Array  # 1 / N
    data: Array  # 1 / P
    noise: Array  # sigma^2

    @classmethod
    def of(cls, width: Array, samples: Array, noise: Array) -> Disorder:
        return cls(*(jnp.asarray(x, jnp.float64) for x in (1 / width, 1 / samples, noise)))


def complex_dimension(eigenvalues: Float[Array, " K"], kappa: Complex[Array, " J"]) -> tuple[Array, Array]:
    """d(kappa) and its derivative, shape (J,); real arithmetic, since complex division is slow on CPUs."""
    x, y = kappa.real[:, None] + eigenvalues, kappa.imag[:, None]
    norm = 1 / (x * x + y * y)
    re, im = x * norm, -y * norm  # 1 / (kappa + lambda)
    d = jax.lax.complex(re @ eigenvalues, im @ eigenvalues)
    slope = -jax.lax.complex((re * re - im * im) @ eigenvalues, (2 * re * im) @ eigenvalues)
    return d, slope


def newton_step(eigenvalues: Array, disorder: Disorder, z: Array, kappa: Array) -> Array:
    """The change of kappa in one Newton step on z(kappa) = z."""
    d, slope = complex_dimension(eigenvalues, kappa)
    r1, r3 = 1 - d * disorder.data, 1 - d * disorder.features
    dz = r1 * r3 - kappa * slope * (r1 * disorder.features + r3 * disorder.data)
    return (z - kappa * r1 * r3) / dz


def solve_from(eigenvalues: Array, disorder: Disorder, z: Array, start: Array) -> tuple[Array, Array]:
    """Newton from a nearby solution. Returns kappa and the last step's relative size."""

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, size, count = state
        return (size > NEWTON_TOLERANCE) & (count < NEWTON_STEPS)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        kappa, _, count = state
        change = newton_step(eigenvalues, disorder, z, kappa)
        return kappa + change, jnp.max(jnp.abs(change) / jnp.abs(kappa)), count + 1

    kappa, size, _ = jax.lax.while_loop(unfinished, step, (start, jnp.asarray(jnp.inf), jnp.asarray(0)))
    return kappa, jnp.where(jnp.all(kappa.imag > 0), size, jnp.inf)  # Im kappa > 0: the physical branch


def first_kappa(eigenvalues: Array, disorder: Disorder, nodes: Array, time: Array) -> tuple[Array, Array]:
    """kappa on the contour of a time so early that kappa = z + tr(Lambda) (1/N + 1/P) is a good start."""
    shift = eigenvalues.sum() * (disorder.features + disorder.data)
    early = jnp.minimum(time, 0.05 * jnp.min(jnp.abs(nodes)) / (eigenvalues.max() + shift))
    z = nodes / early
    return early, solve_from(eigenvalues, disorder, z, z + shift)[0]


def next_kappa(
    eigenvalues: Array, disorder: Disorder, nodes: Array, now: Array, kappa: Array, time: Array
) -> tuple[Array, Array]:
    """Follow kappa from the contour of time `now` to that of `time`, in steps of at most a factor LADDER."""

    def rung(state: tuple[Array, Array]) -> tuple[Array, Array]:
        now, kappa = state
        now = jnp.minimum(now * LADDER, time)
        return now, solve_from(eigenvalues, disorder, nodes / now, kappa)[0]

    _, kappa = jax.lax.while_loop(lambda state: state[0] * LADDER < time, rung, (now, kappa))
    return solve_from(eigenvalues, disorder, nodes / time, kappa)


def differentiable(eigenvalues: Array, disorder: Disorder, z: Array, kappa: Array) -> Array:
    """One more Newton step, whose derivative is the implicit derivative of kappa; the search itself has none."""
    kappa = jax.lax.stop_gradient(kappa)
    return kappa + newton_step(eigenvalues, disorder, z, kappa)


def missed(eigenvalues: Float[Array, " K"], kappa: Complex[Array, " J"]) -> Float[Array, "2 J K"]:
    """F_k = kappa / (lambda_k + kappa) as real and imaginary part, stacked first."""
    x, y = kappa.real[:, None], kappa.imag[:, None]
    norm = 1 / ((x + eigenvalues) ** 2 + y * y)
    return jnp.stack([(x * (x + eigenvalues) + y * y) * norm, y * eigenvalues * norm])


def pairs(f: Float[Array, "2 J K"], weight: Array) -> Complex[Array, "J 2*J"]:
    """Sum over modes of f_i weight f_j, for j on the upper half of the contour and then on the lower."""
    nodes = f.shape[1]
    flat = f.reshape(2 * nodes, -1)
    products = (flat * weight) @ flat.T
    rere, reim = products[:nodes, :nodes], products[:nodes, nodes:]
    imre, imim = products[nodes:, :nodes], products[nodes:, nodes:]
    upper, lower = jax.lax.complex(rere - imim, reim + imre), jax.lax.complex(rere + imim, imre - reim)
    return jnp.concatenate([upper, lower], axis=1)


def mean_square(disorder: Disorder, s: Array, x: Array, x_swapped: Array, t: Array, u: Array) -> Array:
    """C: z z' times the mean square error of two frequencies, from the four sums."""
    features, data, noise = disorder
    numerator = (1 - s * features) * (t + noise) + x * u * features
    return numerator / ((1 - s * data) * (1 - s * features) - x * x_swapped * features * data)


def two_point(spectrum: Spectrum, disorder: Disorder, kappa: Complex[Array, " J"]) -> Complex[Array, "J 2*J"]:
    """C for every pair of nodes, the first on the upper half of the contour."""
    f = missed(spectrum.eigenvalues, kappa)
    g = jnp.stack([1 - f[0], -f[1]])
    s, t = pairs(g, jnp.ones_like(spectrum.task_power)), pairs(f, spectrum.task_power)
    d, left = jax.lax.complex(*g.sum(axis=-1)), jax.lax.complex(*(f @ spectrum.task_power))
    d_other, left_other = (jnp.concatenate([x, x.conj()]) for x in (d, left))
    return mean_square(disorder, s=s, x=d_other - s, x_swapped=d[:, None] - s, t=t, u=left_other - t)
