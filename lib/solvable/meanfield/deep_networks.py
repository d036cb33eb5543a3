r"""Deep mean-field theory: neurons of every layer in the fields and responses of all the others, in causal order.

.. math::
   h^l &= u^l + C^l q^l, \quad z^l = r^l + D^l \phi(h^l), \quad q^l = \phi'(h^l)\, z^l,
   \qquad u^l \sim N(0, \Phi^{l-1}), \quad r^l \sim N(0, Q^{l+1})\\
   C^l(t,s) &= A^{l-1}(t,s) + \eta\gamma_0 \Phi^{l-1}(t,s)\,[s<t], \qquad
   D^l(t,s) = B^l(t,s) + \eta\gamma_0 Q^{l+1}(t,s)\,[s<t]\\
   A^l &= \langle \partial\phi(h^l)/\partial r^l \rangle\ (s<t), \qquad
   B^l = \langle \partial q^{l+1}/\partial u^{l+1} \rangle\ (s \le t), \qquad A^0 = B^L = 0

The errors D_c of the classes stand in the last layer alone, where z^L = sum_c D_c w_c: what comes back is one signal,
q. With one output it is D g, and the same lines hold for g, whose A, B and G do not contain D: then D(s) stands beside
Phi and G in C and D.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from .._checks import finite_answer, require_count, require_flag, require_key
from .._memory import require_memory
from .._pytree import Numbers
from ..gaussian import Function, activation_function
from ..numerics.gaussians import require_particles, square_root
from ..results import at_steps
from .causal import columns, rows, with_root, with_rows
from .classes import gradients_of_classes, tangent_kernel_of
from .deep_linear_networks import assembled
from .echoes import Echoes, in_blocks
from .layers import Layer, Now, backward, forward
from .neuron import Neuron
from .particles import twins
from .problem import Problem, checked
from .results import MeanField, TwoTime

PUSH = 0.05  # of the spread of h^1, for neurons with a kink: less drowns in noise, more hides single steps


@at_steps
@finite_answer
def deep(
    gram: Array,
    targets: Array,
    *,
    depth: int,
    activation: str | Function,
    richness: ArrayLike,
    learning_rate: ArrayLike,
    steps: int,
    key: Array,
    particles: int = 1000,
    repeats: int = 4,
    weights: Numbers | None = None,
    loss: str = "square",
    tangent_kernel: bool = False,
    responses: bool = True,
) -> MeanField:
    r"""Full-batch gradient descent of an infinitely wide network with `depth` hidden layers, in one sweep through time.

    .. math::
       h^l &= u^l + C^l q^l, \quad z^l = r^l + D^l \phi(h^l), \quad q^l = \phi'(h^l)\, z^l,
       \qquad u^l \sim N(0, \Phi^{l-1}), \quad r^l \sim N(0, Q^{l+1})\\
       C^l(t,s) &= A^{l-1}(t,s) + \eta\gamma_0 \Phi^{l-1}(t,s)\,[s<t], \qquad
       D^l(t,s) = B^l(t,s) + \eta\gamma_0 Q^{l+1}(t,s)\,[s<t]\\
       A^l &= \langle \partial\phi(h^l)/\partial r^l \rangle\ (s<t), \qquad
       B^l = \langle \partial q^{l+1}/\partial u^{l+1} \rangle\ (s \le t), \qquad A^0 = B^L = 0\\
       \Phi^l &= \langle \phi(h^l)\phi(h^l) \rangle, \qquad Q^l = \langle q^l q^l \rangle, \qquad
       Q^{L+1}(t,s) = \sum_c D_c(t) D_c(s)\\
       r^L(t) &= \sum_c D_c(t)\, w_c(0), \quad w_c(t) = w_c(0) + \eta\gamma_0 \sum_{s<t} D_c(s)\, \phi(h^L(s)), \quad
       f_c(t) = \frac{1}{\gamma_0} \langle w_c(t)\, \phi(h^L(t)) \rangle

    with the errors D_c = p (y_c - f_c), or p (y_c - softmax(f)_c) for the cross-entropy. With one output q = D g, and
    the result holds the kernel G of g in place of Q = D G D, and its responses: in the same lines G^(L+1) = 1, and
    Phi^(l-1)(t,s) and G^(l+1)(t,s) in C and D are multiplied by D(s).

    Args:
      gram: Phi^0 = X X^T / D of all Q points, shape (Q, Q); the first P have targets, the others are test points.
      targets: y, shape (P,), or (P, C) for several outputs.
      depth: L, hidden layers, whole and >= 1.
      activation: phi: "linear", "relu", "erf", "gelu", "tanh", or a function with two derivatives: a kink is heard in
        "relu" only.
      richness: gamma_0 > 0; towards 0 the network is lazy.
      learning_rate: eta > 0, in units of 1 / (eigenvalue of the tangent kernel). A network of width N moves its weights
        by eta gamma_0^2 N times the gradient.
      steps: T, whole and >= 1, for all steps up to it; or a list of step numbers, each a row of the result.
      key: a jax random key.
      particles: neurons of each layer in one sample; more than 3 (steps + 1) Q and 1.5 ((steps + 1) Q + C) of them, and
        with tangent_kernel more than 1.5 (steps + 1 + C) Q. Each has a twin with the opposite r, so that f(0) = 0.
      repeats: independent samples, >= 2; their spread is the standard error.
      weights: p, shape (P,), > 0, of the points in the loss. 1 by default.
      loss: "square", sum_mu p_mu sum_c (f_c - y_c)^2 / 2, or "cross_entropy", - sum_mu p_mu sum_c y_c ln softmax(f)_c,
        whose targets (P, C) are probabilities: rows of numbers >= 0 that sum to 1.
      tangent_kernel: whether to record the one between all classes, and the gradients' kernels: (L + 1) (T+1) Q^2 C^2
        numbers. That of one output, without an axis of classes, is always there.
      responses: False drops A and B, as if gradients did not depend on activations: wrong, and instructive.

    Returns:
      `MeanField`; ``two_time`` holds kernels and responses.

    Raises:
      ValueError: for an argument out of range, or a learning rate past stability, with the bound.
      TypeError: for responses, or a tangent_kernel, that are neither True nor False.
      RuntimeError: where jax is in float32.

    Exact for gradient descent at this learning rate, as width -> infinity; the error is that of the samples. Every row
    of time needs earlier rows only, so nothing is iterated or damped. A and B are derivatives of each neuron's path;
    for ReLU, where phi'' is a spike, they are differences between paths that are 0.05 standard deviations apart. These
    are noisy, and the noise raises G and Q by a share of order 1 / particles: take thousands, and look at
    ``error("gradients")`` or ``error("signals")``. Cost: repeats x depth x particles x (steps Q)^3, whatever C, and
    about twice that with tangent_kernel; memory 5 (depth - 1) x particles x (steps Q)^2 numbers. Source: Bordelon and
    Pehlevan (2022), whose A and B are ours over gamma_0, with one output. Book: "Deep mean-field theory".
    """
    phi, depth = activation_function(activation), require_count("depth", depth)
    problem, steps = checked(gram, targets, weights, richness, learning_rate, steps, loss)
    require_key(key)
    require_flag("responses", responses)
    require_flag("tangent_kernel", tangent_kernel)
    size, times, asked = len(problem.gram), steps + 1, tangent_kernel and problem.several
    columns = max(2 * times * size, times * size + problem.classes, asked * (times + problem.classes) * size)
    repeats = require_count("repeats", repeats, 2)
    particles = require_particles(particles, columns)
    sizes = {"steps": steps, "particles": particles, "depth": depth, "repeats": repeats}
    require_memory(partial(_bytes, size, problem.classes, asked), **sizes)
    drawn = [
        _sweep(
            problem, one, phi=phi, depth=depth, steps=steps, particles=particles, responses=responses,
            class_by_class=asked,
        )
        for one in jax.random.split(key, repeats)
    ]  # fmt: skip
    f, h, classes, *found = jax.tree.map(lambda *parts: jnp.stack(parts), *drawn)
    spread, count, now = f.std(axis=0, ddof=1), problem.known, jnp.arange(times)
    features, back = (one[:, :, now, :, now].std(axis=1, ddof=1).swapaxes(0, 1) for one in found[:2])
    gradients = classes[0].std(axis=0, ddof=1) if asked else None if problem.several else back
    more: dict[str, Any] = {
        "preactivations": h.reshape(-1, h.shape[-1]),
        "outputs_std": spread[:, :count],
        "test_std": spread[:, count:],
        "features_std": features,
        "gradients_std": gradients,
        "signals_std": back if problem.several else None,
        "parameters": problem.parameters
        | {"repeats": repeats, "particles": particles, "key": jax.random.key_data(key)},
    }
    two_time = TwoTime(*(one.mean(axis=0) for one in found))
    passive = tuple(one.mean(axis=0) for one in classes) if asked else None
    return assembled(problem, f.mean(axis=0), two_time, more, passive, phi)


def _bytes(size: int, classes: int, asked: bool, steps: float, particles: float, depth: float, repeats: float) -> float:
    """Memory of one sweep, and of what all of them return."""
    n = (steps + 1) * size
    extra = asked * size * classes * (4 * repeats * (depth + 1) * classes + 12 * particles / (steps + 1))
    return 8 * n * (n * (5 * (depth - 1) * particles + (6 + 4 * repeats) * depth) + 8 * depth * particles + extra)


@partial(jax.jit, static_argnames=("phi", "depth", "steps", "particles", "responses", "class_by_class"))
def _sweep(
    problem: Problem,
    key: Array,
    *,
    phi: Function,
    depth: int,
    steps: int,
    particles: int,
    responses: bool,
    class_by_class: bool,
) -> tuple[Any, ...]:
    """Outputs (T+1, Q) or (T+1, Q, C), h of the last layer at the end (S, Q), and everything between two times.

    Before the last, where asked for: gradients (L, T+1, Q, Q, C, C) and the tangent kernel, class by class.
    """
    size, times, classes = len(problem.gram), steps + 1, problem.classes
    n, rate = times * size, problem.learning_rate * problem.richness
    zeros, unit = jnp.zeros((n, n)), jnp.eye(n)
    gram = jnp.tile(problem.gram, (times, times))  # Phi^0
    keys = jax.random.split(key, depth)
    normals = [
        twins(one, particles, size if i == 0 else n, classes if i == depth - 1 else n) for i, one in enumerate(keys)
    ]
    first_field, w = normals[0][0] @ square_root(problem.gram), normals[-1][1]
    neuron = Neuron(phi)
    push = _pushes(problem, particles) if neuron.kink else jnp.ones(())  # smooth ones answer in proportion to any
    when = jnp.repeat(jnp.arange(times), size)

    def parted(errors: Array, t: Array) -> tuple[Array, Array, Array]:
        """Pull (n,) and readout (n, C) of `Problem.parted`, before t times eta gamma_0; and how hard r is pushed."""
        pull, readout = problem.parted(errors)
        hard = neuron.kink and problem.several  # r then has the size of the errors
        strength = jnp.sqrt((readout**2).sum(axis=1)) if hard else jnp.ones(n)
        return jnp.where(when < t, rate * pull, 0), readout, strength

    def row(state: tuple[list[Layer], Array], t: Array) -> tuple[tuple[list[Layer], Array], tuple[Any, ...]]:
        layers, errors = list(state[0]), state[1]
        pull, readout, strength = parted(errors, t)
        now = Now(t, pull, size, in_blocks(rows(unit, t, size), times), push, strength, neuron)
        tangents = []
        for i, (u, _) in enumerate(normals):
            phi_below, a_below = (layers[i - 1].features, layers[i - 1].up) if i else (gram, zeros)
            root = with_root(layers[i].u_root, phi_below, t, size) if i else zeros
            field = now.field(u, root) if i else first_field
            layer, tangent = forward(layers[i]._replace(u_root=root), field, phi_below, a_below, now)
            layers[i] = layer
            tangents.append(tangent)

        last = layers[-1]
        w_now = w + last.value @ (now.pull[:, None] * readout)
        f = _outputs(w_now, columns(last.value, t, size), problem.richness).reshape(size, *problem.targets.shape[1:])
        errors = jax.lax.dynamic_update_slice_in_dim(errors, problem.errors(f), t * size, axis=0)
        pull, readout, strength = parted(errors, t)
        now, said = now._replace(pull=pull, strength=strength), rows(readout, t, size)
        z, d, passive, kernels = w_now @ said.T, (said @ readout.T) * now.pull, None, list[Array]()
        for i in reversed(range(depth)):
            layer = layers[i]
            if i < depth - 1:
                above = layers[i + 1].gradients
                root = with_root(layer.r_root, above, t, size, own=problem.several)
                d, layer = now.responses(layer.down, above), layer._replace(r_root=root)
                z = now.field(normals[i][1], root) + layer.value @ d.T
            layers[i], down = backward(layer, z, d, tangents[i], now)
            if down is not None:
                layers[i - 1] = layers[i - 1]._replace(down=with_rows(layers[i - 1].down, down, t))
            if class_by_class:
                noise = jax.random.fold_in(keys[i], t)
                passive = gradients_of_classes(passive, layers[i], normals[i][1], readout, tangents[i], noise, now)
                kernels.insert(0, passive.kernel(size, classes))
        return (layers, errors), (f, tangents[-1].h, tuple(kernels))

    def empty(i: int) -> Layer:
        neurons, silent = jnp.zeros((2 * particles, n)), Echoes.silent(times, size, 2 * particles)
        by_r = silent if responses and i < depth - 1 else None
        by_u = silent if responses and i > 0 else None
        return Layer(zeros, zeros, zeros, zeros, zeros, zeros, neurons, neurons, by_r, by_r, by_u, by_u)

    state = [empty(i) for i in range(depth)], jnp.zeros((n, *problem.targets.shape[1:]))
    (layers, _), (f, h, kernels) = jax.lax.scan(row, state, jnp.arange(times))

    def stacked(name: str) -> Array:
        return jnp.stack([getattr(layer, name) for layer in layers]).reshape(depth, times, size, times, size)

    found = tuple(stacked(name) for name in ("features", "gradients", "up", "down"))
    return f, h[-1], tangent_kernel_of(problem, found[0], kernels) if class_by_class else (), *found


def _outputs(w: Array, value: Array, richness: Array) -> Array:
    """f_c(t) = <w_c phi(h)> / gamma_0 of the last layer, (Q, C); twins are added first, since f(0) = 0."""
    half = len(w) // 2
    return (value[:half].T @ w[:half] + value[half:].T @ w[half:]) / (2 * half * richness)


def _pushes(problem: Problem, particles: int) -> Array:
    """How far the field of each neuron with a kink is pushed, (2 particles, 1): twins opposite ways."""
    size = PUSH * jnp.sqrt(jnp.trace(problem.gram) / len(problem.gram))
    return size * jnp.repeat(jnp.array([1.0, -1.0]), particles)[:, None]
