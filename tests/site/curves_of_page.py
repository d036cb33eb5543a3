"""What a page's explorers should draw: `curves_of_page.py PAGE < settings.json > values.json`.

Only the statements that an explorer's function needs are executed (followed backwards by name), so that
a page's long experiments are not run again. Settings are lists of knob values under each explorer's name.
"""

import ast
import json
import sys

import numpy as np
from built_site import Source

import solvable.figures

EFFECTS = ("jax.config", "config.update")


def names(node: ast.AST, context: type) -> set[str]:
    """Names that a statement reads (ast.Load) or binds (ast.Store, with its definitions and imports)."""
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}
    if context is ast.Store:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found = {node.name}
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def needed(program: ast.Module) -> ast.Module:
    """The explorers' calls and, backwards, every statement that binds a name they need."""
    kept, wanted = [], set()
    for statement in reversed(program.body):
        text = ast.unparse(statement)
        makes_explorer = isinstance(statement, ast.Expr | ast.Assign) and "explore(" in text
        if makes_explorer or names(statement, ast.Store) & wanted or text.startswith(EFFECTS):
            kept.append(statement)
            wanted |= names(statement, ast.Load)
    return ast.Module(kept[::-1], type_ignores=[])


def main(page: str, settings: dict[str, list[dict[str, float]]]) -> dict:
    """Values of every explorer of the page at its settings."""
    answers = {}

    def explore(curves, controls, *, name, **_):
        answers[name] = [
            {
                label: {part: np.asarray(value, float).tolist() for part, value in series._asdict().items()}
                for label, series in curves(**setting).items()
            }
            for setting in settings[name]
        ]

    solvable.figures.explore = explore
    exec(compile(needed(Source(page).code), page, "exec"), {"__name__": "__main__"})
    return answers


if __name__ == "__main__":
    json.dump(main(sys.argv[1], json.loads(sys.stdin.read())), sys.stdout)
