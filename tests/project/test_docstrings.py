"""Every public function says what it takes, gives and refuses, by which equation, after whom, and who explains it."""

import dataclasses
import inspect
import re

import pytest

from ..public import FUNCTIONS, PUBLIC

SCIENCE = (
    *("depth", "kernels", "linear_model", "meanfield", "networks"),
    *("parameterizations", "posterior", "primer", "spinglass"),
)
MODELS = [
    path for path, one in FUNCTIONS.items() if path.startswith((*SCIENCE, "Spectrum", "gaussian", "fits", "numerics"))
]


def sections(text):
    """The text of each section by its name."""
    parts = re.split(r"^([A-Z]\w+):\n", text, flags=re.MULTILINE)
    return {
        name: re.match(r"((?:[ ]+.*\n|\n)*)", body + "\n")[0]
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def named(section):
    """What a section names, at its first level."""
    heads = re.findall(r"^  ([\w*`]+(?:, [\w*`]+)*):", section, re.MULTILINE)
    return {name.strip("*`") for head in heads for name in head.split(", ")}


def arguments(path):
    """What a caller may give."""
    return [name for name in inspect.signature(PUBLIC[path]).parameters if name != "self"]


def is_method(path):
    """Of a class: its docstring gives equation, source and page."""
    return inspect.isclass(PUBLIC.get(path.rpartition(".")[0]))


@pytest.mark.parametrize("path", FUNCTIONS)
def test_help_answers_for_every_argument(path):
    text = inspect.getdoc(FUNCTIONS[path]) + "\n"
    found = sections(text)
    assert set(arguments(path)) == named(found.get("Args", "")), path
    assert not re.search(r"[Oo]ther arguments|[Ff]urther arguments|as for `", text), path
    if inspect.signature(FUNCTIONS[path]).return_annotation not in (None, "None"):
        assert "Returns" in found, path
    if arguments(path):
        assert "Raises" in found, path


@pytest.mark.parametrize("path", [path for path, one in PUBLIC.items() if dataclasses.is_dataclass(one)])
def test_a_class_names_every_field(path):
    found = sections(inspect.getdoc(PUBLIC[path]) + "\n")
    fields = {field.name for field in dataclasses.fields(PUBLIC[path]) if not field.name.startswith("_")}
    assert fields <= named(found.get("Args", "")) | named(found.get("Attributes", "")), path


@pytest.mark.parametrize("path", [path for path in MODELS if not is_method(path)])
def test_a_model_gives_its_equation_its_source_and_its_page(path):
    text = inspect.getdoc(FUNCTIONS[path])
    assert re.search(r"\.\. math::|:math:`", text), path
    assert re.search(r"\bSource: \w", text), path
    assert re.search(r'\bBook:\s+"', text), path
