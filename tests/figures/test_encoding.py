"""The packed numbers."""

import numpy as np
import pytest

from solvable.figures.explorer.encoding import decode, encode


@pytest.mark.parametrize("shape", [(7,), (3, 5), (4, 1, 2, 30)])
def test_packed_numbers_come_back(shape):
    random = np.random.default_rng(0)
    arrays = [random.integers(-(10**6), 10**6, shape), random.integers(-2, 3, shape), np.zeros(shape, int)]
    layout, text = encode(arrays)
    for array, again in zip(arrays, decode(layout, text), strict=True):
        np.testing.assert_array_equal(array, again)


def test_smooth_arrays_are_packed_as_differences():
    x = np.arange(2000)
    (item,), text = encode([x**2 // 50])
    assert item["orders"][0] >= 1
    assert len(text) < 1000
