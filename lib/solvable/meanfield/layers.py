"""One hidden layer of the deep theory: its kernels, responses and neurons so far, and the next row of time."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from .causal import columns, rows, with_averages, with_columns, with_rows
from .echoes import Echoes, mean
from .neuron import Neuron


class Layer(NamedTuple):
    """One hidden layer up to now; n = (T+1) Q indices k = (t, mu), S neurons. Rows to come are zero."""

    features: Array  # Phi, (n, n)
    gradients: Array  # G, or Q
    up: Array  # A
    down: Array  # B
    u_root: Array  # Cholesky factor of the layer below's Phi
    r_root: Array  # of the layer above's G, or Q
    value: Array  # phi(h), (S, n)
    g: Array  # or q
    value_by_r: Echoes | None  # d phi(h) / d r; None where nothing needs it
    g_by_r: Echoes | None
    value_by_u: Echoes | None
    g_by_u: Echoes | None


class Now(NamedTuple):
    """What all layers share in the row of time t."""

    t: Array
    pull: Array  # eta gamma_0 D(s) [s < t] of one output, eta gamma_0 [s < t] of several, (n,)
    size: int  # Q
    unit: list[Array]  # rows of time t of the unit matrix, in blocks of `Echoes`: fields that are pushed themselves
    push: Array  # of u, (S, 1) or a number
    strength: Array  # what a push of r is multiplied by, (n,), known up to now
    neuron: Neuron

    def responses(self, below: Array, kernel: Array) -> Array:
        """Rows of time t of A + eta gamma_0 Phi D [s < t], or of B and G: C^l, or D^l."""
        return rows(kernel, self.t, self.size) * self.pull + rows(below, self.t, self.size)

    def field(self, numbers: Array, root: Array) -> Array:
        """u(t) or r(t), (S, Q), of the covariance with this root."""
        return numbers @ rows(root, self.t, self.size).T

    def pushed(self, heard: list[Array], strength: Array | None = None) -> list[Array]:
        """What a field feels that is pushed itself and hears of earlier pushes too."""
        push = self.push if strength is None else self.push * columns(strength, self.t, self.size)[:, None, None]
        return [push * one + more for one, more in zip(self.unit, heard, strict=True)]

    def mean(self, moved: list[Array]) -> Array:
        """A response: what a push of one would do on average."""
        return mean(moved, self.push)


class Tangent(NamedTuple):
    """h and its changes at time t, on the way from `forward` to `backward`."""

    h: Array  # (S, Q)
    slope: Array  # phi'(h)
    bend: Array  # phi''(h)
    by_r: list[Array] | None  # dh / dr
    by_u: list[Array] | None  # dh / du


def forward(layer: Layer, u: Array, phi_below: Array, a_below: Array, now: Now) -> tuple[Layer, Tangent]:
    """Row t of h = u + C q with C = A + eta gamma_0 Phi of the layer below; then Phi, A and what h feels."""
    t, neuron = now.t, now.neuron
    c = now.responses(a_below, phi_below)
    h = u + layer.g @ c.T
    value, slope, bend = neuron.derivatives(h)
    so_far = with_columns(layer.value, value, t)
    layer = layer._replace(value=so_far, features=with_averages(layer.features, value, so_far, t))
    by_r = by_u = None
    if layer.g_by_r is not None and layer.value_by_r is not None:
        by_r = layer.g_by_r.heard(c, t)
        moved = [neuron.felt(h, slope, dh) for dh in by_r]
        answer = now.mean(moved) / jnp.where(now.strength > 0, now.strength, 1)
        layer = layer._replace(value_by_r=layer.value_by_r.extended(moved, t), up=with_rows(layer.up, answer, t))
    if layer.g_by_u is not None and layer.value_by_u is not None:
        by_u = now.pushed(layer.g_by_u.heard(c, t))
        moved = [neuron.felt(h, slope, dh) for dh in by_u]
        layer = layer._replace(value_by_u=layer.value_by_u.extended(moved, t))
    return layer, Tangent(h, slope, bend, by_r, by_u)


def backward(layer: Layer, z: Array, d: Array, tangent: Tangent, now: Now) -> tuple[Layer, Array | None]:
    """Row t of q = phi'(h) z, with z = r + D phi(h); then Q, what q feels, and B of the layer below."""
    t = now.t
    g = tangent.slope * z
    so_far = with_columns(layer.g, g, t)
    layer = layer._replace(g=so_far, gradients=with_averages(layer.gradients, g, so_far, t))

    def felt(by: list[Array], heard: list[Array]) -> list[Array]:
        at = tangent.h, tangent.slope, tangent.bend, z
        return [now.neuron.felt_back(*at, dh, dz) for dh, dz in zip(by, heard, strict=True)]

    down = None
    if tangent.by_r is not None and layer.g_by_r is not None and layer.value_by_r is not None:
        moved = felt(tangent.by_r, now.pushed(layer.value_by_r.heard(d, t + 1), now.strength))
        layer = layer._replace(g_by_r=layer.g_by_r.extended(moved, t))
    if tangent.by_u is not None and layer.g_by_u is not None and layer.value_by_u is not None:
        moved = felt(tangent.by_u, layer.value_by_u.heard(d, t + 1))
        layer, down = layer._replace(g_by_u=layer.g_by_u.extended(moved, t)), now.mean(moved)
    return layer, down
