"""Data: the circle; a made set of files in the place of Fashion-MNIST, whole and damaged."""

import gzip

import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data


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
