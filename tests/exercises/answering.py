"""What every part's exercises must do with right answers and with nonsense."""

import numpy as np

from solvable import exercises

NONSENSE = (
    None, ..., "seven", [], [1, 2], -1.0, 0.0, np.nan, np.zeros(3), lambda *_: "x", lambda: 1, object(),
)  # fmt: skip


def assert_right_passes_and_nonsense_does_not(id, right, seed):
    """`right` is a function of the exercise's id and the numbers drawn for this seed."""
    verdict = exercises.check(id, right(id, exercises.parameters(id, seed=seed)), seed=seed)
    assert verdict.passed, verdict
    assert verdict.points == verdict.possible == exercises.REGISTRY[id].points > 0
    for nonsense in NONSENSE:
        answer = exercises.check(id, nonsense, seed=seed)
        assert not answer.passed
        assert answer.points == 0
        assert len(answer.message) > 20
