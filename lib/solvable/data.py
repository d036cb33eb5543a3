"""Data without a download: handwritten digits, Fashion-MNIST where its files are, the words of Python, a circle."""

from __future__ import annotations

import gzip
import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from scipy.special import zeta

from ._checks import (
    finite_answer,
    require,
    require_array,
    require_count,
    require_float64,
    require_key,
    require_known,
    require_one_of,
    require_scalar,
)
from ._memory import require_memory

__all__ = ["Words", "circle", "digits", "fashion_mnist", "images", "relu_features", "words"]

FASHION_FILES = {"train": "train", "test": "t10k"}
DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
TOKEN = re.compile(r"[a-z]+|[0-9]|[^\sa-z0-9]")
"""A word of small letters, a digit or a sign."""


class Words(NamedTuple):
    """A text as numbers: words by how often they come, the most frequent first.

    Attributes:
      vocabulary: the V words, a tuple of strings; digits and signs are words too.
      tokens: the text, shape (T,): each word's place in the vocabulary, from 0 on, and V for all rarer ones.
      counts: how often each word of the vocabulary comes, shape (V,).
      bigrams: how often word j comes right after word i, shape (V, V); pairs with a rarer word are left out.
    """

    vocabulary: tuple[str, ...]
    tokens: Int[np.ndarray, " T"]
    counts: Int[np.ndarray, " V"]
    bigrams: Int[np.ndarray, "V V"]


def circle(points: int, power: float) -> tuple[Float[Array, "P 2"], Float[Array, " P"], float]:
    r"""A task with a power law, for networks that see the angle of a point on a circle.

    .. math:: x = \sqrt2\,(\cos\theta, \sin\theta), \qquad
              y(\theta) = \sqrt{2/\zeta(2q)} \sum_{1 \le k < P/2} k^{-q} \cos k\theta

    Args:
      points: P, whole and >= 3, equally spaced.
      power: q > 1/2, and at most 100, from where on mode 1 is all.

    Returns:
      Inputs (P, 2), whose entries have mean square 1; targets (P,); and the power of the modes from P/2 on, a number,
      which these points cannot tell from lower ones. The endless series has power 1, of which mode k holds
      :math:`k^{-2q}/\zeta(2q)`.

    Raises:
      ValueError: for an argument out of range, named with its value, or traced by jax.
      RuntimeError: where jax is in float32.

    Source: talk by C. Pehlevan (2025). Book: "Networks on a circle".
    """
    require_float64()
    points = require_count("points", points, 3)
    require_memory(lambda points: 8 * points**2, points=points)
    require_known("power", power)
    require_scalar("power", power)
    require("power", power, "> 1/2 and at most 100", lambda q: (q > 0.5) & (q <= 100))
    power = float(power)
    theta, modes = 2 * np.pi * np.arange(points) / points, np.arange(1.0, (points + 1) // 2)
    whole = zeta(2 * power)
    targets = np.sqrt(2 / whole) * (modes**-power @ np.cos(np.outer(modes, theta)))
    inputs = np.sqrt(2) * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    return jnp.asarray(inputs), jnp.asarray(targets), float(zeta(2 * power, len(modes) + 1) / whole)


def digits() -> tuple[Float[Array, "1797 64"], Float[Array, "1797 10"]]:
    """The 1,797 handwritten digits of scikit-learn, 8 x 8 pixels each.

    Returns:
      Images (1797, 64), the mean image subtracted, each of unit norm; targets (1797, 10), one-hot labels with their
      mean subtracted.

    Raises:
      ImportError: where scikit-learn is missing; ``pip install scikit-learn`` brings it.
      RuntimeError: where jax is in float32.

    Source: E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI (1998). Book: "Three bottlenecks".
    """
    require_float64()
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("the digits come with scikit-learn: pip install scikit-learn") from error
    bunch = load_digits()
    return _centred(bunch.data, bunch.target)


def fashion_mnist(part: str = "train") -> tuple[Float[Array, "M 784"], Float[Array, "M 10"]]:
    """Fashion-MNIST, 28 x 28 pixels an image, where its four files are on this machine; nothing is downloaded.

    They are looked for in the folder that the environment variable ``DATA_DIR`` names, in its subfolder
    ``fashion-mnist``, and where Debian's package ``dataset-fashion-mnist`` puts them.

    Args:
      part: ``"train"`` (60,000 images) or ``"test"`` (10,000).

    Returns:
      Images (M, 784), the mean image subtracted, each of unit norm; targets (M, 10), one-hot labels with their mean
      subtracted.

    Raises:
      ValueError: for another part, or a file that is not what its name says.
      FileNotFoundError: where the files are missing; it says where they were looked for.
      RuntimeError: where jax is in float32.

    Source: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747 (2017). Book: "The kernel limit".
    """
    require_float64()
    require_one_of("part", part, FASHION_FILES)
    own = [Path(os.environ["DATA_DIR"])] if os.environ.get("DATA_DIR") else []
    folders = [*own, *(folder / "fashion-mnist" for folder in own), DEBIAN_FASHION]
    images, labels = (f"{FASHION_FILES[part]}-{name}-ubyte.gz" for name in ("images-idx3", "labels-idx1"))
    for folder in folders:
        if (folder / images).is_file() and (folder / labels).is_file():
            pixels, numbers = _idx(folder / images, 3), _idx(folder / labels, 1)
            if pixels.shape != (len(numbers), 28, 28) or numbers.max() > 9:
                raise ValueError(f"{folder} must hold 28 x 28 pixels and a label 0 to 9 for each image; it does not")
            return _centred(pixels.reshape(-1, 784), numbers)
    raise FileNotFoundError(f"{images} and {labels} are in none of {', '.join(map(str, folders))}: set DATA_DIR")


def images(count: int) -> dict[str, tuple[Float[Array, "P D"], Float[Array, "P 10"]]]:
    """A few images of every set that this machine has: the digits, and Fashion-MNIST where its files are.

    Args:
      count: how many of each, the first ones, whole, from 1 to 1,797.

    Returns:
      Name -> (images, targets), of shapes (count, pixels) and (count, 10), from `digits` and `fashion_mnist` (its test
      part). Means are subtracted over the whole set.

    Raises:
      ValueError: for a count that is no whole number >= 1, or more than the 1,797 digits.
      ImportError: where scikit-learn is missing.
      RuntimeError: where jax is in float32.

    Source: those of `digits` and `fashion_mnist`. Book: "The coordinate check".
    """
    if (count := require_count("count", count)) > 1797:
        raise ValueError(f"count must be at most 1797, the number of digits; got {count}")
    sets = {"digits": digits()}
    with suppress(FileNotFoundError):
        sets["Fashion-MNIST"] = fashion_mnist("test")
    return {name: (x[:count], y[:count]) for name, (x, y) in sets.items()}


def _idx(path: Path, axes: int) -> np.ndarray:
    """The array of unsigned bytes in a gzipped IDX file."""
    with gzip.open(path) as file:
        raw = file.read()
    sizes: np.ndarray = np.frombuffer(raw, ">i4", min(axes, (len(raw) - 4) // 4), 4)
    shape = tuple(map(int, sizes))
    if raw[:4] != bytes([0, 0, 8, axes]) or len(raw) != 4 + 4 * axes + int(np.prod(shape)):
        raise ValueError(f"path must be an IDX file of bytes with {axes} axes; {path} is not")
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _centred(images: np.ndarray, labels: np.ndarray) -> tuple[Array, Array]:
    """Images less their mean, each of unit norm; labels one-hot, less their mean."""
    x = jnp.asarray(images, float) - images.mean(axis=0)
    y = jax.nn.one_hot(labels, 10, dtype=jnp.float64)
    return x / jnp.linalg.norm(x, axis=1, keepdims=True), y - y.mean(axis=0)


@finite_answer
def relu_features(inputs: Float[Array, "M D"], size: int, *, key: Array) -> Float[Array, "M S"]:
    r"""Random features: one frozen, wide layer of a ReLU network.

    .. math:: \phi_s(x) = \max(0, w_s\cdot x)\,/\sqrt S, \qquad w_s \sim N(0, 1)

    Args:
      inputs: shape (M, D), finite.
      size: the number S of features, whole and >= 1.
      key: a jax random key.

    Returns:
      Features, shape (M, S).

    Raises:
      ValueError: for an argument out of range, named with its value.

    For S -> infinity their inner products are the ReLU kernel of `gaussian.averages`, up to O(1 / sqrt(S)).
    Source: A. Rahimi, B. Recht (2007), with the kernel of Y. Cho, L. Saul (2009). Book: "Three bottlenecks".
    """
    inputs = require_array("inputs", inputs, 2, "a table (M inputs, D numbers)")
    size = require_count("size", size)
    require_key(key)
    require_memory(lambda size: inputs.dtype.itemsize * sum(inputs.shape) * size, size=size)
    weights = jax.random.normal(key, (inputs.shape[1], size), dtype=inputs.dtype)
    return jax.nn.relu(inputs @ weights) / jnp.sqrt(size)


def words(vocabulary: int = 2000) -> Words:
    """The reference text that every Python carries for its ``help()``, as words, digits and signs.

    Letters are made small; topics follow each other in alphabetical order.

    Args:
      vocabulary: V, how many of the most frequent words are kept, whole and >= 1.

    Returns:
      `Words`: vocabulary, tokens, counts and bigrams. Among words that come equally often the one that is seen first
      stands first.

    Raises:
      ValueError: for a vocabulary that is no whole number >= 1, or larger than the text's.

    The text differs between versions of Python: name the version beside its numbers. It has some 120,000 words, 3,000
    different ones. Source: the Python documentation, PSF licence. Book: "Spectra in the wild".
    """
    vocabulary = require_count("vocabulary", vocabulary)
    from pydoc_data.topics import topics

    text = TOKEN.findall("\n".join(topics[name] for name in sorted(topics)).lower())
    found = Counter(text)
    if vocabulary > len(found):
        raise ValueError(f"vocabulary must be at most {len(found)}, the words of this text; got {vocabulary}")
    kept, counts = zip(*found.most_common(vocabulary), strict=True)
    place = {word: number for number, word in enumerate(kept)}
    tokens = np.array([place.get(word, vocabulary) for word in text])
    pairs: np.ndarray = np.zeros((vocabulary + 1, vocabulary + 1), int)
    np.add.at(pairs, (tokens[:-1], tokens[1:]), 1)
    return Words(kept, tokens, np.array(counts), pairs[:-1, :-1])
