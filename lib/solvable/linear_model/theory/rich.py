r"""Feature learning: a linear network whose features move, at infinite width, in one equation per mode.

Two layers, f = w . A psi, both trained by gradient flow, w = 0 and A^T A = 1 at the start; :math:`u = A^\top w`:

.. math:: \dot w = A\,g, \quad \dot A = \gamma^2\, w\, g^\top, \quad g = \Lambda(\bar w - u)
          \qquad\Rightarrow\qquad A^\top A = I + s\,\frac{u u^\top}{|u|^2}, \quad \gamma^2 |w|^2 = s,
          \quad s\,(1 + s) = \gamma^2 |u|^2

The kernel grows by s, and only along what has been learned. What is left is closed,

.. math:: \dot u = (1 + s)\,g + \frac{\gamma^2\,(u\cdot g)}{1 + s}\,u, \qquad
          s = \tfrac12\big(\sqrt{1 + 4\gamma^2|u|^2} - 1\big)

and gamma -> 0 is gradient flow on fixed features. A mean-field network whose readout starts as a unit Gaussian
obeys the same equation in half the time, with gamma = richness / 2: both of its layers learn from the first step.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, concrete, finite_answer, require, require_scalar, require_times
from ..._pytree import Numbers
from ...spectra import Spectrum
from ..checks import check_sizes
from ..results import LossCurves

STEPS = 4000  # of the integrator, even in log time in each of two parts
PARTS = (1e-2, 1e4, 1e16)  # the end of the first step, of the first part and of the second; fastest rate x time
FIRST = 0.85  # of the steps lie in the first part: later little changes
ALLOWED = 1e-3  # largest relative error of the loss


@finite_answer
def feature_learning(spectrum: Spectrum, times: Numbers, *, richness: ArrayLike) -> LossCurves:
    r"""Loss of a two-layer linear network of infinite width on infinite data.

    .. math:: \dot u_k = (1 + s)\,g_k + \frac{\gamma^2\,(u\cdot g)}{1 + s}\,u_k, \qquad
              g_k = \lambda_k(\bar w_k - u_k), \qquad s = \tfrac12\big(\sqrt{1 + 4\gamma^2|u|^2} - 1\big), \qquad
              \gamma = \frac{\gamma_0}{2}, \qquad L = \sum_k \lambda_k (\bar w_k - u_k)^2

    from u = 0, where u are the weights that the network has learned and s is by how much its kernel has grown along
    them.

    Args:
      spectrum: the K modes.
      times: shape (T,), >= 0, in any order, in the unit of `gradient_flow`: there, and here at ``richness=0``,
        mode k decays as exp(-lambda_k t). A network with unit Gaussian weights in both layers gets as far in t / 2.
      richness: gamma_0, >= 0 and at most 1e100; 0 is lazy training. It multiplies the weights' movement, and comes in
        units of :math:`1/|u|`: what counts is its product with the length of the learned weights.

    Returns:
      ``LossCurves`` of shape (T,) with ``train`` equal to ``test``; ``residual`` is the integrator's largest relative
      error of the loss, estimated from steps twice as long.

    Raises:
      ValueError: for an argument out of range, named with its value.
      TypeError: for a `spectrum` that is no `Spectrum`.
      RuntimeError: where jax is in float32, or if the integrator's error exceeds 1e-3.

    Exact at infinite width. With lambda_k ~ k^-b, c_k ~ k^-a and beta = (a - 1) / b, late losses fall as
    t^-beta when lazy and t^-max(beta, 2 beta / (1 + beta)) when rich.
    Source: Bordelon, Atanasov, Pehlevan (2025), ICLR; the closure is derived on the page.
    Book: "Feature learning changes the exponent".
    """
    check_sizes(spectrum, width=jnp.inf, samples=jnp.inf)
    times = require_times(times)
    check_richness(richness)
    test, residual = _feature_learning(spectrum, times, as_floats(richness))
    check_integrated(residual)
    parameters = {"allowed": ALLOWED, "spectrum": spectrum, "richness": richness}
    return LossCurves(times, test, test, residual=residual, parameters=parameters)


@jax.jit
def _feature_learning(spectrum: Spectrum, times: Array, richness: Array) -> tuple[Array, Array]:
    lam, power = spectrum.eigenvalues, spectrum.task_power
    target = jnp.sqrt(power / lam)

    def loss(steps: int) -> Array:
        learned = learn(lam, lam * target, times, richness / 2, steps)
        return lam @ (target[:, None] - learned) ** 2

    fine, coarse = loss(STEPS), loss(STEPS // 2)
    least = 1e-10 * power.sum() + 1e-300
    return fine, jnp.max(jnp.abs(fine - coarse) / 3 / jnp.maximum(fine, least))  # second order: a quarter is left


def learn(
    rates: Float[Array, " J"], drive: Float[Array, " J"], times: Float[Array, " T"], gamma: Array, steps: int = STEPS
) -> Float[Array, "J T"]:
    """u(t) of du/dt = (1 + s) (drive - rates u) + q u, by exponential midpoint steps, even in log time.

    Between two times s and q are constant and every mode is solved exactly, so stiff rates cost nothing. The steps are
    those of the problem: what is asked for between two of them is a step aside.
    """

    def growth(u: Array) -> tuple[Array, Array]:
        s = (jnp.sqrt(1 + 4 * gamma**2 * (u @ u)) - 1) / 2
        return 1 + s, gamma**2 * (u @ (drive - rates * u)) / (1 + s)

    def along(u: Array, at: Array, h: Array) -> Array:
        faster, q = growth(at)
        decay = (faster * rates - q) * h
        return u * jnp.exp(-decay) + h * faster * drive * _share(decay)

    @jax.checkpoint
    def step(state: tuple[Array, Array, Array], node: tuple[Array, ...]) -> tuple[tuple[Array, Array, Array], None]:
        now, u, shown = state
        time, place, requested = node
        h = time - now
        after = along(u, along(u, u, h / 2), h)
        shown = shown.at[place].set(after, mode="drop")  # overwritten until the next requested time is reached
        return (jnp.where(requested, now, time), jnp.where(requested, u, after), shown), None

    fastest = rates.max() + gamma * jnp.linalg.norm(drive)
    nodes = jnp.concatenate([_grid(steps) / jax.lax.stop_gradient(fastest), times])
    order = jnp.argsort(nodes)
    requested = order >= steps
    place = jnp.cumsum(requested) - requested  # how many requested times have passed
    begin = jnp.zeros(()), jnp.zeros_like(drive), jnp.zeros((times.size, drive.size))
    (_, _, shown), _ = jax.lax.scan(step, begin, (nodes[order], place, requested))
    return jnp.zeros_like(shown).at[jnp.argsort(times)].set(shown).T


def _grid(steps: int) -> np.ndarray:
    """Times in the unit of the fastest rate, whatever is asked for."""
    first, second, last = np.log10(PARTS)
    early = np.logspace(first, second, int(FIRST * steps), endpoint=False)
    return np.concatenate([early, np.logspace(second, last, steps - early.size)])


def _share(x: Array) -> Array:
    """(1 - exp(-x)) / x."""
    small = jnp.abs(x) < 1e-8
    return jnp.where(small, 1 - x / 2, -jnp.expm1(-x) / jnp.where(small, 1.0, x))


def check_richness(richness: ArrayLike) -> None:
    """One richness, or an error."""
    require_scalar("richness", richness)
    require("richness", richness, ">= 0 and at most 1e100", lambda x: (x >= 0) & (x <= 1e100))


def check_integrated(residual: Array) -> None:
    """Raise RuntimeError where the integrator's own estimate of its error is too large."""
    worst = concrete(residual)
    if worst is not None and not (worst <= ALLOWED).all():
        raise RuntimeError(
            f"feature_learning has a relative error of {worst.max():.1e} (allowed {ALLOWED:.0e}); "
            "ask for a smaller richness"
        )
