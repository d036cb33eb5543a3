r"""Slightly rich: the posterior to first order in the squared richness, about the one that stays lazy.

.. math::
   \Phi_2 &= \tfrac12 \big\langle \phi\phi^\top (s^2 - \langle s^2\rangle) \big\rangle, \qquad s = \kappa_0\cdot\phi\\
   \kappa_0 &= (\Phi_0 + 1/\beta)^{-1} y, \qquad \kappa_2 = -(\Phi_0 + 1/\beta)^{-1}\, \Phi_2 \kappa_0
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from .._checks import finite_answer, require_count, require_key
from .._memory import require_memory
from .._pytree import pytree
from ..gaussian import Function, activation_function
from ..numerics.gaussians import require_particles, sobol
from ..results import Result, at_richness
from .results import Posterior, Task, checked_task
from .two_layers import Points


@pytree
@dataclass(frozen=True)
class Expansion(Result):
    """A posterior in powers of the richness; the first axis is (order 0, order 2), order 1 vanishes.

    Attributes:
      outputs: shape (2, P), f_0 and f_2 on the training points.
      test: shape (2, M), on the points without a target.
      features: Phi^l, shape (2, L, Q, Q).
      readout: <w^2>, shape (2,).
      parameters: what made it, by name.
    """

    outputs: Float[Array, "2 P"]
    test: Float[Array, "2 M"]
    features: Float[Array, "2 L Q Q"]
    readout: Float[Array, " 2"]
    parameters: dict[str, Any] = field(default_factory=dict)

    @finite_answer
    def at(self, richness: ArrayLike) -> Posterior:
        r"""The sum of both orders at one richness, in the form of `two_layer` and `deep_linear`.

        .. math:: f = f_0 + \gamma_0^2 f_2, \qquad \Phi = \Phi_0 + \gamma_0^2 \Phi_2

        Args:
          richness: gamma_0 >= 0, one number.

        Returns:
          `Posterior` without preactivations and standard deviations.

        Raises:
          ValueError: for a richness out of range, or one at which the sum overflows.
        """
        return Posterior(**at_richness(self, richness))


@finite_answer
def expansion(
    gram: Array,
    targets: Array,
    *,
    activation: str | Function,
    inverse_temperature: ArrayLike,
    depth: int = 1,
    key: Array | None = None,
    particles: int = 2**10,
    repeats: int = 16,
) -> Expansion:
    r"""What a little richness adds to the NNGP's posterior, in infinitely wide networks.

    .. math::
       f &= f_0 + \gamma_0^2 f_2 + O(\gamma_0^4), \qquad f_0 = \Phi_0\,\kappa_0, \qquad
            f_2 = \Phi_0\,\kappa_2 + \Phi_2\,\kappa_0\\
       \Phi_2 &= \tfrac12 \big\langle \phi\phi^\top (s^2 - \langle s^2\rangle) \big\rangle, \ s = \kappa_0\cdot\phi\\
       \kappa_0 &= (\Phi_0 + 1/\beta)^{-1} y, \qquad \kappa_2 = -(\Phi_0 + 1/\beta)^{-1}\, \Phi_2 \kappa_0, \qquad
       \langle w^2\rangle = 1 + \gamma_0^2\, \kappa_0\cdot f_0

    with averages over the prior. In a linear network :math:`L\, (\kappa_0\cdot f_0)\, K` stands for :math:`\Phi_2` in
    the outputs, and the layers' kernels move by :math:`\Phi^l_2 = l\, f_0 f_0^\top`.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,): one output.
      activation: phi: "linear", at any depth; with one hidden layer "relu", "erf", "gelu", "tanh", or a function, too.
      inverse_temperature: beta > 0.
      depth: L, hidden layers, whole and >= 1; 1 unless the network is linear.
      key: a jax random key, for averages over neurons; a linear network needs none.
      particles: neurons in each sample, more than 1.5 Q, a power of 2 best.
      repeats: independent samples, >= 2.

    Returns:
      `Expansion`; ``expansion.at(richness)`` is a `Posterior`.

    Raises:
      ValueError: for an argument out of range, named with its value; for a depth above 1, or no key, where neurons are
        not linear.
      RuntimeError: where jax is in float32.

    Exact as width -> infinity at a fixed P, to this order. With the same key, particles and repeats both this and
    `two_layer` see the same neurons, so that the difference to `two_layer` is of order gamma_0^4, whatever their
    number. In the NNGP's scaling, gamma_0 = gamma / sqrt(N), it is the part of order gamma^2 / N of finite networks,
    whose other part of order 1 / N, without gamma, is the scatter of their kernels. Cost: repeats x particles x Q^2.
    Source: Bordelon (2025), the talk *Scaling limits for learning*, statics; Naveh et al. (2021). Book: "Statics: what
    equilibrium has learned".
    """
    phi, depth = activation_function(activation), require_count("depth", depth)
    task = checked_task(gram, targets, 1.0, inverse_temperature, several=False)
    given: dict[str, Any] = task._asdict()
    del given["richness"]  # it has all of them
    linear = activation == "linear"
    require_memory(lambda depth: 16 * depth * len(task.gram) ** 2, depth=depth)
    if linear:
        first, second = task.gram, None
    elif depth != 1:
        raise ValueError(f"depth must be 1 unless activation is 'linear'; got {depth}")
    elif key is None:
        raise ValueError("key must be a jax random key unless activation is 'linear'; got None")
    else:
        require_key(key)
        size, repeats = require_particles(particles, len(task.gram)), require_count("repeats", repeats, 2)
        require_memory(lambda r, s: 40 * len(task.gram) * r * s, repeats=repeats, particles=size)
        draws = sobol(jax.random.split(key)[0], repeats, size, len(task.gram))  # as `two_layer`
        first, second = _moments(task, draws, phi=phi)
        given |= {"particles": size, "repeats": repeats, "key": jax.random.key_data(key)}
    f, features, readout = _series(task, first, second, depth)
    return Expansion(f[:, : task.known], f[:, task.known :], features, readout, given)


@partial(jax.jit, static_argnames="phi")
def _moments(task: Task, draws: Array, *, phi: Function) -> tuple[Array, Array]:
    """Phi_0 and Phi_2 of samples of the prior, (Q, Q) each."""
    points, known = Points.of(task), task.known
    value = phi(points.preactivations(draws[..., :known], draws[..., known:])).reshape(-1, len(task.gram))
    first = value.T @ value / len(value)
    square = (value[:, :known] @ _kappa(task, first)) ** 2
    return first, value.T @ ((square - square.mean())[:, None] * value) / (2 * len(value))


def _kappa(task: Task, kernel: Array) -> Array:
    """(Phi + 1/beta)^-1 y on the training points."""
    noisy = kernel[: task.known, : task.known] + jnp.eye(task.known) / task.inverse_temperature
    return jnp.linalg.solve(noisy, task.targets)


@partial(jax.jit, static_argnums=3)
def _series(task: Task, first: Array, second: Array | None, depth: int) -> tuple[Array, Array, Array]:
    """Both orders of outputs (2, Q), kernels (2, L, Q, Q) and <w^2>."""
    known = task.known
    kappa = _kappa(task, first)
    f = first[:, :known] @ kappa
    readout = kappa @ f[:known]  # <w^2> - 1, and of a linear network the growth of every layer's u
    layers = jnp.arange(1.0, depth + 1)[:, None, None]
    moved = layers * jnp.outer(f, f) if second is None else second[None]
    # the kernel of the outputs: of a linear network u^L K, so that each of L layers adds as much
    kernel = depth * readout * first if second is None else second
    bend = _kappa(task._replace(targets=-kernel[:known, :known] @ kappa), first)
    after = first[:, :known] @ bend + kernel[:, :known] @ kappa
    one = jnp.broadcast_to(first, moved.shape)
    return jnp.stack([f, after]), jnp.stack([one, moved]), jnp.stack([jnp.ones(()), readout])
