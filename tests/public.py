"""The public functions of the library, for tests that none may escape."""

import importlib
import inspect
import pkgutil
import re
from types import ModuleType

import solvable


def _public():
    """Every public function, class and method, by its path in `solvable`: once, where it was found first."""
    found, seen = {}, set()

    def look(path, one):
        if isinstance(one, ModuleType):
            own = [name for name, it in vars(one).items() if getattr(it, "__module__", None) == one.__name__]
            for name in getattr(one, "__all__", own):
                look(f"{path}.{name}".lstrip("."), getattr(one, name))
        elif callable(one) and getattr(one, "__module__", "").startswith("solvable") and id(one) not in seen:
            seen.add(id(one))
            if not inspect.isabstract(one):
                found[path] = one
            for name, it in vars(one).items() if inspect.isclass(one) else ():
                if isinstance(it, classmethod | staticmethod) or inspect.isfunction(it):
                    found[f"{path}.{name}"] = getattr(one, name)

    modules = [module.name for module in pkgutil.iter_modules(solvable.__path__)]
    for name in [*solvable.__all__, *modules]:
        if name != "exercises" and not name.startswith("_"):
            one = getattr(solvable, name, None)
            look(name, importlib.import_module(f"solvable.{name}") if one is None else one)
    return {path: one for path, one in found.items() if not re.search(r"(^|\.)_", path)}


PUBLIC = _public()
FUNCTIONS = {path: one for path, one in PUBLIC.items() if not inspect.isclass(one)}


def with_argument(*names):
    """Paths of the functions and methods that take one of these arguments."""
    return {path for path, one in FUNCTIONS.items() if set(names) & set(inspect.signature(one).parameters)}
