r"""Training with a kernel that stays: the lazy limit, in closed form.

.. math:: \frac{df}{dt} = K p\,(y - f) - r f, \qquad
          f_\star(t) = K_\star p^{1/2}\, \frac{1 - e^{-(S + r) t}}{S + r}\, p^{1/2} y, \qquad S = p^{1/2} K p^{1/2}

from f = 0, with data weights p and a ridge r that pulls the weights back to where they began. A step of gradient
descent replaces the exponential by 1 - eta (S + r).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import (
    as_floats,
    concrete,
    require,
    require_count,
    require_float64,
    require_nonnegative,
    require_positive,
    require_scalar,
    require_shape,
    require_times,
    shape_of,
)
from .._grams import require_gram
from .._memory import require_memory
from .._pytree import Numbers, pytree
from ..results import Result, at_steps
from .flow import learned


@pytree
@dataclass(frozen=True)
class Predictions(Result):
    """What a kernel machine says while it learns.

    Attributes:
      times: shape (T,); step numbers for gradient descent.
      outputs: f, shape (T, P) or (T, P, O) as the targets, on the training points.
      test: f, shape (T, M) or (T, M, O), on further points; None without them.
      parameters: what made them, by name.
    """

    times: Float[Array, " T"]
    outputs: Float[Array, "T P *outputs"]
    test: Float[Array, "T M *outputs"] | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def gradient_flow(
    kernel: Array,
    targets: Array,
    times: Numbers,
    *,
    cross: Array | None = None,
    ridge: ArrayLike = 0.0,
    weights: Numbers | None = None,
) -> Predictions:
    r"""Outputs of a kernel machine in gradient flow, at these times, exactly.

    .. math:: \frac{df}{dt} = K p\,(y - f) - r f, \qquad
              f_\star(t) = K_\star p^{1/2}\, \frac{1 - e^{-(S + r) t}}{S + r}\, p^{1/2} y, \qquad S = p^{1/2} K p^{1/2}

    from f = 0; p is diagonal, and the training points' own rows K stand for :math:`K_\star` in f.

    Args:
      kernel: K, shape (P, P), symmetric without negative eigenvalues.
      targets: y, shape (P,) or (P, O).
      times: t, shape (T,), >= 0, in any order, in units of 1 / (learning rate x eigenvalue of K p).
      cross: K between further points (rows) and the training points (columns), shape (M, P); None for no further
        points.
      ridge: r >= 0; it pulls the weights back to where they began.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.

    Returns:
      `Predictions`: outputs (T, P) and test (T, M), with a last axis O where the targets have one.

    Raises:
      ValueError: for an argument out of range, named with its value; for outputs that overflow; for second slopes along
        the kernel.
      RuntimeError: where jax is in float32.

    Exact to rounding. Slopes are exact also where eigenvalues coincide. Cost: one eigendecomposition, P^3.
    Source: Jacot et al. (2018), Lee et al. (2019). Book: "The kernel limit".
    """
    times = require_times(times)
    require_gram("kernel", kernel)
    require_memory(lambda count: 16 * count * len(kernel), **{"len(times)": len(times)})
    task = _Task(kernel, targets, cross, ridge, weights)
    dual, outputs = learned(task.matrix, task.targets, times, task.ridge)
    return task.predictions(times, outputs, dual, {"ridge": ridge})


@at_steps
def gradient_descent(
    kernel: Array,
    targets: Array,
    steps: int,
    *,
    learning_rate: ArrayLike,
    cross: Array | None = None,
    ridge: ArrayLike = 0.0,
    weights: Numbers | None = None,
) -> Predictions:
    r"""Outputs of a kernel machine after 0, 1, ..., steps steps of full-batch gradient descent, exactly.

    .. math:: f(t + 1) = f(t) + \eta\,\big[K p\,(y - f(t)) - r f(t)\big], \qquad
              f_\star(t) = K_\star p^{1/2}\, \frac{1 - (1 - \eta\,(S + r))^t}{S + r}\, p^{1/2} y,
              \qquad S = p^{1/2} K p^{1/2}

    from f = 0; p is diagonal.

    Args:
      kernel: K, shape (P, P), symmetric without negative eigenvalues.
      targets: y, shape (P,) or (P, O).
      steps: how many, a whole number >= 0: all up to it; or a list of step numbers.
      learning_rate: eta > 0, at most 2 / (largest eigenvalue of K p + r): beyond, training diverges.
      cross: K between further points (rows) and the training points (columns), shape (M, P); None for no further
        points.
      ridge: r >= 0; it pulls the weights back to where they began.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.

    Returns:
      `Predictions` whose ``times`` are the T step numbers: outputs (T, P) and test (T, M), with a last axis O where the
      targets have one.

    Raises:
      ValueError: for an argument out of range, named with its value; for a learning rate past stability, with the
        bound; for outputs that overflow.
      RuntimeError: where jax is in float32.

    Exact to rounding: the steps themselves are taken. Source: Jacot et al. (2018), Lee et al. (2019). Book: "The kernel
    limit".
    """
    steps = require_count("steps", steps, 0)
    require_gram("kernel", kernel)
    require_memory(lambda steps: 16 * (steps + 1) * len(kernel), steps=steps)
    require_scalar("learning_rate", learning_rate)
    require_positive("learning_rate", learning_rate)
    task = _Task(kernel, targets, cross, ridge, weights)
    if (matrix := concrete(task.matrix)) is not None and (least := concrete(task.ridge)) is not None:
        bound = 2 / max(float(np.linalg.eigvalsh(matrix).max() + least), float(np.finfo(float).tiny))
        require("learning_rate", learning_rate, f"<= 2 / (largest eigenvalue) = {bound:.6g}", lambda x: x <= bound)

    eta = as_floats(learning_rate)

    def step(dual: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        outputs = task.matrix @ dual
        return dual + eta * (task.targets - outputs - task.ridge * dual), (dual, outputs)

    _, (dual, outputs) = jax.lax.scan(step, jnp.zeros_like(task.targets), length=steps + 1)
    parameters = {"ridge": ridge, "learning_rate": learning_rate}
    return task.predictions(jnp.arange(steps + 1.0), outputs, dual, parameters)


class _Task:
    """Kernel and targets between the roots of the data weights: f = S a / sqrt(p) where a are the dual weights."""

    def __init__(
        self, kernel: Array, targets: Array, cross: Array | None, ridge: ArrayLike, weights: Numbers | None
    ) -> None:
        require_float64()
        require_gram("kernel", kernel)
        require_scalar("ridge", ridge)
        require_nonnegative("ridge", ridge)
        count = len(kernel)
        if shape_of("targets", targets)[:1] != (count,):
            raise ValueError(f"targets must have one row for each of the {count} points; got shape {np.shape(targets)}")
        require("targets", targets, "finite", np.isfinite)
        p = jnp.ones(count) if weights is None else weights
        if shape_of("weights", p) != (count,):
            raise ValueError(f"weights must have shape ({count},); got {np.shape(p)}")
        require_positive("weights", p)
        if cross is not None:
            require_shape("cross", cross, 2, f"K of further points with the {count} points, shape (M, {count})")
            if np.shape(cross)[1] != count:
                raise ValueError(
                    f"cross must have a column for each of the {count} points; got shape {np.shape(cross)}"
                )
            require("cross", cross, "finite", np.isfinite)
        self.root = jnp.sqrt(as_floats(p))[:, None]
        matrix = self.root * as_floats(kernel) * self.root.T
        self.matrix = (matrix + matrix.T) / 2
        y = as_floats(targets)
        self.shape = y.shape[1:]
        self.targets = self.root * y.reshape(count, -1)
        self.ridge = as_floats(ridge)
        self.cross = None if cross is None else as_floats(cross) * self.root.T

    def predictions(self, times: Array, outputs: Array, dual: Array, parameters: dict[str, Any]) -> Predictions:
        """From S a and a at all times, (T, P, outputs)."""
        found = [outputs / self.root] if self.cross is None else [outputs / self.root, self.cross @ dual]
        require("kernel", found[0], "so small that outputs are numbers", np.isfinite)
        require("cross", found[-1], "so small that outputs are numbers", np.isfinite)
        own, *test = (one.reshape(len(times), -1, *self.shape) for one in found)
        return Predictions(times, own, test[0] if test else None, parameters)
