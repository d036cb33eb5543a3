"""The second build executes nothing twice, and no number outlives the library that it came from."""

import pytest

from sphinx_ext import fresh


@pytest.fixture(scope="module")
def book(new_book):
    """A book that has been built once."""
    assert new_book.build() == "ab"
    assert [new_book.value("a"), new_book.value("b")] == [41, 41]
    return new_book


def test_an_untouched_book_executes_nothing(book):
    assert book.build() == ""


def test_new_words_in_the_library_execute_nothing(book):
    book.edit("lib/tiny.py", "VALUE = 41", '"""Numbers."""\n\n# the answer, nearly\nVALUE = 41\n"""Of no unit."""')
    assert book.build() == ""


def test_an_edited_page_alone_is_executed(book):
    book.edit("b.md", "the value is", "now the value is")
    assert book.build() == "b"
    book.edit("b.md", "# Page", "# The page")
    assert book.build() == "", "prose is not executed"


def test_after_an_edit_of_the_library_no_page_shows_an_old_number(book):
    book.edit("lib/tiny.py", "41", "42")
    assert book.build() == "ab"
    assert [book.value("a"), book.value("b")] == [42, 42]


def test_new_pins_execute_every_page(book):
    book.edit("constraints.txt", "==1", "==2")
    assert book.build() == "ab"


@pytest.mark.slow
def test_a_failing_cell_keeps_failing(book):
    book.edit("a.md", "tiny.VALUE", "tiny.MISSING")
    book.build(succeeds=False)
    book.build(succeeds=False)
    book.edit("a.md", "tiny.MISSING", "tiny.VALUE")
    book.build()


CODE = """\"\"\"A module.\"\"\"

HALF = 0.5


def scaled(x: float, by: float = HALF) -> float:
    \"\"\"A multiple.\"\"\"
    unit = "cm"
    return {unit: by * x}  # in its unit
"""
WORDS = [("A module", "Some module"), ("A multiple", "A product"), ("in its unit", "why not"), ("\n\n\n", "\n\n")]
DEEDS = [
    ("0.5", "0.25"),
    ("by * x", "x * by"),
    ("cm", "mm"),
    ("x: float", "x: int"),
    ("= HALF", "= 1"),
    ("def ", "def un"),
]


@pytest.fixture
def library(tmp_path):
    """A folder with a module and a table of numbers; it tells its fingerprint."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "code.py").write_text(CODE)
    (tmp_path / "lib" / "table.csv").write_text("# first\n1")
    return tmp_path


@pytest.mark.parametrize(("old", "new"), [*WORDS, *DEEDS])
def test_the_key_of_the_cache_sees_what_code_does_and_not_its_words(library, old, new):
    before = fresh.fingerprint(library)
    assert old in CODE
    (library / "lib" / "code.py").write_text(CODE.replace(old, new))
    assert (fresh.fingerprint(library) == before) == ((old, new) in WORDS)


def test_the_key_of_the_cache_sees_every_byte_of_what_is_no_code(library):
    keys = {fresh.fingerprint(library)}
    (library / "lib" / "table.csv").write_text("# second\n1")
    keys.add(fresh.fingerprint(library))
    (library / "lib" / "code.py").write_text("def not_yet(")
    keys.add(fresh.fingerprint(library))
    (library / "lib" / "code.py").rename(library / "lib" / "moved.py")
    keys.add(fresh.fingerprint(library))
    assert len(keys) == 4
