"""Residual networks of any activation in training: the mean-field theory, by samples of a neuron."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ..._checks import finite_answer, require_count, require_flag, require_key
from ..._memory import require_memory
from ..._pytree import Numbers
from ...gaussian import Function, activation_function
from ...meanfield.results import MeanField, TwoTime
from ...numerics.gaussians import require_particles
from ...results import at_steps
from ..branches import branches
from .linear import assembled, task
from .sweep import sweep


@at_steps
@finite_answer
def residual(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    branch: ArrayLike = 1.0,
    branch_power: ArrayLike = 0.5,
    particles: int = 2000,
    repeats: int = 4,
    weights: Numbers | None = None,
    responses: bool = True,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide residual network with `depth` branches, in one sweep.

    With n = (T+1) Q indices k = (t, mu), D(s) = p (y - f(s)) on the columns of time s, and "<" for earlier ones,

    .. math::
       h^1 &= u^0 + \eta\gamma_0 [\Phi^0 D]_< g^1, \qquad
       h^{l+1} = h^l + b\, u^l + [b A^l + c\, \Phi^l D]_<\, g^{l+1}\\
       g^{L+1} &= \phi'(h^{L+1})\, w, \qquad w = w_0 + \eta\gamma_0 [D]_< \phi(h^{L+1}), \qquad
       f = \langle w\, \phi(h^{L+1})\rangle/\gamma_0\\
       g^l &= g^{l+1} + \phi'(h^l) \big\{ b\, r^l + (b B^l + [c\, G^{l+1} D]_<)\, \phi(h^l) \big\}

    for l = 1 to L, where :math:`b = \beta/L^\alpha`, :math:`c = \eta\gamma_0\beta^2/L`, :math:`u^l \sim N(0, \Phi^l)`
    and :math:`r^l \sim N(0, G^{l+1})`; :math:`\Phi^l = \langle \phi(h^l) \phi(h^l)\rangle`,
    :math:`G^l = \langle g^l g^l\rangle`, :math:`A^l = \langle \partial \phi(h^l)/\partial r^l\rangle` (s < t) and
    :math:`B^l = \langle \partial g^{l+1}/\partial u^l\rangle` (s <= t). One particle goes through all layers. Its
    responses are found along two random directions of signs, v_u and v_r, one sign for each noise:

    .. math:: A^l(t, s) = \langle \delta_{v_r} \phi(h^l(t))\; v_r^l(s) \rangle, \qquad
              B^l(t, s) = \langle \delta_{v_u} g^{l+1}(t)\; v_u^l(s) \rangle

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,).
      depth: L, branches, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function with two derivatives: a kink is heard in
        "relu" only.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient, and its branches by L^(2 alpha - 1) times that.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key.
      branch: beta >= 0.
      branch_power: alpha, one finite number. Below 1/2 rates are plain: c = eta gamma_0 b^2.
      particles: pairs of neurons of one sample, r and -r, so that f(0) = 0; more than 1.5 Q (L (T+1) + 1) of them, for
        the noises of all layers and times are whitened together.
      repeats: independent samples, >= 2; their spread is the standard error.
      weights: p, shape (P,), > 0; the loss is sum_mu p_mu (f_mu - y_mu)^2 / 2. 1 by default.
      responses: False drops A and B, as if the way back did not go through the same weights: wrong at alpha = 1/2 at
        any depth, and ever less wrong with the depth above.

    Returns:
      ``MeanField`` of L + 1 layers; its kernel is a sum over layers,
      :math:`\Phi^{L+1} + (\beta^2/L) \sum_l G^{l+1} \Phi^l + G^1 \Phi^0`, and ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for responses that are neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; the error is that of the samples, and zero
    for linear phi. For ReLU, where phi'' is a spike, it is a Gaussian in the responses, of 0.3 times the spread of h^1:
    outputs are then off by 1 to 2 % and kernels by 1 to 3 %. Cost: repeats x depth x particles x (steps Q)^2 and, to
    whiten, x (depth steps Q)^2; memory 200 depth x steps x Q x particles bytes. Source: derived here, after Bordelon,
    Noci, Li, Hanin, Pehlevan (2024); the random directions are those of M. Hutchinson (1989).
    Book: "Training a network without end".
    """
    phi, depth = activation_function(activation), require_count("depth", depth)
    problem, steps = task(gram, targets, weights, richness, learning_rate, steps)
    strength = branches(branch, branch_power, depth)
    require_key(key)
    require_flag("responses", responses)
    size, repeats = len(problem.gram), require_count("repeats", repeats, 2)
    particles = require_particles(particles, size * (depth * (steps + 1) + 1))
    sizes = {"steps": steps, "particles": particles, "depth": depth, "repeats": repeats}
    require_memory(partial(_bytes, size), **sizes)
    drawn = [
        sweep(problem, strength, one, phi=phi, depth=depth, steps=steps, pairs=particles, responses=responses)
        for one in jax.random.split(key, repeats)
    ]
    f, h, *found = jax.tree.map(lambda *parts: jnp.stack(parts), *drawn)
    times, count = jnp.arange(steps + 1), problem.known
    found = [one.reshape(repeats, depth + 1, *2 * (steps + 1, size)) for one in found]
    spread = f.std(axis=0, ddof=1)
    features, gradients = (
        one[:, :, times, :, times].std(axis=1, ddof=1).swapaxes(0, 1) for one in found[:2]
    )  # the index of time comes first
    more = {
        "branch": branch, "branch_power": branch_power, "depth": depth, "repeats": repeats, "particles": particles,
        "key": jax.random.key_data(key),
    }  # fmt: skip
    result = assembled(problem, strength, f.mean(axis=0), TwoTime(*(one.mean(axis=0) for one in found)), more)
    return replace(
        result, preactivations=h.reshape(-1, size), outputs_std=spread[:, :count], test_std=spread[:, count:],
        features_std=features, gradients_std=gradients,
    )  # fmt: skip


def _bytes(size: int, steps: float, particles: float, depth: float, repeats: float) -> float:
    """Memory of one sweep, of its random numbers, and of what all of them return."""
    n = (steps + 1) * size
    return 8 * (depth + 1) * n * (24 * particles + (6 + 4 * repeats) * n)
