"""Samples of finite size, beside the theory."""

import re

import jax
import numpy as np
import pytest

from solvable.spinglass import SphericalGlass, experiment, theory

KEY = jax.random.key(0)


@pytest.mark.parametrize(
    ("glass", "size", "repeats"),
    [
        (SphericalGlass({2: 0.5}, 0.5), 400, 60),
        pytest.param(SphericalGlass({3: 0.5}, 0.3), 100, 120, marks=pytest.mark.slow),
        pytest.param(SphericalGlass({2: 0.3, 3: 0.2}, 0.0, 1.5), 100, 250, marks=pytest.mark.slow),
    ],
    ids=["two", "three", "mixed with a spike"],
)
def test_theory_predicts_the_samples(glass, size, repeats):
    """At the same step, so that only N is finite: 4 standard errors, standard error at most 1 % of the scale."""
    overlap = 0.3 if glass.spike > 0 else 0.0
    limit = theory.descent(glass, 40, 0.1, overlap=overlap)
    runs = experiment.langevin(glass, size=size, steps=40, step_size=0.1, overlap=overlap, key=KEY, repeats=repeats)
    for which in ("correlation", "energy", "overlap"):
        error = runs.error(which)
        assert np.all(error <= 0.01)
        finite_size = 2 / size  # the theory's own error is O(1/N)
        assert np.all(np.abs(getattr(limit, which) - getattr(runs, which)) <= 4 * error + finite_size), which


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda g: experiment.langevin(
                SphericalGlass({4: 1.0}), size=10, steps=2, step_size=0.1, key=KEY, repeats=2
            ),
            "couplings must have p = 2 and 3 only in an experiment; got p = [4]",
        ),
        (
            lambda g: experiment.langevin(g, size=2000, steps=2, step_size=0.1, key=KEY, repeats=2),
            "size must be smaller with 3-spin couplings; got 2000, over a gigabyte",
        ),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(SphericalGlass({3: 0.5}))
