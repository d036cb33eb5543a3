"""What "Write your own" says, at its own parameters."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import figures
from solvable.spinglass import SphericalGlass, experiment, single_site, theory

TRIPLES = SphericalGlass({3: 0.5}, 0.3)


def test_the_twenty_lines_on_the_page():
    """The cell itself, in four draws: more paths, less error; a start that knows the noise is off on average."""
    page = Path(__file__).parents[3] / "book" / "dmft_primer" / "write_your_own.md"
    cells = re.findall(r"```{code-cell} ipython3\n(.*?)```", page.read_text(), re.S)
    cell = "".join(c for c in cells if c.startswith(("def field", "def sweep")))
    assert cell.count("\n") <= 40
    limit, times, off = theory.descent(TRIPLES, 40, 0.1), 0.1 * np.arange(41), {}
    assert cell.count("np.arange(len(z)) % 2") == 1
    biased = cell.replace("1 - 2 * (np.arange(len(z)) % 2)", "np.sign(z[:, 0])")
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


@pytest.fixture(scope="module")
def page():
    """The sweeps of the page, drawn and of endless paths."""
    space = {"np": np, "jax": jax, "jnp": jnp, "theory": theory, "SphericalGlass": SphericalGlass, "figures": figures}
    text = (Path(__file__).parents[3] / "book" / "dmft_primer" / "write_your_own.md").read_text()
    for cell in re.findall(r"```{code-cell} ipython3\n(.*?)```", text, re.S):
        if cell.startswith(("def field", "def sweep")) or "def endless" in cell:
            exec("steps = 40\n" + cell.replace(":tags: [hide-input]", "").split("figures.explore(")[0], space)
    return space


@pytest.mark.parametrize("temperature", [0.3, *(pytest.param(t, marks=pytest.mark.slow) for t in (0.0, 1.0))])
def test_drawn_sweeps_stand_on_the_lines_of_the_explorer(page, temperature):
    """Within 4 standard errors + 8 / 1,000: each sweep draws anew from an average that is off by O(1 / paths)."""
    for sweeps in (0, 1, 2, 4, 8):
        line = page["swept"](sweeps, temperature)["after the sweeps"].y
        found = page["drawn"](sweeps, temperature)["after the sweeps"]
        assert np.all(np.abs(found.y - line[page["every"]]) <= 4 * (found.high - found.y) + 8 / 1000), sweeps


def test_sweeps_get_early_times_right_first_and_end_at_the_solution(page):
    right = []
    for sweeps in range(9):
        curves = page["swept"](sweeps, 0.3)
        off = np.abs(curves["after the sweeps"].y - curves["solution of the theory"].y)
        right.append(int(np.argmax(off > 0.01)) if np.any(off > 0.01) else 41)
    assert np.all(np.diff(right) >= 0)
    assert right[1] < right[2] < right[4]
    many = page["swept"](40, 0.3)
    np.testing.assert_allclose(many["after the sweeps"].y, many["solution of the theory"].y, atol=1e-12)


def test_lonely_spins_remember_as_coupled_ones_do():
    """The first figure: within 4 standard errors of both + 1 / N."""
    coupled = experiment.langevin(TRIPLES, 40, 0.1, size=64, key=jax.random.key(0), repeats=32)
    alone = single_site.march(TRIPLES, 40, 0.1, particles=4000, key=jax.random.key(1))
    off = np.abs(coupled.correlation[:, 0] - alone.correlation[:, 0])
    assert np.all(off <= 4 * (coupled.error("correlation")[:, 0] + 1 / 4000**0.5) + 1 / 64)
