"""Exercises that check themselves: a stable id, points, numbers drawn from a student's seed, and words for errors."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

Parameters = dict[str, Any]


class Wrong(Exception):
    """An answer is not right; the message says in words what to look at, never the answer."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
      id: stable name, ``part.topic``; course records refer to it.
      points: what a right answer is worth.
      draw: parameters from a random generator; None stands for the book's own numbers.
      check: raises `Wrong` with an explanation, or returns a sentence that confirms and adds an idea.
    """

    id: str
    points: int
    draw: Callable[[np.random.Generator | None], Parameters]
    check: Callable[[Any, Parameters], str]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check.

    Attributes:
      id: the exercise.
      passed: whether the answer is right.
      points: points earned, of `possible`.
      message: what is wrong, or what was shown.
    """

    id: str
    passed: bool
    points: int
    possible: int
    message: str

    def __repr__(self) -> str:
        return f"{self._head} ({self.points}/{self.possible}). {self.message}"

    def _repr_html_(self) -> str:
        """In a notebook the words wrap; on a phone too."""
        return f"<p><b>{self._head}</b> ({self.points}/{self.possible}). {html.escape(self.message)}</p>"

    @property
    def _head(self) -> str:
        return "✓ Right" if self.passed else "✗ Not yet"


REGISTRY: dict[str, Exercise] = {}


def register(exercise: Exercise) -> Exercise:
    """Add an exercise to those that `check` knows."""
    if exercise.id in REGISTRY:
        raise ValueError(f"id must be new; {exercise.id!r} is taken")
    REGISTRY[exercise.id] = exercise
    return exercise


def parameters(id: str, *, seed: str | int | None = None) -> Parameters:
    """The numbers of an exercise.

    Args:
      id: the exercise's id, as printed on the page.
      seed: a student's name or number; the same seed always gives the same numbers. None gives the book's.

    Raises:
      ValueError: for an unknown id.
    """
    exercise = _find(id)
    if seed is None:
        return exercise.draw(None)
    digest = hashlib.sha256(f"{id}/{seed}".encode()).digest()
    return exercise.draw(np.random.default_rng(int.from_bytes(digest[:8], "big")))


def check(id: str, answer: Any, *, seed: str | int | None = None) -> Verdict:
    """Check an answer, and say in words what is wrong with it.

    Args:
      id: the exercise's id, as printed on the page.
      answer: a number, a word, a list or a function, as the exercise asks.
      seed: the seed that was given to `parameters`.

    Returns:
      A verdict that a notebook prints. An answer of the wrong kind is a wrong answer, not an error.

    Raises:
      ValueError: for an unknown id.
    """
    exercise = _find(id)
    if (
        answer is None
        or answer is Ellipsis
        or (isinstance(answer, list | tuple) and any(x is Ellipsis for x in answer))
    ):
        return Verdict(id, False, 0, exercise.points, "There is no answer yet: put yours in place of the dots.")
    try:
        message = exercise.check(answer, parameters(id, seed=seed))
    except Wrong as wrong:
        return Verdict(id, False, 0, exercise.points, str(wrong))
    return Verdict(id, True, exercise.points, exercise.points, message)


def _find(id: str) -> Exercise:
    if id not in REGISTRY:
        raise ValueError(f"id must be one of {', '.join(sorted(REGISTRY))}; got {id!r}")
    return REGISTRY[id]


def as_number(answer: Any, what: str) -> float:
    """The answer as one finite number, or `Wrong`."""
    try:
        if isinstance(answer, str | bytes):
            raise TypeError
        number = float(np.asarray(answer).item())  # one number, in a list or an array too
    except OverflowError:  # a Python integer has no largest value, a float has
        raise Wrong(f"{what} should be a number of ordinary size, and this is too large.") from None
    except (TypeError, ValueError):
        shape = getattr(answer, "shape", ())
        kind = f"has shape {tuple(shape)}" if shape else f"is {type(answer).__name__}"
        raise Wrong(f"{what} should be one number, and this {kind}.") from None
    if not np.isfinite(number):
        raise Wrong(f"{what} should be a finite number.")
    return number


def as_numbers(answer: Any, count: int, what: str) -> np.ndarray:
    """The answer as `count` finite numbers, or `Wrong`."""
    try:
        numbers = np.asarray(answer, dtype=float)
    except OverflowError:
        raise Wrong(f"{what} should be {count} numbers of ordinary size, and one is too large.") from None
    except (TypeError, ValueError):
        raise Wrong(f"{what} should be {count} numbers.") from None
    if numbers.shape != (count,):
        raise Wrong(f"{what} should be {count} numbers; this has shape {numbers.shape}.")
    if not np.isfinite(numbers).all():
        raise Wrong(f"{what} should be finite numbers.")
    return numbers


def as_word(answer: Any, words: Iterable[str]) -> str:
    """The answer as one of the words, or `Wrong`."""
    allowed = list(words)
    word = answer.strip().lower() if isinstance(answer, str) else None
    if word not in allowed:
        *rest, last = (f'"{one}"' for one in allowed)
        raise Wrong(f"Answer with one of the words {', '.join(rest)} and {last}.")
    return str(word)


def is_close(value: Any, target: Any, tolerance: float = 0.01) -> bool:
    """Whether numbers agree to a share of the target."""
    return bool(np.all(np.abs(np.asarray(value) - target) <= tolerance * np.abs(target)))


def apart(
    draw: Callable[[], Parameters], answers: Callable[[Parameters], Iterable[float]], *, each: bool = False
) -> Parameters:
    """Parameters whose right answer, the first, is at least 3 % from those of the usual slips, which follow it.

    With `each`, slips are as far from each other too, so that none is taken for another.
    """
    for _ in range(1000):
        drawn = draw()
        right, *slips = answers(drawn)
        pairs = combinations((right, *slips), 2) if each else ((right, slip) for slip in slips)
        if not any(is_close(slip, one, 0.03) for one, slip in pairs):
            return drawn
    raise RuntimeError("no parameters tell the right answer from a slip")


def chosen(found: float, said: dict[str, float], otherwise: str, tolerance: float = 0.01) -> str:
    """What is said of the right answer, the first; of a known slip, or of any other, `Wrong`. All to `tolerance`."""
    (praise, right), *slips = said.items()
    if is_close(found, right, tolerance):
        return praise
    raise Wrong(next((words for words, slip in slips if is_close(found, slip, tolerance)), otherwise))


def call(answer: Any, *args: Any) -> Any:
    """Call a student's function; what it raises becomes `Wrong`."""
    if not callable(answer):
        raise Wrong("The answer should be a function: pass its name, without calling it.")
    try:
        result = answer(*args)
    except Exception as error:
        raise Wrong(f"Your function stops with {type(error).__name__}: {error}") from None
    if result is None or result is Ellipsis:
        raise Wrong("Your function returns nothing yet: put your formula in place of the dots.")
    for part in result if isinstance(result, tuple | list) else (result,):
        try:
            numbers = np.asarray(part)
        except ValueError:
            raise Wrong(
                "Your function should return numbers or arrays; it returns lists of unequal length. "
                "Is there a comma too many?"
            ) from None
        except (TypeError, OverflowError):
            raise Wrong("Your function should return numbers or arrays, of ordinary size.") from None
        if np.issubdtype(numbers.dtype, np.number) and not np.isfinite(numbers).all():
            raise Wrong("Your function returns numbers that are not finite.")
    return result
