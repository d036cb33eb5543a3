"""Checks of the part "DMFT primer", a module for each page."""

from . import aging, beyond_glasses, glassy, one_spin, problems, two_times, write_your_own

__all__ = ["aging", "beyond_glasses", "glassy", "one_spin", "problems", "two_times", "write_your_own"]
