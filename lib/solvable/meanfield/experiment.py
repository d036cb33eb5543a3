"""The experiment to the theories: finite networks in the mean-field parameterization, in pairs that start at f = 0."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import finite_answer, require_count, require_flag, require_key
from .._grams import gram_of
from .._memory import require_memory
from .._repeats import mean_and_std
from ..gaussian import Function
from ..networks import MLP, Network, train
from ..networks.rows import drawn, size_of
from ..results import at_steps
from .problem import Problem, checked
from .results import MeanField


@at_steps
@finite_answer
def finite(
    inputs: Float[Array, "P D"],
    targets: Float[Array, " P"] | Float[Array, "P C"],
    *,
    width: int,
    depth: int = 1,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    repeats: int = 16,
    loss: str = "square",
    tangent_kernel: bool = False,
) -> MeanField:
    r"""Full-batch gradient descent of finite networks, in the units of `two_layer` and `deep`.

    .. math:: h^1 = \frac{W^0 x}{\sqrt D}, \quad h^{l+1} = \frac{W^l \phi(h^l)}{\sqrt N}, \quad
              f = \frac{w\cdot\phi(h^L)}{\gamma_0 N}, \qquad
              W \leftarrow W + \eta\gamma_0^2 N \sum_{\mu c} D_{\mu c}\, \frac{\partial f_{\mu c}}{\partial W}

    with D = y - f, or y - softmax(f) for the cross-entropy, from unit Gaussian weights. Each network has a twin with
    the opposite readout, w -> -w. The mean of both starts from f = 0, as the limit does, and without f(0), of order
    1 / (gamma_0 sqrt(N)), its scatter is far smaller.

    Args:
      inputs: x, shape (P, D); the theories' gram is x x^T / D.
      targets: y, shape (P,), or (P, C) for several outputs.
      width: N, neurons in each hidden layer, whole and >= 1.
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel).
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key.
      repeats: R, pairs of networks, >= 2.
      loss: "square", sum_mu sum_c (f_c - y_c)^2 / 2, or "cross_entropy", - sum_mu sum_c y_c ln softmax(f)_c, whose
        targets (P, C) are probabilities: rows of numbers >= 0 that sum to 1.
      tangent_kernel: whether to record it, which costs P times a step, for each output.

    Returns:
      `MeanField` without test points, gradients, signals and two_time; its errors are those over the pairs, its
      preactivations those of all neurons of the last layer, shape (2 R N, P).

    Raises:
      ValueError: for an argument out of range; where a network diverged, with the learning rate and the step.
      TypeError: for a tangent_kernel that is neither True nor False.
      RuntimeError: where jax is in float32.

    Its distance from the limit at a fixed time is of order 1/N in the mean and 1/sqrt(N) from pair to pair.
    Source: the definition of the model, after Bordelon and Pehlevan (2022). Book: "How far are finite networks?"
    """
    require_flag("tangent_kernel", tangent_kernel)
    inputs, gram = gram_of(inputs)
    problem, steps = checked(gram, targets, None, richness, learning_rate, steps, loss)
    network = MLP(width, depth=depth, activation=activation, richness=problem.richness, dtype=float)
    more = {"width": width}
    return pairs(network, inputs, problem, steps, key, repeats, more, loss=loss, tangent_kernel=tangent_kernel)


def pairs(
    network: Network,
    inputs: Array,
    problem: Problem,
    steps: int,
    key: Array,
    repeats: int,
    more: dict[str, Any],
    *,
    loss: str = "square",
    tangent_kernel: bool = False,
) -> MeanField:
    """Networks of any kind in training, in pairs with opposite readouts; with `more` among the parameters."""
    require_key(key)
    targets, learning_rate = problem.targets, problem.learning_rate
    repeats, size = require_count("repeats", repeats, 2), size_of(network, inputs, targets)
    require_memory(lambda repeats: 64 * size * repeats, repeats=repeats)
    keys = jax.random.split(key, repeats)
    start = jax.tree.map(np.asarray, drawn(network, keys, inputs.shape[1:], targets.shape[1:]))
    twins = {name: np.concatenate([w, -w if name == "output" else w]) for name, w in start.items()}
    names = ["outputs", "feature_kernels"] + ["tangent_kernel"] * tangent_kernel
    run = train(
        network, inputs, targets, steps, learning_rate=learning_rate * len(targets), loss=loss,
        key=jnp.concatenate([keys, keys]), start=twins, metrics=names,
    )  # fmt: skip
    if run.diverged.any():
        step = int(np.asarray(run.diverged_at)[np.asarray(run.diverged)].min())
        raise ValueError(f"learning_rate must be smaller; at {learning_rate} a network diverged at step {step}")
    pairs = {name: np.asarray(x).reshape(2, repeats, *x.shape[1:]).mean(axis=0) for name, x in run.metrics.items()}
    mean, std = mean_and_std({name: pairs[name] for name in names})
    h = jax.vmap(lambda w: network.forward(w, inputs)[1][-1])(run.end)
    nowhere = jnp.zeros((steps + 1, 0, *targets.shape[1:]))
    return MeanField(
        mean["outputs"],
        nowhere,
        mean["feature_kernels"].swapaxes(0, 1),
        None,
        mean.get("tangent_kernel"),
        h.swapaxes(1, 2).reshape(-1, len(targets)),
        std["outputs"],
        nowhere,
        std["feature_kernels"].swapaxes(0, 1),
        parameters=problem.parameters | more | {"repeats": repeats, "key": jax.random.key_data(key)},
    )
