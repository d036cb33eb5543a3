"""What "From coupled spins to one spin in a bath" says, at its own parameters."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from solvable import figures, fits
from solvable.primer import exact
from solvable.spinglass import SphericalGlass, experiment, theory

PAIRS = SphericalGlass({2: 0.5})
PAGE = Path(__file__).parents[3] / "book" / "dmft_primer" / "one_spin.md"


@pytest.fixture(scope="module")
def dial():
    """The cells of the dial, up to its figure."""
    space = {"jax": jax, "jnp": jnp, "np": np, "figures": figures}
    for cell in re.findall(r"```{code-cell} ipython3\n(.*?)```", PAGE.read_text(), re.S):
        if any(f"def {name}(" in cell for name in ("noise", "move", "pulls")):
            exec(cell.replace(":tags: [hide-input]", "").split("figures.explore(")[0], space)
    return space


def test_bands_shrink_onto_the_theory_as_the_root_of_the_size():
    sizes, spread = [32, 64, 128, 256, 512], []
    for size in sizes:
        key = jax.random.key(size)
        runs = experiment.langevin(PAIRS, size=size, steps=30, step_size=0.1, key=key, repeats=48)
        limit = theory.descent(PAIRS, 30, 0.1)
        assert abs(runs.energy[-1] - limit.energy[-1]) < 4 * runs.error("energy")[-1] + 2 / size
        spread.append(float(runs.energy_std[-1]))
    law = fits.power_law(sizes, spread)  # five spreads, each known to 10 %
    assert law.exponent == pytest.approx(0.5, abs=0.12)
    assert law.prefactor == pytest.approx(0.52, abs=0.12)


def test_noise_and_echo_are_equal_for_pairs_and_their_sum_is_the_multiplier():
    limit = theory.descent(PAIRS, 60, 0.1)
    c, r = limit.correlation, limit.response
    noise, echo = (0.1 * jnp.sum(PAIRS.f(c, 1) * r, axis=1), 0.1 * jnp.sum(PAIRS.f(c, 2) * r * c, axis=1))
    np.testing.assert_allclose(noise, echo, rtol=1e-12)
    np.testing.assert_allclose(noise + echo, limit.multiplier, atol=1e-12)


def test_the_others_answer_the_new_spin_as_the_system_without_it_answers_a_field():
    """Linear, without the sphere, at random couplings: every term of the sum, exactly, in any sample."""
    j = np.random.default_rng(1).normal(size=(7, 7)) / 7**0.5  # not symmetric
    start = np.random.default_rng(2).normal(size=7)
    alone, h, steps = j[1:, 1:], 1e-3, 1500
    new = np.stack([scipy.linalg.expm(h * n * j) @ start for n in range(steps + 1)])  # spin 0 is there
    end = h * steps
    poke = [scipy.linalg.expm((end - h * n) * alone) @ j[1:, 0] * new[n, 0] for n in range(steps + 1)]
    answer = h * (np.sum(poke, axis=0) - (poke[0] + poke[-1]) / 2)
    np.testing.assert_allclose(new[-1, 1:] - scipy.linalg.expm(end * alone) @ start[1:], answer, rtol=1e-5)


def test_the_ladder_is_the_glass_and_the_network_without_echo(dial):
    """Noise and echo sum up to the multiplier of `descent` at the same step; without echo C is a Bessel function."""
    limit = theory.descent(PAIRS, 25, 0.1)
    np.testing.assert_allclose(2 * dial["noise"](1.0), limit.multiplier, rtol=1e-12)
    fine = dial["noise"].__globals__ | {"h": 1e-3, "steps": 2000}
    exec("def noise" + PAGE.read_text().split("def noise")[1].split("```")[0], fine)
    norm = np.log(np.diag(exact.linear_network([1.999, 2.0], gain=1.0).values))
    growth = 1 + np.diff(norm)[0] / 1e-3 / 2  # less the decay that the network has
    assert fine["noise"](0.0)[-1] == pytest.approx(growth, abs=2e-3)
    np.testing.assert_allclose(dial["bath"](-1.0)["echo"].y, -dial["bath"](-1.0)["noise"].y, rtol=0)


@pytest.mark.parametrize("symmetry", [1.0, *(pytest.param(s, marks=pytest.mark.slow) for s in (-1, -0.5, 0, 0.5))])
def test_removed_spins_stand_on_the_lines_of_the_dial(dial, symmetry):
    """Within 4 standard errors + 5 / N: the last points are off by 4 / N to 7 / N, at N = 100 and at 200."""
    line, found = dial["bath"](symmetry), dial["cavities"](symmetry)
    for which in ("noise", "echo"):
        off = np.abs(found[which].y - line[which].y[::5]) - 4 * (found[which].high - found[which].y)
        assert np.all(off <= 5 / 200), which


def test_without_symmetry_the_edge_is_at_one():
    a = np.random.default_rng(0).normal(size=(600, 600)) / 600**0.5
    assert np.linalg.eigvalsh((a + a.T) / 2**0.5).max() == pytest.approx(2, abs=0.05)
    assert np.linalg.eigvals(a).real.max() == pytest.approx(1, abs=0.08)
