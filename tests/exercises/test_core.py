"""Every exercise by its data: right answers and slips of many students, and what the page says of it."""

import json

import numpy as np
import pages
import pytest
from answering import assert_right_passes_and_nonsense_does_not, digits

from solvable import exercises
from solvable.exercises.core import Choice, Function, exercise

HEAVY = {  # they solve a theory for each answer: few students here, more in the slow tests
    *(f"bottlenecks.{name}" for name in (
        "batch-rate", "grow-width", "which-variance", "ensemble-size", "sooner", "width-cost", "batch-noise",
        "effective-ridge", "early-stopping", "free-reuse", "first-echo",
        "problem-noise-within", "problem-budget-begins", "problem-budget-data", "problem-budget-each",
    )),
    *(f"dmft_primer.{name}" for name in ("forgetting", "gain", "stop", "problem-onset-reach", "problem-relaxation")),
}  # fmt: skip
IDS = sorted(exercises.REGISTRY)
LIGHT = [id for id in IDS if id not in HEAVY]
NUMBERS = [id for id in IDS if not isinstance(exercises.REGISTRY[id].kind, Function)]
SLOW = "dmft_primer.gain"  # a second a call, and nine calls an answer


def some(ids):
    """Heavy ones run with the slow tests."""
    return [pytest.param(id, marks=pytest.mark.slow) if id in HEAVY else id for id in ids]


def right(id, p):
    return exercises.REGISTRY[id].right(**p)


@pytest.mark.parametrize("seed", [None, "ada", pytest.param(17, marks=pytest.mark.slow)])
@pytest.mark.parametrize("id", some(IDS))
def test_right_answers_pass_and_nonsense_does_not(id, seed):
    assert_right_passes_and_nonsense_does_not(id, right, seed)


def assert_slips_get_their_own_words(id, seeds):
    """Right passes, also to three digits; slips are apart, and each is told what it is, without the answer's digits."""
    data = exercises.REGISTRY[id]
    for seed in seeds:
        p = exercises.parameters(id, seed=seed)
        answer = right(id, p)
        assert id in HEAVY or data.is_apart(p, times=1), seed
        near = float(f"{answer:.3g}") if isinstance(answer, float) and np.min(data.tolerance) > 5e-3 else answer
        assert exercises.check(id, near, seed=seed).passed, (seed, near)
        for name, slip in data.slips.items():
            if (wrong := data.slip(name, p)) is not None:
                verdict = exercises.check(id, wrong, seed=seed)
                assert not verdict.passed, (seed, name)
                assert verdict.message == slip.says, (seed, name, verdict)
                assert not any(text in slip.says for text in digits(answer))


@pytest.mark.parametrize("id", LIGHT)
def test_slips_of_some_students_get_their_own_words(id):
    assert_slips_get_their_own_words(id, (None, *range(12)))


@pytest.mark.parametrize("id", sorted(HEAVY - {SLOW}))
def test_slips_against_the_books_numbers_get_their_own_words(id):
    assert_slips_get_their_own_words(id, [None])


@pytest.mark.slow
@pytest.mark.parametrize("id", IDS)
def test_slips_of_many_students_get_their_own_words(id):
    """Of 200; of 20 where a theory is solved for each, and of 2 where that takes a minute."""
    assert_slips_get_their_own_words(id, range({SLOW: 2}.get(id, 20 if id in HEAVY else 200)))


def assert_fifty(of_student):
    found = set()
    for seed in range(1000):
        found.add(of_student(seed))
        if len(found) == 50:
            return
    raise AssertionError(found)


@pytest.mark.parametrize("id", [id for id in some(NUMBERS) if SLOW not in str(id)])
def test_a_thousand_students_have_fifty_answers(id):
    def to_three_digits(seed):
        answer = right(id, exercises.parameters(id, seed=seed))
        return tuple(one if isinstance(one, str) else f"{one:.3g}" for one in np.atleast_1d(np.array(answer, object)))

    assert_fifty(to_three_digits)


@pytest.mark.parametrize("id", [id for id in IDS if exercises.REGISTRY[id].book and (id in HEAVY or id not in NUMBERS)])
def test_a_thousand_students_have_fifty_sets_of_numbers(id):
    """Where answers are no numbers, and where they are counted with the slow tests."""
    assert_fifty(lambda seed: json.dumps(exercises.parameters(id, seed=seed)))


def test_numbers_are_drawn_without_solving_a_theory():
    """So quickly, and before a student has switched float64 on."""
    assert not any(exercises.REGISTRY[id].apart for id in HEAVY)


def test_a_heavy_answer_moves_with_its_number():
    """Gains are found too slowly to count fifty; between the ends of the range lie far more than fifty hundredths."""
    data = exercises.REGISTRY[SLOW]
    low, high, _ = data.draw["horizon"]
    assert data.score(1.5, horizon=high) > 1 > data.score(1.5, horizon=low)


# On the page -----------------------------------------------------------------------------------------------


def test_every_exercise_stands_on_a_page():
    assert set(pages.exercises()) == set(IDS)


@pytest.mark.parametrize("id", IDS)
def test_the_statement_has_points_and_numbers(id):
    """Whoever only reads sees the book's numbers there: all those that the cell prints."""
    _, statement, cell, _ = pages.exercises()[id]
    data = exercises.REGISTRY[id]
    assert f"(`{id}`, {data.points} point{'s' if data.points > 1 else ''})" in statement
    if "print(mine)" in cell:
        there = pages.numbers(statement)
        for name, value in exercises.parameters(id).items():
            assert set(np.ravel(value).tolist()) <= there, name
    else:
        lists = ("bottlenecks.drift", "bottlenecks.fit-predict", "bottlenecks.log-law", "parameterizations.optimum")
        assert not data.book or id in lists  # or for the check


@pytest.mark.parametrize("seed", [None, pytest.param("ada", marks=pytest.mark.slow)])
@pytest.mark.parametrize("id", [pytest.param(id, marks=pytest.mark.slow) if id == SLOW else id for id in IDS])
def test_the_folded_solution_is_right(id, seed):
    verdict = pages.done(id, seed)
    assert verdict.passed, verdict


@pytest.mark.parametrize("id", IDS)
def test_a_cell_with_dots_is_not_judged(id, capsys, monkeypatch):
    verdict = pages.done(id, None, solved=False)
    assert (verdict.attempted, verdict.passed, verdict.points) == (False, False, 0)
    assert repr(verdict).startswith("○ Your turn, for ")
    assert "Not yet" not in repr(verdict)
    capsys.readouterr()
    monkeypatch.setenv("SOLVABLE_BOOK", "1")
    verdict._ipython_display_()
    assert capsys.readouterr().out == ""
    monkeypatch.delenv("SOLVABLE_BOOK")
    verdict._ipython_display_()
    assert "Your turn" in capsys.readouterr().out


def test_an_attempt_is_judged_on_a_page_too(capsys, monkeypatch):
    monkeypatch.setenv("SOLVABLE_BOOK", "1")
    exercises.check("bottlenecks.bend", 4)._ipython_display_()
    assert "Not yet (0/1)" in capsys.readouterr().out
    for half in (["width", ...], [..., 300]):
        verdict = exercises.check("bottlenecks.which-binds", half)
        assert verdict.attempted
        assert "still missing" in verdict.message


# The form --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", IDS)
def test_words_are_sentences(id):
    data = exercises.REGISTRY[id]
    words = [slip.says for slip in data.slips.values()]
    words += [data.praise] if isinstance(data.praise, str) else []
    words += [data.otherwise] if isinstance(data.otherwise, str) else []
    words += data.otherwise if isinstance(data.otherwise, tuple) else []
    assert all(15 < len(one) < 300 and one[-1] in ".?" for one in words)


def test_a_word_needs_its_number():
    """Three guesses of a word pass nothing."""
    for id in (id for id in IDS if isinstance(exercises.REGISTRY[id].kind, Choice) and id not in HEAVY):
        word, number = right(id, exercises.parameters(id))
        assert exercises.check(id, (word, number)).passed
        assert not exercises.check(id, (word, 1.1 * number)).passed
        for other in exercises.REGISTRY[id].kind.words:
            assert not exercises.check(id, other).passed
            assert exercises.check(id, (other, number)).passed == (other == word)


def test_an_id_is_new():
    with pytest.raises(ValueError, match=r"id must be new; 'bottlenecks\.bend' is taken"):
        exercise("bottlenecks.bend", 1, exercises.REGISTRY["bottlenecks.bend"].kind)


def test_unknown_exercises_are_named():
    with pytest.raises(ValueError, match=r"id must be one of bottlenecks\..*bottlenecks\.bend.*got 'nope'"):
        exercises.check("nope", 1)
