"""What a page's explorers should draw.

Only the statements that an explorer's function needs are executed (followed by name), so that
a page's long experiments are not run again. Settings are lists of knob values under each explorer's name.
"""

import ast
from unittest.mock import patch

import matplotlib as mpl
import numpy as np
from built_site import Source

import solvable.figures

EFFECTS = ("jax.config", "config.update")


def bound(node: ast.AST) -> set[str]:
    """Names that a statement binds for those after it."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def read(node: ast.AST) -> set[str]:
    """Names that a statement reads; a function's own, and a comprehension's, are not among them."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    for loop in (one for one in ast.walk(node) if isinstance(one, ast.comprehension)):
        found -= bound(loop.target)
    if isinstance(node, ast.FunctionDef):
        found -= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        found -= set().union(*(bound(statement) for statement in node.body))
    return found


def needed(program: ast.Module) -> ast.Module:
    """The explorers' calls and every statement that binds a name they need, directly or not."""
    for call in (node for node in ast.walk(program) if isinstance(node, ast.Call)):
        if ast.unparse(call.func).endswith("explore"):  # what an experiment needs, the theory does not
            call.keywords = [one for one in call.keywords if one.arg != "experiment"]
    text = {statement: ast.unparse(statement) for statement in program.body}
    makes = {one for one in program.body if isinstance(one, ast.Expr | ast.Assign) and "explore(" in text[one]}
    kept, before = makes | {one for one in program.body if text[one].startswith(EFFECTS)}, set()
    while kept != before:
        before = set(kept)
        wanted = set().union(*(read(statement) for statement in kept))
        kept |= {statement for statement in program.body if bound(statement) & wanted}
    return ast.Module([statement for statement in program.body if statement in kept], type_ignores=[])


def curves_of_page(page: str, settings: dict[str, list[dict[str, float]]]) -> dict:
    """Values of every explorer of the page at its settings."""
    answers = {}

    def explore(curves, controls, *, name, **_):
        answers[name] = [
            {
                label: {part: np.asarray(value, float) for part, value in series._asdict().items()}
                for label, series in curves(**setting).items()
            }
            for setting in settings[name]
        ]

    with patch.object(solvable.figures, "explore", explore), mpl.rc_context():
        exec(compile(needed(Source(page).code), page, "exec"), {"__name__": "__main__"})
    return answers
