"""What is asked of a posterior, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import as_floats, require_positive, require_scalar
from .._grams import require_task
from .._pytree import pytree
from ..results import Result


class Task(NamedTuple):
    """Checked arguments of the posteriors; Q points, the first P with targets."""

    gram: Array  # (Q, Q)
    targets: Array  # (P,), or (P, C) of several outputs
    richness: Array
    inverse_temperature: Array

    @property
    def known(self) -> int:
        """How many points have a target."""
        return len(self.targets)

    @property
    def prior(self) -> Array:
        """<w^2> of the prior: 1, or the unit matrix of several outputs."""
        return jnp.ones(()) if self.targets.ndim == 1 else jnp.eye(self.targets.shape[1])


def checked_task(
    gram: Array,
    targets: Array,
    richness: ArrayLike,
    inverse_temperature: ArrayLike,
    name: str = "gram",
    several: bool = True,
) -> Task:
    """The task, or an error that names what is wrong: several outputs too, where only one is known."""
    require_task(gram, targets, name, several)
    for name, value in (("richness", richness), ("inverse_temperature", inverse_temperature)):
        require_scalar(name, value)
        require_positive(name, value)
    return Task(*(as_floats(one) for one in (gram, targets, richness, inverse_temperature)))


@pytree
@dataclass(frozen=True)
class Posterior(Result):
    """Networks drawn from the Gibbs measure of their weights: means, from a theory or from sampled networks.

    Attributes:
      outputs: mean f on the training points, shape (P,), or (P, C) of several outputs.
      test: mean f on the points without a target, shape (M,), or (M, C).
      features: Phi^l, mean of phi(h^l) phi(h^l) over neurons, shape (L, Q, Q), Q = P + M.
      readout: <w^2>, second moment of the readout weights, a number; 1 in the prior. Of several outputs <w w^T>, shape
        (C, C); the unit matrix in the prior.
      preactivations: samples of h^L on the training points, shape (S, P), each of equal weight; None for a closed form.
      outputs_std: shape (P,), or (P, C), standard deviation over repeats; None for a closed form.
      test_std: shape (M,), or (M, C), likewise.
      features_std: shape (L, Q, Q), likewise.
      readout_std: a number, or (C, C), likewise.
      effective_samples: how many equally weighted samples the weighted ones are worth, a number; None if nothing was
        weighted.
      residual: what is left of the equation that was solved, at worst, a number; None where there is none.
      iterations: Newton steps, a number; None where there are none.
      parameters: what made it, by name.
    """

    outputs: Float[Array, " P"] | Float[Array, "P C"]
    test: Float[Array, " M"] | Float[Array, "M C"]
    features: Float[Array, "L Q Q"]
    readout: ArrayLike
    preactivations: Float[Array, "S P"] | None = None
    outputs_std: Float[Array, " P"] | Float[Array, "P C"] | None = None
    test_std: Float[Array, " M"] | Float[Array, "M C"] | None = None
    features_std: Float[Array, "L Q Q"] | None = None
    readout_std: ArrayLike | None = None
    effective_samples: ArrayLike | None = None
    residual: ArrayLike | None = None
    iterations: ArrayLike | None = None
    parameters: dict[str, Any] = field(default_factory=dict)


def spread(single: tuple[Array, ...]) -> tuple[Array, ...]:
    """Standard deviations over independent samples, the first axis."""
    return tuple(one.std(axis=0, ddof=1) for one in single)


def gathered(
    means: tuple[Array, ...], deviations: tuple[Array, ...], repeats: int, task: Task, **more: Any
) -> Posterior:
    """A result from f (Q,), features (L, Q, Q) and <w^2>: their means, and what `spread` says of them."""
    f, features, readout = means
    f_std, features_std, readout_std = deviations
    known, parameters = task.known, {"repeats": repeats} | task._asdict() | more.pop("parameters", {})
    return Posterior(
        outputs=f[:known],
        test=f[known:],
        features=features,
        readout=readout,
        outputs_std=f_std[:known],
        test_std=f_std[known:],
        features_std=features_std,
        readout_std=readout_std,
        parameters=parameters,
        **more,
    )
