"""Answers of every wrong kind and size: one table, that each exercise meets."""

import collections
import functools
import itertools
from decimal import Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np


class Broken:
    """Whatever it is asked, it raises."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def _fail(self, *args):
        raise RuntimeError

    __float__ = __index__ = __int__ = __complex__ = __len__ = __iter__ = __getitem__ = __eq__ = __hash__ = _fail
    __repr__ = __str__ = __bool__ = __array__ = __abs__ = __lt__ = __gt__ = __le__ = __ge__ = __sub__ = _fail


class BrokenNumber(float):
    __float__ = __index__ = __eq__ = __hash__ = __repr__ = __str__ = __bool__ = __abs__ = __lt__ = Broken._fail
    __gt__ = __le__ = __ge__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __array__ = Broken._fail


class BrokenText(str):
    strip = lower = __eq__ = __hash__ = __repr__ = __str__ = __len__ = __iter__ = __contains__ = Broken._fail


class BrokenList(list):
    __iter__ = __len__ = __getitem__ = __eq__ = __repr__ = __bool__ = __contains__ = Broken._fail


class BrokenDict(dict):
    __iter__ = __len__ = __getitem__ = __eq__ = __repr__ = keys = items = Broken._fail


class Endless:
    """A sequence that says it has three entries, and never ends."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return 1.0


class Nameless(type):
    @property
    def __name__(cls):
        raise RuntimeError


class Quits:
    def __float__(self):
        raise SystemExit


def has(name, value):
    """An object with one special method, that returns the value."""
    return type("Special", (), {name: lambda self, *args, **kwargs: value})()


def recursive():
    loop = [1.0]
    loop.append(loop)
    return loop


def branching():
    loop = []
    loop += [loop, loop]
    return loop


def alone():
    loop = []
    loop.append(loop)
    return loop


def deep():
    nest = 1.0
    for _ in range(100_000):
        nest = [nest]
    return nest


def leaked():
    """A tracer that has left its function."""
    out = []
    jax.jit(lambda x: out.append(x) or x)(jnp.array(1.0))
    return out[0]


def deleted():
    x = jnp.array([1.0, 2.0])
    x.delete()
    return x


def of_itself():
    x = np.empty((), dtype=object)
    x[()] = x
    return x


def named():
    return np.array([(1.0, 2)], dtype=[("x", float), ("n", int)])


NUMBERS = {  # wrong by their size alone
    "nan": np.nan,
    "inf": np.inf,
    "-inf": -np.inf,
    "1e300": 1e300,
    "-1e300": -1e300,
    "1e154": 1e154,
    "1e29": 1e29,
    "1e16": 1e16,
    "-1e16": -1e16,
    "1e-16": 1e-16,
    "-1e-16": -1e-16,
    "1e-300": 1e-300,
    "5e-324": 5e-324,
    "zero": 0.0,
    "-1": -1.0,
    "float32 inf": np.float32(np.inf),
    "float32 nan": np.float32(np.nan),
    "huge int": 10**400,
    "-huge int": -(10**400),
    "huge Fraction": Fraction(10**400, 3),
    "tiny Fraction": Fraction(3, 10**400),
    "huge Decimal": Decimal("1e400"),
    "Decimal nan": Decimal("NaN"),
    "Decimal signalling nan": Decimal("sNaN"),
    "longdouble": np.longdouble("1e4000"),
}

NEARLY_ZERO = {"zero", "1e-16", "-1e-16", "1e-300", "5e-324", "tiny Fraction"}

THINGS = NUMBERS | {
    "None": None,
    "dots": ...,
    "complex": 1 + 1j,
    "complex nan": complex(np.nan, np.nan),
    "numpy complex": np.complex128(0.5j),
    "True": True,
    "False": False,
    "numpy bool": np.True_,
    "text": "seven",
    "no text": "",
    "number in quotes": "7",
    "bytes": b"7",
    "bytearray": bytearray(b"7"),
    "long text": "7" * 10**6,
    "numpy text": np.str_("seven"),
    "UserString": collections.UserString("7"),
    "empty list": [],
    "empty tuple": (),
    "empty dict": {},
    "dict": {"x": 1.0},
    "set": {1.0, 2.0},
    "seven numbers": [1.0] * 7,
    "many": range(10**12),
    "ragged": [[1.0], [1.0, 2.0]],
    "array and total": (np.ones(3), 1.0),
    "nested": ((1.0, (2.0, (3.0,))), 4.0),
    "recursive": recursive(),
    "branching": branching(),
    "holds itself": alone(),
    "deep": deep(),
    "dots within": [..., 1.0],
    "nothing within": (None, None),
    "words": ["a", "b"],
    "numbers in quotes": ["1", "2"],
    "empty array": np.zeros(0),
    "no columns": np.zeros((3, 0)),
    "matrix": np.ones((2, 3)),
    "many axes": np.ones((1, 2, 1, 3, 1)),
    "nan array": np.full(3, np.nan),
    "array of words": np.array(["1", "2"]),
    "array of bools": np.array([True, False]),
    "array of complex": np.array([0.5 + 1j, 0.5 - 1j]),
    "array of objects": np.array([object(), None], dtype=object),
    "masked": np.ma.masked,
    "masked array": np.ma.array([1.0, 2.0], mask=[True, False]),
    "masked number": np.ma.array([0.5], mask=[True]),
    "columns with names": named(),
    "row with names": named()[0],
    "bytes without type": np.zeros(1, "V8"),
    "date": np.datetime64("2026-01-01"),
    "duration": np.timedelta64(7, "s"),
    "memoryview": memoryview(b"\0\0"),
    "jax nan": jnp.array(jnp.nan),
    "jax bool": jnp.array(True),
    "jax key": jax.random.key(0),
    "leaked tracer": leaked(),
    "deleted array": deleted(),
    "shape": jax.ShapeDtypeStruct((), float),
    "object": object(),
    "type": float,
    "module": np,
    "exception": ValueError("x"),
    "NotImplemented": NotImplemented,
    "slice": slice(3),
    "generator": (x for x in [1.0]),
    "endless iterator": itertools.count(),
    "endless sequence": Endless(),
    "partial": functools.partial(float, "x"),
    "random": np.random.default_rng(0),
    "float is text": has("__float__", "x"),
    "array is text": has("__array__", "x"),
    "array is nan": has("__array__", np.array(np.nan)),
    "array of itself": of_itself(),
    "class is text": type("Special", (), {"__class__": property(lambda self: str)})(),
    "quits": Quits(),
    "broken": Broken(),
    "broken number": BrokenNumber(1.0),
    "broken text": BrokenText("time"),
    "broken list": BrokenList([1.0, 2.0]),
    "broken dict": BrokenDict(input=1.0, hidden=1.0, output=1.0),
    "broken class": Nameless("X", (), {})(),
}  # fmt: skip


class Unprintable(Exception):
    __str__ = __repr__ = Broken._fail


class Again(BaseException, metaclass=Nameless):
    """Asked what it is, it raises another of its kind."""

    def __str__(self):
        raise Again


def raises(error):
    def function(*args):
        raise error

    return function


def endless_recursion(*args):
    return endless_recursion(*args)


def generates(*args):
    yield 1.0


FUNCTIONS = {
    "takes nothing": lambda: 1.0,
    "takes nine": lambda a, b, c, d, e, f, g, h, i: 1.0,
    "takes names": lambda *, a: 1.0,
    "returns its arguments": lambda *args: args,
    "returns the first": lambda first, *args: first,
    "returns another": lambda *args: max,
    "generates": generates,
    "calls itself": endless_recursion,
    "takes any name": lambda *args: args.no_such_name,
    "long error": raises(ValueError("x" * 10**6)),
    "error that cannot be printed": raises(Unprintable()),
    "error upon error": raises(Again()),
    "SystemExit": raises(SystemExit(0)),
    "GeneratorExit": raises(GeneratorExit()),
    "StopIteration": raises(StopIteration()),
    "MemoryError": raises(MemoryError()),
    "RecursionError": raises(RecursionError()),
    "Warning": raises(UserWarning("x")),
    "BaseException": raises(BaseException("x")),
    "broken error": raises(type("E", (Exception,), {"__init__": lambda self: None, "args": property(Broken._fail)})()),
}


def answers(right):
    """Name -> wrong answer, of the forms that are met where this one would be right."""
    yield from THINGS.items()
    yield from FUNCTIONS.items()
    if callable(right):
        for name, thing in THINGS.items():
            yield f"returns {name}", lambda *args, thing=thing: thing
            yield f"{name} in its place", functools.partial(spoiled, right, thing)
    elif np.ndim(right) == 1:
        for name, thing in THINGS.items():
            for place in range(len(right)):
                if right[place] or name not in NEARLY_ZERO:
                    yield f"{name} at {place}", [thing if i == place else x for i, x in enumerate(right)]


def spoiled(right, thing, *args):
    """What a right function returns, with one number in it exchanged."""
    found = right(*args)
    if isinstance(found, dict):
        return found | {"hidden": thing}
    if isinstance(found, tuple):
        return (found[0], thing)
    found = np.array(found, dtype=object)
    found[(-1, *[0] * (found.ndim - 1))[: found.ndim]] = thing
    return found if found.ndim else thing
