"""Data: the circle; words; a made set of files in the place of Fashion-MNIST, whole and damaged."""

import gzip
import re
from pydoc_data.topics import topics

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data, fits


def write_idx(path, array):
    with gzip.open(path, "wb") as file:
        file.write(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes())


@pytest.fixture
def fashion(tmp_path, monkeypatch):
    """Seven made images in the place of the test set."""
    random = np.random.default_rng(0)
    pixels, labels = random.integers(0, 256, (7, 28, 28), dtype=np.uint8), np.arange(7, dtype=np.uint8)
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    write_idx(folder / "t10k-images-idx3-ubyte.gz", pixels)
    write_idx(folder / "t10k-labels-idx1-ubyte.gz", labels)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(data, "DEBIAN_FASHION", tmp_path / "nowhere")
    return folder, pixels, labels


def test_fashion_mnist_where_its_files_are(fashion):
    _, pixels, labels = fashion
    images, targets = data.fashion_mnist("test")
    centred = pixels.reshape(7, 784) - pixels.reshape(7, 784).mean(axis=0)
    assert_allclose(images, centred / np.linalg.norm(centred, axis=1, keepdims=True), atol=1e-12)
    assert_allclose(targets, np.eye(10)[labels] - np.eye(10)[labels].mean(axis=0), atol=1e-15)


def test_fashion_mnist_where_they_are_not(fashion):
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte.gz and .* are in none of .*: set DATA_DIR"):
        data.fashion_mnist()
    with pytest.raises(ValueError, match=r"part must be one of .* got 'all'"):
        data.fashion_mnist("all")


def test_labels_that_do_not_fit_are_named(fashion):
    write_idx(fashion[0] / "t10k-labels-idx1-ubyte.gz", np.arange(6, dtype=np.uint8))
    with pytest.raises(ValueError, match="must hold 28 x 28 pixels and a label 0 to 9 for each image"):
        data.fashion_mnist("test")


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: raw[:6], lambda raw: b"\0\0\x0b\3" + raw[4:]])
def test_a_damaged_file_is_named(fashion, damage):
    path = fashion[0] / "t10k-images-idx3-ubyte.gz"
    raw = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(damage(raw)))
    with pytest.raises(ValueError, match=r"path must be an IDX file of bytes with 3 axes; .*t10k-images"):
        data.fashion_mnist("test")


def test_the_circle_has_the_powers_that_it_says():
    inputs, targets, unseen = data.circle(1024, 0.75)
    assert_allclose(np.sum(inputs**2, axis=1), 2)
    power = 2 * np.abs(np.fft.rfft(targets) / 1024) ** 2
    k = np.arange(1.0, 512)
    assert_allclose(power[1:512] / power[1], k**-1.5, rtol=1e-9)
    assert np.mean(targets**2) + unseen == pytest.approx(1, rel=1e-9)
    assert unseen > 0.03
    assert data.circle(7, 1.0)[1].shape == (7,)  # three modes
    for argument, call in (
        ("points", (2, 1.0)),
        ("power", (16, 0.5)),
        ("power", (16, np.nan)),
    ):
        with pytest.raises(ValueError, match=f"{argument} must be"):
            data.circle(*call)


def test_words_are_those_of_the_text():
    """Counted again in the text itself, by other means."""
    text = "\n".join(topics[name] for name in sorted(topics)).lower()
    found = data.words(400)
    place = {word: number for number, word in enumerate(found.vocabulary)}
    for sign in "%({7_":
        assert found.counts[place[sign]] == text.count(sign)
    for word in ("the", "def", "class"):
        alone = "".join(one if one.isascii() and one.isalpha() else " " for one in text).split()
        assert found.counts[place[word]] == alone.count(word)
    assert found.bigrams[place["("], place[")"]] == len(re.findall(r"\((?=\s*\))", text))
    assert found.bigrams[place["of"], place["the"]] == len(re.findall(r"(?<![a-z])of\s+the(?![a-z])", text))
    said = [found.vocabulary[one] if one < 400 else None for one in found.tokens]
    at = 0
    for word in said[:500]:  # in the text's order
        at = at if word is None else text.index(word, at) + len(word)
    assert at < 4000


def test_words_add_up():
    found = data.words()
    assert found.tokens.dtype.kind == "i"
    assert np.array_equal(np.bincount(found.tokens, minlength=2001)[:2000], found.counts)
    assert np.all(np.diff(found.counts) <= 0)
    assert np.all(found.bigrams.sum(axis=1) <= found.counts)
    assert np.all(found.bigrams.sum(axis=0) <= found.counts)
    few = data.words(100)
    assert np.array_equal(few.bigrams, found.bigrams[:100, :100])
    assert few.vocabulary == found.vocabulary[:100]
    assert np.array_equal(few.tokens, np.minimum(found.tokens, 100))


def test_words_follow_zipf():
    """The issue's figures of Python 3.11.7, with room for other versions: 120,566 tokens, 98.7 %, 1.18."""
    found = data.words()
    assert 1e5 < len(found.tokens) < 1.6e5
    assert found.counts.sum() / len(found.tokens) == pytest.approx(0.987, abs=0.003)
    law = fits.power_law(np.arange(1, 2001), found.counts, between=(10, 1000))
    assert law.exponent == pytest.approx(1.18, abs=0.05)


@pytest.mark.parametrize("vocabulary", [0, 10**6])
def test_a_vocabulary_that_is_none_is_named(vocabulary):
    with pytest.raises(ValueError, match="vocabulary must be"):
        data.words(vocabulary)
