r"""One-pass SGD with momentum of one student, averaged over all batches that it might see, to any step.

Of each direction the recursion knows three moments, :math:`x = (E\,\delta^2,\, E\,\delta y,\, E\,y^2)`, of the distance
:math:`\delta` from the best weight and of the velocity y; the loss couples the directions, :math:`x \leftarrow M x +
b\,(L + \sigma^2)`. Over n steps, few beside those made so far, M and b hardly change and L is nearly a straight line:

.. math:: x_n = M^n x_0 + \sum_{r<n} M^r b\, (L_{n-1-r} + \sigma^2), \qquad
          L_s = L_0 + \frac sn\,(L_n - L_0)

The sums :math:`S = \sum_r M^r b` and :math:`R = \sum_r r M^r b` and the power :math:`D = M^n - 1` are found by doubling
n, and :math:`L_n` from one linear equation. D is kept and not :math:`M^n`, whose rounding would grow with n.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, concrete, finite_answer, require
from ..._pytree import Numbers
from ...numerics.stepping import in_order
from ...results import LossCurves, require_steps
from ...spectra import Spectrum
from ..checks import Schedule, check_cut, check_schedule
from .student import Basis, basis, check_student, first_modes

FARTHEST = 2**50
RATIO = 64  # a jump is at most this part of the steps made before it
LEAST = 1e-10  # of the first loss: below, the error of the jumps is told in this unit
ALLOWED = 1e-2  # error of the jumps
GROWN = 1e3  # times the first loss and the noise: it diverges


@finite_answer
def momentum(
    spectrum: Spectrum,
    steps: Numbers,
    *,
    schedule: Schedule,
    features: Float[Array, "N K"] | None = None,
    latent_cut: ArrayLike | None = None,
    batch_size: ArrayLike,
    noise: ArrayLike = 0.0,
) -> LossCurves:
    r"""Expected loss of one-pass SGD with a schedule of momentum for one student, over all batches it might see.

    .. math::
       y &\leftarrow (1 - \Delta_t)\, y + g_1 G, \qquad \theta \leftarrow \theta - g_2 G - g_3\, y \\
       L_t &= L_\infty + \sum_i q_i\, E\,\delta_i^2, \qquad
       E\,G_i = q_i \delta_i, \qquad
       E\,G_i^2 = q_i^2 \delta_i^2 \Big(1 + \frac1B\Big) + \frac{q_i}{B}\,(L_t + \sigma^2)

    with G the mean gradient of a batch, of half its mean square error, :math:`q_i` the eigenvalues of the student's
    kernel and :math:`\delta_i` its distance from the best weights.

    Args:
      spectrum: the K modes.
      steps: step numbers, whole, >= 0 and at most 2^50, in any order, shape (T,); or one whole number: all up to it.
      schedule: Delta, g_1, g_2 and g_3 at every step: one of `random_features.momentum`, or a frozen dataclass, known
        to jax as a pytree, that has a ``learning_rate`` and ``coefficients(step)``, which returns the four. It is asked
        at half steps too.
      features: A, shape (N, K), unit Gaussians or others, a column for each mode; None is infinite width.
      latent_cut: a number >= 1 in place of features: the student has the largest modes, so many, and no others.
        Where it ends inside a node of a binned spectrum it takes that node's share, which may move the floor by 1 %.
      batch_size: B >= 1 fresh samples a step.
      noise: variance of the label noise, >= 0.

    Returns:
      ``LossCurves`` of shape (T,), whose ``times`` are the step numbers; ``test`` excludes the noise variance, and
      ``train`` is test + noise. Its ``residual`` is the measured error of the jumps, a number: the largest relative
      difference from jumps of twice the length. About half of it is left.

    Raises:
      ValueError: for an argument out of range, features of a spectrum with multiplicity or together with a
        `latent_cut`, or a schedule under which the loss grows a thousandfold in these steps; then it names the step.
      TypeError: for a `spectrum` or a `schedule` that is none.
      RuntimeError: where jax is in float32, or if the jumps are not good to 1 %, as where a loss oscillates.

    Exact for Gaussian data to step 128; from there by jumps of at most 1/64 of the steps made, which costs O(N log(max
    steps)^2) and leaves about 1e-4 of a loss that falls as a power of the step.
    Source: the moments of the model's definition; schedules of momentum: D. Ferbach, K. Everett, G. Gidel, E. Paquette,
    C. Paquette (2025). Book: "What can change a scaling law?".
    """
    features = check_student(spectrum, features, batch_size, noise)
    numbers = require_steps(steps, known=False)
    require("steps", steps, f"at most {FARTHEST}", lambda x: x <= FARTHEST)
    check_schedule(schedule, numbers)
    if latent_cut is not None:
        if features is not None:
            raise ValueError("latent_cut must be None where there are features; got both")
        check_cut(latent_cut)
    student = basis(spectrum, features) if latent_cut is None else first_modes(spectrum, latent_cut)
    batch, variance = as_floats(batch_size), as_floats(noise)
    test, residual, lost = moments(student, jnp.asarray(numbers), schedule, batch, variance)
    require_stable(schedule, lost)
    found = concrete(residual)
    if found is not None and not found <= ALLOWED:
        raise RuntimeError(f"steps must be fewer: jumps over many are good to {float(found):.2g} of the loss here")
    parameters = {"allowed": ALLOWED, "spectrum": spectrum, "schedule": schedule, "latent_cut": latent_cut}
    parameters |= {"batch_size": batch_size, "noise": noise}
    return LossCurves(jnp.asarray(numbers), test, test + variance, residual=residual, parameters=parameters)


def require_stable(schedule: Schedule, lost: Array) -> None:
    """Raise ValueError where a loss has grown without end, with the first step at which it had."""
    known = concrete(lost)
    if known is not None and not np.isinf(known).all():
        raise ValueError(
            f"schedule must be stable; got {schedule}, and the loss grows without end: a thousandfold by step "
            f"{known.min():.6g}"
        )


class State(NamedTuple):
    """Where the recursion stands."""

    step: Array
    moments: Float[Array, "3 N"]
    loss: Array
    lost: Array  # the step at which the loss had grown without end; inf where it has not


class Sums(NamedTuple):
    """Of n steps: D, S and R."""

    n: Array
    change: Float[Array, "3 3 N"]
    pushes: Float[Array, "3 N"]
    delays: Float[Array, "3 N"]


@jax.jit
def moments(student: Basis, steps: Array, schedule: Schedule, batch: Array, noise: Array) -> tuple[Array, ...]:
    """Losses, the error of the jumps, and the step at which each was lost."""
    start = student.irreducible + student.rates @ student.target**2

    def curves(ratio: Array) -> tuple[Array, Array]:
        return in_order(partial(_walk, student, schedule, batch, noise, start, ratio), steps.astype(int))

    losses, lost = jax.lax.map(curves, jnp.array([RATIO // 2, RATIO]))
    fine = jnp.maximum(losses[1], LEAST * start)
    apart = jnp.abs(losses[0] - losses[1]) / jnp.where(fine > 0, fine, 1.0)
    return losses[1], apart.max(), lost[1]


def _walk(
    student: Basis, schedule: Schedule, batch: Array, noise: Array, start: Array, ratio: Array, steps: Array
) -> tuple[Array, Array]:
    """Losses at ascending steps. The jumps stand where they stand; a step between two has a shorter one of its own."""
    most = GROWN * (start + noise)

    def jump(state: State, count: Array) -> State:
        at = state.step + (count - 1) / 2
        sums = _doubled(_one_step(student, schedule.coefficients(at), batch), count)
        return _across(student, noise, most, state, sums)

    def read(state: State, until: Array) -> tuple[State, tuple[Array, Array]]:
        state = jax.lax.while_loop(
            lambda state: state.step + length(state.step, ratio) <= until,
            lambda state: jump(state, length(state.step, ratio)),
            state,
        )
        there = jax.lax.cond(until > state.step, lambda: jump(state, until - state.step), lambda: state)
        return state, (there.loss, there.lost)

    moments = jnp.zeros((3, len(student.rates))).at[0].set(student.target**2)
    first = State(jnp.zeros((), int), moments, start, jnp.asarray(jnp.inf))
    found: tuple[Array, Array] = jax.lax.scan(read, first, steps)[1]
    return found


def length(step: Array, ratio: Array | int = RATIO) -> Array:
    """Of the jump from this step: the largest power of two that is at most 1/ratio of it, or one step."""
    return 1 << jnp.maximum(_log2(step // ratio), 0)


def _log2(count: Array) -> Array:
    """Rounded down; -1 of zero."""
    return 63 - jax.lax.clz(count.astype(jnp.int64))


def _one_step(student: Basis, coefficients: tuple[ArrayLike, ...], batch: Array) -> Sums:
    """M - 1 and b, from delta <- delta - g G - g_3 (1 - Delta) y with g = g_2 + g_1 g_3."""
    fades, g1, g2, g3 = (jnp.asarray(one, float) for one in coefficients)
    q, stays, g = student.rates, 1 - fades, g2 + g1 * g3
    square = (1 + 1 / batch) * q**2
    change = [
        [g**2 * square - 2 * g * q, -2 * g3 * stays * (1 - g * q), (g3 * stays) ** 2],
        [g1 * q - g * g1 * square, -fades - stays * (g + g1 * g3) * q, -g3 * stays**2],
        [g1**2 * square, 2 * g1 * stays * q, -fades * (2 - fades)],
    ]
    push = student.counts * q / batch * jnp.stack([g**2, -g * g1, g1**2])[:, None]
    rows = [jnp.stack([jnp.broadcast_to(one, q.shape) for one in row]) for row in change]
    return Sums(jnp.ones((), int), jnp.stack(rows), push, jnp.zeros_like(push))


def _times(matrix: Float[Array, "3 3 N"], other: Array) -> Array:
    """Of every direction by itself."""
    first, second, third = (matrix[:, k].reshape(3, *[1] * (other.ndim - 2), -1) * other[k] for k in range(3))
    return first + second + third


def _doubled(one: Sums, count: Array) -> Sums:
    """The sums of `count` steps like one, by its binary digits from the highest."""
    digits = _log2(count)

    def twice(sums: Sums) -> Sums:
        n, change, pushes, delays = sums
        later = delays + n * pushes
        return Sums(
            2 * n,
            2 * change + _times(change, change),
            2 * pushes + _times(change, pushes),
            delays + later + _times(change, later),
        )

    def one_more(sums: Sums) -> Sums:
        n, change, pushes, delays = sums
        last = one.pushes + _times(change, one.pushes)
        return Sums(n + 1, change + one.change + _times(one.change, change), pushes + last, delays + n * last)

    def digit(place: Array, sums: Sums) -> Sums:
        sums = twice(sums)
        return jax.lax.cond(count >> (digits - 1 - place) & 1, one_more, lambda same: same, sums)

    doubled: Sums = jax.lax.fori_loop(0, digits, digit, one)
    return doubled


def _across(student: Basis, noise: Array, most: Array, state: State, sums: Sums) -> State:
    """The state after these steps: L_n stands on both sides of one linear equation."""
    n, change, pushes, delays = sums
    kept = state.moments + _times(change, state.moments) + pushes * (state.loss + noise)
    rising = ((n - 1) * pushes - delays) / n  # what L_n - L_0 adds
    feeds = student.rates @ rising[0]
    rise = (student.irreducible + student.rates @ kept[0] - state.loss) / (1 - feeds)
    loss = jnp.where(feeds < 1, jnp.maximum(state.loss + rise, 0.0), jnp.inf)
    step = state.step + n
    lost = jnp.where(jnp.isinf(state.lost) & ~(loss <= most), step, state.lost)
    return State(step, kept + rising * rise, jnp.where(jnp.isinf(lost), loss, jnp.inf), lost)
