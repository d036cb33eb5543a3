"""The doubling grid: what a coarser one keeps."""

import numpy as np

from solvable.spinglass import SphericalGlass, doubling, theory

GLASS = SphericalGlass({3: 0.5}, 0.5)


def test_a_coarser_grid_keeps_every_integral():
    """Of each row that stays, over its past: Sigma and its first moment, f'(C) R, and the means of C and f'(C)."""
    h, size = 0.1, 17
    direct = theory.flow(GLASS, (size - 1) * h, h)
    fine = doubling.cells(GLASS, h, direct.correlation, direct.response)
    coarse = doubling.coarser(fine)
    kept = size // 2 + 1

    def integrals(grid, step):
        """Rows (i, 6), the last column the integral of u Sigma(t, u) with S and W."""
        start = step * np.arange(size - 1)
        parts = [grid.s.sum(1), grid.e.sum(1), grid.l.sum(1), step * grid.mean_c.sum(1), step * grid.mean_f.sum(1)]
        return np.stack([*parts, (start * grid.s + step * grid.w).sum(1)], axis=1)

    found, expected = integrals(coarse, 2 * h)[:kept], integrals(fine, h)[::2]
    assert (np.abs(expected[1:]) > 1e-3).all()
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(coarse.c[:kept, :kept], fine.c[::2, ::2])
