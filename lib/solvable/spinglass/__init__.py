"""The spherical spin glass: dynamical mean-field theory at two times."""

from . import aging, exact, experiment, single_site, theory
from .glass import Runs, SphericalGlass, TwoTime

__all__ = ["Runs", "SphericalGlass", "TwoTime", "aging", "exact", "experiment", "single_site", "theory"]
