"""Every public function, given what it was not made for: the right answer, or an error that names the argument."""

import inspect
import re
import warnings
from functools import cache

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from solvable import meanfield

from .hostile.calls import CALLS, HEAVY, HOLDERS, INSTANCES, PASSED_ON
from .hostile.kinds import FORMS, KINDS, VALUES, forms, kind_of
from .public import PUBLIC

MISMATCHED = {"one entry too many", "an axis more", "three axes"}
"""Where two arguments do not fit together, either may be named."""

NOT_FINITE = {
    ("linear_model.experiment.ensemble", "paired"),  # parts that are not known are NaN
    ("networks.transfer", "learning_rates"),  # a run that diverged has an infinite loss
}
"""Answers that say with a NaN or an infinity what their docstring says it means."""


@pytest.fixture(autouse=True)
def as_users_do(monkeypatch, tmp_path):
    """Without the checks of types that only tests have; what is saved under a word lies nowhere near the sources."""
    monkeypatch.chdir(tmp_path)
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@cache
def call(path):
    """What the valid call gives."""
    return given(path, CALLS[path])


def given(path, arguments):
    """What a function gives for these arguments."""
    function, owner = PUBLIC[path], path.rpartition(".")[0]
    if owner in INSTANCES and not inspect.ismethod(function):
        function = getattr(INSTANCES[owner](call), path.rpartition(".")[2])
    positional, named = [], {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            named |= arguments[name]
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = arguments[name]
        else:
            positional.append(arguments[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jax.block_until_ready(function(*positional, **named))


def numbers(result):
    """The arrays of a result, without what it was made from."""
    leaves = [leaf for way, leaf in jax.tree_util.tree_leaves_with_path(result) if "parameters" not in str(way)]
    return [np.asarray(leaf) for leaf in leaves if isinstance(leaf, jax.Array | np.ndarray | np.generic | float | int)]


def traced(path, name, valid):
    """The function while jax traces this argument: it answers something, since a tracer has no value yet."""

    def known_later(number):
        given(path, CALLS[path] | {name: number})
        return number

    jax.eval_shape(known_later, jnp.asarray(valid, float))


def verdict(path, name, label, value, answered=True, right=None):
    """What is wrong with the answer to this argument, in words; None where nothing is."""
    try:
        result = traced(path, name, value) if label == "tracer" else given(path, CALLS[path] | {name: value})
    except (ValueError, TypeError, RuntimeError, FileNotFoundError) as error:  # did not arrive; is not there
        words = str(error)
        blamed = "|".join(CALLS[path]) if answered or label in MISMATCHED else name
        right = re.search(rf"\b({blamed})\b", words) and "must" in words
        return None if right else f"{type(error).__name__}: {words}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if not answered:
        return "was answered"
    found = [one for one in numbers(result) if one.dtype.kind in "fc" or one.dtype.kind == "V"]
    unknown = (path, name) in NOT_FINITE
    if not unknown and not all(np.isfinite(one.astype(complex)).all() for one in found):
        return "has an answer that is not finite"
    for one, other in zip(numbers(result), numbers(right), strict=True) if right is not None else ():
        rounding = 1e3 * float(jnp.finfo(one.dtype).eps) if jnp.issubdtype(one.dtype, jnp.floating) else 0
        if one.shape != other.shape or not np.allclose(one.astype(complex), other.astype(complex), rounding, rounding):
            return f"has another answer: {one.ravel()[:3]} for {other.ravel()[:3]}"
    return None


def walk(path, everything):
    """All that is wrong with a function's answers."""
    wrong, signature = [], inspect.signature(PUBLIC[path]).parameters
    for name, valid in CALLS[path].items():
        kind = kind_of(f"{path}.{name}")
        if kind is KINDS["free"]:  # matplotlib's, or another function's
            continue
        few = kind.refused if path in HEAVY else kind.refused | kind.tried
        for label in VALUES if everything else sorted(few):
            if label in ("function", "class") and (kind is KINDS["function"] or name == "activation"):
                continue  # what goes wrong in there is not ours
            optional = label == "none" and (name not in signature or "None" in str(signature[name]))
            answered = optional or label not in kind.refused
            wrong.append((name, label, verdict(path, name, label, VALUES[label](valid), answered)))
        if kind.numeric and valid is not None and (everything or path not in HEAVY):
            made = forms(valid, set(FORMS) if everything else {"list", "bytes", "bfloat16"})
            wrong += [(name, label, verdict(path, name, label, one, right=call(path))) for label, one in made.items()]
        if kind.numeric and valid is not None and (everything or path not in HEAVY or kind is KINDS["count"]):
            wrong.append((name, "tracer", verdict(path, name, "tracer", valid)))
    return [f"{path}({name} = {label}) {words}"[:400] for name, label, words in wrong if words]


def test_every_public_function_has_its_call():
    assert set(PUBLIC) - HOLDERS - PASSED_ON == set(CALLS)
    for path, arguments in CALLS.items():
        assert set(inspect.signature(PUBLIC[path]).parameters) - {"self"} == set(arguments), path
        assert all(kind_of(f"{path}.{name}") for name in arguments)


@pytest.mark.parametrize("path", [path for path in CALLS if CALLS[path]])
def test_an_answer_is_right_or_an_error_names_the_argument(path):
    assert walk(path, False) == []


def test_the_squares_of_pixels_do_not_wrap():
    """16^2 is 0 in a byte: the Gram matrix of 16 times the unit matrix was 0, and is 128 times it."""
    task = {"activation": "linear", "richness": 1.0, "learning_rate": 2.0**-10, "steps": 1, "width": 2, "repeats": 2}
    found = meanfield.finite(16 * np.eye(2, dtype=np.uint8), [1, 2], key=jax.random.key(0), **task)
    assert np.array_equal(found.parameters["gram"], 128 * np.eye(2))


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in CALLS if CALLS[path]])
def test_whatever_it_is_given(path):
    assert walk(path, True) == []
