"""Sizes that no memory holds are named before anything is made of them: XLA would end the process there."""

import re
import tracemalloc
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvable import _memory, data, depth, figures, kernels, meanfield, networks, posterior, spectra, spinglass
from solvable.figures.explorer import grid
from solvable.figures.explorer.asked import Explorer
from solvable.kernels import finite
from solvable.linear_model import exact as linear_exact
from solvable.linear_model import experiment as students
from solvable.networks import MLP, ResidualMLP, Transformer
from solvable.numerics import laplace
from solvable.parameterizations import exponents, mup, satisfies
from solvable.primer import exact, experiment, theory
from solvable.random_features import covariance
from solvable.random_features.momentum import SGD
from solvable.random_features.words import bigram_model
from solvable.spectra import Spectrum

ROOM = 2**30  # what a machine of these tests has, so that no test depends on the machine
MANY = 10**9
KEY = jax.random.key(0)

GLASS, SPECTRUM = spinglass.SphericalGlass({2: 0.5}), Spectrum([1.0, 0.5], [1.0, 1.0])
GRAM, Y = jnp.eye(2), jnp.ones(2)
TRAIN = {"richness": 1.0, "learning_rate": 0.1}
TASK = {"richness": 1.0, "inverse_temperature": 1.0}


def knob(points):
    return figures.Knob(0, 1, start=0, label="x", points=points)


def explorer(points, knobs):
    controls = {f"k{number}": knob(points) for number in range(knobs)}
    return Explorer(dict, controls, "x", "x", "y", "", (0, 1), (0, 1), "c", "a")


CALLS = {
    "descent: steps": lambda: spinglass.theory.descent(GLASS, MANY, 0.1),
    "flow: time": lambda: spinglass.theory.flow(GLASS, 1e9, 0.1),
    "iterate: steps": lambda: spinglass.single_site.iterate(GLASS, MANY, 0.1, key=KEY),
    "iterate: particles": lambda: spinglass.single_site.iterate(GLASS, 2, 0.1, particles=MANY, key=KEY),
    "iterate: sweeps": lambda: spinglass.single_site.iterate(GLASS, 2, 0.1, sweeps=MANY, key=KEY),
    "march: steps": lambda: spinglass.single_site.march(GLASS, MANY, 0.1, key=KEY),
    "march: particles": lambda: spinglass.single_site.march(GLASS, 2, 0.1, particles=MANY, key=KEY),
    "langevin: steps": lambda: spinglass.experiment.langevin(GLASS, size=2, steps=MANY, step_size=0.1, key=KEY),
    "langevin: repeats": lambda: spinglass.experiment.langevin(
        GLASS, size=2, steps=2, step_size=0.1, repeats=MANY, key=KEY
    ),
    "langevin: size": lambda: spinglass.experiment.langevin(GLASS, size=MANY, steps=2, step_size=0.1, key=KEY),
    "two_spin: times": lambda: spinglass.exact.two_spin(np.arange(10**5)),
    "primer theory: steps": lambda: theory.regression(MANY, learning_rate=0.1, aspect=0.5),
    "primer exact: times": lambda: exact.linear_network(np.arange(10**5), gain=1.0),
    "primer exact regression: times": lambda: exact.regression_flow(np.arange(10**6), aspect=0.5),
    "linear networks: times": lambda: experiment.linear_network(np.arange(10**5), gain=1.0, size=2, key=KEY),
    "linear networks: repeats": lambda: experiment.linear_network([1.0], gain=1.0, size=2, repeats=MANY, key=KEY),
    "linear networks: size": lambda: experiment.linear_network([1.0], gain=1.0, size=MANY, key=KEY),
    "tanh networks: size": lambda: experiment.tanh_network(1.0, [1.0], size=MANY, key=KEY),
    "tanh networks: time": lambda: experiment.tanh_network(1.0, [1.0], size=2, time=1e8, key=KEY),
    "tanh networks: repeats": lambda: experiment.tanh_network(1.0, [1.0], size=2, repeats=MANY, key=KEY),
    "data sets: dimensions": lambda: experiment.regression_flow([1.0], aspect=1.0, dimensions=MANY, key=KEY),
    "data sets: aspect": lambda: experiment.regression_flow([1.0], aspect=1e-9, dimensions=2, key=KEY),
    "data sets: repeats": lambda: experiment.regression_flow([1.0], aspect=1.0, dimensions=2, repeats=MANY, key=KEY),
    "two_layer: steps": lambda: meanfield.two_layer(GRAM, Y, activation="erf", **TRAIN, steps=MANY, key=KEY),
    "two_layer: particles": lambda: meanfield.two_layer(
        GRAM, Y, activation="erf", **TRAIN, steps=1, particles=MANY, key=KEY
    ),
    "two_layer: repeats": lambda: meanfield.two_layer(
        GRAM, Y, activation="erf", **TRAIN, steps=1, repeats=MANY, key=KEY
    ),
    "expansion: steps": lambda: meanfield.expansion(GRAM, Y, activation="erf", learning_rate=0.1, steps=MANY, key=KEY),
    "deep: steps": lambda: meanfield.deep(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=10**7, particles=10**8, key=KEY
    ),
    "deep: depth": lambda: meanfield.deep(GRAM, Y, depth=MANY, activation="erf", **TRAIN, steps=2, key=KEY),
    "deep: particles": lambda: meanfield.deep(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=2, particles=MANY, key=KEY
    ),
    "deep: repeats": lambda: meanfield.deep(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=2, repeats=MANY, key=KEY
    ),
    "deep_linear: steps": lambda: meanfield.deep_linear(GRAM, Y, depth=2, **TRAIN, steps=MANY),
    "deep_linear: depth": lambda: meanfield.deep_linear(GRAM, Y, depth=MANY, **TRAIN, steps=2),
    "finite: width": lambda: meanfield.finite(GRAM, Y, width=MANY, activation="erf", **TRAIN, steps=1, key=KEY),
    "finite: depth": lambda: meanfield.finite(
        GRAM, Y, width=8, depth=MANY, activation="erf", **TRAIN, steps=1, key=KEY
    ),
    "finite: steps": lambda: meanfield.finite(
        GRAM, Y, width=2, activation="erf", **TRAIN, steps=MANY, repeats=2, key=KEY
    ),
    "finite: repeats": lambda: meanfield.finite(
        GRAM, Y, width=2, activation="erf", **TRAIN, steps=1, repeats=MANY, key=KEY
    ),
    "residual: steps": lambda: depth.theory.residual(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=10**6, particles=10**8, key=KEY
    ),
    "residual: depth": lambda: depth.theory.residual(
        GRAM, Y, depth=10**7, activation="erf", **TRAIN, steps=2, particles=10**8, key=KEY
    ),
    "residual: particles": lambda: depth.theory.residual(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=2, particles=MANY, key=KEY
    ),
    "residual: repeats": lambda: depth.theory.residual(
        GRAM, Y, depth=2, activation="erf", **TRAIN, steps=2, repeats=MANY, key=KEY
    ),
    "residual_linear: steps": lambda: depth.theory.residual_linear(GRAM, Y, depth=2, **TRAIN, steps=10**6),
    "residual_linear: depth": lambda: depth.theory.residual_linear(GRAM, Y, depth=MANY, **TRAIN, steps=2),
    "residual networks: width": lambda: depth.experiment.finite(
        GRAM, Y, width=MANY, depth=2, activation="erf", **TRAIN, steps=1, key=KEY
    ),
    "residual networks: depth": lambda: depth.experiment.finite(
        GRAM, Y, width=8, depth=MANY, activation="erf", **TRAIN, steps=1, key=KEY
    ),
    "residual networks: repeats": lambda: depth.experiment.finite(
        GRAM, Y, width=2, depth=2, activation="erf", **TRAIN, steps=1, repeats=MANY, key=KEY
    ),
    "posterior langevin: width": lambda: posterior.langevin(GRAM, Y, width=MANY, activation="erf", **TASK, key=KEY),
    "posterior langevin: repeats": lambda: posterior.langevin(
        GRAM, Y, width=2, repeats=MANY, activation="erf", **TASK, key=KEY
    ),
    "posterior langevin: depth": lambda: posterior.langevin(
        GRAM, Y, width=2, depth=MANY, activation="erf", **TASK, key=KEY
    ),
    "posterior: particles": lambda: posterior.two_layer(GRAM, Y, activation="erf", **TASK, particles=MANY, key=KEY),
    "posterior: repeats": lambda: posterior.two_layer(GRAM, Y, activation="erf", **TASK, repeats=MANY, key=KEY),
    "posterior: rounds": lambda: posterior.two_layer(
        GRAM, Y, activation="erf", **TASK, method="chain", rounds=MANY, key=KEY
    ),
    "linear posterior: depth": lambda: posterior.deep_linear(GRAM, Y, depth=MANY, **TASK),
    "finite linear: depth": lambda: posterior.finite_linear(GRAM, Y, depth=MANY, width=3, **TASK),
    "students: width": lambda: students.gradient_flow(SPECTRUM, [1.0], width=1e12, key=KEY),
    "students: samples": lambda: students.gradient_flow(SPECTRUM, [1.0], samples=1e12, key=KEY),
    "students: repeats": lambda: students.gradient_flow(SPECTRUM, [1.0], width=2, repeats=MANY, key=KEY),
    "students' descent: width": lambda: students.gradient_descent(
        SPECTRUM, [1], learning_rate=0.1, width=1e12, key=KEY
    ),
    "students' end: samples": lambda: students.final_loss(SPECTRUM, samples=1e12, key=KEY),
    "students' modes: repeats": lambda: students.mode_errors(SPECTRUM, [1.0], width=2, repeats=MANY, key=KEY),
    "students' streams: width": lambda: students.sgd(
        SPECTRUM, [1], learning_rate=0.1, batch_size=1, width=1e12, key=KEY
    ),
    "ensembles: inits": lambda: students.ensemble(SPECTRUM, [1.0], width=2, inits=MANY, key=KEY),
    "ensembles: datasets": lambda: students.ensemble(SPECTRUM, [1.0], samples=2, datasets=MANY, key=KEY),
    "rich students: hidden": lambda: students.feature_learning(
        SPECTRUM, [1.0], richness=1.0, hidden=1e12, width=2, key=KEY
    ),
    "subsamples: repeats": lambda: students.regression(np.eye(2), np.ones((2, 1)), [1], repeats=MANY, key=KEY),
    "moments: features": lambda: linear_exact.sgd(
        Spectrum([1.0], [1.0]), [1], features=jnp.ones((10**5, 1)), learning_rate=0.1, batch_size=1
    ),
    "moments with momentum: features": lambda: linear_exact.momentum(
        Spectrum([1.0], [1.0]), [1], schedule=SGD(learning_rate=0.1), features=jnp.ones((10**5, 1)), batch_size=1
    ),
    "students with momentum: width": lambda: students.momentum(
        SPECTRUM, [1], schedule=SGD(learning_rate=0.1), batch_size=1, width=1e12, key=KEY
    ),
    "power_law: modes": lambda: Spectrum.power_law(a=1.5, b=1.2, modes=MANY),
    "dimension: kappa": lambda: Spectrum(np.ones(100), np.ones(100)).dimension(np.ones(10**6)),
    "from_features: features": lambda: Spectrum.from_features(np.ones((1, 10**5)), [1.0]),
    "gauss_sum: points": lambda: spectra.gauss_sum(1, MANY, MANY),
    "circle of a series: steps": lambda: laplace.circle(MANY),
    "circle: points": lambda: data.circle(MANY, 1.0),
    "random features: size": lambda: data.relu_features(jnp.eye(2), MANY, key=KEY),
    "covariance: features": lambda: covariance(np.ones((1, 10**5))),
    "words: width": lambda: bigram_model(GRAM, 1, width=MANY, key=KEY),
    "words: steps": lambda: bigram_model(GRAM, MANY, width=2, key=KEY),
    "exponents: depth": lambda: exponents(mup(), depth=MANY),
    "satisfies: depth": lambda: satisfies(mup(), depth=MANY),
    "MLP: width": lambda: MLP(MANY).init(KEY, 2),
    "MLP: depth": lambda: MLP(8, depth=MANY).init(KEY, 2),
    "MLP: inputs": lambda: MLP(8).init(KEY, MANY),
    "ResidualMLP: width": lambda: ResidualMLP(MANY).init(KEY, 2),
    "Transformer: width": lambda: Transformer(4 * 10**8).init(KEY, (2, 2)),
    "train: width": lambda: networks.train(MLP(MANY), GRAM, Y, 1, learning_rate=0.1, key=KEY),
    "train: steps": lambda: networks.train(MLP(2), GRAM, Y, MANY, learning_rate=0.1, key=KEY),
    "train: networks": lambda: networks.train(MLP(2), GRAM, Y, 1, learning_rate=jnp.ones(10**7), key=KEY),
    "transfer: repeats": lambda: networks.transfer(MLP, [1, 2], [0.1, 0.2, 0.4], GRAM, Y, 1, repeats=MANY, key=KEY),
    "transfer: width": lambda: networks.transfer(MLP, [2, MANY], [0.1, 0.2, 0.4], GRAM, Y, 1, key=KEY),
    "coordinate_check: width": lambda: networks.coordinate_check(
        MLP, [MANY, 2 * MANY], GRAM, Y, learning_rate=0.1, key=KEY
    ),
    "coordinate_check: repeats": lambda: networks.coordinate_check(
        MLP, [2, 4], GRAM, Y, learning_rate=0.1, repeats=MANY, key=KEY
    ),
    "deviations: width": lambda: networks.deviations(MLP, 2**30, GRAM, Y, 1, learning_rate=0.1, key=KEY),
    "deviations: repeats": lambda: networks.deviations(MLP, 8, GRAM, Y, 1, learning_rate=0.1, repeats=MANY, key=KEY),
    "kernels: x1": lambda: kernels.both(jnp.ones((10**5, 1)), depth=1),
    "kernels: x2": lambda: kernels.both(jnp.ones((10**5, 1)), jnp.ones((10**5, 1)), depth=1),
    "kernel descent: steps": lambda: kernels.gradient_descent(GRAM, Y, MANY, learning_rate=0.1),
    "kernel flow: times": lambda: kernels.gradient_flow(jnp.eye(100), jnp.ones(100), np.arange(10**6)),
    "empirical: x1": lambda: finite.empirical(MLP(2), {}, jnp.ones((10**5, 1))),
    "knob: points": lambda: knob(MANY),
    "explorer: k0": lambda: grid.settings_of(explorer(3000, 3)),
}


@pytest.fixture(scope="module")
def bath():
    return spinglass.theory.descent(GLASS, 1, 0.1)


@pytest.mark.parametrize("call", CALLS)
def test_a_size_that_no_memory_holds_is_named(call, monkeypatch):
    """Before anything of that size is asked for."""
    monkeypatch.setattr(_memory, "memory", lambda: ROOM)
    tracemalloc.start()
    with pytest.raises(ValueError, match=rf"\b{re.escape(call.split(': ')[1])}\b.*must .*(GiB|gigabyte)"):
        CALLS[call]()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < ROOM


def test_paths_in_a_given_bath(bath, monkeypatch):
    monkeypatch.setattr(_memory, "memory", lambda: ROOM)
    with pytest.raises(ValueError, match="particles must fit in memory; got particles=1000000000, for arrays of"):
        spinglass.single_site.responses(GLASS, bath, particles=MANY, key=KEY)


def test_many_halvings_are_no_large_number():
    with pytest.raises(ValueError, match=r"width must be a multiple of 2\^halvings, with 1000000000 halvings; got 8"):
        networks.deviations(MLP, 8, GRAM, Y, 1, learning_rate=0.1, halvings=MANY, key=KEY)


def test_this_machine_holds_no_matrix_of_a_billion_rows():
    """The memory of whatever machine runs this."""
    assert 2**28 < _memory.memory() < 8 * MANY**2
    with pytest.raises(ValueError, match="steps must fit in memory; got steps=1000000000, for arrays of"):
        spinglass.theory.descent(GLASS, MANY, 0.1)


def test_the_error_says_what_would_fit(monkeypatch):
    monkeypatch.setattr(_memory, "memory", lambda: ROOM)

    def needed(rows, columns):
        return 8 * rows * columns

    _memory.require_memory(needed, rows=2**17, columns=2**10)
    with pytest.raises(ValueError, match="rows and columns must") as raised:
        _memory.require_memory(needed, rows=2**18, columns=2**11)
    assert str(raised.value) == (
        "rows and columns must fit in memory; got rows=262144, columns=2048, for arrays of 4 GiB, and there are 1: "
        "rows=65536 or columns=512 would fit"
    )
    with pytest.raises(ValueError, match="less of each would fit"):
        _memory.require_memory(needed, rows=MANY, columns=MANY)
    with pytest.raises(ValueError, match="arrays of inf GiB"):
        _memory.require_memory(needed, rows=1e308, columns=100)


@given(st.integers(1, 10**9), st.integers(1, 10**6))
def test_what_would_fit_fits_and_no_more(size, each):
    with mock.patch.object(_memory, "memory", return_value=ROOM):
        try:
            _memory.require_memory(lambda n: each * n**2, size=size)
        except ValueError as error:
            most = int(re.search(r"size=(\d+) would fit", str(error))[1])
            assert each * most**2 <= ROOM < each * (most + 1) ** 2
        else:
            assert each * size**2 <= ROOM


def test_a_container_has_what_it_is_given(tmp_path, monkeypatch):
    """As Binder's machines and Colab's: less than the host that they run on."""
    monkeypatch.setattr(_memory, "CONTAINER", tmp_path)
    whole = _memory.memory()
    (tmp_path / "memory.max").write_text("max\n")
    assert _memory.memory() == whole
    (tmp_path / "memory.max").write_text("1048576\n")
    assert _memory.memory() == 2**20
