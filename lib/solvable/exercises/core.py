"""Exercises that check themselves: a stable id, points, numbers drawn from a student's seed, and words for errors."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from unicodedata import normalize

import numpy as np

from .._checks import shown
from .answers import Wrong, as_array, as_number, as_numbers, as_word, call, told

__all__ = [
    "REGISTRY",
    "SINGLE",
    "Exercise",
    "Parameters",
    "Verdict",
    "Wrong",
    "apart",
    "as_array",
    "as_number",
    "as_numbers",
    "as_word",
    "call",
    "check",
    "chosen",
    "is_close",
    "parameters",
    "register",
]

Parameters = dict[str, Any]
SINGLE = 1e-4  # to this share a function that works in single precision is right


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
      id: stable name, ``part.topic``; course records refer to it.
      points: what a right answer is worth, a whole number.
      draw: a function of a random generator that gives the parameters; None stands for the book's own numbers.
      check: a function of answer and parameters that raises ``Wrong`` with an explanation, or returns a sentence that
        confirms and adds an idea.
    """

    id: str
    points: int
    draw: Callable[[np.random.Generator | None], Parameters]
    check: Callable[[Any, Parameters], str]


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; a notebook prints it in words.

    Attributes:
      id: the exercise.
      passed: whether the answer is right.
      points: points earned.
      possible: points that a right answer earns.
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


def parameters(id: str, *, seed: Any = None) -> Parameters:
    """The numbers of an exercise.

    Args:
      id: the exercise's id, as printed on the page.
      seed: a student's name or whole number; the same seed always gives the same numbers. None gives the book's.
        Capitals, accents typed in one piece or two, and blanks around a name or in a row make no difference; nor do
        7, 7.0 and "7".

    Returns:
      A dictionary of numbers, words and arrays by the names that the page uses.

    Raises:
      ValueError: for an unknown id, or a seed that is neither a name nor a whole number.
    """
    exercise = _find(id)
    if seed is None:
        return exercise.draw(None)
    digest = hashlib.sha256(f"{id}/{_spelled(seed)}".encode("utf-8", "surrogatepass")).digest()
    return exercise.draw(np.random.default_rng(int.from_bytes(digest[:8], "big")))


def _spelled(seed: Any) -> str:
    """The one spelling of a seed."""
    seed = seed.item() if isinstance(seed, np.generic) else seed
    if isinstance(seed, int | float) and not isinstance(seed, bool) and abs(seed) < 1e300 and seed == int(seed):
        return str(int(seed))
    name = " ".join(normalize("NFKC", normalize("NFKC", seed).casefold()).split()) if isinstance(seed, str) else ""
    if not name:
        raise ValueError(f"seed must be a name, a whole number or None; got {shown(seed)}")
    return name


def check(id: str, answer: Any, *, seed: Any = None) -> Verdict:
    """Check an answer, and say in words what is wrong with it.

    Args:
      id: the exercise's id, as printed on the page.
      answer: a number, a word, a list or a function, as the exercise asks.
      seed: the seed that was given to `parameters`.

    Returns:
      A `Verdict` that a notebook prints. An answer of the wrong kind is a wrong answer, not an error.

    Raises:
      ValueError: for an unknown id or seed.
    """
    exercise, drawn = _find(id), parameters(id, seed=seed)
    try:
        if _is_missing(answer):
            raise Wrong("There is no answer yet: put yours in place of the dots.")
        message = exercise.check(answer, drawn)
    except KeyboardInterrupt:
        raise
    except Wrong as wrong:
        return Verdict(id, False, 0, exercise.points, str(wrong))
    except BaseException as error:  # an answer may be an object that raises whatever is done with it, SystemExit too
        return Verdict(id, False, 0, exercise.points, f"This answer cannot be checked: {told(error)}")
    return Verdict(id, True, exercise.points, exercise.points, message)


def _is_missing(answer: Any) -> bool:
    within = answer if isinstance(answer, list | tuple) else ()
    return answer is None or answer is Ellipsis or any(one is Ellipsis for one in within)


def _find(id: str) -> Exercise:
    if id not in REGISTRY:
        raise ValueError(f"id must be one of {', '.join(sorted(REGISTRY))}; got {id!r}")
    return REGISTRY[id]


def is_close(value: Any, target: Any, tolerance: float = 0.01) -> bool:
    """Whether numbers agree to a share of the target; none does with NaN or infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        error, room = np.abs(np.asarray(value) - target), tolerance * np.abs(target)
        return bool(error.size and np.all((error <= room) & (room < np.inf)))


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
