"""A NaN compares as False, so a check asks whether a number is good, never whether it is bad."""

import ast
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from solvable._checks import finite_answer
from solvable.linear_model import checks
from solvable.linear_model.theory import response, rich
from solvable.meanfield.problem import Problem, require_stable

LIBRARY = Path(__file__).parents[2] / "lib" / "solvable"
WHOLE = {  # comparisons of whole numbers, or of what was found finite just before
    "(count := require_count('count', count)) > 1797",
    "numbers.max() > 9",
    "steps[0] <= 0",
    "self.low <= 0",
    "self.points < 2",
    "min(upper.sum(), (~upper).sum()) < 2",
    "kept.sum() < 4",
    "each > STUDENT_BYTES",
    "steps < 1",
    "shifts.max() > steps",
    "8 * size * max(size, steps) > LARGEST",
    "8 * size ** 2 > LARGEST",
    "8 * size ** max(glass.couplings) >= LARGEST",
}
SIZES = ("len(", ".size <", ".ndim <")


def silent(test):
    """Comparisons of size, in what an `if` asks, that a NaN would answer with False: those not under a `not`."""
    if isinstance(test, ast.Compare) and any(isinstance(op, ast.Lt | ast.Gt | ast.LtE | ast.GtE) for op in test.ops):
        yield ast.unparse(test)
    for part in {ast.BoolOp: "values", ast.Call: "func", ast.Attribute: "value"}.items():
        if isinstance(test, part[0]):
            inner = getattr(test, part[1])
            for one in inner if isinstance(inner, list) else [inner]:
                yield from silent(one)


def found_in(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If) and any(isinstance(line, ast.Raise) for line in node.body):
            yield from silent(node.test)


def test_the_search_finds_what_a_nan_would_pass():
    bad = "if (error.max() > TOLERANCE).any() or known and worst >= 1:\n    raise ValueError"
    good = "if not (error <= TOLERANCE).all():\n    raise ValueError"
    assert list(found_in(bad)) == ["error.max() > TOLERANCE", "worst >= 1"]
    assert list(found_in(good)) == []


def test_no_check_of_the_library_lets_a_nan_pass():
    files = [path for path in LIBRARY.rglob("*.py") if "exercises" not in path.parts]
    every = {one for path in files for one in found_in(path.read_text())}
    assert {one for one in every - WHOLE if not any(size in one for size in SIZES)} == set()


KERNEL = jnp.ones((2, 1, 1))
PROBLEM = Problem(*map(jnp.asarray, ([[1.0]], [1.0], [1.0], 1.0, 0.1, False)))
CHECKS = {
    "residuals": (RuntimeError, lambda nan: response.check_converged(jnp.array([0.0, nan, 0.0]))),
    "integration": (RuntimeError, lambda nan: rich.check_integrated(jnp.array(nan))),
    "limit": (ValueError, lambda nan: checks.require_below("learning_rate", 0.1, jnp.array(nan))),
    "value": (ValueError, lambda nan: checks.require_below("learning_rate", nan, jnp.array(1.0))),
    "outputs": (
        ValueError,
        lambda nan: require_stable(PROBLEM, jnp.array([[0.0], [nan]]), lambda: KERNEL),
    ),
    "all outputs": (
        ValueError,
        lambda nan: require_stable(PROBLEM, jnp.full((1, 1), nan), lambda: KERNEL),
    ),
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_nan_fails(check):
    error, call = CHECKS[check]
    with pytest.raises(error):
        call(float("nan"))


def test_an_answer_that_overflows_is_named_beside_a_key():
    @finite_answer
    def experiment(size, *, key):
        return jnp.exp(size) * jax.random.normal(key)

    with pytest.raises(ValueError, match=r"size must be of a size that leaves room for the answer; got 1e\+04"):
        experiment(1e4, key=jax.random.key(0))
