"""The claims of the front page."""

import jax
import numpy as np
import pytest

from solvable import Spectrum
from solvable.linear_model import experiment, theory

TIMES = np.logspace(0, 5, 41)


@pytest.mark.slow
def test_the_front_page_shows_what_its_caption_says():
    """128 examples: the student with as many features gets worse and worse; the theory passes through the bands."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=1000)
    for width in (32, 128, 256, 512):
        limit = theory.gradient_flow(spectrum, TIMES, width=width, samples=128)
        runs = experiment.gradient_flow(
            spectrum, TIMES, width=width, samples=128, key=jax.random.key(width), repeats=16
        )
        assert np.all(np.abs(limit.test - runs.test) <= 4 * runs.error("test") + 0.02 * runs.test)
        later = limit.test[TIMES >= 300]
        assert np.all(np.diff(later) > 0) == (width == 128)
        assert (limit.test[-1] > limit.test[0]) == (width == 128)
