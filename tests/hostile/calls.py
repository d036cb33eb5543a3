"""One small, valid call of every public function: what `test_hostile` spoils, one argument at a time."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from solvable import Spectrum, networks, parameterizations, random_features, spinglass
from solvable.figures import Knob, Line
from solvable.linear_model import LossCurves

mpl.use("agg")

FOLDER = Path(tempfile.mkdtemp())
KEY = jax.random.key(0)
SPECTRUM = Spectrum([1.0, 0.5, 0.25], [1.0, 0.5, 0.25])
GLASS = spinglass.SphericalGlass({2: 0.5}, 0.25)
SCHEDULES = {
    "SGD": random_features.momentum.SGD(learning_rate=0.25),
    "HeavyBall": random_features.momentum.HeavyBall(learning_rate=0.25, momentum=0.5),
    "DanaConstant": random_features.momentum.DanaConstant(learning_rate=0.25, dimension=4.0, delta=4.0),
    "DanaDecaying": random_features.momentum.DanaDecaying(learning_rate=0.25, power=0.5, delta=4.0, scale=0.5),
}
EIGHTHS = jnp.array([1.0, 2.0])  # times; as whole numbers and bytes too
CURVE = LossCurves(EIGHTHS, jnp.array([0.5, 0.25]), jnp.array([0.5, 0.25]), parameters={"width": 4.0, "repeats": 4})
RAN = replace(CURVE, test_std=CURVE.test / 8, train_std=CURVE.train / 8)
FOUND = jnp.array([[1.0, 1.1], [1.1, 1.0], [1.0, 1.05]])  # three widths, two seeds
CHECK = networks.CoordinateCheck(
    jnp.array([4.0, 8.0, 16.0]), FOUND[..., None], FOUND[..., None], FOUND, FOUND, parameters={"repeats": 2}
)
X = jnp.array([[16.0, 0.0], [0.0, 16.0], [16.0, 16.0]])  # 16^2 is 0 in a byte
Y = jnp.array([1.0, 2.0, 1.0])
GRAM = jnp.array([[4.0, 1.0], [1.0, 2.0]])
Z = jnp.array([1.0, 2.0])
SIZES = {"width": 4, "samples": 8, "noise": 2.0}
RUNS = {"key": KEY, "repeats": 2}
MLP = networks.MLP(4, depth=2)
WEIGHTS = {"input": jnp.ones((4, 2)), "hidden": jnp.ones((1, 4, 4)), "output": jnp.ones(4)}
TRANSFORMER = networks.Transformer(4, depth=1, heads=2)
TRANSFORMED = TRANSFORMER.init(KEY, (3, 2))
TASK = {"activation": "erf", "richness": 1.0, "learning_rate": 0.125, "steps": 2}
POINTS = {**RUNS, "particles": 64, "weights": Z}
EQUILIBRIUM = {"depth": 1, "richness": 1.0, "inverse_temperature": 2.0}
FIGURE = {"name": "one", "x": "x", "y": "y", "xlim": (1.0, 2.0), "ylim": (1.0, 2.0), "caption": "c", "alt": "a"}
KNOB = Knob(1.0, 4.0, start=2.0, label="g")
LINE = Line(np.array([1.0, 1.5, 2.0]), np.array([1.1, 1.2, 1.3]))
CURVE.save(FOLDER / "saved.npz")


def mlp(width):
    return networks.MLP(width, depth=2)


def line(g):
    return {"one": Line(EIGHTHS, g * EIGHTHS)}


def halved(x):
    return x / 2 + 1


CUSTOM = networks.Custom(
    lambda key, d, o: {"w": jnp.ones(d)}, lambda w, x: (x @ w["w"], x[None]), lambda name: {"w": 1}
)


def names(text):
    """Words as a set."""
    return set(text.split())


# Classes that only hold what a function found: jax and `results.load` make them, no user does.
HOLDERS = names("""
    data.Words fits.PowerLaw gaussian.Averages kernels.Classes kernels.Kernels kernels.Predictions
    numerics.laplace.Contour linear_model.EnsembleCurves linear_model.FinalLoss linear_model.LossCurves
    linear_model.compute.Exponents
    linear_model.compute.Frontier meanfield.Expansion posterior.Expansion meanfield.MeanField posterior.Posterior
    meanfield.TwoTime depth.LayerTime networks.CoordinateCheck networks.Deviations networks.LayerSizes networks.Run
    networks.Transfer
    parameterizations.Exponents parameterizations.Scale parameterizations.Wish parameterizations.tables.Table
    primer.Chaos primer.Correlation random_features.Measures random_features.Volterra
    random_features.momentum.Exponents random_features.phases.Phase random_features.phases.Term
    random_features.words.BigramModel results.Result
    spinglass.Runs spinglass.TwoTime spinglass.aging.Aging
    spinglass.single_site.Responses figures.Line figures.Band figures.Points figures.Means figures.HeatMap
""")

# Calls that compile for more than half a second: a fast test looks only at what stops before.
HEAVY = names("""
    linear_model.theory.ensemble linear_model.theory.feature_learning linear_model.theory.gradient_descent
    linear_model.theory.gradient_flow linear_model.theory.mode_errors linear_model.theory.optimal_ridge
    linear_model.theory.sgd linear_model.experiment.ensemble linear_model.experiment.feature_learning
    linear_model.experiment.final_loss linear_model.experiment.gradient_descent linear_model.experiment.mode_errors
    linear_model.experiment.gradient_flow linear_model.experiment.regression linear_model.experiment.sgd
    linear_model.exact.momentum linear_model.experiment.momentum
    linear_model.exact.sgd linear_model.compute.frontier spinglass.experiment.langevin
    random_features.theory.volterra random_features.theory.measures random_features.exact.volterra
    random_features.phases.frontier linear_model.compute.Frontier.local_exponents
    spinglass.aging.Aging.at spinglass.aging.Aging.trusted_to spinglass.aging.Aging.two_time
    spinglass.aging.flow spinglass.exact.two_spin spinglass.theory.flow spinglass.theory.descent
    spinglass.single_site.iterate spinglass.single_site.march spinglass.single_site.responses primer.theory.regression
    primer.theory.tanh_network primer.experiment.linear_network primer.experiment.tanh_network
    primer.experiment.regression primer.experiment.regression_flow meanfield.deep meanfield.deep_linear
    meanfield.expansion meanfield.Expansion.at
    posterior.expansion posterior.Expansion.at networks.Transfer.error
    posterior.langevin meanfield.two_layer meanfield.finite posterior.deep_linear
    posterior.finite_linear posterior.two_layer networks.Transformer.forward
    networks.Transformer.logits
    depth.theory.residual depth.theory.residual_linear depth.theory.residual_linear_limit depth.experiment.finite
    networks.train networks.coordinate_check networks.deviations networks.transfer networks.CoordinateCheck.exponents
""")

# Methods that hand their arguments to the user's own functions.
PASSED_ON = {"networks.Custom.init", "networks.Custom.apply", "networks.Custom.rates", "results.Result.load"}

# Of what a method is called on.
INSTANCES: dict[str, Any] = {
    "Spectrum": lambda call: SPECTRUM,
    "spinglass.SphericalGlass": lambda call: GLASS,
    "spinglass.Runs": lambda call: call("spinglass.experiment.langevin"),
    "spinglass.aging.Aging": lambda call: call("spinglass.aging.flow"),
    "parameterizations.ABC": lambda call: parameterizations.mup(),
    "networks.Network": lambda call: MLP,
    "networks.MLP": lambda call: MLP,
    "networks.ResidualMLP": lambda call: networks.ResidualMLP(4, depth=1),
    "networks.Transformer": lambda call: TRANSFORMER,
    "networks.Custom": lambda call: CUSTOM,
    "networks.CoordinateCheck": lambda call: call("networks.coordinate_check"),
    "networks.Deviations": lambda call: call("networks.deviations"),
    "meanfield.Expansion": lambda call: call("meanfield.expansion"),
    "posterior.Expansion": lambda call: call("posterior.expansion"),
    "networks.Transfer": lambda call: call("networks.transfer"),
    "figures.Knob": lambda call: KNOB,
    "results.Result": lambda call: CURVE,
    **{f"random_features.momentum.{name}": lambda call, one=one: one for name, one in SCHEDULES.items()},
    "linear_model.compute.Frontier": lambda call: call("linear_model.compute.frontier"),
}

LINEAR = {"spectrum": SPECTRUM, "times": EIGHTHS}
STEPS = {"spectrum": SPECTRUM, "steps": EIGHTHS, "learning_rate": 0.25}
GLASSY = {"glass": GLASS, "steps": 3, "step_size": 0.25, "overlap": 0.5}
NET = {"inputs": X, "targets": Y}
TRAINED = {**NET, "steps": 2, "key": KEY, "optimizer": "sgd"}

CALLS: dict[str, dict[str, Any]] = {
    "Spectrum": {"eigenvalues": Z, "task_power": Z, "multiplicity": Z},
    "Spectrum.power_law": {"a": 2.0, "b": 1.0, "modes": 4, "normalize": True, "binned": False},
    "Spectrum.from_features": {"features": X, "targets": Y},
    "Spectrum.dimension": {"kappa": 1.0, "order": 1},
    "spectra.gauss_sum": {"first": 1, "last": 20, "points": 4},
    "data.circle": {"points": 4, "power": 1.0},
    "data.digits": {},
    "data.fashion_mnist": {"part": "train"},
    "data.images": {"count": 2},
    "data.relu_features": {"inputs": X, "size": 2, "key": KEY},
    "data.words": {"vocabulary": 4},
    "fits.power_law": {"x": 2.0 ** np.arange(6), "y": 2.0 ** np.arange(6), "between": (1.0, 64.0)},
    "numerics.fixed_points.anderson": {"sweep": halved, "start": Z},
    "numerics.laplace.talbot": {"points": 8},
    "numerics.laplace.circle": {"steps": 4},
    "gaussian.activation_function": {"activation": "erf"},
    "gaussian.averages": {"activation": "relu", "variance1": Z, "variance2": Z, "covariance": Z / 2},
    "gaussian.diagonal": {"activation": "erf", "variance": Z},
    "gaussian.quadrature_error": {"activation": "tanh", "variance": 1.0},
    "results.save": {"path": FOLDER / "one.npz", "result": CURVE},
    "results.load": {"path": FOLDER / "saved.npz", "kind": LossCurves},
    "results.saved_version": {"path": FOLDER / "saved.npz"},
    "results.Result.save": {"path": FOLDER / "two.npz"},
    "results.Result.error": {"name": "test"},
    "results.Result.axes": {},
    "linear_model.theory.ensemble": {**LINEAR, **SIZES, "inits": 2, "datasets": 2, "paired": False},
    "linear_model.theory.feature_learning": {**LINEAR, "richness": 2.0},
    "linear_model.theory.final_loss": {"spectrum": SPECTRUM, **SIZES, "ridge": 1.0},
    "linear_model.theory.first_order": LINEAR,
    "linear_model.theory.gradient_descent": {**STEPS, **SIZES, "momentum": 0.5},
    "linear_model.theory.gradient_flow": {**LINEAR, **SIZES},
    "linear_model.theory.mode_errors": {**LINEAR, "width": 4, "samples": 8},
    "linear_model.theory.optimal_ridge": {"spectrum": SPECTRUM, **SIZES},
    "linear_model.theory.sgd": {**STEPS, "batch_size": 2, "width": 4, "noise": 2.0},
    "linear_model.theory.sgd_stability_limit": {"spectrum": SPECTRUM, "batch_size": 2, "width": 4},
    "linear_model.theory.stability_limit": {"spectrum": SPECTRUM, "momentum": 0.5, "width": 4, "samples": 8},
    "linear_model.experiment.ensemble": {**LINEAR, **SIZES, **RUNS, "inits": 2, "datasets": 2, "paired": False},
    "linear_model.experiment.feature_learning": {**LINEAR, **SIZES, **RUNS, "richness": 2.0, "hidden": 4},
    "linear_model.experiment.final_loss": {"spectrum": SPECTRUM, **SIZES, **RUNS, "ridge": 1.0},
    "linear_model.experiment.gradient_descent": {**STEPS, **SIZES, **RUNS, "momentum": 0.5},
    "linear_model.experiment.gradient_flow": {**LINEAR, **SIZES, **RUNS},
    "linear_model.experiment.mode_errors": {**LINEAR, **SIZES, **RUNS},
    "linear_model.experiment.regression": {"features": X, "targets": X, "samples": Z, **RUNS},
    "linear_model.experiment.sgd": {
        **STEPS, **RUNS, "batch_size": 2, "width": 4, "noise": 2.0, "average_batches": False,
    },
    "linear_model.exact.sgd": {
        **STEPS, "features": jnp.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]), "batch_size": 2, "noise": 2.0,
    },
    "linear_model.exact.momentum": {
        "spectrum": SPECTRUM, "steps": EIGHTHS, "schedule": SCHEDULES["DanaDecaying"],
        "features": jnp.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]]), "latent_cut": None, "batch_size": 2, "noise": 2.0,
    },
    "linear_model.experiment.momentum": {
        "spectrum": SPECTRUM, "steps": EIGHTHS, "schedule": SCHEDULES["DanaDecaying"], **RUNS, "batch_size": 2,
        "width": 4, "noise": 2.0, "average_batches": False,
    },
    "linear_model.compute.frontier": {
        "spectrum": Spectrum.power_law(a=2.0, b=1.0, modes=64), "compute": [64.0, 128.0], "samples": np.inf,
        "noise": 2.0,
    },
    "linear_model.compute.envelope": {"curves": [CURVE], "compute": [4.0, 8.0]},
    "linear_model.compute.Frontier.local_exponents": {},
    "linear_model.compute.exponents": {"a": 2.0, "b": 1.0},
    "spinglass.SphericalGlass": {"couplings": {2: 0.5}, "temperature": 1.0, "spike": 1.0},
    "spinglass.SphericalGlass.with_unit_variance": {"p": 3, "temperature": 1.0, "spike": 1.0},
    "spinglass.SphericalGlass.f": {"q": 0.5, "derivative": 1},
    "spinglass.aging.flow": {"glass": GLASS, "time": 4.0, "tolerance": 2.0**-10, "overlap": 0.5},
    "spinglass.aging.Aging.at": {"t": 2.0, "t_prime": 1.0},
    "spinglass.aging.Aging.trusted_to": {"tolerance": 2.0**-10},
    "spinglass.aging.Aging.two_time": {"times": EIGHTHS},
    "spinglass.exact.two_spin": {"times": EIGHTHS, "temperature": 1.0},
    "spinglass.experiment.langevin": {**GLASSY, **RUNS, "size": 4},
    "spinglass.theory.descent": GLASSY,
    "spinglass.theory.flow": {"glass": GLASS, "time": 0.5, "step_size": 0.125, "overlap": 0.5},
    "spinglass.single_site.iterate": {**GLASSY, "particles": 16, "sweeps": 2, "key": KEY},
    "spinglass.single_site.march": {**GLASSY, "particles": 16, "key": KEY},
    "spinglass.single_site.responses": {
        "glass": GLASS, "bath": spinglass.theory.descent(**GLASSY), "particles": 16, "key": KEY,
    },
    "random_features.spectrum": {"alpha": 1.0, "beta": 0.5, "latent": 8},
    "random_features.theory.volterra": {**STEPS, "batch_size": 2, "width": 2},
    "random_features.theory.measures": {"spectrum": SPECTRUM, "eigenvalues": Z, "width": 2},
    "random_features.exact.volterra": {**STEPS, "features": None, "batch_size": 2},
    "random_features.phases.frontier": {
        "alpha": 1.0, "beta": 0.25, "compute": [1e4, 1e5], "ratio": 4.0, "learning_rate": 0.25, "batch_size": 2,
    },
    "random_features.phases.classify": {"alpha": 1.0, "beta": 0.25},
    "random_features.momentum.SGD": {"learning_rate": 0.25},
    "random_features.momentum.HeavyBall": {"learning_rate": 0.25, "momentum": 0.5},
    "random_features.momentum.DanaConstant": {"learning_rate": 0.25, "dimension": 4.0, "delta": 4.0},
    "random_features.momentum.DanaDecaying": {"learning_rate": 0.25, "power": 0.5, "delta": 4.0, "scale": 0.5},
    **{f"random_features.momentum.{name}.coefficients": {"step": EIGHTHS} for name in SCHEDULES},
    "random_features.momentum.exponents": {"alpha": 1.0, "beta": 0.25, "schedule": SCHEDULES["SGD"]},
    "random_features.covariance": {"features": X, "weights": Y},
    "random_features.words.bigram_model": {
        "bigrams": GRAM, "steps": 2, "width": 2, "learning_rate": 0.25, "key": KEY,
    },
    "random_features.nonlinear.gram": {
        "spectrum": Spectrum.power_law(a=2.0, b=1.0, modes=8), "width": 4, "key": KEY,
    },
    "random_features.nonlinear.covariance": {"gram": GRAM, "activation": "erf"},
    "random_features.nonlinear.law": {"power": 2, "modes": 4, "exponent": 2.0},
    "random_features.nonlinear.products": {"modes": 4, "exponent": 2.0},
    "primer.exact.linear_network": {"times": EIGHTHS, "gain": 1.0},
    "primer.exact.regression": {"steps": EIGHTHS, "aspect": 0.5, "noise": 2.0, "learning_rate": 0.25},
    "primer.exact.regression_flow": {"times": EIGHTHS, "aspect": 0.5, "noise": 2.0},
    "primer.theory.regression": {"steps": 2, "aspect": 0.5, "noise": 2.0, "learning_rate": 0.25},
    "primer.theory.tanh_network": {"gain": 2.0, "lags": EIGHTHS},
    "primer.experiment.linear_network": {"times": EIGHTHS, "gain": 1.0, "size": 4, **RUNS},
    "primer.experiment.tanh_network": {
        "gain": 2.0, "lags": EIGHTHS, "size": 4, "time": 4.0, "burn_in": 1.0, **RUNS,
    },
    "primer.experiment.regression": {
        "steps": EIGHTHS, "aspect": 0.5, "noise": 2.0, "learning_rate": 0.25, "dimensions": 4, **RUNS,
    },
    "primer.experiment.regression_flow": {"times": EIGHTHS, "aspect": 0.5, "noise": 2.0, "dimensions": 4, **RUNS},
    "parameterizations.ABC": {
        "a": [0.0, 0.5, 0.5], "b": [0.0, 0.5, 0.5], "c": 0.5, "sgd": [0.0, 1.0, 1.0], "adam": [0.0, 1.0, 1.0],
        "name": "n",
    },
    "parameterizations.ABC.shift": {"input": 0.5, "hidden": 0.5, "output": 0.5},
    "parameterizations.ABC.scale": {
        "kind": "hidden", "width": 4, "fan_in": 4, "richness": 1.0, "optimizer": "sgd", "multiplier_free": False,
    },
    "parameterizations.exponents": {"parameterization": parameterizations.mup(), "depth": 2, "optimizer": "sgd"},
    "parameterizations.satisfies": {"parameterization": parameterizations.mup(), "depth": 2, "optimizer": "sgd"},
    "parameterizations.mup": {},
    "parameterizations.ntk": {},
    "parameterizations.standard": {},
    "parameterizations.named": {"name": "mup"},
    "parameterizations.tables.scales": {
        "parameterizations": parameterizations.mup(), "optimizer": "sgd", "multiplier_free": False,
    },
    "parameterizations.tables.counts": {"parameterizations": parameterizations.mup(), "depth": 2, "optimizer": "sgd"},
    "kernels.alignment": {"kernel": GRAM, "targets": Z},
    "kernels.classes": {"kernel": GRAM, "labels": jnp.array([0.0, 1.0])},
    "kernels.both": {
        "x1": X, "x2": X, "depth": 2, "activation": "relu", "weight_variance": 1.0, "bias_variance": 1.0,
    },
    "kernels.nngp": {
        "x1": X, "x2": X, "depth": 2, "activation": "relu", "weight_variance": 1.0, "bias_variance": 1.0,
    },
    "kernels.ntk": {
        "x1": X, "x2": X, "depth": 2, "activation": "relu", "weight_variance": 1.0, "bias_variance": 1.0,
    },
    "kernels.empirical": {"network": MLP, "weights": WEIGHTS, "x1": X, "x2": X},
    "kernels.gradient_flow": {
        "kernel": GRAM, "targets": Z, "times": EIGHTHS, "cross": GRAM, "ridge": 1.0, "weights": Z,
    },
    "kernels.gradient_descent": {
        "kernel": GRAM, "targets": Z, "steps": 2, "learning_rate": 0.125, "cross": GRAM, "ridge": 1.0, "weights": Z,
    },
    "meanfield.deep": {"gram": GRAM, "targets": Z, "depth": 2, **TASK, **POINTS, "responses": True,
        "loss": "square", "tangent_kernel": False,
    },
    "meanfield.deep_linear": {
        "gram": GRAM, "targets": Z, "depth": 2, "richness": 1.0, "learning_rate": 0.125, "steps": 2, "weights": Z,
        "loss": "square", "tangent_kernel": False,
    },
    "meanfield.expansion": {
        "gram": GRAM, "targets": Z, "activation": "erf", "learning_rate": 0.125, "steps": 2, **POINTS,
    },
    "meanfield.Expansion.at": {"richness": 1.0},
    "posterior.Expansion.at": {"richness": 1.0},
    "posterior.expansion": {
        "gram": GRAM, "targets": Z, **RUNS, "activation": "erf", "depth": 1, "inverse_temperature": 2.0,
        "particles": 64,
    },
    "meanfield.finite": {
        **NET, **TASK, **RUNS, "learning_rate": 2.0**-9, "width": 4, "depth": 1, "loss": "square",
        "tangent_kernel": False,
    },
    "posterior.langevin": {
        **NET, **EQUILIBRIUM, "width": 4, "activation": "erf", "key": KEY, "time": 4.0, "burn_in": 1.0,
        "step_size": 2.0**-10, "repeats": 2, "dtype": jnp.float64,
    },
    "meanfield.two_layer": {
        "gram": GRAM, "targets": Z, **TASK, **POINTS, "loss": "square", "tangent_kernel": False,
    },
    "posterior.deep_linear": {"gram": GRAM, "targets": Z, **EQUILIBRIUM, "width": 4},
    "posterior.finite_linear": {"gram": GRAM, "targets": Z, **EQUILIBRIUM, "width": 4},
    "posterior.nngp": {"kernel": GRAM, "targets": Z, "inverse_temperature": 2.0},
    "posterior.proportional": {
        "gram": GRAM, "targets": Z, "depth": 1, "width": 4, "inverse_temperature": 2.0,
    },
    "posterior.two_layer": {
        "gram": GRAM, "targets": Z, **RUNS, "activation": "erf", "richness": 0.25, "inverse_temperature": 2.0,
        "method": "importance", "particles": 512, "rounds": 2,
    },
    "networks.MLP": {
        "width": 4, "depth": 2, "parameterization": "mup", "richness": 1.0, "activation": "relu", "dtype": jnp.float32,
    },
    "networks.ResidualMLP": {
        "width": 4, "depth": 2, "parameterization": "mup", "richness": 1.0, "activation": "relu", "dtype": jnp.float32,
        "branch": 1.0, "branch_power": 0.5,
    },
    "networks.Transformer": {
        "width": 4, "depth": 2, "parameterization": "mup", "richness": 1.0, "activation": "relu", "dtype": jnp.float32,
        "heads": 2, "attention_power": 1.0, "branch_power": 0.5,
    },
    "networks.Custom": {
        "start": CUSTOM.start, "forward": CUSTOM.forward, "learning_rates": CUSTOM.learning_rates,
        "activation": "linear",
    },
    "networks.MLP.layers": {"inputs": (2,), "outputs": (2,)},
    "networks.MLP.forward": {"weights": WEIGHTS, "x": X},
    "networks.Network.layers": {"inputs": (2,), "outputs": (2,)},
    "networks.Network.forward": {"weights": WEIGHTS, "x": X},
    "networks.Network.scales": {"inputs": (2,), "optimizer": "sgd"},
    "networks.Network.rates": {"inputs": (2,), "optimizer": "sgd"},
    "networks.Network.init": {"key": KEY, "inputs": (2,), "outputs": (2,)},
    "networks.Network.apply": {"weights": WEIGHTS, "x": X},
    "networks.ResidualMLP.layers": {"inputs": (2,), "outputs": (2,)},
    "networks.ResidualMLP.forward": {"weights": WEIGHTS, "x": X},
    "networks.ResidualMLP.rates": {"inputs": (2,), "optimizer": "sgd"},
    "networks.Transformer.rates": {"inputs": (2, 2), "optimizer": "sgd"},
    "networks.Transformer.layers": {"inputs": (2, 2), "outputs": (2,)},
    "networks.Transformer.forward": {"weights": TRANSFORMED, "x": jnp.stack([X, X])},
    "networks.Transformer.logits": {"weights": TRANSFORMED, "x": jnp.stack([X, X])},
    "networks.common_share": {
        "changes": jnp.round(8 * jax.random.normal(jax.random.key(3), (2, 1, 2, 2, 2, 2))) / 8,
    },
    "networks.limits": {"networks": TRANSFORMER, "optimizer": "sgd"},
    "depth.theory.kernels": {
        "gram": GRAM, "activation": "relu", "branch": 2.0, "branch_power": 0.5, "depth": 2, "points": 4,
    },
    "depth.theory.residual": {
        "gram": GRAM, "targets": Z, "depth": 1, **TASK, **POINTS, "learning_rate": 2.0**-6, "branch": 1.0,
        "branch_power": 0.5, "responses": True,
    },
    "depth.theory.residual_linear": {
        "gram": GRAM, "targets": Z, "depth": 1, "richness": 1.0, "learning_rate": 2.0**-6, "steps": 2, "branch": 1.0,
        "branch_power": 0.5, "weights": Z, "responses": True,
    },
    "depth.theory.residual_linear_limit": {
        "gram": GRAM, "targets": Z, "depth": 1, "richness": 1.0, "learning_rate": 2.0**-6, "steps": 2, "branch": 1.0,
        "branch_power": 0.5, "weights": Z, "responses": True,
    },
    "depth.exact.covariance": {
        "variance": Z, "activation": "relu", "branch": 2.0, "branch_power": 0.5, "depth": 2,
    },
    "depth.exact.tangent_kernel": {
        "variance": Z, "activation": "relu", "branch": 2.0, "branch_power": 0.5, "depth": 2,
    },
    "depth.exact.kurtosis": {"width": Z, "branch": 2.0, "branch_power": 0.5, "depth": 2},
    "depth.experiment.finite": {
        **NET, **TASK, **RUNS, "learning_rate": 2.0**-9, "width": 4, "depth": 1, "branch": 1.0, "branch_power": 0.5,
        "tangent_kernel": False, "untied": False,
    },
    "depth.experiment.walk": {
        "inputs": X, "width": 4, "depth": 2, "activation": "relu", "branch": 2.0, "branch_power": 0.5, **RUNS,
    },
    "networks.coordinate_check": {
        "network": mlp, "widths": (4, 8), **TRAINED, "learning_rate": 2.0**-10, "repeats": 2,
    },
    "networks.deviations": {
        "network": mlp, "width": 8, **TRAINED, "learning_rate": 2.0**-10, "halvings": 2, "repeats": 2,
        "metrics": ("outputs",),
    },
    "networks.CoordinateCheck.exponents": {"name": "feature_size"},
    "networks.Transfer.error": {"name": "optimum"},
    "networks.Deviations.mean": {"name": "outputs"},
    "networks.Deviations.variance": {"name": "outputs"},
    "networks.Deviations.difference": {"name": "outputs"},
    "networks.Deviations.variance_exponent": {"name": "outputs"},
    "networks.Deviations.difference_exponent": {"name": "outputs"},
    "networks.train": {
        "network": MLP, **TRAINED, "learning_rate": 2.0**-10, "loss": "square", "batch_size": 2, "sample": None,
        "start": WEIGHTS, "metrics": ("outputs",), "every": 1, "checkpoints": False, "progress": False,
    },
    "networks.transfer": {
        "network": mlp, "sizes": (4, 8), **TRAINED, "learning_rates": [2.0**-12, 2.0**-11, 2.0**-10], "batch_size": 2,
        "sample": None, "repeats": 2, "label": "width",
    },
    "figures.Knob": {
        "low": 1.0, "high": 4.0, "start": 2.0, "label": "g", "points": 3, "log": False, "values": None,
        "measured": None, "play": False,
    },
    "figures.Knob.coordinate": {"value": 2.0},
    "figures.Knob.text": {"value": 2.0},
    "figures.compare": {
        "limit": CURVE, "runs": None, "axis": "times", "ax": None, "label": "l", "which": "test", "since": None,
        "color": None,
    },
    "figures.explore": {"curves": line, "controls": {"g": KNOB}, **FIGURE, "log": "xy", "marks": {"one": "C1"},
        "experiment": None},
    "figures.guess": {
        "curves": {"one": LINE, "two": LINE}, "known": ["one"], "experiment": None, **FIGURE, "log": "xy",
        "answer": "b", "marks": {"one": "C1"}, "results": [CURVE], "extra": "e", "quantities": {"depth": 2},
    },
    "figures.layer_sizes": {"found": CHECK},
    "figures.means": {"runs": RAN, "which": "test"},
    "figures.note": {"ax": plt.gca(), "results": CURVE, "extra": "e", "quantities": {"depth": 2}},
    "figures.power_laws": {"x": Z, "curves": {"one": (Z, 1.0)}, "xlabel": "x", "ylabel": "y", "ax": None},
    "figures.power_lines": {"x": Z, "curves": {"one": (Z, 1.0)}},
    "figures.use_style": {},
}  # fmt: skip
