"""What SGD on fresh Gaussian data sees of a student: its features, rotated to be uncorrelated."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import as_floats, require_float64, require_kind
from ...spectra import Spectrum, largest
from ..checks import check_batch, check_features, check_noise


class Basis(NamedTuple):
    """A student's features, rotated to be uncorrelated: all that SGD on fresh Gaussian data sees of them."""

    rates: Float[Array, " N"]  # q_i, eigenvalues of A Lambda A^T / N
    target: Float[Array, " N"]  # the best weights, in the eigenbasis
    irreducible: Float[Array, ""]  # population loss of the best weights
    counts: Float[Array, " N"] | float = 1.0  # how many modes share each rate; their targets are given in one length


def check_student(spectrum: Any, features: Any, batch_size: ArrayLike, noise: ArrayLike) -> Array | None:
    """A student and its data in range, or an error that names what is wrong; its features as an array."""
    require_float64()
    require_kind("spectrum", spectrum, Spectrum)
    check_batch(batch_size)
    check_noise(noise)
    return check_features(spectrum, features)


@jax.jit
def basis(spectrum: Spectrum, features: Float[Array, "N K"] | None) -> Basis:
    """Rotate features A, unit Gaussians or any others; None stands for infinite width."""
    if features is None:
        return Basis(spectrum.eigenvalues, spectrum.teacher, jnp.zeros(()), spectrum.counts)
    seen = features * jnp.sqrt(spectrum.eigenvalues / len(features))  # (N, K), its Gram matrix is the kernel
    overlap = seen @ jnp.sqrt(spectrum.task_power)
    rates, vectors = jnp.linalg.eigh(seen @ seen.T)
    kept = ~(rates <= rates[-1] * rates.size * jnp.finfo(rates.dtype).eps)  # a NaN is no rounding
    along = vectors.T @ overlap
    target = jnp.where(kept, along / jnp.where(kept, rates, 1.0), 0.0)
    rates = jnp.where(kept, rates, 0.0)
    return Basis(rates, target, jnp.maximum(spectrum.task_power.sum() - rates @ target**2, 0.0))


def first_modes(spectrum: Spectrum, count: ArrayLike) -> Basis:
    """A student of the `count` largest modes; a node of a binned spectrum that ends beyond them gives its share."""
    share = largest(spectrum, as_floats(count))
    target, floor = jnp.sqrt(share) * spectrum.teacher, (1 - share) @ spectrum.task_power
    return Basis(spectrum.eigenvalues, target, floor, share * spectrum.counts)
