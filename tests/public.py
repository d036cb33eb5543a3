"""The public functions of the library, for tests that none may escape."""

import inspect

import solvable


def functions():
    """Every public function and method by its path, with the names of its arguments."""
    found = {}

    def look(path, one):
        if inspect.ismodule(one):
            own = [name for name, it in vars(one).items() if getattr(it, "__module__", None) == one.__name__]
            for name in getattr(one, "__all__", [name for name in own if not name.startswith("_")]):
                look(f"{path}.{name}", getattr(one, name))
        elif inspect.isclass(one):
            for name, it in inspect.getmembers(one, inspect.isroutine):
                if not name.startswith("_") and getattr(it, "__module__", "").startswith("solvable"):
                    found[f"{path}.{name}"] = it
        elif callable(one):
            found[path] = one

    for name in solvable.__all__:
        look(name, getattr(solvable, name))
    return found


def with_argument(*names, annotated=""):
    """Paths of those that take one of these arguments, with this in its annotation."""

    def takes(one):
        arguments = inspect.signature(one).parameters.values()
        return any(it.name in names and annotated in str(it.annotation) for it in arguments)

    return {path for path, one in functions().items() if takes(one)}
