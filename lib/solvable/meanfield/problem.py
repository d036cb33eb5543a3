"""The task that a mean-field theory is given: a Gram matrix, targets, and how training steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

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
from ..gaussian import Function, averages
from ..networks.losses import error_of, loss_of, require_loss

GROWN = 4  # times the first loss: far above it, training has diverged


class Problem(NamedTuple):
    """Checked arguments of `two_layer`, `deep` and `deep_linear`; Q points, the first P with targets."""

    gram: Array  # (Q, Q)
    targets: Array  # (P,), or (P, C) of several outputs
    weights: Array  # (P,)
    richness: Array
    learning_rate: Array
    cross_entropy: Array  # whether it is the loss

    @property
    def known(self) -> int:
        """How many points have a target."""
        return len(self.targets)

    @property
    def several(self) -> bool:
        """Whether outputs have an axis of classes."""
        return self.targets.ndim == 2

    @property
    def classes(self) -> int:
        """C, readout weights of a neuron."""
        return self.targets.shape[1] if self.several else 1

    @property
    def parameters(self) -> dict[str, Any]:
        """What a result keeps."""
        return self._asdict()

    def errors(self, outputs: Array) -> Array:
        """D = p (y - f), or p (y - softmax(f)), of all points, zero where there is no target; shaped as the outputs.

        These have shape (..., Q), or (..., Q, C).
        """
        axis = -self.targets.ndim
        known = outputs[..., : self.known, :] if self.several else outputs[..., : self.known]
        missed = error_of(known, self.targets, self.cross_entropy)
        missed = missed * (self.weights[:, None] if self.several else self.weights)
        rest = [(0, 0)] * missed.ndim
        rest[axis] = (0, len(self.gram) - self.known)
        return jnp.pad(missed, rest)

    def parted(self, errors: Array) -> tuple[Array, Array]:
        """D_c as a pull, shape (n,), times what a layer above would send back, shape (n, C); n points or (time, point).

        With one output that is D times 1, and neurons feel the gradient g = phi' z. With several it is 1 times D_c, and
        they feel the signal q = phi' sum_c D_c z_c, where all errors are in it.
        """
        if self.several:
            return jnp.ones(len(errors)), errors
        return errors, jnp.ones((len(errors), 1))

    def loss(self, outputs: Array) -> Array:
        """Its sum over training points, of outputs (..., P) or (..., P, C)."""
        return loss_of(outputs, self.targets, self.cross_entropy) @ self.weights


def checked(
    gram: Array,
    targets: Array,
    weights: Numbers | None,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    loss: str = "square",
) -> tuple[Problem, int]:
    """The problem and the number of steps, or an error that names what is wrong."""
    require_task(gram, targets)
    cross_entropy = require_loss(loss, targets)
    p = jnp.ones(len(targets)) if weights is None else weights
    if shape_of("weights", p) != np.shape(targets)[:1]:
        raise ValueError(f"weights must have shape ({len(targets)},); got {np.shape(p)}")
    require_positive("weights", p)
    for name, value in (("richness", richness), ("learning_rate", learning_rate)):
        require_scalar(name, value)
        require_positive(name, value)
    gram, targets, p, eta, gamma = (as_floats(one) for one in (gram, targets, p, learning_rate, richness))
    return Problem(gram, targets, p, gamma, eta, jnp.asarray(cross_entropy)), require_count("steps", steps)


def require_stable(problem: Problem, outputs: Array, tangent_kernel: Callable[[], Array]) -> None:
    """Raise ValueError where the tangent kernel grew past what the learning rate can stand, and it shows.

    A step past the bound is not yet the end: the kernel may shrink again. A loss far above the first one is. The kernel
    has shape (T, Q, Q), or (1, Q, Q) where only that of the start is known.
    """
    known = concrete(outputs), *(concrete(one) for one in problem)
    if any(one is None for one in known):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        loss = np.asarray(problem.loss(outputs))
    start = float(problem.loss(jnp.zeros_like(problem.targets)))  # f is 0 there
    wrong = ~(loss <= (GROWN * start or np.inf))  # a NaN is not below
    if not wrong.any():
        return
    step, root = int(wrong.argmax()), np.sqrt(np.asarray(problem.weights))
    before = np.asarray(tangent_kernel())[: step + 1, : problem.known, : problem.known]
    before = before[np.isfinite(before).all(axis=(1, 2))]
    if not len(before):  # too large from the start, whatever the rate
        return
    share = 4 if problem.cross_entropy else 2  # the softmax has slopes of at most 1 / 2
    bound = share / np.linalg.eigvalsh(root[:, None] * before * root).max()
    raise ValueError(
        f"learning_rate must be below {share} / (largest eigenvalue of the tangent kernel), here {bound:.4g}, which "
        f"falls as the kernel grows; {float(problem.learning_rate):.4g} diverged at step {step}"
    )


def first_kernel(problem: Problem, activation: str | Function, depth: int) -> Array:
    """The tangent kernel at the start, the same for each class, (1, Q, Q)."""
    kernel = features = problem.gram
    for _ in range(depth):
        size = jnp.diag(features)
        pair = averages(activation, size[:, None], size, features)
        kernel, features = kernel * pair.slopes + pair.product, pair.product
    return kernel[None]
