"""The spherical spin glass: dynamical mean-field theory at two times."""

from . import exact, experiment, theory
from .glass import Runs, SphericalGlass, TwoTime

__all__ = ["Runs", "SphericalGlass", "TwoTime", "exact", "experiment", "theory"]
