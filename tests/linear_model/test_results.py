"""Loss curves, from theory and from experiment."""

import jax
import numpy as np
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model
from solvable.linear_model import experiment, theory

TIMES = np.logspace(0, 5, 11)


def test_both_return_the_same_type():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    limit = theory.gradient_flow(spectrum, TIMES)
    runs = experiment.gradient_flow(spectrum, TIMES, key=jax.random.key(0), repeats=2)
    assert type(limit) is type(runs) is linear_model.LossCurves
    assert not limit.is_experiment
    assert runs.is_experiment
    assert_allclose(runs.test, limit.test, rtol=1e-9, atol=1e-15)  # no disorder: one exact answer
    assert_allclose(limit.error("test"), 0)


def test_results_survive_a_file(tmp_path):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    curves = linear_model.experiment.gradient_flow(spectrum, [1.0, 2.0], width=3, key=jax.random.key(5), repeats=4)
    curves.save(tmp_path / "curves.npz")
    again = linear_model.LossCurves.load(tmp_path / "curves.npz")
    assert_allclose(again.test, curves.test)
    assert_allclose(again.error("test"), curves.error("test"))
    assert_allclose(again.parameters["spectrum"].eigenvalues, spectrum.eigenvalues)
    assert again.parameters["width"] == 3
    repeated = linear_model.experiment.gradient_flow(
        again.parameters["spectrum"],
        again.times,
        width=3,
        key=jax.random.wrap_key_data(again.parameters["key"]),
        repeats=4,
    )
    assert_allclose(repeated.test, curves.test)
