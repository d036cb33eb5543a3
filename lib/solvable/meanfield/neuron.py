"""One neuron, and how it answers where its fields change."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array

from ..gaussian import Function


@dataclass(frozen=True)
class Neuron:
    """phi, and how phi(h) and g = phi'(h) z change where h and z do."""

    phi: Function

    @property
    def kink(self) -> bool:
        """Of ReLU phi'' is a spike: its changes are finite ones, of all others to first order."""
        return self.phi is jax.nn.relu

    def derivatives(self, h: Array) -> tuple[Array, Array, Array]:
        """phi, phi' and phi'', entry by entry."""

        def slope(x: Array) -> tuple[Array, Array]:
            return jax.jvp(self.phi, (x,), (jnp.ones_like(x),))

        (value, first), (_, second) = jax.jvp(slope, (h,), (jnp.ones_like(h),))
        return value, first, second

    def felt(self, h: Array, slope: Array, dh: Array) -> Array:
        """Change of phi(h)."""
        h, slope = beside(h), beside(slope)
        return jax.nn.relu(h + dh) - jax.nn.relu(h) if self.kink else slope * dh

    def felt_back(self, h: Array, slope: Array, bend: Array, z: Array, dh: Array, dz: Array) -> Array:
        """Change of g."""
        by_z, by_dz = self.parts(h, slope, bend, dh)
        return by_z * beside(z) + by_dz * dz

    def parts(self, h: Array, slope: Array, bend: Array, dh: Array) -> tuple[Array, Array]:
        """Of `felt_back`, what multiplies z, and what multiplies dz."""
        h, slope, bend = (beside(x) for x in (h, slope, bend))
        if self.kink:
            after = (h + dh > 0).astype(h.dtype)
            return after - slope, after
        return bend * dh, slope


def beside(x: Array) -> Array:
    """(S, Q) as (Q, S, 1), to stand beside rows of `Echoes`."""
    return x.T[..., None]
