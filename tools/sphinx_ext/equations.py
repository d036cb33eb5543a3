"""Equations of docstrings, which are written for a terminal, with a line for every statement: a page is narrower."""

import re
from itertools import pairwise

BLOCK = re.compile(r"^( *)\.\. math::(.*)\n((?:\1 +\S.*(?:\n|\Z)| *\n)*)", re.MULTILINE)
SPACE = re.compile(r"\\q?quad\b\s*")
LINE = re.compile(r"\\\\\s*")
SIGN = re.compile(r"\n\s*(?=[+-])")
RELATION = re.compile(r"=|[<>]|\\(?:sim|propto|approx|simeq|to|leftarrow|ge|le|equiv)\b")
SILENT = re.compile(r"\\(?:(?:text|operatorname|t?frac|sqrt|[bB]ig|left|right|q?quad)(?![a-z])|[!,;])")
ROOM = 40  # letters


def letters(text):
    """About how many letters wide."""
    return len(re.sub(r"[{}&_^\s]", "", re.sub(r"\\[a-zA-Z]+", "x", SILENT.sub("", text))))


def outside(pattern, text):
    """Where a pattern matches outside of braces."""
    depths, depth = [], 0
    for place, letter in enumerate(text):
        if text[place - 1 : place] != "\\":
            depth += {"{": 1, "}": -1}.get(letter, 0)
        depths.append(depth)
    return [match for match in pattern.finditer(text) if depths[match.start()] == 0]


def parts(pattern, text):
    """The text, cut where the pattern matches."""
    ends = [(0, 0), *(match.span() for match in outside(pattern, text)), (len(text), len(text))]
    return [text[start:end].strip() for (_, start), (end, _) in pairwise(ends)]


def statements(line):
    """What stands between wide spaces; what has room, or is no statement, stays with what is before it."""
    found = []
    for part in parts(SPACE, line):
        if found and (letters(found[-1] + part) < ROOM or not outside(RELATION, part)):
            found[-1] += rf" \quad {part}"
        else:
            found.append(part)
    return found


def aligned(statement):
    """At its first relation; a long one goes on below, where its author went on with a plus or a minus."""
    match = next(iter(outside(RELATION, statement)), None)
    if "&" not in statement and match:
        statement = f"{statement[: match.start()]}&{statement[match.start() :]}"
    first, *others = parts(SIGN, statement) if letters(statement) > ROOM else [statement]
    return [first, *(rf"&\quad {other}" for other in others)]


def broken(equation):
    """The equation with a line for every statement; unchanged where it has one, or an order of its own."""
    if r"\begin" in equation or re.search(r"\\q?quad\s*&", equation):
        return equation
    lines = [one for line in parts(LINE, equation) for part in statements(line) for one in aligned(part)]
    return " \\\\\n".join(lines) if len(lines) > 1 else equation


def break_equations(app, what, name, obj, options, lines):
    """In a docstring, before anybody else reads it."""

    def anew(match):
        indent = match[1] + "   "
        text = broken("\n".join(line.strip() for line in f"{match[2]}\n{match[3]}".strip().split("\n")))
        return f"{match[1]}.. math::\n\n{indent}" + text.replace("\n", f"\n{indent}") + "\n\n"

    lines[:] = BLOCK.sub(anew, "\n".join(lines)).split("\n")


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", break_equations, priority=300)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
