"""Kinds of answers: each reads one as numbers, or says in words what it is instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .answers import Missing, Wrong, as_array, as_number, as_numbers, as_word, call

Parameters = dict[str, Any]
RETURNED = "What your function returns"


@dataclass(frozen=True)
class Number:
    """One number.

    Attributes:
      what: its name, with which a sentence begins.
      above, below: ends of the range of what makes sense.
      outside: words for a number that is not between them, and no known slip.
    """

    what: str
    above: float | int = -np.inf
    below: float | int = np.inf
    outside: str = ""

    def read(self, answer: Any, drawn: Parameters) -> float:
        """The number; what is none raises words for what it is."""
        return as_number(answer, self.what)

    def refuses(self, found: Any) -> bool:
        """Whether it makes no sense."""
        return not self.above < found < self.below


@dataclass(frozen=True)
class Numbers:
    """A list of numbers.

    Attributes:
      what: their name, with which a sentence begins.
      parts: a name for each.
      outside: words for a negative one, where all should be positive.
    """

    what: str
    parts: tuple[str, ...]
    outside: str = ""

    def read(self, answer: Any, drawn: Parameters) -> np.ndarray:
        """The numbers; what is none raises words for what it is."""
        return as_numbers(answer, len(self.parts), self.what)

    def refuses(self, found: Any) -> bool:
        """Whether one is negative that should not."""
        return bool(self.outside) and not found.min() >= 0


@dataclass(frozen=True)
class Choice:
    """A word, and the number that decides for it.

    Attributes:
      words: the words to choose from.
      what: the name of the number, with which a sentence begins.
    """

    words: tuple[str, ...]
    what: str

    def read(self, answer: Any, drawn: Parameters) -> np.ndarray:
        """The place of the word, from 1, and the number; anything else raises words."""
        if not (isinstance(answer, tuple | list) and len(answer) == 2):
            raise Wrong(f"Give two things, a word and a number. {self.what} belongs to the word.")
        place = self.words.index(as_word(answer[0], self.words)) + 1
        return np.array([place, as_number(answer[1], self.what)])


@dataclass(frozen=True)
class Function:
    """A function, which is called.

    Attributes:
      returns: a function of answer and parameters that calls the answer, and gives what it returned as numbers.
    """

    returns: Callable[..., np.ndarray]

    def read(self, answer: Any, drawn: Parameters) -> np.ndarray:
        """What the function returned, as numbers; anything else raises words."""
        return self.returns(answer, **drawn)


def called(
    cases: Iterable[tuple[Any, ...]], shape: tuple[int, ...] = (), what: str = RETURNED
) -> Callable[..., np.ndarray]:
    """For `Function`: what an answer returns for each tuple of arguments, arrays of one shape."""

    def returns(answer: Any, **drawn: Any) -> np.ndarray:
        return np.array([as_array(call(answer, *args), shape, what) for args in cases])

    return returns


Kind = Number | Numbers | Choice | Function


def seek_attempt(answer: Any) -> None:
    """Raise `Missing` where dots stand for the answer, and `Wrong` where they stand in a part of it."""
    within = answer if isinstance(answer, list | tuple) else [answer]
    dots = [one is Ellipsis for one in within]
    if answer is None or (dots and all(dots)):
        raise Missing("There is no answer yet: put yours in place of the dots.")
    if any(dots):
        raise Wrong("A part of the answer is still missing: put yours in place of the dots.")
