"""Which tests flip where a last bit, or a seed, is another one: python tools/perturb.py tests/book [-k NAME …].

The tests are run once for each variant below, in a process of its own; what follows the options goes to pytest. A claim
that flips with the rounding is no claim: give its tolerance a reason, or take an average. A test that flips with the
seed has a literal value of one draw in it, or says of every run what holds for some. All of what pytest said lies in
_build/perturbed; there variants with flags of their own keep what they compiled, since jax finds it again whatever the
flags.

As a plugin of pytest (`PYTHONPATH=tools pytest -p perturb --seed-offset 1`) this adds to every seed that is a number.
"""

import argparse
import functools
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "_build" / "perturbed"

XLA = "XLA_FLAGS"
OTHER_BLAS = {"OPENBLAS_CORETYPE": "Prescott"}  # numpy's and scipy's, where it is OpenBLAS on x86
VARIANTS = {  # name -> (environment, arguments of pytest); flags are added to those of the environment
    "as-it-is": ({}, []),
    "fast-math": ({XLA: "--xla_cpu_enable_fast_math=true"}, []),
    "AVX": ({XLA: "--xla_cpu_max_isa=AVX"}, []),  # without fused multiplication and addition
    "AVX2": ({XLA: "--xla_cpu_max_isa=AVX2"}, []),
    "AVX512": ({XLA: "--xla_cpu_max_isa=AVX512 --xla_cpu_prefer_vector_width=512"}, []),
    "one-core": ({XLA: "--xla_cpu_multi_thread_eigen=false"}, []),
    "other-blas": (OTHER_BLAS, []),
    "all-at-once": ({XLA: "--xla_cpu_enable_fast_math=true --xla_cpu_max_isa=AVX"} | OTHER_BLAS, []),
    "seed+1": ({}, ["--seed-offset", "1"]),
    "seed+2": ({}, ["--seed-offset", "2"]),
}
ONE_CORE = ("one-core", "all-at-once")


def pytest_addoption(parser):
    """The option; where a test holds a literal value of one draw, an offset makes it fail, and that is no fault."""
    parser.addoption("--seed-offset", type=int, default=0, help="added to the seeds of jax.random.key and default_rng")


def pytest_configure(config):
    """Before a test module or the library is imported, so that nobody holds the functions of before."""
    if by := config.getoption("seed_offset"):
        import jax
        import numpy as np

        jax.random.key, jax.random.PRNGKey = shifted(jax.random.key, by), shifted(jax.random.PRNGKey, by)
        np.random.default_rng = shifted(np.random.default_rng, by)


def shifted(make, by):
    """The same maker of keys or generators, whose seed is larger by this, where it is a number."""

    @functools.wraps(make)
    def made(seed=None, *rest, **how):
        number = seed is not None and not isinstance(seed, bool) and hasattr(seed, "__index__")
        return make(seed + by if number else seed, *rest, **how)

    return made


def run(name, tests, kept):
    """The tests that fail in a variant, or None where pytest did not come to its end."""
    environment, arguments = VARIANTS[name]
    kept.mkdir(parents=True, exist_ok=True)
    variables = os.environ | environment
    if XLA in environment:
        variables[XLA] = f"{os.environ.get(XLA, '')} {environment[XLA]}"
        variables["JAX_COMPILATION_CACHE_DIR"] = str(kept / name)
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "tools"), os.environ.get("PYTHONPATH")]))
    pytest = [sys.executable, "-m", "pytest", "-p", "perturb", "-p", "no:cacheprovider", "-rfE", "--tb=short"]
    one = functools.partial(os.sched_setaffinity, 0, {min(os.sched_getaffinity(0))}) if name in ONE_CORE else None
    said = kept / f"{name}.txt"
    with said.open("w") as out:
        ended = subprocess.call([*pytest, *arguments, *tests], env=variables, preexec_fn=one, stdout=out, stderr=out)
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", said.read_text(errors="replace"), re.M)
    return set(failed) if ended in (0, 1) else None


def main():
    """Run what was chosen, say what flips, and fail where anything does."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(VARIANTS), help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder of what pytest said and XLA compiled")
    chosen, tests = parser.parse_known_args()
    failed, ended = {}, True
    for name in chosen.only.split(","):
        found = run(name, tests, chosen.kept)
        ended &= found is not None
        print(f"{name}: {'did not end' if found is None else f'{len(found)} failed'}", flush=True)
        for test in found or ():
            failed.setdefault(test, []).append(name)
    for test, names in sorted(failed.items()):
        print(f"{test}: {', '.join(names)}")
    sys.exit(bool(failed) or not ended)


if __name__ == "__main__":
    main()
