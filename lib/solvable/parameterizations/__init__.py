"""abc parameterizations: the powers of the width that a network is built with, and what they lead to."""

from . import tables
from .abc import ABC, Scale, mup, named, ntk, standard
from .counting import Exponents, Wish, exponents, satisfies

__all__ = ["ABC", "Exponents", "Scale", "Wish", "exponents", "mup", "named", "ntk", "satisfies", "standard", "tables"]
