"""The law of random tables whose rows are weighed, for tests: no draw."""

import numpy as np


def expected(frequencies, width):
    """Where the eigenvalues of sum_i p_i e_i e_i^T should lie, e_i ~ N(0, 1) in `width` dimensions.

    Silverstein's equation for the resolvent's trace, 1/m = -x + sum_i p_i / (1 + p_i d m), on the real axis; the j-th
    eigenvalue is where j - 1/2 of the d lie above.
    """
    top = 1.5 * width * frequencies.max() + 3 * frequencies.sum()
    x, m, density = np.geomspace(top, 1e-6 * top, 6000), -1 / top + 1e-9j, []
    for one in x * (1 + 1e-5j):
        for _ in range(200):
            below = 1 + frequencies * width * m
            left = -one + (frequencies / below).sum()
            move = (m * left - 1) / (left - m * (width * (frequencies / below) ** 2).sum())
            m = m - move
            if abs(move) < 1e-12 * abs(m):
                break
        m = m if m.imag > 0 else m.conjugate()
        density.append(width * m.imag / np.pi)
    density = np.array(density)
    above = np.append(0, np.cumsum((density[1:] + density[:-1]) / 2 * -np.diff(x)))
    assert abs(above[-1] / width - 1) < 1e-3
    return np.interp(np.arange(1, width + 1) - 0.5, above, x)
