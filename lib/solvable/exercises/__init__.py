"""Exercises of the book that check a student's answer: `parameters` draws the numbers, `check` says what is wrong."""

from . import bottlenecks, dmft_primer, lazy_rich, parameterizations
from .core import REGISTRY, Exercise, Verdict, check, parameters

__all__ = [
    "REGISTRY",
    "Exercise",
    "Verdict",
    "bottlenecks",
    "check",
    "dmft_primer",
    "lazy_rich",
    "parameterizations",
    "parameters",
]
