"""Neurons of a residual network as samples: one path through all layers, and what pushes along the way do to it.

A residual neuron is the same neuron in every layer, so one particle carries them all. Beside its path it has two
tangents, changes along random signs v_u of all the noises u^l(s), and along v_r of all the r^l(s). On average over
particles, what a field has felt along v times the sign of one noise is what that noise alone has done: a response.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ...meanfield.neuron import Neuron
from ...numerics.gaussians import square_root, whiten

SPIKE = 0.3  # width of phi'' of ReLU, a Gaussian in place of a spike, in units of the spread of h^1


class Particles(NamedTuple):
    """The random numbers of M neurons in pairs, n = (T+1) Q indices k = (t, mu); the second of a pair has -r and -w."""

    start: Array  # u^0, (Q, M)
    u: Array  # white, (L, n, M / 2), the same for both of a pair
    r: Array  # white, (L, n, M / 2), of the first
    w: Array  # w_0, (M,)
    by_u: Array  # v_u, (L, n, M); empty where no tangent follows them
    by_r: Array

    def noise(self, root: Array, layer: Array, back: bool) -> Array:
        """u(t), or on the way back r(t), of the covariance with these rows (Q, n) of its root."""
        half = root @ (self.r if back else self.u)[layer]
        return jnp.concatenate([half, -half if back else half], axis=1)


def particles(key: Array, gram: Array, *, depth: int, n: int, pairs: int, tangents: bool) -> Particles:
    """Normal variables and signs, white over the particles to rounding, all layers together.

    Then neurons that are all alike, as linear ones are in their tangents, have no sampling error: their averages are
    those of the closed theory.
    """
    numbers, signs = jax.random.split(key)
    inputs, noises = len(gram), depth * n

    def layers(columns: Array) -> Array:
        return columns.T.reshape(depth, n, -1)

    drawn = jax.random.normal(numbers, (pairs, inputs + 2 * noises + 1))
    u, r = whiten(drawn[:, : inputs + noises]), whiten(drawn[:, inputs + noises :])
    start, w = square_root(gram) @ u[:, :inputs].T, r[:, -1]
    by = jnp.zeros((2, depth, n, 0))
    if tangents:
        both = jax.vmap(whiten)(jax.random.rademacher(signs, (2, 2 * pairs, noises), gram.dtype))
        by = jax.vmap(layers)(both)
    return Particles(
        jnp.concatenate([start, start], axis=1), layers(u[:, inputs:]), layers(r[:, :-1]), jnp.concatenate([w, -w]), *by
    )


class Paths(NamedTuple):
    """How fields (Q, C M) pass a neuron: side by side the path itself and C - 1 tangents, each of M particles."""

    neuron: Neuron
    many: int  # M
    spike: Array  # width of phi'', where it is one

    def parts(self, fields: Array) -> tuple[Array, Array]:
        """The path (Q, M), and the tangents (Q, C - 1, M)."""
        rows = fields.reshape(len(fields), -1, self.many)
        return rows[:, 0], rows[:, 1:]

    def whole(self, path: Array, tangents: Array) -> Array:
        """Side by side again."""
        return jnp.concatenate([path[:, None], tangents], axis=1).reshape(len(path), -1)

    def forward(self, h: Array) -> Array:
        """phi(h), and how it changes."""
        path, moves = self.parts(h)
        value, slope, _ = self._derivatives(path)
        return self.whole(value, slope[:, None] * moves)

    def back(self, h: Array, z: Array) -> Array:
        """phi'(h) z, and how it changes."""
        (path, moves), (signal, changes) = self.parts(h), self.parts(z)
        _, slope, bend = self._derivatives(path)
        return self.whole(slope * signal, (bend * signal)[:, None] * moves + slope[:, None] * changes)

    def _derivatives(self, h: Array) -> tuple[Array, Array, Array]:
        value, slope, bend = self.neuron.derivatives(h)
        if self.neuron.kink:
            bend = jnp.exp(-((h / self.spike) ** 2) / 2) / (self.spike * jnp.sqrt(2 * jnp.pi))
        return value, slope, bend


def spike_of(gram: Array) -> Array:
    """The width for inputs of this size; of no matter where all are zero."""
    mean = jnp.trace(gram) / len(gram)
    return SPIKE * jnp.sqrt(jnp.where(mean > 0, mean, 1))
