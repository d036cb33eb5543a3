"""Finite residual networks: in training, in pairs that start at f = 0; and neurons that walk through their layers."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import as_floats, finite_answer, require_count, require_flag, require_float64, require_known
from .._grams import gram_of
from .._memory import require_memory
from .._repeats import over_repeats
from ..gaussian import Function, activation_function
from ..meanfield.experiment import pairs
from ..meanfield.results import MeanField
from ..networks import ResidualMLP
from ..results import at_steps
from .branches import branches
from .theory.linear import task
from .untied import Untied

__all__ = ["finite", "walk"]


@at_steps
@finite_answer
def finite(
    inputs: Float[Array, "P D"],
    targets: Float[Array, " P"],
    *,
    width: int,
    depth: int,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    branch: ArrayLike = 1.0,
    branch_power: float = 0.5,
    repeats: int = 16,
    tangent_kernel: bool = False,
    untied: bool = False,
) -> MeanField:
    r"""Full-batch gradient descent of finite residual networks, in the units of `depth.theory.residual`.

    .. math:: h^1 = \frac{W^0 x}{\sqrt D}, \qquad
              h^{l+1} = h^l + \frac{\beta}{L^\alpha}\, \frac{W^l \phi(h^l)}{\sqrt N}, \qquad
              f = \frac{w\cdot\phi(h^{L+1})}{\gamma_0 N}

    for l = 1 to L, from unit Gaussian weights, which move by :math:`\eta\gamma_0^2 N \sum_\mu (y_\mu - f_\mu)\,
    \partial f_\mu/\partial W`, those of the branches by :math:`L^{2\alpha-1}` times that. Each network has a twin with
    the opposite readout, w -> -w, and their mean starts from f = 0, as the limit does.

    Args:
      inputs: x, shape (P, D); the theories' gram is x x^T / D.
      targets: y, shape (P,).
      width: N, neurons, whole and >= 1.
      depth: L, branches, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel).
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key.
      branch: beta >= 0.
      branch_power: alpha, one finite number. Below 1/2 the branches' rates are plain.
      repeats: R, pairs of networks, >= 2.
      tangent_kernel: whether to record it, which costs P times a step.
      untied: whether gradients come back through a matrix of their own in place of W(0)^T, beside what was learned: the
        networks of theories without responses. Weights at the start are those of tied networks of the same key.

    Returns:
      ``MeanField`` of L + 1 layers without test points, gradients and two_time; its errors are those over the pairs,
      its preactivations those of all neurons of the last layer, shape (2 R N, P).

    Raises:
      ValueError: for an argument out of range; where a network diverged, with the learning rate and the step; for a
        tangent_kernel of untied networks, which descend no gradient and have none.
      TypeError: for a flag that is neither True nor False.
      RuntimeError: where jax is in float32.

    Its distance from the limit at a fixed time is of order 1/N in the mean and 1/sqrt(N) from pair to pair, at any
    depth. Source: the definition of the model, after Bordelon, Noci, Li, Hanin, Pehlevan (2024).
    Book: "Training a network without end".
    """
    for name, flag in (("tangent_kernel", tangent_kernel), ("untied", untied)):
        require_flag(name, flag)
    if untied and tangent_kernel:
        raise ValueError("tangent_kernel must be False for untied networks, which have none; got True")
    inputs, gram = gram_of(inputs)
    problem, steps = task(gram, targets, None, richness, learning_rate, steps)
    branches(branch, branch_power, depth)
    require_known("branch_power", branch_power)
    network = (Untied if untied else ResidualMLP)(
        width, depth=depth, activation=activation, richness=problem.richness, dtype=float, branch=as_floats(branch),
        branch_power=float(branch_power),
    )  # fmt: skip
    more = {"width": width, "depth": depth, "branch": branch, "branch_power": branch_power, "untied": untied}
    return pairs(network, inputs, problem, steps, key, repeats, more, tangent_kernel=tangent_kernel)


@finite_answer
def walk(
    inputs: Float[Array, "Q D"],
    *,
    width: int,
    depth: int,
    activation: str | Function,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    key: Array,
    repeats: int = 16,
) -> Float[Array, "R S Q N"]:
    r"""Preactivations of random residual networks in all layers: each neuron's path in layer time.

    .. math:: h^1 = \frac{W^0 x}{\sqrt D}, \qquad
              h^{l+1} = h^l + \frac{\beta}{L^\alpha}\, \frac{W^l \phi(h^l)}{\sqrt N}, \qquad W^l_{ij} \sim N(0, 1)

    Each matrix is used once, so given the layer below, :math:`W^l \phi(h^l)/\sqrt N` is Gaussian: neurons are
    independent, and their covariance over inputs is :math:`\phi(h^l)\cdot\phi(h^l)/N`. That is what is drawn, N Q
    numbers a layer in place of N^2.

    Args:
      inputs: x, shape (Q, D).
      width: N, neurons, whole and >= 1.
      depth: L, branches, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      branch: beta >= 0.
      branch_power: alpha, one finite number; 1/2 keeps h of order one at any depth, 0 does not scale.
      key: a jax random key.
      repeats: R, networks, >= 2.

    Returns:
      h of layers 1 to L + 1, shape (R, L + 1, Q, N).

    Raises:
      ValueError: for an argument out of range, or where h overflows.
      RuntimeError: where jax is in float32.

    Exact draws of the law of networks of this width. Source: the definition of the model.
    Book: "A neuron's walk through the layers".
    """
    require_float64()
    x, _ = gram_of(inputs)
    activation_function(activation)
    sizes = {"width": require_count("width", width), "depth": require_count("depth", depth)}
    share = jnp.sqrt(branches(branch, branch_power, depth).noise)
    repeats = require_count("repeats", repeats, 2)
    require_memory(lambda n, depth, repeats: 16 * repeats * (depth + 1) * len(x) * n, **sizes, repeats=repeats)
    draw = partial(_walks, x, share, activation=activation, **sizes)
    return over_repeats(draw, key, repeats, each=32 * sizes["width"] * (sizes["depth"] + 1) * len(x))[0]


@partial(jax.jit, static_argnames=("width", "depth", "activation"))
def _walks(x: Array, share: Array, keys: Array, *, width: int, depth: int, activation: str | Function) -> Array:
    phi = activation_function(activation)

    def summed(key: Array, below: Array) -> Array:
        """W below / sqrt(n) for below (Q, n): a triangle with the covariance of W's sums stands in for it."""
        triangle = jnp.linalg.qr(below.T, mode="r")
        normals = jax.random.normal(key, (width, len(triangle)))
        return (normals @ triangle).T / jnp.sqrt(below.shape[1])

    def one(key: Array) -> Array:
        keys = jax.random.split(key, depth + 1)

        def layer(h: Array, key: Array) -> tuple[Array, Array]:
            return h + share * summed(key, phi(h)), h

        last, before = jax.lax.scan(layer, summed(keys[0], x), keys[1:])
        return jnp.concatenate([before, last[None]])

    return jax.vmap(one)(keys)
