"""What "Write your own" says, at its own parameters."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from solvable.spinglass import SphericalGlass, single_site, theory

TRIPLES = SphericalGlass({3: 0.5}, 0.3)


def test_the_twenty_lines_on_the_page():
    """The cell itself, in four draws: more paths, less error; a start that knows the noise is off on average."""
    page = Path(__file__).parents[3] / "book" / "dmft_primer" / "write_your_own.md"
    (cell,) = (c for c in re.findall(r"```{code-cell} ipython3\n(.*?)```", page.read_text(), re.S) if "def sweep" in c)
    assert cell.count("\n") <= 40
    limit, times, off = theory.descent(TRIPLES, 40, 0.1), 0.1 * np.arange(41), {}
    biased = cell.replace("1 - 2 * (np.arange(paths) % 2)", "np.sign(z[:, 0])")
    for name, code, paths in (("few", cell, 500), ("many", cell, 8000), ("biased", biased, 8000)):
        space, found = {"np": np}, []
        exec(code, space)
        for seed in range(4):
            z, xi = np.random.default_rng(seed).normal(size=(2, paths, 40))
            c, r = np.exp(-np.abs(times[:, None] - times)), np.zeros((41, 41))
            for _ in range(8):
                c, r = space["sweep"](c, r, z, xi)
            found.append(c - limit.correlation)
        off[name] = np.array(found)
    few, many = (np.sqrt(np.mean(off[name] ** 2)) for name in ("few", "many"))
    assert few > 2 * many
    unbiased, biased = (np.sqrt(np.mean(off[name].mean(axis=0) ** 2)) for name in ("many", "biased"))
    assert biased > 2 * unbiased


def test_both_algorithms_end_at_the_sampling_error():
    """Root mean squares of four draws: four times fewer with sixteen times the paths, within a factor of 1.6."""
    limit = theory.descent(TRIPLES, 40, 0.1)
    for solve in (single_site.march, single_site.iterate):
        off = []
        for paths in (1000, 16_000):
            found = [
                solve(TRIPLES, 40, 0.1, particles=paths, key=one).correlation
                for one in jax.random.split(jax.random.key(3), 4)
            ]
            off.append(np.sqrt(np.mean((np.array(found) - limit.correlation) ** 2)))
        assert off[1] < 1 / 16_000**0.5
        assert 4 / 1.6 < off[0] / off[1] < 4 * 1.6


def test_one_estimator_fails():
    limit = theory.descent(TRIPLES, 40, 0.1)
    four = single_site.responses(TRIPLES, limit, particles=4000, key=jax.random.key(3))
    rms = {name: float(jnp.sqrt(jnp.mean((getattr(four, name) - limit.response) ** 2))) for name in four.axes()}
    assert rms["tangent"] < 1e-12
    assert max(rms["probe"], rms["novikov"]) < 0.08 < 0.3 < rms["novikov_field"]
