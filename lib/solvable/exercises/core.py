"""Exercises as data: what is asked, the right answer, the usual slips, and words for each; `check` reads them."""

from __future__ import annotations

import hashlib
import html
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from unicodedata import normalize

import numpy as np

from .._checks import shown
from .answers import Missing, Wrong, told
from .kinds import Choice, Function, Kind, Number, Numbers, Parameters, called, seek_attempt

__all__ = [
    "REGISTRY",
    "SINGLE",
    "Choice",
    "Exercise",
    "Function",
    "Number",
    "Numbers",
    "Parameters",
    "Slip",
    "Verdict",
    "called",
    "check",
    "exercise",
    "is_close",
    "parameters",
]

SINGLE = 1e-4  # to this share a function that works in single precision is right


@dataclass(frozen=True)
class Slip:
    """A usual wrong answer.

    Attributes:
      answer: a function of the parameters that gives it, in the form of a right one. In a list, None stands for
        whatever is there; None alone, that with these parameters there is no such slip.
      says: the words of the reply.
      about: of a function, places of the numbers read that it is about; all by default.
    """

    answer: Callable[..., Any]
    says: str
    about: tuple[int, ...] | None = None

    def said(self, drawn: Parameters) -> Any:
        """Places of the numbers that it is about; dots for all."""
        if self.about:
            return list(self.about)
        answer = self.answer(**drawn)
        return [i for i, one in enumerate(answer) if one is not None] if isinstance(answer, list) else ...


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One exercise. Its functions take the parameters by their names.

    Attributes:
      id: stable name, ``part.topic``; course records refer to it.
      points: what a right answer is worth, a whole number.
      kind: the form of an answer, which reads it as numbers.
      right: a function of the parameters that gives the right answer.
      slips: the usual wrong answers, by name. Of two that fit one answer neither is named.
      otherwise: words for any other wrong answer. For one number they may be two, for less and for more than the right
        one; for a list of numbers one for each, and the first wrong one speaks. Or a function of what was read and of
        the parameters.
      praise: words for a right answer, which add an idea; or a function of the parameters that gives them.
      book: the parameters of the book, fixed ones included.
      draw: those of a student, by name: low end, high end and decimals, or a list to choose from. Or a function of a
        random generator that gives them.
      apart: whether parameters are drawn again until right answer and slips can be told from each other.
      tolerance: to which share of the right answer an answer is right; slips are recognised to the same. For a list it
        may be one each.
      absolute: the same as a number, for exponents, which may be zero.
      score: a function of what was read and of the parameters that is compared in its place. It is 1 for a right
        answer, so that nothing need be solved. Slips are recognised to 1 % then.
    """

    id: str
    points: int
    kind: Kind
    right: Callable[..., Any]
    praise: str | Callable[..., str]
    otherwise: str | tuple[str, ...] | Callable[..., str]
    slips: Mapping[str, Slip] = field(default_factory=dict)
    book: Parameters = field(default_factory=dict)
    draw: Mapping[str, Any] | Callable[[np.random.Generator], Parameters] = field(default_factory=dict)
    apart: bool = False
    tolerance: float | tuple[float, ...] = 0.01
    absolute: float = 0.0
    score: Callable[..., Any] | None = None

    def parameters(self, random: np.random.Generator | None) -> Parameters:
        """The book's for None."""
        if random is None:
            return dict(self.book)
        for _ in range(1000):
            given = self.draw(random) if callable(self.draw) else _drawn(self.draw, random)
            if not self.apart or self.is_apart(self.book | given):
                return self.book | given
        raise RuntimeError("no parameters tell the right answer from a slip")

    def check(self, answer: Any, drawn: Parameters) -> str:
        """The praise; an answer that is not right raises the words of its reply."""
        found = self.kind.read(answer, drawn)
        if self.score and isinstance(self.kind, Number) and self.kind.refuses(found):  # no score there
            raise Wrong(self.kind.outside)
        if self._is_right(found, drawn):
            return self.praise(**drawn) if callable(self.praise) else self.praise
        raise Wrong(self._reply(found, drawn))

    def slip(self, name: str, drawn: Parameters) -> Any:
        """What a student answers who makes this slip, and no other; None where nobody can."""
        answer = self.slips[name].answer(**drawn)
        if not isinstance(answer, list):
            return answer
        return [_first(*pair) for pair in zip(answer, self.right(**drawn), strict=True)]

    def is_apart(self, drawn: Parameters, times: int = 3) -> bool:
        """Whether the right answer and all slips differ by more than so many tolerances."""
        answers = [self.slip(name, drawn) for name in self.slips]
        slips = [self.kind.read(answer, drawn) for answer in answers if answer is not None]
        if any(self._is_right(slip, drawn, times) for slip in slips):
            return False
        return not any(self._is_near(one, other, ..., times) for one, other in combinations(slips, 2))

    def _right(self, drawn: Parameters) -> Any:
        return self.kind.read(self.right(**drawn), drawn)

    def _is_right(self, found: Any, drawn: Parameters, times: int = 1) -> bool:
        if self.score:
            return is_close(self.score(found, **drawn), 1.0, times * self.tolerance)
        return self._is_near(found, self._right(drawn), ..., times)

    def _is_near(self, found: Any, target: Any, places: Any = ..., times: int = 1) -> bool:
        """Whether two answers that were read agree, at these places."""
        found, target = np.asarray(found), np.asarray(target)
        room = times * np.broadcast_to(max(self.tolerance, 0.01) if self.score else self.tolerance, target.shape)
        return is_close(found[places], target[places], room[places], times * self.absolute)

    def _reply(self, found: Any, drawn: Parameters) -> str:
        """The words of the one slip that fits, where it says something that is not right; or the other words."""
        fitting = []
        for name, slip in self.slips.items():
            if (answer := self.slip(name, drawn)) is None:
                continue
            said = slip.said(drawn)
            if not self._is_near(found, self.kind.read(answer, drawn), said):
                continue
            if said is ... or not self._is_near(found, self._right(drawn), said):
                fitting.append((said, slip.says))
        if fitting and [said for said, _ in fitting].count(fitting[0][0]) == 1:
            return fitting[0][1]
        return self._otherwise(found, drawn)

    def _otherwise(self, found: Any, drawn: Parameters) -> str:
        if isinstance(self.kind, Number | Numbers) and self.kind.refuses(found):
            return self.kind.outside
        if callable(self.otherwise):
            return self.otherwise(found, **drawn)
        if isinstance(self.otherwise, str):
            return self.otherwise
        if isinstance(self.kind, Number):
            value = self.score(found, **drawn) if self.score else found
            return self.otherwise[bool(value > (1 if self.score else self.right(**drawn)))]
        right = self._right(drawn)
        return next(words for i, words in enumerate(self.otherwise) if not self._is_near(found, right, [i]))


def _first(one: Any, other: Any) -> Any:
    return other if one is None else one


def _drawn(ranges: Mapping[str, Any], random: np.random.Generator) -> Parameters:
    """A number from each range, to so many decimals, ends included; or one from each list."""
    found: Parameters = {}
    for name, given in ranges.items():
        if isinstance(given, list):
            found[name] = random.choice(given).item()
        else:
            low, high, decimals = given
            number = random.uniform(low, high) if decimals else random.integers(low, high + 1)
            found[name] = round(float(number), decimals) if decimals else int(number)
    return found


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check; a notebook prints it in words.

    Attributes:
      id: the exercise.
      passed: whether the answer is right.
      points: points earned.
      possible: points that a right answer earns.
      message: what is wrong, or what was shown.
      attempted: whether there was an answer; without one there is nothing to judge, and a page of the book shows
        nothing.
    """

    id: str
    passed: bool
    points: int
    possible: int
    message: str
    attempted: bool = True

    def __repr__(self) -> str:
        return f"{self._head}. {self.message}"

    def _ipython_display_(self) -> None:
        """In a notebook the words wrap; on a phone too."""
        if self.attempted or not os.environ.get("SOLVABLE_BOOK"):
            from IPython.display import display

            head, message = html.escape(self._head), html.escape(self.message)
            display({"text/plain": repr(self), "text/html": f"<p><b>{head}</b>. {message}</p>"}, raw=True)

    @property
    def _head(self) -> str:
        if not self.attempted:
            return f"○ Your turn, for {self.possible} point{'s' if self.possible > 1 else ''}"
        return f"{'✓ Right' if self.passed else '✗ Not yet'} ({self.points}/{self.possible})"


REGISTRY: dict[str, Exercise] = {}


def exercise(id: str, points: int, kind: Kind, **data: Any) -> Exercise:
    """Add an `Exercise` to those that `check` knows."""
    if id in REGISTRY:
        raise ValueError(f"id must be new; {id!r} is taken")
    REGISTRY[id] = Exercise(id=id, points=points, kind=kind, **data)
    return REGISTRY[id]


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
    found = _find(id)
    if seed is None:
        return found.parameters(None)
    digest = hashlib.sha256(f"{id}/{_spelled(seed)}".encode("utf-8", "surrogatepass")).digest()
    return found.parameters(np.random.default_rng(int.from_bytes(digest[:8], "big")))


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
      answer: a number, a list or a function, as the exercise asks.
      seed: the seed that was given to `parameters`.

    Returns:
      A `Verdict` that a notebook prints. An answer of the wrong kind is a wrong answer, not an error; dots in place of
      an answer are neither right nor wrong.

    Raises:
      ValueError: for an unknown id or seed.
    """
    found, drawn = _find(id), parameters(id, seed=seed)
    try:
        seek_attempt(answer)
        message = found.check(answer, drawn)
    except KeyboardInterrupt:
        raise
    except Wrong as wrong:
        return Verdict(id, False, 0, found.points, str(wrong), not isinstance(wrong, Missing))
    except BaseException as error:  # an answer may be an object that raises whatever is done with it, SystemExit too
        return Verdict(id, False, 0, found.points, f"This answer cannot be checked: {told(error)}")
    return Verdict(id, True, found.points, found.points, message)


def _find(id: str) -> Exercise:
    if id not in REGISTRY:
        raise ValueError(f"id must be one of {', '.join(sorted(REGISTRY))}; got {id!r}")
    return REGISTRY[id]


def is_close(value: Any, target: Any, tolerance: Any = 0.01, absolute: float = 0.0) -> bool:
    """Whether numbers agree to a share of the target, or absolutely; none does with NaN or infinity."""
    with np.errstate(over="ignore", invalid="ignore"):
        error, room = np.abs(np.asarray(value) - target), np.maximum(tolerance * np.abs(target), absolute)
        return bool(error.size and np.all((error <= room) & (room < np.inf)))
