"""What every part's exercises must do with right answers, in any honest form, and with the table of wrong kinds.

With the book's numbers they meet the whole table, with those of one student a tenth of it.
"""

import functools
import itertools
import re
import sys
from copy import deepcopy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import hostile
from solvable import Spectrum, exercises
from solvable.exercises.answers import Wrong


def assert_right_passes_and_nonsense_does_not(id, right, seed):
    """`right` is a function of the exercise's id and the numbers drawn for this seed."""
    answer = right(id, exercises.parameters(id, seed=seed))
    for name, form in {"itself": answer, **others(answer)}.items():
        verdict = exercises.check(id, form, seed=seed)
        assert verdict.passed, (name, verdict)
        assert verdict.points == verdict.possible == exercises.REGISTRY[id].points > 0
    shown = digits(answer)
    table = hostile.answers(answer)
    for name, nonsense in table if seed != "ada" else itertools.islice(table, 0, None, 10):
        verdict = exercises.check(id, nonsense, seed=seed)
        assert not verdict.passed, (name, verdict)
        assert verdict.points == 0
        assert 20 < len(verdict.message) < 500, (name, verdict)
        assert "broken" in name or "cannot be checked" not in verdict.message, (name, verdict)
        assert not shown & set(re.findall(r"[\d.]+\d", verdict.message)), (name, verdict)
    assert_nan_does_not_pass(exercises.REGISTRY[id], answer, exercises.parameters(id, seed=seed))


def digits(answer):
    """What no message may hold: three digits of the right answer."""
    numbers = (
        [] if callable(answer) else [one for one in np.ravel(np.array(answer, object)) if not isinstance(one, str)]
    )
    return {text for text in (f"{abs(number):.3g}" for number in numbers) if len(text) > 3}


def others(answer):
    """Name -> the same answer as others would hand it in."""
    if callable(answer):
        return {
            "through jax": lambda *args: changed(jnp.asarray, answer(*args)),
            "in lists": lambda *args: changed(lambda x: np.asarray(x).tolist(), answer(*args)),
            "rounded": lambda *args: changed(np.float32, answer(*args)),
            "in single precision": lambda *args: changed(np.float32, answer(*changed(np.float32, args))),
            "written in place": written_in_place(answer),
            "written where others wait": into_one_array(answer),
            "partial": functools.partial(answer),
        }
    if isinstance(answer, list) and isinstance(answer[0], str):
        word, number = answer
        return {"loud": (f" {word.upper()}\n", number), "NumPy": [np.str_(word), jnp.asarray(number, jnp.float32)]}
    return {"float32": jnp.asarray(answer, jnp.float32)}  # every other form is read as the same number


def changed(change, found):
    """The numbers of what a function takes or returns, one by one."""
    return jax.tree.map(lambda x: x if isinstance(x, int) else change(x), found)


def written_in_place(right):
    """The same function, which ruins its arguments and returns the result in one of them where it fits."""

    def function(*args):
        result = right(*deepcopy(args))
        arrays = [arg for arg in args if isinstance(arg, np.ndarray)]
        for array in arrays:
            array[...] = -7.0
        if arrays and getattr(result, "shape", None) == arrays[-1].shape:
            arrays[-1][...] = result
            return arrays[-1]
        return result

    return function


def into_one_array(right):
    """The same function, which writes every result over the last one."""
    kept = {}

    def function(*args):
        leaves, tree = jax.tree.flatten(right(*args))
        for place, leaf in enumerate(leaves):
            kept.setdefault(place, np.empty(np.shape(leaf)))[...] = leaf
        return jax.tree.unflatten(tree, [kept[place] for place in range(len(leaves))])

    return function


def forget(module):
    """Nothing that it has kept from earlier calls."""
    for kept in vars(module).values():
        if not isinstance(kept, Lost) and hasattr(kept, "cache_clear"):
            kept.cache_clear()


class Lost:
    """A module whose functions return NaN for every number, and note that they were asked."""

    def __init__(self, module, asked):
        self.module, self.asked = module, asked

    def __getattr__(self, name):
        def function(*args, **kwargs):
            self.asked.append(name)
            return jax.tree.map(lambda x: x * np.nan, getattr(self.module, name)(*args, **kwargs))

        return function


def assert_nan_does_not_pass(exercise, answer, drawn):
    """No comparison lets NaN through: neither as an answer, nor from what the check computes for a right one."""
    found = exercise.kind.read(answer, drawn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(exercise.kind), "read", lambda kind, answer, drawn: np.nan * found)
        with pytest.raises((Wrong, ValueError)):
            exercise.check(answer, drawn)
    module, asked = sys.modules[exercise.right.__module__], []
    with pytest.MonkeyPatch.context() as patch:
        for name in {"theory", "exact", "compute", "fits"} & vars(module).keys():
            patch.setattr(module, name, Lost(getattr(module, name), asked))
        patch.setattr(Spectrum, "dimension", lambda self, ridge: asked.append(ridge) or np.nan)
        forget(module)
        try:
            exercise.check(answer, drawn)
        except (Wrong, ValueError):
            return
        finally:
            forget(module)
    assert not asked, asked
