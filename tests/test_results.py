"""Results in files: everything comes back as it was, and a file that is none is named."""

import importlib
import io
import json
import pickle
import pkgutil
import re
import sys
import zipfile
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

import solvable
from solvable import _files, linear_model, results
from solvable.linear_model import FinalLoss
from solvable.networks import Transfer
from solvable.parameterizations import mup
from solvable.results import LossCurves
from solvable.spectra import Spectrum
from solvable.spinglass import SphericalGlass

PARAMETERS = {
    "nothing": None,
    "paired": True,
    "words": "gradient flow / descent: é, \N{GREEK SMALL LETTER ETA}",
    "whole": -3,
    "compute": 10**30,
    "long": 10**5000,
    "rate": 0.1,
    "samples": float("inf"),
    "complex": 1 + 2j,
    "single": np.float32(0.1),
    "bytes": np.uint8([255, 0]),
    "array": np.arange(6).reshape(2, 3),
    "jax": jnp.asarray([1.5, 2.5]),
    "half": jnp.asarray([1.5, 2.5], jnp.bfloat16),
    "mixed": np.array([10**30, 0.5, None], object),
    "nobody": np.zeros((0, 3)),
    "names": np.array(["one", "three"]),
    "list": [1, [None, "two", 10**30], {}],
    "shape": (2, (3.0, np.arange(3))),
    "folders": {
        "a/b": {"c": None, "": 1},
        "a": {"b/c": 2},
        3: "three",
        "3": 3,
        (0, 1): np.ones(2),
        "about": np.ones(1),
    },
    "key": jax.random.key(3),
    "keys": jax.random.split(jax.random.key(3, impl="rbg"), 2),
    "spectrum": Spectrum([1.0, 0.5], [1.0, 2.0], [1.0, 3.0]),
    "glass": SphericalGlass({2: 0.5, 3: 0.1}),
    "parameterization": mup(),
}
CURVES = LossCurves(jnp.arange(3.0), jnp.ones(3), jnp.zeros(3), test_std=jnp.ones(3), parameters=PARAMETERS)


def same(one, other):
    """Of one type, and equal in every part."""
    if isinstance(one, jax.Array) and jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
        return one.dtype == other.dtype and same(jax.random.key_data(one), jax.random.key_data(other))
    if isinstance(one, jax.Array | np.ndarray | np.generic):
        array = isinstance(other, jax.Array) if isinstance(one, jax.Array) else type(one) is type(other)
        return array and one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def classes():
    """Every class of results: what can save itself, and what has parameters."""
    names = [module.name for module in pkgutil.walk_packages(solvable.__path__, "solvable.")]
    found = {kind for name in names for kind in vars(importlib.import_module(name)).values() if isinstance(kind, type)}
    made = [kind for kind in found if is_dataclass(kind) and kind.__module__.startswith("solvable.")]
    return sorted((kind for kind in made if "parameters" in kind.__dataclass_fields__), key=lambda kind: kind.__name__)


def example(hint):
    """Something that an annotation allows: arrays of two along every axis without a number."""
    if hasattr(hint, "dim_str"):
        return jnp.ones([int(axis) if axis.isdigit() else 2 for axis in hint.dim_str.split() if "*" not in axis]) / 3
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{name: PARAMETERS if name == "parameters" else example(hints[name]) for name in hints})
    if get_origin(hint) in (UnionType, Union):
        return example(get_args(hint)[0])
    return {dict: {"loss": jnp.arange(2.0)}, float: 0.1}.get(get_origin(hint) or hint, jnp.arange(2.0))


@pytest.mark.parametrize("kind", classes())
@pytest.mark.parametrize("name", ["run1", "run.v1", "run.npz", "of é.NPZ"])
def test_a_result_comes_back_as_it_was(kind, name, tmp_path):
    result = example(kind)
    results.save(tmp_path / name, result)
    assert same(results.load(str(tmp_path / name), kind), result)
    assert results.saved_version(tmp_path / name) == solvable.__version__
    assert [file.name for file in tmp_path.iterdir()] == [name if name.endswith(".npz") else f"{name}.npz"]


def test_every_result_has_the_protocol():
    """What has parameters is a result, and the other way round; each class has a name of its own in files."""
    assert {kind for kind in results.Result.__subclasses__() if kind.__module__.startswith("solvable.")} == set(
        classes()
    )
    assert len({_files.class_name(kind) for kind in classes()}) == len(classes())
    assert {"LossCurves", "MeanField", "Posterior", "Run", "FinalLoss", "TwoTime", "Aging", "Chaos"} <= {
        one.__name__ for one in classes()
    }


@pytest.mark.parametrize("kind", classes())
def test_every_mean_has_an_error_and_every_array_its_axes(kind):
    result = replace(example(kind), parameters={"repeats": 4, "seconds": 0.5})
    assert (result.repeats, result.seconds) == (4, 0.5)
    for name in [part.name.removesuffix("_std") for part in fields(kind) if part.name.endswith("_std")]:
        assert jnp.shape(result.error(name)) == jnp.shape(getattr(result, name))
        assert_allclose(result.error(name), getattr(result, f"{name}_std") / 2)
        assert (replace(result, **{f"{name}_std": None}).error(name) == 0).all()
    for name, axes in kind.axes().items():
        assert jnp.ndim(getattr(result, name)) == len(axes)
    if kind is not Transfer:  # whose error is of the optimum
        with pytest.raises(ValueError, match="name must be one of"):
            result.error("parameters")


def test_nothing_stays_none(tmp_path):
    CURVES.save(tmp_path / "run1")
    again = LossCurves.load(tmp_path / "run1")
    assert again.train_std is None
    assert again.residual is None
    assert "nothing" in again.parameters


def test_of_a_function_its_name_is_kept(tmp_path):
    functions = {"activation": jnp.tanh, "dtype": jnp.float32, "kind": np.dtype("float64"), "rule": lambda x: x}
    replace(CURVES, parameters=functions).save(tmp_path / "run1")
    found = LossCurves.load(tmp_path / "run1").parameters
    assert found == {"activation": "tanh", "dtype": "float32", "kind": "float64", "rule": "<lambda>"}


@dataclass
class Foreign:
    """Not of this library."""

    x: int = 1


@pytest.mark.parametrize("value", [{1}, object(), Foreign(), b"bytes", Path("x")])
def test_what_cannot_be_saved_is_named(value, tmp_path):
    with pytest.raises(ValueError, match=r"parameters/inner/0 must be arrays, .*; got"):
        replace(CURVES, parameters={"inner": [value]}).save(tmp_path / "run1")
    assert not list(tmp_path.iterdir())


def test_what_is_traced_cannot_be_saved(tmp_path):
    def trace(x):
        replace(CURVES, test=x).save(tmp_path / "run1")
        return x

    with pytest.raises(ValueError, match="test must be known numbers to be saved"):
        jax.jit(trace)(jnp.ones(3))


@pytest.mark.parametrize("path", [3, None, "", b"run1", ["run1"]], ids=repr)
def test_a_path_is_a_name(path):
    for call in (lambda: results.save(path, CURVES), lambda: results.load(path, LossCurves)):
        with pytest.raises(TypeError if not isinstance(path, str) else ValueError, match="path"):
            call()


def test_a_folder_must_exist_and_a_file_too(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"path must lie in a folder that exists; {tmp_path}/none does not"):
        CURVES.save(tmp_path / "none" / "run1")
    with pytest.raises(FileNotFoundError, match=f"path must be a saved result; there is no file {tmp_path}/run1.npz"):
        LossCurves.load(tmp_path / "run1")
    (tmp_path / "run2.npz").mkdir()
    with pytest.raises(ValueError, match=f"path must be a file; {tmp_path}/run2.npz is a folder"):
        CURVES.save(tmp_path / "run2")
    with pytest.raises(TypeError, match="result must be a result dataclass"):
        results.save(tmp_path / "run3", LossCurves)
    with pytest.raises(TypeError, match="kind"):
        results.load(tmp_path / "run3", "LossCurves")


def test_a_class_of_ones_own_is_refused_by_name(tmp_path):
    """A file names classes of this library alone, so it could not be read back."""
    with pytest.raises(TypeError, match=r"result must be a result dataclass of this library; got Foreign\(x=1\)"):
        results.save(tmp_path / "run1", Foreign())
    with pytest.raises(TypeError, match="kind must be a class of results of this library"):
        results.load(tmp_path / "run1", Foreign)
    assert not list(tmp_path.iterdir())


def test_no_two_classes_share_a_name_in_files():
    modules = [module for name, module in sys.modules.items() if name.startswith("solvable.")]
    found = {one for module in modules for one in vars(module).values() if isinstance(one, type) and _files.ours(one)}
    assert len(found) == len({_files.class_name(one) for one in found}) == len(_files.classes())


def foreign(file):
    """Files that no `save` wrote, by what is in them."""
    CURVES.save(file)
    whole = file.read_bytes()
    with np.load(file) as found:
        about, arrays = json.loads(str(found["about"])), {name: found[name] for name in found.files if name != "about"}

    def written(**contents):
        stream = io.BytesIO()
        np.savez(stream, **contents)
        return stream.getvalue()

    array = io.BytesIO()
    np.save(array, np.ones(3))
    packed = io.BytesIO()
    zipfile.ZipFile(packed, "w").writestr("about", "{}")
    yield from {
        "nothing": b"",
        "words": b"a text\n",
        "an array": array.getvalue(),
        "a zip": packed.getvalue(),
        "arrays": written(x=np.ones(3)),
        "other words": written(about="of something else"),
        "other json": written(about="[]", x=np.ones(2)),
        "no type": written(about="{}", x=np.ones(2)),
        "an object": written(about=np.array([{"type": "LossCurves"}], object)),
        "a pickle": pickle.dumps(PARAMETERS["spectrum"].task_power),
        "half": whole[: len(whole) // 2],
        "no end": whole[:-1],
        "a wrong byte": whole[:200] + bytes([whole[200] ^ 255]) + whole[201:],
        "no arrays": written(about=json.dumps(about)),
        "no result": written(about=json.dumps({**about, "result": 3}), **arrays),
        "no field": written(about=json.dumps({**about, "result": {}}), **arrays),
        "another field": written(about=json.dumps({**about, "result": {**about["result"], "more": 1}}), **arrays),
        "another class": written(about=json.dumps({**about, "type": "results.Other"}), **arrays),
        "a newer format": written(about=json.dumps({**about, "format": 99, "version": "9.1"}), **arrays),
    }.items()


def test_a_file_that_is_no_result_is_named(tmp_path):
    file = tmp_path / "other.npz"
    for name, contents in foreign(file):
        file.write_bytes(contents)
        with pytest.raises(ValueError, match=f"^path must (be|hold) .*{re.escape(str(file))} ") as raised:
            LossCurves.load(file)
        assert (name == "a newer format") == ("it is by 9.1" in str(raised.value))


def test_a_truncated_file_is_named_wherever_it_ends(tmp_path):
    CURVES.save(tmp_path / "whole")
    whole, file = (tmp_path / "whole.npz").read_bytes(), tmp_path / "cut.npz"
    for size in range(0, len(whole), len(whole) // 20):
        file.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="path must be a saved result"):
            LossCurves.load(file)


def test_a_file_of_another_class_says_which(tmp_path):
    CURVES.save(tmp_path / "run1")
    with pytest.raises(ValueError, match=f"path must hold a FinalLoss; {tmp_path}/run1.npz holds a LossCurves"):
        results.load(tmp_path / "run1", FinalLoss)


@pytest.mark.parametrize("name", ["os.system", "fits.np", "results.save", "none.None", "solvable.fits:PowerLaw"])
def test_a_file_makes_nothing_but_results(name, tmp_path):
    CURVES.save(tmp_path / "run1")
    with np.load(tmp_path / "run1.npz") as found:
        arrays = {key: found[key] for key in found.files}
    about = json.loads(str(arrays.pop("about")))
    about["result"]["residual"] = {"class": name, "fields": {}}
    np.savez(tmp_path / "run1.npz", about=json.dumps(about), **arrays)
    with pytest.raises(ValueError, match=r"path must hold a LossCurves .* does not fit"):
        LossCurves.load(tmp_path / "run1")


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError("no space left"), MemoryError])
def test_an_interrupted_save_leaves_the_old_file(end, tmp_path, monkeypatch):
    CURVES.save(tmp_path / "run1")

    def stopped(stream, **arrays):
        stream.write(b"half a file")
        raise end

    monkeypatch.setattr(np, "savez_compressed", stopped)
    with pytest.raises((end if isinstance(end, type) else type(end),)):
        replace(CURVES, parameters={}).save(tmp_path / "run1")
    assert [file.name for file in tmp_path.iterdir()] == ["run1.npz"]
    assert same(LossCurves.load(tmp_path / "run1"), CURVES)


def test_a_batch_says_which_of_it_converged():
    """Under vmap no error can be raised; a residual that is not a number has not converged."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    widths = jnp.array([3.0, 30.0])
    found = jax.vmap(lambda width: linear_model.theory.gradient_flow(spectrum, [1.0, 9.0], width=width))(widths)
    assert found.converged.tolist() == [True, True]
    left = replace(found, residual=jnp.array([1e-3, np.nan]))
    assert left.converged.tolist() == [False, False]
    assert CURVES.converged is None or bool(np.all(CURVES.converged))
    assert linear_model.theory.gradient_flow(spectrum, [1.0]).converged


def test_a_solver_says_how_long_it_took_unless_jax_traces_it():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=30)
    assert linear_model.theory.gradient_flow(spectrum, [1.0]).seconds > 0
    traced = jax.vmap(lambda width: linear_model.theory.gradient_flow(spectrum, [1.0], width=width))(jnp.ones(2))
    assert traced.seconds is None
