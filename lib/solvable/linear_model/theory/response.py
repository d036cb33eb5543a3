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

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from ..._checks import concrete
from ...numerics.stepping import in_order
from ...spectra import Spectrum

Contour = Callable[[Array], Array]  # a time -> the nodes z of its contour, shape (J,)

NEWTON_STEPS = 20  # quadratic convergence needs 3 or 4 from a neighbouring time
NEWTON_TOLERANCE = 1e-10  # of a relative step; the next one is its square
LADDER = 1.5  # largest ratio of neighbouring times on the way down from z = infinity
FINE = 1.2  # the same where nodes come close to the spectrum, and a long step could end on another branch
CONVERGED = 1e-8  # largest relative Newton step at the end


class Disorder(NamedTuple):
    """Inverse width, inverse number of samples, and noise variance."""

    features: Array  # 1 / N
    data: Array  # 1 / P
    noise: Array  # sigma^2

    @classmethod
    def of(cls, width: Array, samples: Array, noise: Array) -> Disorder:
        return cls(*(jnp.asarray(x, jnp.float64) for x in (1 / width, 1 / samples, noise)))


def complex_dimension(spectrum: Spectrum, kappa: Complex[Array, " J"]) -> tuple[Array, Array]:
    """d(kappa) and its derivative, shape (J,); real arithmetic, since complex division is slow on CPUs."""
    x, y = kappa.real[:, None] + spectrum.eigenvalues, kappa.imag[:, None]
    trace = spectrum.counts * spectrum.eigenvalues
    norm = 1 / (x * x + y * y)
    re, im = x * norm, -y * norm  # 1 / (kappa + lambda)
    d = jax.lax.complex(re @ trace, im @ trace)
    slope = -jax.lax.complex((re * re - im * im) @ trace, (2 * re * im) @ trace)
    return d, slope


def newton_step(spectrum: Spectrum, disorder: Disorder, z: Array, kappa: Array) -> Array:
    """The change of kappa in one Newton step on z(kappa) = z."""
    d, slope = complex_dimension(spectrum, kappa)
    r1, r3 = 1 - d * disorder.data, 1 - d * disorder.features
    dz = r1 * r3 - kappa * slope * (r1 * disorder.features + r3 * disorder.data)
    return (z - kappa * r1 * r3) / dz


def solve_from(spectrum: Spectrum, disorder: Disorder, z: Array, start: Array) -> tuple[Array, Array]:
    """Newton from a nearby solution. Returns kappa and the last step's relative size."""

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, size, count = state
        return (size > NEWTON_TOLERANCE) & (count < NEWTON_STEPS)

    def step(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        kappa, _, count = state
        change = newton_step(spectrum, disorder, z, kappa)
        return kappa + change, jnp.max(jnp.abs(change) / jnp.abs(kappa)), count + 1

    kappa, size, _ = jax.lax.while_loop(unfinished, step, (start, jnp.asarray(jnp.inf), jnp.asarray(0)))
    return kappa, jnp.where(jnp.all(kappa.imag > 0), size, jnp.inf)  # Im kappa > 0: the physical branch


def follow(
    spectrum: Spectrum, disorder: Disorder, contour: Contour, times: Array, first: Array | None = None
) -> tuple[Array, Array]:
    """kappa on the contour of every time, (T, J): each starts from the time before. And the largest residual.

    `first` is kappa on the contour of the earliest time, where it is known.
    """
    spectrum, disorder, times = jax.lax.stop_gradient((spectrum, disorder, times))

    def nodes(time: Array) -> Array:
        return jax.lax.stop_gradient(contour(time))

    def step(state: tuple[Array, Array], time: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        kappa, size = _next_kappa(spectrum, disorder, nodes, *state, time)
        return (time, kappa), (kappa, size)

    earliest = times.min()
    start, at_start = kappa_at(spectrum, disorder, nodes(earliest)) if first is None else (first, jnp.zeros(()))
    kappas, sizes = in_order(lambda ascending: jax.lax.scan(step, (earliest, start), ascending)[1], times)
    return kappas, jnp.maximum(jnp.max(sizes), at_start)


def kappa_at(spectrum: Spectrum, disorder: Disorder, z: Array, ladder: float = LADDER) -> tuple[Array, Array]:
    """kappa at any nodes: from far out, where kappa = z + tr(Lambda) (1/N + 1/P), straight in."""
    spectrum, disorder, z = jax.lax.stop_gradient((spectrum, disorder, z))
    shift = spectrum.counts @ spectrum.eigenvalues * (disorder.features + disorder.data)
    far = jnp.minimum(1.0, 0.05 * jnp.min(jnp.abs(z)) / (spectrum.eigenvalues.max() + shift))
    return _next_kappa(spectrum, disorder, lambda scale: z / scale, far / ladder, z / far + shift, jnp.ones(()), ladder)


def _next_kappa(
    spectrum: Spectrum,
    disorder: Disorder,
    contour: Contour,
    now: Array,
    kappa: Array,
    time: Array,
    ladder: float = LADDER,
) -> tuple[Array, Array]:
    """Follow kappa from the contour of time `now` to that of `time`, in steps of at most a factor `ladder`.

    Returns it with the residual of the last step; at the same time both are as they came, the residual 0.
    """

    def rung(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        now, kappa, _ = state
        now = jnp.minimum(now * ladder, time)
        return now, *solve_from(spectrum, disorder, contour(now), kappa)

    _, kappa, size = jax.lax.while_loop(lambda state: state[0] < time, rung, (now, kappa, jnp.zeros(())))
    return kappa, size


def differentiable(spectrum: Spectrum, disorder: Disorder, z: Array, kappa: Array) -> Array:
    """One more Newton step, whose derivative is that of kappa: what `follow` and `kappa_at` find has none."""
    kappa = jax.lax.stop_gradient(kappa)
    return kappa + newton_step(spectrum, disorder, z, kappa)


def missed(spectrum: Spectrum, kappa: Complex[Array, " J"]) -> Float[Array, "2 J K"]:
    """F_k = kappa / (lambda_k + kappa) as real and imaginary part, stacked first."""
    eigenvalues, x, y = spectrum.eigenvalues, kappa.real[:, None], kappa.imag[:, None]
    norm = 1 / ((x + eigenvalues) ** 2 + y * y)
    return jnp.stack([(x * (x + eigenvalues) + y * y) * norm, y * eigenvalues * norm])


def learned(spectrum: Spectrum, kappa: Complex[Array, " J"]) -> Float[Array, "2 J K"]:
    """G_k = lambda_k / (lambda_k + kappa) likewise; 1 - F_k would be rounding where many modes are hardly learned."""
    eigenvalues, x, y = spectrum.eigenvalues, kappa.real[:, None], kappa.imag[:, None]
    trace = eigenvalues / ((x + eigenvalues) ** 2 + y * y)
    return jnp.stack([(x + eigenvalues) * trace, -y * trace])


def pairs(f: Float[Array, "2 I K"], weight: Array, other: Float[Array, "2 J K"]) -> Complex[Array, "I 2*J"]:
    """Sum over modes of f_i weight f_j, for j on the upper half of the contour and then on the lower."""
    rows, columns = f.shape[1], other.shape[1]
    products = (f.reshape(2 * rows, -1) * weight) @ other.reshape(2 * columns, -1).T
    rere, reim = products[:rows, :columns], products[:rows, columns:]
    imre, imim = products[rows:, :columns], products[rows:, columns:]
    upper, lower = jax.lax.complex(rere - imim, reim + imre), jax.lax.complex(rere + imim, imre - reim)
    return jnp.concatenate([upper, lower], axis=1)


def mean_square(disorder: Disorder, s: Array, x: Array, x_swapped: Array, t: Array, u: Array) -> Array:
    """C: z z' times the mean square error of two frequencies, from the four sums."""
    features, data, noise = disorder
    numerator = (1 - s * features) * (t + noise) + x * u * features
    return numerator / ((1 - s * data) * (1 - s * features) - x * x_swapped * features * data)


def two_point(
    spectrum: Spectrum, shared: Disorder, kappa: Complex[Array, " I"], other: Complex[Array, " J"]
) -> Complex[Array, "I 2*J"]:
    """C for every pair of nodes: `kappa` on the upper half of the contour, `other` on both.

    `shared` is the disorder that the two frequencies have in common: all of it for one student, less for two.
    """
    counts, power = spectrum.counts, spectrum.task_power
    f, f_other = missed(spectrum, kappa), missed(spectrum, other)
    g, g_other = learned(spectrum, kappa), learned(spectrum, other)
    s, t = pairs(g, counts, g_other), pairs(f, power, f_other)
    d = jax.lax.complex(*(g @ counts))[:, None]
    d_other, left_other = (
        both_halves(jax.lax.complex(*(g_other @ counts))),
        both_halves(jax.lax.complex(*(f_other @ power))),
    )
    return mean_square(shared, s=s, x=d_other - s, x_swapped=d - s, t=t, u=left_other - t)


def losses(
    spectrum: Spectrum, disorder: Disorder, z: Array, kappa: Array, pole: Array
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Test loss without the noise, and train loss with it; `pole` holds the contour's weights of 1/z."""
    weights = pole[:, None] * both_halves(pole)
    r1 = data_response(spectrum, disorder, z, kappa)
    c = two_point(spectrum, disorder, kappa, kappa)
    test = 2 * jnp.sum(weights * (c - disorder.noise)).real
    train = 2 * jnp.sum(weights * r1[:, None] * both_halves(r1) * c).real
    return jnp.maximum(test, 0.0), jnp.maximum(train, 0.0)  # below zero is rounding


def both_halves(upper: Complex[Array, "*batch J"]) -> Complex[Array, "*batch 2*J"]:
    """A function's values on the upper half of the contour, and then on the lower."""
    return jnp.concatenate([upper, upper.conj()], axis=-1)


def data_response(spectrum: Spectrum, disorder: Disorder, z: Array, kappa: Array) -> Array:
    """R_1. Late, the smaller of R_1 and R_3 is z / (kappa x the other): 1 - d/P would cancel."""
    d, _ = complex_dimension(spectrum, kappa)
    r1, r3 = 1 - d * disorder.data, 1 - d * disorder.features
    return jnp.where(disorder.data > disorder.features, z / (kappa * r3), r1)


def check_converged(residual: Array) -> None:
    """Raise RuntimeError where the Newton steps did not end."""
    worst = concrete(residual)
    if worst is not None and not (worst <= CONVERGED).all():
        raise RuntimeError(
            f"the self-consistent equation did not converge (relative residual {np.max(worst):.1e}, "
            f"allowed {CONVERGED:.0e}); please report the spectrum, width and samples"
        )
