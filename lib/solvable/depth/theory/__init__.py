"""Residual networks of infinite width, at any depth and in its limit."""

from .linear import residual_linear, residual_linear_limit
from .sampled import residual
from .start import kernels

__all__ = ["kernels", "residual", "residual_linear", "residual_linear_limit"]
