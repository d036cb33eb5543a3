"""Numerical methods, each once: what the solvers have in common and no model owns."""

from . import fixed_points, laplace

__all__ = ["fixed_points", "laplace"]
