r"""The coordinate check: do activations and outputs, and their changes, keep their size as the width grows?

.. math:: \text{rms}\,h^l(0),\quad \text{rms}\,[h^l(t) - h^l(0)],\quad \text{rms}\,f(0),\quad \text{rms}\,[f(t) - f(0)]
          \;\propto\; N^{x}

One straight line through the logarithms for each, with the standard error that the seeds give it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import require_count, require_key, require_scalar
from .._pytree import pytree
from ..parameterizations.counting import Wish
from ..results import Saved
from .models import AnyNetwork
from .rows import portions
from .slopes import Slope, line_weights
from .training import train

WATCHED = ("feature_size", "feature_change", "output_size", "output_change")


@pytree
@dataclass(frozen=True)
class CoordinateCheck(Saved):
    """Sizes against width.

    Attributes:
      widths: shape (W,).
      feature_size, feature_change: root mean square of h(0) and of h(t) - h(0), shape (W, S, L) for S seeds.
      output_size, output_change: the same of f, shape (W, S).
      parameters: what made it.
    """

    widths: Float[Array, " W"]
    feature_size: Float[Array, "W S L"]
    feature_change: Float[Array, "W S L"]
    output_size: Float[Array, "W S"]
    output_change: Float[Array, "W S"]
    parameters: dict[str, Any] = field(default_factory=dict)

    def exponents(self, name: str) -> tuple[Slope, ...]:
        """Exponents of one of the four sizes: L of the features', one of the output's.

        Raises:
          ValueError: for another name.
        """
        if name not in WATCHED:
            raise ValueError(f"name must be one of {WATCHED}; got {name!r}")
        sizes = np.asarray(getattr(self, name), float)
        return tuple(_slope(self.widths, column) for column in sizes.reshape(*sizes.shape[:2], -1).transpose(2, 0, 1))

    @property
    def verdict(self) -> tuple[Wish, Wish, Wish]:
        """The three wishes of a wide network: does the measurement grant them, and which layer breaks them?

        An exponent counts as 0 when it is within 0.1 and two standard errors; an output at the start may also vanish.
        """
        layers = [f"hidden layer {layer + 1}" for layer in range(np.shape(self.feature_size)[2])]
        start, (first,) = self.exponents("feature_size"), self.exponents("output_size")
        vanishing = first._replace(value=max(first.value, 0.0))
        return (
            _judge("stable passes", [*layers, "the output"], [*start, vanishing], "starts"),
            _judge("the function learns", ["the output"], self.exponents("output_change"), "changes"),
            _judge("the features learn", layers, self.exponents("feature_change"), "changes"),
        )

    @property
    def passed(self) -> bool:
        """Whether all three hold."""
        return all(wish.holds for wish in self.verdict)

    def __str__(self) -> str:
        """The verdict, a line for each wish."""
        return "\n".join(f"{'yes' if wish.holds else 'NO ':3} {wish.name}: {wish.words}" for wish in self.verdict)


def coordinate_check(
    network: Callable[[int], AnyNetwork],
    widths: Iterable[int],
    inputs: Array,
    targets: Array,
    *,
    learning_rate: ArrayLike,
    key: Array,
    steps: int = 5,
    optimizer: str = "sgd",
    repeats: int = 8,
) -> CoordinateCheck:
    r"""Train a network at several widths for a few steps, and fit how its sizes go with the width.

    Args:
      network: a function of the width, for instance ``lambda width: MLP(width, depth=3)``. Your own network serves if
        it has ``init``, ``forward`` and ``rates``: see `Custom`.
      widths: at least two different ones; a factor of 16 between the ends is good.
      inputs, targets: a small batch, as in `train`.
      learning_rate: eta_0, small: the exponents are those of the first order in it.
      key: a jax random key.
      steps: how many, >= 1. One where the changes grow with the width: later steps would diverge.
      optimizer: ``"sgd"`` or ``"adam"``.
      repeats: seeds at every width, >= 2. The output at the start needs 100 or more.

    Returns:
      ``CoordinateCheck``; print it for the verdict.

    Raises:
      ValueError: for an argument out of range, or where training diverged, with the width and the step.

    Source: Yang and Hu (2021); Yang et al. (2022). Book: "The coordinate check".
    """
    require_key(key)
    require_scalar("learning_rate", learning_rate)
    repeats, steps = require_count("repeats", repeats, 2), require_count("steps", steps)
    sizes = sorted({require_count("widths", width) for width in widths})
    if len(sizes) < 2:
        raise ValueError(f"widths must be at least two different ones; got {sizes}")
    found: dict[str, list[Array]] = {name: [] for name in WATCHED}
    for width, of_width in zip(sizes, jax.random.split(key, len(sizes)), strict=True):
        runs, every_key = [], jax.random.split(of_width, repeats)
        for rows in portions(network(width), inputs, targets, repeats):
            run = train(
                network(width),
                inputs,
                targets,
                steps,
                learning_rate=learning_rate,
                key=every_key[np.asarray(rows)],
                optimizer=optimizer,
                metrics=("outputs", "feature_size", "feature_change", "output_change"),
                every=steps,
            )
            if bool(run.diverged.any()):
                at = f"at step {int(run.diverged_at[run.diverged][0])}, width {width}"
                raise ValueError(f"learning_rate must be smaller; {learning_rate} diverged {at}")
            runs.append(run.metrics)
        seen = jax.tree.map(lambda *x: jnp.concatenate(x), *runs)
        found["feature_size"].append(seen["feature_size"][:, 0])
        found["output_size"].append(jnp.sqrt(jnp.mean(seen["outputs"][:, 0].reshape(repeats, -1) ** 2, axis=1)))
        for name in ("feature_change", "output_change"):
            found[name].append(seen[name][:, -1])
    parameters = {"learning_rate": learning_rate, "steps": steps, "repeats": repeats, "key": jax.random.key_data(key)}
    stacked = {name: jnp.stack(parts) for name, parts in found.items()}
    return CoordinateCheck(jnp.asarray(sizes, float), **stacked, parameters=parameters)


def _slope(widths: Array, sizes: np.ndarray) -> Slope:
    """Of the logarithm of the root mean square over seeds, (W, S), and what the spread of the seeds leaves open."""
    squares: np.ndarray = sizes**2
    mean = np.maximum(squares.mean(axis=1), np.finfo(float).tiny)
    spread = squares.std(axis=1, ddof=1) / mean / np.sqrt(sizes.shape[1])
    weights = line_weights(np.asarray(widths)) / 2
    return Slope(float(weights @ np.log(mean)), float(np.sqrt(weights**2 @ spread**2)))


def _judge(name: str, who: list[str], slopes: Iterable[Slope], verb: str) -> Wish:
    wrong = [(one, slope) for one, slope in zip(who, slopes, strict=True) if not slope.is_zero]
    words = "; ".join(f"{one} {verb} as N^({slope.value:+.2f} +- {slope.error:.2f})" for one, slope in wrong)
    return Wish(name, not wrong, words or "the same size at every width")
