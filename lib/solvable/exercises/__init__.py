"""Exercises of the book that check a student's answer: `parameters` draws the numbers, `check` says what is wrong."""

from . import bottlenecks, depth_limits, dmft_primer, lazy_rich, parameterizations
from .core import (
    REGISTRY,
    Choice,
    Exercise,
    Function,
    Number,
    Numbers,
    Slip,
    Verdict,
    check,
    exercise,
    parameters,
)

__all__ = [
    "REGISTRY",
    "Choice",
    "Exercise",
    "Function",
    "Number",
    "Numbers",
    "Slip",
    "Verdict",
    "bottlenecks",
    "check",
    "depth_limits",
    "dmft_primer",
    "exercise",
    "lazy_rich",
    "parameterizations",
    "parameters",
]
