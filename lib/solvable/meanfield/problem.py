"""The task that a mean-field theory is given: a Gram matrix, targets, and how training steps."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import (
    as_floats,
    concrete,
    require_count,
    require_positive,
    require_scalar,
    shape_of,
)
from .._grams import require_task
from .._pytree import Numbers


class Problem(NamedTuple):
    """Checked arguments of `two_layer`, `deep` and `deep_linear`; Q points, the first P with targets."""

    gram: Array  # (Q, Q)
    targets: Array  # (P,)
    weights: Array  # (P,)
    richness: Array
    learning_rate: Array

    @property
    def known(self) -> int:
        """How many points have a target."""
        return len(self.targets)

    @property
    def parameters(self) -> dict[str, Array]:
        """What a result keeps."""
        return self._asdict()

    def errors(self, outputs: Array) -> Array:
        """D = p (y - f) of all points, zero where there is no target; outputs have shape (..., Q)."""
        missed = self.weights * (self.targets - outputs[..., : self.known])
        rest = [(0, 0)] * (missed.ndim - 1) + [(0, len(self.gram) - self.known)]
        return jnp.pad(missed, rest)


def checked(
    gram: Array, targets: Array, weights: Numbers | None, richness: ArrayLike, learning_rate: ArrayLike, steps: int
) -> tuple[Problem, int]:
    """The problem and the number of steps, or an error that names what is wrong."""
    require_task(gram, targets)
    p = jnp.ones(len(targets)) if weights is None else weights
    if shape_of("weights", p) != np.shape(targets):
        raise ValueError(f"weights must have shape ({len(targets)},); got {np.shape(p)}")
    require_positive("weights", p)
    for name, value in (("richness", richness), ("learning_rate", learning_rate)):
        require_scalar(name, value)
        require_positive(name, value)
    arrays = (as_floats(one) for one in (gram, targets, p, richness, learning_rate))
    return Problem(*arrays), require_count("steps", steps)


def require_stable(problem: Problem, tangent_kernel: Array, outputs: Array) -> None:
    """Raise ValueError where the tangent kernel (T, Q, Q) grew past what the learning rate can stand, and it shows.

    A step past the bound is not yet the end: the kernel may shrink again. A loss far above the first one is.
    """
    known = concrete(outputs), concrete(tangent_kernel), concrete(problem.learning_rate)
    if any(one is None for one in known):
        return
    f, kernel, rate = (np.asarray(one) for one in known)
    count, root = problem.known, np.sqrt(np.asarray(problem.weights))
    miss = root * (np.asarray(problem.targets) - f)
    with np.errstate(over="ignore"):
        loss = (miss**2).sum(axis=1)
    start = float(np.asarray(problem.weights) @ np.asarray(problem.targets) ** 2)  # f is 0 there
    wrong = ~(loss <= (4 * start or np.inf))  # a NaN is not below
    if not wrong.any():
        return
    step = int(wrong.argmax())
    before = kernel[: step + 1, :count, :count]
    before = before[np.isfinite(before).all(axis=(1, 2))]
    bound = 2 / np.linalg.eigvalsh(root[:, None] * before * root).max()
    raise ValueError(
        f"learning_rate must be below 2 / (largest eigenvalue of the tangent kernel), here {bound:.4g}, which falls as "
        f"the kernel grows; {rate:.4g} diverged at step {step}"
    )
