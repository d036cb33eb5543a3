"""How answers and seeds are read, whatever the exercise."""

import unicodedata
from decimal import Decimal
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import hostile
from solvable import exercises
from solvable.exercises.answers import Wrong, as_array, as_number, as_numbers, as_word
from solvable.exercises.core import is_close

HALF = {
    "float": 0.5,
    "whole": 7,
    "NumPy": np.float64(0.5),
    "float32": np.float32(0.5),
    "bfloat16": jnp.asarray(0.5, jnp.bfloat16),
    "byte": np.uint8(7),
    "array": np.array(0.5),
    "row": np.array([[0.5]]),
    "jax": jnp.array(0.5),
    "jax row": jnp.array([0.5]),
    "list": [0.5],
    "lists": [[0.5]],
    "tuple": (0.5,),
    "Fraction": Fraction(1, 2),
    "Decimal": Decimal("0.5"),
    "objects": np.array([0.5], dtype=object),
    "nothing masked": np.ma.array([0.5], mask=[False]),
    "its own": hostile.has("__float__", 0.5),
}


@pytest.mark.parametrize("form", HALF)
def test_one_number_may_come_in_many_forms(form):
    assert as_number(HALF[form], "It") == (7 if form in ("whole", "byte") else 0.5)


@pytest.mark.parametrize(
    "answer",
    [
        [0.5, 2],
        (0.5, 2.0),
        np.array([0.5, 2.0], np.float32),
        jnp.array([0.5, 2.0]),
        [jnp.array(0.5), np.array([2.0])],
        [Fraction(1, 2), Decimal(2)],
        np.array([0.5, Fraction(2)], dtype=object),
        np.ma.array([0.5, 2.0], mask=False),
    ],
)
def test_several_numbers_may_come_in_many_forms(answer):
    found = as_numbers(answer, 2, "It")
    assert found.dtype == float
    assert found.tolist() == [0.5, 2.0]


def test_what_is_read_is_a_copy():
    given = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = as_array(given, (2, 2), "It")
    given[:] = 0
    assert found.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (np.array([True]), "True or False"),
        (np.array([0.5 + 5j]), "take its real part"),
        ("7", "text: numbers stand without quotes"),
        (np.array(["7"]), "text"),
        ((1.0, 2.0), "a comma too many"),
        (np.ma.masked, "masked"),
        (lambda: 7, "call it"),
        (hostile.leaked(), "inside `jit`"),
        ([..., 1.0][0], "in place of the dots"),
        (hostile.alone(), "lists within lists"),
        (range(10**12), "1000000000000 entries"),
        (1e31, "too large"),
        (-(10**400), "too large"),
        (np.nan, "finite"),
    ],
)
def test_what_is_not_one_number_is_told_what_it_is(answer, says):
    with pytest.raises(Wrong, match=says):
        as_number(answer, "It")


def test_an_entry_of_a_list_is_told_apart_from_the_list():
    with pytest.raises(Wrong, match="2 numbers, and one is True or False"):
        as_numbers([1.0, True], 2, "It")
    with pytest.raises(Wrong, match="2 numbers, and this is set"):
        as_numbers({1.0, 2.0}, 2, "It")


def test_words_may_be_loud():
    assert as_word(np.str_(" Time\n"), ["time", "data"]) == "time"


@pytest.mark.parametrize(
    ("value", "target"),
    [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf), (np.inf, np.inf), (1e300, 1e-300), ([], []), ([1.0, np.nan], [1, 1])],
)
def test_nothing_is_close_to_what_is_not_a_number(value, target):
    assert not is_close(np.asarray(value), np.asarray(target))


class Interrupted:
    def __float__(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("id", "answer"),
    [("bottlenecks.loss-by-hand", hostile.raises(KeyboardInterrupt())), ("bottlenecks.bend", Interrupted())],
)
def test_a_student_may_interrupt_what_takes_too_long(id, answer):
    with pytest.raises(KeyboardInterrupt):
        exercises.check(id, answer)


# One student, one set of numbers ---------------------------------------------------------------------------


def numbers(seed):
    return [exercises.parameters(id, seed=seed) for id in ("bottlenecks.frontier", "lazy_rich.step")]


@pytest.mark.parametrize(
    ("seed", "same"),
    [
        ("José", unicodedata.normalize("NFD", "José")),
        ("ana", " ana\n"),
        ("ana maria", "ana \t maria"),
        ("ana maria", "ana\u00a0maria"),
        ("ana", "Ana"),
        ("ana", "\uff21\uff4e\uff41"),  # as a Japanese keyboard writes it
        ("straße", "STRASSE"),
        ("ana", np.str_("ana")),
        (7, 7.0),
        (7, "7"),
        (7, np.int64(7)),
        (7, np.float32(7)),
        (0, -0.0),
    ],
)
def test_one_student_gets_one_set_of_numbers(seed, same):
    assert numbers(seed) == numbers(same)
    assert numbers(seed) != numbers(None)
    assert numbers(seed) != numbers("somebody else")


def test_numbers_do_not_move():
    """What was handed out stays: records hold answers to it."""
    assert numbers(None) == [{"a": 4.0, "b": 1.5}, {"overlap": 0.4, "learning_rate": 0.2, "richness": 1.5}]
    assert numbers("ana") == [{"a": 2.0, "b": 1.7}, {"overlap": 0.5, "learning_rate": 0.15, "richness": 1.6}]
    assert numbers(7) == [{"a": 2.1, "b": 1.5}, {"overlap": 0.23, "learning_rate": 0.2, "richness": 1.6}]


@pytest.mark.parametrize(
    "seed", [np.nan, np.inf, 7.5, 10**400, True, [], ["ana"], (7,), {}, b"ana", "", " \n", 7j, np.array([7]), ...]
)
def test_what_is_no_seed_is_refused_by_name(seed):
    for ask in (exercises.parameters, lambda id, seed: exercises.check(id, 1.0, seed=seed)):
        with pytest.raises(ValueError, match="seed must be a name, a whole number or None; got"):
            ask("bottlenecks.bend", seed=seed)


def test_a_name_in_no_alphabet_is_a_name():
    assert numbers("\ud800") != numbers("\ud801")
    assert numbers("🦊") != numbers("🐻")
