"""The exact law of deep linear networks: against norms drawn at random, and towards its limit."""

import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.posterior import deep_linear, finite_linear

from .deviations import GRAM, QUANTITIES, Y


@pytest.mark.parametrize(("depth", "richness"), [(1, 0.5), (1, 1.5), (2, 1.5), (3, 1.0)])
def test_the_limit_is_off_by_one_over_the_width(depth, richness):
    """N times the error settles to a constant: doubling the width from 100 changes it by less than 2 %."""
    given = {"depth": depth, "richness": richness, "inverse_temperature": 10.0}
    limit = deep_linear(GRAM, Y, **given)
    scaled = []
    for width in (100, 200):
        exact = finite_linear(GRAM, Y, width=width, **given)
        scaled.append([width * np.abs(getattr(exact, name) - getattr(limit, name)).max() for name in QUANTITIES])
    assert_allclose(scaled[0], scaled[1], rtol=0.02)
    assert min(scaled[1]) > 0.01


@pytest.mark.parametrize(
    ("depth", "width"), [(2, 8), *(pytest.param(*one, marks=pytest.mark.slow) for one in ((1, 3), (3, 5)))]
)
def test_the_exact_law_is_that_of_drawn_norms(depth, width):
    """Weights |w|^2 / N drawn from chi^2 and weighted by the evidence, with NumPy."""
    richness, beta, draws = 1.2, 4.0, 200_000
    exact = finite_linear(GRAM, Y, depth=depth, width=width, richness=richness, inverse_temperature=beta)
    u = np.random.default_rng(0).chisquare(width, (draws, depth)) / width
    product, gram, y = u.prod(axis=1), np.asarray(GRAM), np.asarray(Y)
    noisy = product[:, None, None] * gram[:4, :4] + np.eye(4) / beta
    inverse = np.linalg.inv(noisy)
    log = -(richness**2) * width / 2 * np.einsum("a,sab,b->s", y, inverse, y) - np.linalg.slogdet(noisy)[1] / 2
    weights = np.exp(log - log.max())
    weights /= weights.sum()
    assert 1 / (weights**2).sum() > 1000

    def check(value, found):
        mean = np.tensordot(weights, value, 1)
        error = np.sqrt(np.tensordot(weights**2, (value - mean) ** 2, 1))
        assert error.max() < 0.015 * np.abs(mean).max()
        assert np.abs((mean - found) / error).max() < 4

    cross = product[:, None, None] * gram[:, :4]
    f = np.einsum("sqa,sab,b->sq", cross, inverse, y)
    check(f, jnp.concatenate([exact.outputs, exact.test]))
    check(u[:, -1], exact.readout)
    spread = product[:, None, None] * gram - cross @ inverse @ cross.swapaxes(1, 2)
    second = f[:, :, None] * f[:, None] + spread / (richness**2 * width)
    kernel = gram
    for layer in range(depth):
        share = 1 / u[:, layer:].prod(axis=1)
        kernel = (1 - 1 / width) * kernel + richness**2 * second * share[:, None, None]
        check(kernel, exact.features[layer])
