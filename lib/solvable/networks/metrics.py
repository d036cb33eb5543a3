r"""What to watch while a network trains. Each metric is a function of (network, weights, start, x, y).

.. math:: \text{loss} = \frac{1}{2P} \sum_\mu |f_\mu - y_\mu|^2
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array

from ..gaussian import activation_function
from ..kernels import empirical
from .interface import AnyNetwork, Parameters
from .losses import loss_of

Metric = Callable[[AnyNetwork, Parameters, Parameters, Array, Array], Array]


def loss(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """Half of the mean square error, a number."""
    return objective(network, weights, x, y)


def outputs(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """f, shape (P, ...)."""
    return network.apply(weights, x)


def output_change(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """Root mean square of f(t) - f(0), a number."""
    return _rms(network.apply(weights, x) - network.apply(start, x))


def feature_size(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """Root mean square of h for every hidden layer, shape (L,)."""
    return jax.vmap(_rms)(network.forward(weights, x)[1])


def feature_change(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """Root mean square of h(t) - h(0) for every hidden layer, shape (L,)."""
    return jax.vmap(_rms)(network.forward(weights, x)[1] - network.forward(start, x)[1])


def feature_kernels(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """phi(h).phi(h) / N between inputs, for every hidden layer, shape (L, P, P)."""
    phi = activation_function(network.activation)(network.forward(weights, x)[1])
    flat = phi.reshape(*phi.shape[:2], -1)
    return flat @ jnp.swapaxes(flat, 1, 2) / flat.shape[-1]


def tangent_kernel(network: AnyNetwork, weights: Parameters, start: Parameters, x: Array, y: Array) -> Array:
    """The kernel with which one step of SGD moves the outputs, `kernels.empirical`: shape (P, P), or (P, P, O, O).

    Every layer counts with its own learning rate, in units of eta_0: df/dt = K (y - f) / P.
    """
    return empirical(network, weights, x)


def objective(
    network: AnyNetwork, weights: Parameters, inputs: Array, targets: Array, cross_entropy: ArrayLike = False
) -> Array:
    """The mean over inputs of the loss, which sums over outputs: what `train` descends."""
    found = network.apply(weights, inputs)
    if found.shape != targets.shape:
        raise ValueError(f"network must return outputs of the targets' shape {targets.shape}; got {found.shape}")
    return loss_of(found, targets, cross_entropy).sum() / len(inputs)


METRICS: dict[str, Metric] = {
    one.__name__: one
    for one in (loss, outputs, output_change, feature_size, feature_change, feature_kernels, tangent_kernel)
}


def _rms(x: Array) -> Array:
    return jnp.sqrt(jnp.mean(x**2))
