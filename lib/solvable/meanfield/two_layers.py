r"""Feature learning in two layers: every neuron moves in the mean field of all the others.

.. math::
   h_\mu(t+1) &= h_\mu(t) + \eta\gamma_0 \sum_\nu \Phi^0_{\mu\nu}\, \phi'(h_\nu(t)) \sum_c D_{\nu c}(t)\, z_c(t)\\
   z_c(t+1) &= z_c(t) + \eta\gamma_0 \sum_\nu D_{\nu c}(t)\, \phi(h_\nu(t)), \qquad
   f_{\mu c}(t) = \frac{1}{\gamma_0} \langle z_c(t)\, \phi(h_\mu(t)) \rangle

from h(0) ~ N(0, Phi^0) and z_c(0) ~ N(0, 1), with D = p (y - f), or p (y - softmax(f)).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_flag
from .._pytree import Numbers
from .._repeats import mean_and_std
from ..gaussian import Function, activation_function
from ..numerics.gaussians import square_root
from ..results import at_steps
from .particles import neurons
from .problem import Problem, checked, first_kernel, require_stable
from .results import MeanField


@at_steps
@finite_answer
def two_layer(
    gram: Array,
    targets: Array,
    *,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    particles: int = 2**12,
    repeats: int = 4,
    weights: Numbers | None = None,
    loss: str = "square",
    tangent_kernel: bool = False,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide network with one hidden layer.

    .. math::
       h_\mu(t+1) &= h_\mu(t)
            + \eta\gamma_0 \sum_\nu \Phi^0_{\mu\nu}\, \phi'(h_\nu(t)) \sum_c D_{\nu c}(t)\, z_c(t)\\
       z_c(t+1) &= z_c(t) + \eta\gamma_0 \sum_\nu D_{\nu c}(t)\, \phi(h_\nu(t)), \qquad
       f_{\mu c}(t) = \frac{1}{\gamma_0} \langle z_c(t)\, \phi(h_\mu(t)) \rangle

    from h(0) ~ N(0, Phi^0) and z_c(0) ~ N(0, 1), with D = p (y - f), or p (y - softmax(f)) for the cross-entropy. One
    output is one class.

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key; it scrambles the Sobol points.
      particles: neurons in each sample, more than 1.5 (Q + C), a power of 2 best; each has a twin with the opposite
        z(0), so that f(0) = 0.
      repeats: independent samples, >= 2; their spread is the standard error.
      weights: p, shape (P,), > 0, of the points in the loss. 1 by default.
      loss: "square", sum_mu p_mu sum_c (f_c - y_c)^2 / 2, or "cross_entropy", - sum_mu p_mu sum_c y_c ln softmax(f)_c,
        whose targets (P, C) are probabilities: rows of numbers >= 0 that sum to 1.
      tangent_kernel: whether to record the one between all classes, and the gradients' kernels: 2 (T+1) Q^2 C^2
        numbers. That of one output, without an axis of classes, is always there.

    Returns:
      `MeanField` with L = 1, and without ``two_time``.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for a tangent_kernel that is neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; the error is that of the samples. Cost:
    steps x repeats x particles x Q (Q + C). Source: Bordelon and Pehlevan (2022), with one output. Book: "From neurons
    to one neuron".
    """
    phi = activation_function(activation)
    require_flag("tangent_kernel", tangent_kernel)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps, loss)
    points, known = len(problem.gram), problem.known
    asked = tangent_kernel and problem.several
    draws = neurons(key, points, particles, repeats, steps, problem.classes, asked)
    *found, h = _sweep(problem, draws, phi=phi, steps=steps, class_by_class=asked)
    (f, features, back, *classes), (f_std, features_std, back_std, *classes_std) = mean_and_std(tuple(found))
    given: dict[str, Any] = {
        "preactivations": h.reshape(-1, points),
        "outputs_std": f_std[:, :known],
        "test_std": f_std[:, known:],
        "features_std": features_std[None],
        "parameters": problem.parameters
        | {"repeats": repeats, "particles": particles, "key": jax.random.key_data(key)},
    }
    if problem.several:
        require_stable(problem, f[:, :known], lambda: first_kernel(problem, phi, 1))
        given |= {"signals": back[None], "signals_std": back_std[None]}
        gradients, gradients_std = (one[0][None] if one else None for one in (classes, classes_std))
        unit, gram = jnp.eye(problem.classes), problem.gram[:, :, None, None]
        kernel = features[..., None, None] * unit + classes[0] * gram if asked else None
    else:
        gradients, gradients_std, kernel = back[None], back_std[None], features + back * problem.gram
        require_stable(problem, f[:, :known], lambda: kernel)
    return MeanField(
        f[:, :known], f[:, known:], features[None], gradients, kernel, gradients_std=gradients_std, **given
    )


@partial(jax.jit, static_argnames=("phi", "steps", "class_by_class"))
def _sweep(problem: Problem, draws: Array, *, phi: Function, steps: int, class_by_class: bool) -> tuple[Array, ...]:
    """Of every sample: outputs (T+1, Q) or (T+1, Q, C), both kernels (T+1, Q, Q), and the last h (2 S, Q).

    Before h, where asked for: the gradients' kernel class by class, (T+1, Q, Q, C, C).
    """
    gram, rate = problem.gram, problem.learning_rate * problem.richness
    points, classes = len(gram), problem.classes

    def one(draws: Array) -> tuple[Array, ...]:
        u, w = draws[:, :points] @ square_root(gram), draws[:, points:]
        h, z = jnp.stack([u, u]), jnp.stack([w, -w])  # (2, S, Q), (2, S, C)

        def step(state: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], tuple[Array, ...]]:
            h, z = state
            value, slope = jax.jvp(phi, (h,), (jnp.ones_like(h),))
            said = jnp.einsum("isq,isc->iqc", value, z)
            f = (said[0] + said[1]) / (2 * len(u) * problem.richness)  # twins first, since f(0) = 0
            f = f.reshape(points, *problem.targets.shape[1:])
            pull, readout = problem.parted(problem.errors(f))
            g = slope * (z @ readout.T)
            after = h + rate * (g * pull) @ gram, z + rate * value @ (pull[:, None] * readout)

            def kernel(a: Array) -> Array:
                flat = a.reshape(2 * len(u), -1)
                return flat.T @ flat / len(flat)

            seen: tuple[Array, ...] = (f, kernel(value), kernel(g))
            if class_by_class:
                each = kernel(slope[..., None] * z[:, :, None])
                seen += (each.reshape(points, classes, points, classes).swapaxes(1, 2),)
            return after, seen

        last, seen = jax.lax.scan(step, (h, z), length=steps)
        seen = jax.tree.map(lambda all, end: jnp.concatenate([all, end[None]]), seen, step(last, None)[1])
        return *seen, last[0].reshape(-1, points)

    return jax.lax.map(one, draws)
