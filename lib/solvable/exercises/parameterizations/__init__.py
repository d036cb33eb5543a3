"""Checks of the part "Parameterizations", a module for each page."""

from . import coordinate_check, one_over_n, problems, side_by_side, three_wishes, transfer

__all__ = ["coordinate_check", "one_over_n", "problems", "side_by_side", "three_wishes", "transfer"]
