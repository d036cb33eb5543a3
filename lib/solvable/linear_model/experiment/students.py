"""Students of finite width on finite data: their random parts, and their training, solved exactly.

One eigendecomposition of a student's kernel on its training set leaves one equation per eigenvalue q. What a method
of training makes of these is one function, the `Progress`; where training is linear it needs no loop over time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from ..._checks import (
    as_floats,
    concrete,
    require,
    require_count,
    require_float64,
    require_key,
    require_kind,
    require_scalar,
)
from ..._pytree import numpy_for
from ..._repeats import mean_and_std, over_repeats
from ...spectra import Spectrum
from ..checks import check_noise
from ..results import LossCurves

STUDENT_BYTES = 1 << 34  # memory of one, at most

Progress = Callable[[Array, Array], Array]
"""Eigenvalues q and drives b, (J,) each -> the weights u(t) at every time, (J, T), which end at b / q."""


def flow(times: Array, rates: Array, drive: Array) -> Array:
    """Progress of gradient flow: du/dt = b - q u."""
    rates = rates[:, None]
    share = jnp.where(rates * times > 1e-12, -jnp.expm1(-rates * times) / jnp.where(rates > 0, rates, 1.0), times)
    return share * drive[:, None]


def ridge(strengths: Array, rates: Array, drive: Array) -> Array:
    """The minimum of the loss plus strength |u|^2 in place of a time, u = b / (q + strength)."""
    rates = rates[:, None]
    kept = (rates > rates.max() * rates.size * jnp.finfo(rates.dtype).eps) | (strengths > 0)
    return jnp.where(kept, drive[:, None] / jnp.where(kept, rates + strengths, 1.0), 0.0)


def descent(steps: Array, learning_rate: Array, momentum: Array, rates: Array, drive: Array) -> Array:
    """Progress of heavy ball: f(t+1) = (1 + beta - eta q) f(t) - beta f(t-1), f(0) = f(-1) = 1, u = b (1 - f) / q."""
    q = jnp.maximum(rates[:, None], 1e-290).astype(complex)
    half = (1 + momentum - learning_rate * q) / 2
    root = jnp.sqrt(half**2 - momentum)
    slow = half + jnp.where(half.real < 0, -root, root)  # the larger root; f = A slow^t + (1 - A) fast^t
    fast = momentum / slow
    slow_gap = learning_rate * q / (1 - fast)  # 1 - slow, without cancellation
    rest = -momentum * slow_gap / (slow**2 - momentum)  # 1 - A
    learned = -(1 - rest) * jnp.expm1(steps * jnp.log1p(-slow_gap)) + rest * (1 - fast**steps)
    return (learned / q).real * drive[:, None]


class Draws(NamedTuple):
    """Everything random about a student, in unit Gaussians; None where there is nothing to draw."""

    features: Array | None  # A: (N, K)
    data: Array | None  # Psi Lambda^-1/2: (P, K)
    noise: Array | None  # eps / sigma: (P,)


class Student(NamedTuple):
    """A trained student at every time."""

    modes: Float[Array, "K T"]  # what it has learned of each mode, A^T w / sqrt(N)
    train: Float[Array, " T"]  # mean square error on its training set


def draw(keys: Array, modes: int, *, width: int | None, samples: int | None) -> Draws:
    """The disorder of one student a key, stacked; None stands for an infinite width or number of samples."""
    return Draws(
        None if width is None else _normal(keys, 0, width, modes),
        None if samples is None else _normal(keys, 1, samples, modes),
        None if samples is None else jnp.squeeze(_normal(keys, 2, samples, 1), axis=2),
    )


def _normal(keys: Array, part: int, rows: int, columns: int) -> Array:
    """Unit Gaussians, (keys, rows, columns): the first of a longer row, so that nearby sizes share one program."""
    count = rows * columns
    kind, every = str(jax.random.key_impl(keys)), np.asarray(jax.random.key_data(keys))
    drawn = [_normal_row(one, kind, part, _rounded_up(count)) for one in every]
    numpy = numpy_for(drawn)
    return jnp.asarray(numpy.stack([numpy.asarray(one)[:count].reshape(rows, columns) for one in drawn]))


def _rounded_up(count: int) -> int:
    """To one of four sizes an octave."""
    step = 1 << max(count.bit_length() - 3, 10)
    return -(-count // step) * step


@partial(jax.jit, static_argnums=(1, 3))
def _normal_row(key_data: Array, kind: str, part: Array | int, length: int) -> Array:
    key = jax.random.wrap_key_data(key_data, impl=kind)
    return jax.random.normal(jax.random.split(key, 3)[part], (length,))


def train(spectrum: Spectrum, noise: Array, disorder: Draws, progress: Progress) -> Student:
    """One student, trained from w = 0 on its own labels."""
    lam = spectrum.eigenvalues
    a = None if disorder.features is None else disorder.features / jnp.sqrt(len(disorder.features))
    if disorder.data is None or disorder.noise is None:  # the population: K "samples", one along each mode
        seen, labels = jnp.sqrt(lam)[:, None] * (jnp.eye(lam.size) if a is None else a.T), jnp.sqrt(spectrum.task_power)
    else:
        samples = len(disorder.data)
        inputs = disorder.data * jnp.sqrt(lam / samples)
        labels = inputs @ spectrum.teacher + jnp.sqrt(noise / samples) * disorder.noise
        seen = inputs if a is None else inputs @ a.T
    weights = _weights(seen, labels, progress)
    error = jnp.sum((labels[:, None] - seen @ weights) ** 2, axis=0)
    return Student(weights if a is None else a.T @ weights, error + (noise if disorder.data is None else 0.0))


def _weights(features: Float[Array, "P N"], labels: Float[Array, " P"], progress: Progress) -> Float[Array, "N T"]:
    """w after training on the square error |labels - features w|^2, by the eigenvalues of the smaller Gram matrix."""
    few = features.shape[0] <= features.shape[1]
    rates, vectors = jnp.linalg.eigh(features @ features.T if few else features.T @ features)
    rates = jnp.maximum(rates, 1e-300)
    if few:
        root = jnp.sqrt(rates)
        return features.T @ (vectors @ (progress(rates, root * (vectors.T @ labels)) / root[:, None]))
    return vectors @ progress(rates, vectors.T @ (features.T @ labels))


def population_loss(spectrum: Spectrum, learned: Float[Array, "K T"]) -> Float[Array, " T"]:
    """sum_k lambda_k (wbar_k - learned_k)^2."""
    return spectrum.eigenvalues @ (spectrum.teacher[:, None] - learned) ** 2


def losses(
    spectrum: Spectrum,
    times: Array,
    progress: Progress,
    sizes: dict[str, Any],
    noise: ArrayLike,
    key: Array,
    repeats: int,
    method: dict[str, Any] | None = None,
) -> LossCurves:
    """Train `repeats` students and gather their losses."""
    width, samples = check(spectrum, noise, key, repeats, **sizes)
    modes = len(spectrum.eigenvalues)
    each = student_bytes(modes, times.size, width, samples)

    def curves(keys: Array) -> tuple[Array, ...]:
        disorder = draw(keys, modes, width=width, samples=samples)
        return _trained(spectrum, as_floats(noise), disorder, progress, len(keys))

    (test, train), made = over_repeats(curves, key, repeats, each)
    return gather(times, test, train, {"spectrum": spectrum, **sizes, "noise": noise, **(method or {}), **made})


@partial(jax.jit, static_argnums=4)
def _trained(spectrum: Spectrum, noise: Array, disorder: Draws, progress: Progress, repeats: int) -> tuple[Array, ...]:
    def losses(one: Draws) -> tuple[Array, ...]:
        student = train(spectrum, noise, one, progress)
        return population_loss(spectrum, student.modes), student.train

    return jax.vmap(losses, axis_size=repeats)(disorder)


def gather(times: Array, test: Array, train: Array, parameters: dict[str, Any]) -> LossCurves:
    """Mean and spread over repeats, with what made them."""
    (test, train), (test_std, train_std) = mean_and_std((test, train))
    return LossCurves(times, test, train, test_std=test_std, train_std=train_std, parameters=parameters)


def check(spectrum: Spectrum, noise: ArrayLike, key: Array, repeats: int, **sizes: ArrayLike) -> list[int | None]:
    """Width and samples as whole numbers, None for infinity; or an error that names what is wrong."""
    require_float64()
    require_kind("spectrum", spectrum, Spectrum)
    if spectrum.multiplicity is not None:
        raise ValueError("spectrum must have its modes one by one in an experiment; got a binned one")
    check_noise(noise)
    require_key(key)
    require_count("repeats", repeats, 2)
    whole: list[int | None] = []
    for name, size in sizes.items():
        require_scalar(name, size)
        require(name, size, "a whole number >= 1, or inf", lambda x: (x >= 1) & (x == np.floor(x)))
        known = concrete(size)
        if known is None:
            raise ValueError(f"{name} must be a known number; it is being traced by jax")
        whole.append(None if np.isinf(known) else int(known))
    return whole


def student_bytes(modes: int, times: int, width: int | None, samples: int | None) -> int:
    """Memory of one student, or an error where it is absurd."""
    n, p = width or modes, samples or 1
    each = 8 * (2 * n * modes + 2 * p * modes + 3 * n * p + 4 * modes * times)
    if each > STUDENT_BYTES:
        raise ValueError(
            f"width={width or np.inf:g} and samples={samples or np.inf:g} must be smaller with {modes} modes: "
            f"one student would need {each / 2**30:.3g} GiB, and at most {STUDENT_BYTES >> 30} are allowed"
        )
    return each
