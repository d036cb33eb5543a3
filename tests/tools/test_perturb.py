"""The tool that asks which tests flip with the rounding or the seed."""

import subprocess
import sys
from pathlib import Path

PERTURB = Path(__file__).resolve().parents[2] / "tools" / "perturb.py"
TESTS = """
import jax, jax.numpy as jnp, numpy as np
from numpy.random import default_rng

def test_whatever_the_seed():
    assert default_rng(np.random.SeedSequence(7)).integers(1000) == 944
    assert isinstance(default_rng().integers(1000), np.integer)

def test_a_key():
    assert jax.random.key_data(jax.random.key(3))[1] == 3

def test_a_generator():
    assert default_rng(5).integers(1000) == np.random.Generator(np.random.PCG64(5)).integers(1000)
"""


def perturb(folder, tests, only):
    command = [sys.executable, PERTURB, "--kept", folder, "--only", only, tests, "-c", "/dev/null"]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_tests_that_flip_are_named_with_their_variant(tmp_path):
    (tmp_path / "test_tiny.py").write_text(TESTS)
    done = perturb(tmp_path, tmp_path, "as-it-is,seed+1")
    assert done.returncode == 1, done.stderr
    first, second, *flips = done.stdout.splitlines()
    assert (first, second) == ("as-it-is: 0 failed", "seed+1: 2 failed")
    assert [flip.split("::")[1] for flip in flips] == ["test_a_generator: seed+1", "test_a_key: seed+1"]


def test_a_run_that_pytest_cannot_begin_is_no_pass(tmp_path):
    done = perturb(tmp_path, tmp_path / "missing.py", "as-it-is")
    assert (done.returncode, done.stdout) == (1, "as-it-is: did not end\n")
