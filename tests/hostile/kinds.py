"""What arguments are given that they were not made for, and which kinds of argument must refuse it."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from solvable import Spectrum


class Kind(NamedTuple):
    """Which of the `VALUES` an argument of this kind must refuse, and which it may answer, if the answer is finite."""

    refused: frozenset[str]
    tried: frozenset[str] = frozenset()
    numeric: bool = False


def put(entry: Any) -> Callable[[Any], Any]:
    """The same argument with one entry replaced."""

    def spoil(valid: Any) -> Any:
        if np.ndim(valid) == 0 or not isinstance(np.ravel(valid)[0], float | int | np.number):
            return entry
        array = np.array(valid, object if isinstance(entry, int) and entry > 2**63 else float)
        array.flat[0] = entry
        return array

    return spoil


def always(value: Any) -> Callable[[Any], Any]:
    """Another argument instead."""
    return lambda valid: value


VALUES: dict[str, Callable[[Any], Any]] = {
    "nan": put(np.nan),
    "inf": put(np.inf),
    "-inf": put(-np.inf),
    "negative": put(-5.0),
    "zero": put(0),
    "half": put(0.5),
    "huge": put(1e300),
    "tiny": put(1e-300),
    "2^70": put(2**70),
    "10^400": put(10**400),
    "complex": always(1j),
    "empty list": always([]),
    "empty array": always(np.zeros((0,))),
    "empty dict": always({}),
    "scalar": always(2.0),
    "true": always(True),
    "three axes": always(np.ones((2, 2, 2))),
    "an axis more": lambda valid: np.asarray(valid)[None] if np.ndim(valid) or np.isscalar(valid) else [valid],
    "one entry too many": lambda valid: np.concatenate([valid, valid[-1:]]) if np.ndim(valid) else [valid, valid],
    "ragged": always([[1.0], [1.0, 2.0]]),
    "words": always("nonsense"),
    "empty word": always(""),
    "list of words": always(["a", "b"]),
    "none": always(None),
    "object": always(object()),
    "function": always(len),
    "class": always(Spectrum),
    "tuple": always(([1.0, 0.5], [1.0, 0.5])),
    "dict": always({"eigenvalues": [1.0], "task_power": [1.0]}),
    "old key": lambda valid: jax.random.PRNGKey(0),
    "whole": always(3),
}

FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "list": lambda x: x.tolist(),
    "tuple": lambda x: tuple(x.tolist()) if x.ndim else x.tolist(),
    "numpy": lambda x: x,
    "single": lambda x: jnp.asarray(x, jnp.float32),
    "bfloat16": lambda x: jnp.asarray(x, jnp.bfloat16),
    "numpy bfloat16": lambda x: np.asarray(jnp.asarray(x, jnp.bfloat16)),
    "bytes": lambda x: x.astype(np.uint8),
    "jax bytes": lambda x: jnp.asarray(x, jnp.uint8),
    "whole": lambda x: x.astype(int).tolist(),
}
"""The same numbers in another form: what a function must take as if they were floats, or refuse."""
WHOLE = {"bytes", "jax bytes", "whole"}


def forms(valid: Any, names: set[str]) -> dict[str, Any]:
    """The valid argument in every form that can hold it."""
    numbers = np.asarray(valid, float)
    fits = np.isfinite(numbers).all() and not (numbers % 1).any()
    return {name: make(numbers) for name, make in FORMS.items() if name in names and (name not in WHOLE or fits)}


def kind(refused: str, tried: str = "", numeric: bool = False) -> Kind:
    """Names of values, comma-separated."""
    return Kind(*(frozenset(filter(None, map(str.strip, one.split(",")))) for one in (refused, tried)), numeric)


NONE_OF = "empty dict, words, none, object"  # is a number
NO_NUMBER = f"nan, complex, ragged, list of words, {NONE_OF}"
NO_SCALAR = f"{NO_NUMBER}, empty list, an axis more"
NO_LIST = f"{NO_NUMBER}, empty list, empty array, scalar, three axes, an axis more, inf, -inf"
NO_STEPS = f"{NO_NUMBER}, empty list, empty array, three axes, inf, -inf"
BAD_WORD = "words, empty word, nan, none, empty list, empty dict, object, whole"

KINDS: dict[str, Kind] = {
    "number": kind(f"{NO_SCALAR}, inf, -inf", "huge, tiny, 2^70, negative, zero", True),
    "positive": kind(f"{NO_SCALAR}, inf, -inf, negative, zero", "huge, tiny, 2^70, 10^400", True),
    "positives": kind(f"{NO_NUMBER}, inf, -inf, negative, zero", "huge, tiny", True),
    "nonnegative": kind(f"{NO_SCALAR}, inf, -inf, negative", "huge, tiny, 2^70, zero", True),
    "nonnegatives": kind(f"{NO_NUMBER}, inf, -inf, negative", "huge, tiny, zero", True),
    "count": kind(f"{NO_SCALAR}, inf, -inf, negative, zero, half, tiny", "huge, 2^70, 10^400", True),
    "count0": kind(f"{NO_SCALAR}, inf, -inf, negative, half, tiny", "huge, 2^70", True),
    "size": kind(f"{NO_SCALAR}, -inf, negative, zero, half", "huge, inf, 2^70", True),
    "sizes": kind(f"{NO_NUMBER}, -inf, negative, zero, half", "huge, inf", True),
    "list": kind(f"{NO_LIST}, negative", "huge, tiny, zero", True),
    "numbers": kind(f"{NO_LIST}, negative, half, tiny", "huge, zero", True),
    "steps": kind(f"{NO_STEPS}, an axis more, negative, half, tiny", "huge, zero", True),
    "rows": kind(f"{NO_STEPS}, negative, zero, half, tiny", "huge, 2^70, 10^400", True),
    "rows0": kind(f"{NO_STEPS}, negative, half, tiny", "huge, 2^70", True),
    "vector": kind(NO_LIST, "huge, tiny, zero, one entry too many", True),
    "columns": kind(NO_LIST.replace("an axis more, ", ""), "huge, tiny, zero, an axis more, one entry too many", True),
    "labels": kind(f"{NO_LIST}, negative, half, tiny", "huge, zero, 2^70, one entry too many", True),
    "masses": kind(f"{NO_LIST}, negative", "huge, tiny, zero, one entry too many", True),
    "values": kind(f"{NO_NUMBER}, empty array, scalar, three axes, an axis more, inf, negative, zero, huge"),
    "reals": kind(f"{NO_NUMBER}, inf, -inf", "huge, tiny, zero, negative", True),
    "stack": kind(f"{NO_NUMBER}, empty list, empty array, scalar, inf, -inf, one entry too many", "huge, tiny", True),
    "table rows": kind(NO_LIST, "huge, tiny, zero, one entry too many", True),
    "range": kind("nan, words, none, object, empty dict, empty list, scalar, ragged", "inf, huge"),
    "axes": kind("words, nan, none, empty list, empty dict, object, whole"),
    "marks": kind("whole, words, object, empty list"),
    "metrics": kind("none, whole, words, object"),
    "matrix": kind(f"{NO_LIST}, one entry too many", "huge, tiny, zero", True),
    "inputs": kind(f"{NO_NUMBER}, empty list, empty array, scalar, inf, -inf", "huge, tiny, zero, an axis more", True),
    "momentum": kind(f"{NO_SCALAR}, inf, negative, whole", "huge, tiny, zero", True),
    "overlap": kind(f"{NO_SCALAR}, inf, negative, whole", "huge, tiny, zero", True),
    "key": kind(f"{BAD_WORD}, nan, zero, ragged, class", "old key"),
    "flag": kind("nan, words, none, object, whole, empty list"),
    "word": kind(BAD_WORD),
    "power or word": kind(BAD_WORD.replace(", whole", "")),
    "text": kind("nan, none, object, whole"),
    "model": kind("none, tuple, dict, words, whole, empty list, class, object, function"),
    "function": kind("none, words, whole, nan, empty list, object"),
    "path": kind("none, nan, object, whole, empty list"),
    "shape": kind("nan, inf, negative, half, words, none, object, empty dict", "zero, 2^70", False),
    "three": kind(f"{NO_LIST}, one entry too many", "huge, tiny, zero, negative", True),
    "holder": kind("none, whole, words, object"),
    "table": kind("none, whole, words, object, empty list, empty dict"),
    "maybe": kind("words, whole, object"),
    "free": kind(""),
}

# Of an argument, by its name; or by the end of its path, where the same word means something else there.
ARGUMENTS: dict[str, str] = {
    name: kind
    for kind, names in {
        "model": "spectrum glass parameterization parameterizations bath kind limit found networks schedule",
        "list": "times lags compute",
        "positive": """tolerance learning_rate step_size aspect time inverse_temperature variance weight_variance
            power fan_in alpha exponent ratio dimension delta latent_cut
            posterior.langevin.burn_in meanfield.*.richness posterior.*.richness
            depth.*.richness a b""",
        "positives": "exact.kurtosis.width learning_rates richness networks.train.learning_rate",
        "values": "values measured",
        "nonnegative": """momentum.DanaDecaying.power scale
            noise gain temperature spike bias_variance tanh_network.burn_in ridge
            depth.*.branch feature_learning.richness Expansion.at.richness quadrature_error.variance""",
        "nonnegatives": """theory.final_loss.noise final_loss.ridge kappa branch diagonal.variance exact.*.variance step
            variance1 variance2 Aging.at.t t_prime""",
        "reals": "covariance fixed_points.anderson.start q coordinate.value",
        "number": """c input ABC.shift.hidden output Knob.text.value low high branch_power attention_power Knob.start
            beta""",
        "count": """repeats depth steps particles sweeps rounds size dimensions halvings points order every
            modes inits datasets batch_size last count heads p width law.power vocabulary""",
        "count0": "first derivative deviations.steps transfer.steps",
        "size": """linear_model.*.width volterra.width measures.width hidden samples theory.ensemble.inits
            theory.ensemble.datasets deep_linear.width latent""",
        "sizes": "theory.final_loss.width theory.final_loss.samples",
        "numbers": "linear_model.experiment.regression.samples",
        "steps": "linear_model.*.steps primer.*.regression.steps volterra.steps",
        "rows": "meanfield.*.steps depth.*.steps spinglass.*.steps primer.theory.regression.steps",
        "rows0": "kernels.gradient_descent.steps networks.train.steps random_features.words.bigram_model.steps",
        "momentum": "momentum",
        "overlap": "overlap",
        "vector": "targets",
        "columns": """meanfield.*.targets alignment.targets posterior.nngp.targets posterior.deep_linear.targets
            proportional.targets posterior.two_layer.targets langevin.targets""",
        "labels": "labels",
        "masses": """weights bigrams eigenvalues task_power multiplicity power_law.x power_law.y
            power_laws.x power_lines.x""",
        "three": "ABC.a ABC.b sgd adam",
        "matrix": "gram kernel",
        "stack": "alignment.kernel classes.kernel",
        "table rows": "cross features experiment.regression.targets",
        "inputs": """inputs changes x x1 x2 gradient_flow.targets gradient_descent.targets networks.*.targets
            meanfield.finite.targets from_features.targets
            relu_features.inputs""",
        "key": "key",
        "flag": """paired average_batches untied responses tangent_kernel multiplier_free checkpoints progress normalize
            binned Knob.log Knob.play""",
        "word": "activation loss optimizer method name part which axis dtype ABC.scale.kind",
        "power or word": "nonlinear.covariance.activation",
        "axes": "explore.log guess.log",
        "text": "explore.name guess.name label xlabel ylabel y caption alt answer extra explore.x guess.x ABC.name",
        "function": "network sweep curves start forward learning_rates networks.Custom.learning_rates",
        "path": "path",
        "shape": "outputs layers.inputs scales.inputs rates.inputs init.inputs widths sizes",
        "range": "xlim ylim between",
        "metrics": "metrics",
        "marks": "marks",
        "table": """guess.curves couplings controls forward.weights logits.weights apply.weights empirical.weights
            networks.train.start""",
        "maybe": "sample since runs experiment",
        "holder": "result results figures.*.results guess.known load.kind envelope.curves means.runs",
        "free": "ax color quantities",
    }.items()
    for name in names.split()
}


def kind_of(path: str) -> Kind:
    """Of an argument, by its path: the longest end of it that is known."""
    parts = path.split(".")
    ends = [".".join(parts[i:]) for i in range(len(parts))]
    fits = [name for name in ARGUMENTS for end in ends if fnmatchcase(end, name)]
    return KINDS[ARGUMENTS[max(fits, key=len)]]
