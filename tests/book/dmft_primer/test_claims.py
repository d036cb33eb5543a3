"""What the pages of the DMFT primer say, at their own parameters."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize

from solvable import fits
from solvable.primer import exact as closed
from solvable.primer import experiment as finite
from solvable.primer import theory as primer
from solvable.spinglass import SphericalGlass, aging, exact, experiment, single_site, theory

PAIRS, TRIPLES = SphericalGlass({2: 0.5}), SphericalGlass({3: 0.5}, 0.3)


class TestOneSpin:
    def test_bands_shrink_onto_the_theory_as_the_root_of_the_size(self):
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

    def test_noise_and_echo_are_equal_for_pairs_and_their_sum_is_the_multiplier(self):
        limit = theory.descent(PAIRS, 60, 0.1)
        c, r = limit.correlation, limit.response
        noise, echo = (0.1 * jnp.sum(PAIRS.f(c, 1) * r, axis=1), 0.1 * jnp.sum(PAIRS.f(c, 2) * r * c, axis=1))
        np.testing.assert_allclose(noise, echo, rtol=1e-12)
        np.testing.assert_allclose(noise + echo, limit.multiplier, atol=1e-12)

    def test_without_symmetry_the_edge_is_at_one(self):
        a = np.random.default_rng(0).normal(size=(600, 600)) / 600**0.5
        assert np.linalg.eigvalsh((a + a.T) / 2**0.5).max() == pytest.approx(2, abs=0.05)
        assert np.linalg.eigvals(a).real.max() == pytest.approx(1, abs=0.08)


class TestTwoTimes:
    @pytest.mark.slow
    def test_samples_of_the_figure(self):
        limit = theory.descent(TRIPLES, 120, 0.1)
        runs = experiment.langevin(TRIPLES, size=120, steps=120, step_size=0.1, key=jax.random.key(1), repeats=24)
        for start in (0, 10, 40):
            off = np.abs(limit.correlation[start:, start] - runs.correlation[start:, start])
            assert np.all(off <= 4 * runs.error("correlation")[start:, start] + 3 / 120)
        left = [limit.correlation[start + 40, start] for start in (0, 10, 40)]
        assert left[0] < left[1] < left[2]  # the older, the longer

    def test_a_poke_is_gone_after_a_unit_of_time(self):
        limit = theory.descent(TRIPLES, 120, 0.1)
        assert limit.response[60, 50] < 0.25 * limit.response[51, 50]
        early, late = (limit.response[t + 80, t] / limit.response[t + 10, t] for t in (0, 40))
        assert early > 1.5 * late  # the first poke is felt for longest

    @pytest.mark.parametrize(("spike", "low", "high"), [(0.5, 0.0, 0.1), (2.0, 0.85, 0.88), (3.0, 0.93, 0.95)])
    def test_a_spike_is_found_above_one(self, spike, low, high):
        found = theory.descent(SphericalGlass({2: 0.5}, 0.0, spike), 200, 0.1, overlap=0.1).overlap[-1]
        assert low <= abs(found) <= high
        if spike > 1:
            assert found**2 == pytest.approx(1 - 1 / spike**2, abs=0.005)

    def test_a_smaller_start_only_waits_longer(self):
        waits = []
        for start in (0.1, 0.01, 0.001):
            overlap = theory.descent(SphericalGlass({2: 0.5}, 0.0, 2.0), 200, 0.1, overlap=start).overlap
            waits.append(int(jnp.argmax(overlap > 0.6)))
        assert 0.7 < (waits[2] - waits[1]) / (waits[1] - waits[0]) < 1.4


class TestWriteYourOwn:
    def test_the_twenty_lines_on_the_page(self):
        """The cell itself, in four draws: more paths, less error; a start that knows the noise is off on average."""
        page = Path(__file__).parents[3] / "book" / "dmft_primer" / "write_your_own.md"
        (cell,) = (
            c for c in re.findall(r"```{code-cell} ipython3\n(.*?)```", page.read_text(), re.S) if "def sweep" in c
        )
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

    def test_both_algorithms_end_at_the_sampling_error(self):
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

    def test_one_estimator_fails(self):
        limit = theory.descent(TRIPLES, 40, 0.1)
        four = single_site.responses(TRIPLES, limit, particles=4000, key=jax.random.key(3))
        rms = {name: float(jnp.sqrt(jnp.mean((getattr(four, name) - limit.response) ** 2))) for name in four.axes()}
        assert rms["tangent"] < 1e-12
        assert max(rms["probe"], rms["novikov"]) < 0.08 < 0.3 < rms["novikov_field"]


class TestAging:
    @pytest.mark.parametrize("temperature", [0.0, 0.4, 0.8])
    def test_three_eighths_over_t_at_every_temperature(self, temperature):
        late = exact.two_spin([0.0, 1e4], temperature=temperature).energy[1] + 1 - temperature / 2
        assert late * 1e4 == pytest.approx(3 / 8, rel=2e-3)

    def test_all_ages_reach_the_plateau_and_leave_it_with_their_age(self):
        lags, ages, left = np.logspace(-1, 6, 71), (10, 100, 1000, 10_000), []
        for age in ages:
            c = np.asarray(exact.two_spin(np.append(age, age + lags), temperature=0.5).correlation[1:, 0])
            left.append(np.exp(np.interp(-0.25, -c, np.log(lags))))
        assert np.all(np.abs(np.array(left) / ages / 6.95 - 1) < [0.25, 0.1, 0.04, 0.02])

    def test_the_limit_is_approached_as_the_root_of_the_age(self):
        off = []
        for age in (10_000.0, 1e6):
            c = float(exact.two_spin([age, 2 * age], temperature=0.5).correlation[1, 0])
            off.append(c - 0.5 * (2 * 2**0.5 / 3) ** 1.5)
        assert off[0] / off[1] == pytest.approx(10, rel=0.05)
        cold = exact.two_spin([10.0, 20.0], temperature=0.0).correlation[1, 0]
        assert cold == pytest.approx((2 * 2**0.5 / 3) ** 1.5, rel=1e-3)

    @pytest.mark.parametrize("age", [10.0, 100.0, 1000.0])
    def test_the_theorem_holds_on_the_fast_clock_only(self, age):
        times = np.append(0.0, age - np.append(np.geomspace(age * 0.999, 1e-3, 120), 0.0))
        solved = exact.two_spin(times, temperature=0.5)
        c, r = np.asarray(solved.correlation[-1]), np.asarray(solved.response[-1])
        chi = 0.5 * np.append(np.cumsum((np.diff(times) * (r[1:] + r[:-1]) / 2)[::-1])[::-1], 0.0)
        fast, slow = 1 - c < 0.2, 1 - c > 0.9
        assert np.all(np.abs(chi - (1 - c))[fast] < 0.02)
        assert 0.45 < chi[slow].max() < 0.6


class TestGlassy:
    def test_descent_approaches_the_threshold_with_a_power_near_two_thirds(self):
        solved = theory.descent(SphericalGlass({3: 0.5}), 1000, 0.1)
        above = np.asarray(solved.energy) + 2 / 3**0.5
        law = fits.power_law(solved.times[1:], above[1:], between=(20, 100))
        assert law.exponent == pytest.approx(2 / 3, abs=0.02)
        assert solved.multiplier[-1] == pytest.approx(-3 * float(solved.energy[-1]), rel=1e-9)
        assert 0 < above[-1] < 0.03

    def test_above_the_transition_it_arrives_and_below_it_does_not(self):
        q = max(root.real for root in np.roots([3, -6, 3, -0.09]) if root.real < 1)
        stuck = -(1 - (1 - (1 - q) / q) * q**3) / 0.6
        assert stuck == pytest.approx(-0.999386, abs=1e-6)  # the sheet's
        warm = theory.flow(SphericalGlass({3: 0.5}, 0.9), 30.0, 0.05).energy[-1]
        cold = theory.flow(SphericalGlass({3: 0.5}, 0.3), 30.0, 0.1).energy[-1]
        assert warm == pytest.approx(-1 / 1.8, abs=2e-3)
        assert 0 < cold - stuck < 0.06
        assert stuck > -1 / 0.6

    @pytest.mark.slow
    def test_two_temperatures_on_a_grid_that_is_not_exact(self):
        """512 points, T = 0.5, beside numbers of a solver on logarithmic rows, alike at two of its resolutions."""
        with pytest.warns(UserWarning, match="agree up to"):  # asked for t = 3000
            old = aging.flow(SphericalGlass({3: 0.5}, 0.5), 3000.0, points=512)
        assert 300 <= old.trusted < 3000
        last = int(np.argmax(old.shown >= 300))  # of the page, which asks for 300
        q = max(root.real for root in np.roots([3, -6, 3, -0.25]) if root.real < 1)
        assert (1 - q) / q == pytest.approx(0.57, abs=0.005)
        lost, answer = 1 - old.correlation[last], 0.5 * old.integrated[last]
        fast = lost < 0.2
        assert np.all(np.abs(answer - lost)[fast] < 0.01)
        slope = np.polyfit(lost[(lost > 0.5) & (lost < 0.8)], answer[(lost > 0.5) & (lost < 0.8)], 1)[0]
        assert slope == pytest.approx((1 - q) / q, abs=0.08)
        rows = np.searchsorted(old.times, np.asarray(old.shown)[[0, last]] * (1 - 1e-9))
        assert old.correlation[last, 256] / 0.4800854 - 1 == pytest.approx(1e-3, abs=5e-4)
        assert old.energy[rows[1]] + 0.8777332 == pytest.approx(-3e-4, abs=5e-5)
        assert old.energy[rows[0]] + 0.8402757 == pytest.approx(1e-3, abs=5e-5)

    def test_the_benchmark_says_that_two_grids_agree_and_are_both_wrong(self):
        """The committed lines: within 0.5 % of each other at every time, and more than 2 % off at the last."""
        text = (Path(__file__).parents[3] / "benchmarks" / "results" / "spinglass-2-core-cpu.txt").read_text()
        line = r"t = +([\d.]+): e = (-[\d.]+), off ([-+.\de]+); C = ([\d.]+), off ([-+.\d]+)%"
        found = {}
        for part in re.split(r"\n  (?=\d)", text)[1:]:
            name, *_ = part.splitlines()
            found[name] = np.array([[float(x) for x in row] for row in re.findall(line, part)])
        assert np.all(np.abs(found["1024 against 2048 points"][:, 4]) < 0.5)
        for points in ("1024", "2048"):
            t, energy, off, c, percent = found[f"{points} points, off the truth"].T
            assert t[-1] > 12_600
            assert percent[-1] > 2
            assert np.all((off[2:] < -1e-4) & (off[2:] > -3e-4))
            assert off[0] == pytest.approx(1e-3, abs=5e-5)
            assert c[-1] / (1 + percent[-1] / 100) == pytest.approx(0.4554927, abs=1e-4)
            assert energy[-1] - off[-1] == pytest.approx(-0.8856078, abs=1e-5)

    def test_the_ground_state_lies_just_below_the_threshold(self):
        """Where the number of stationary points, e^(N Sigma), stops being large (Auffinger, Ben Arous, Cerny 2013).

        At unit variance, f = q^3: energies are sqrt 2 as large as the page's.
        """
        threshold = 2 * (2 / 3) ** 0.5

        def complexity(u):
            lost, _ = integrate.quad(lambda z: np.sqrt(z**2 - threshold**2), threshold, u)
            return np.log(2) / 2 - u**2 / 8 - 2 / threshold**2 * lost

        ground = optimize.brentq(complexity, threshold + 1e-6, 2)
        assert ground == pytest.approx(1.657, abs=5e-4)  # theirs
        assert -ground / 2**0.5 == pytest.approx(-1.172, abs=5e-4)
        assert -threshold / 2**0.5 == pytest.approx(-1.155, abs=5e-4)
        assert (ground - threshold) / 2**0.5 == pytest.approx(0.017, abs=5e-4)

    def test_thermodynamics_has_its_transition_at_0586(self):
        """One step of replica symmetry breaking at m = 1: its free energy is that of the liquid."""

        def inverse_square(q):  # of the temperature at which q is stationary
            return 2 / (3 * q * (1 - q))

        q = optimize.brentq(lambda q: inverse_square(q) * q**3 / 2 + np.log(1 - q) + q, 0.4, 0.95)
        assert inverse_square(q) ** -0.5 == pytest.approx(0.586, abs=5e-4)

    def test_the_colder_the_bath_the_hotter_the_slow_motion(self):
        def slow(temperature):
            q = max(root.real for root in np.roots([3, -6, 3, -(temperature**2)]) if root.real < 1)
            return temperature * q / (1 - q)

        assert slow(0.5) == pytest.approx(0.88, abs=0.01)
        assert slow(0.3) == pytest.approx(1.26, abs=0.005)
        assert slow(1e-4) == pytest.approx(3**0.5, abs=1e-3)
        assert slow(0.6123) == pytest.approx(0.612, abs=0.01)


class TestBeyond:
    def test_activity_falls_before_it_grows(self):
        values = np.diag(closed.linear_network(np.linspace(0, 6, 25), gain=1.5).values)
        assert values.min() < 0.8
        assert values[-1] > 1.0
        for gain in (0.5, 1.0, 1.5):  # "at first at the same rate 2"
            start = np.diag(closed.linear_network([0.0, 1e-3], gain=gain).values)
            assert np.log(start[1] / start[0]) / 1e-3 == pytest.approx(-2, abs=5e-3)

    def test_the_network_of_the_figure(self):
        lags = np.arange(0, 10.1, 0.2)
        limit = primer.tanh_network(3.0, lags)
        key = jax.random.key(0)
        runs = finite.tanh_network(3.0, lags, size=800, time=40, burn_in=10, key=key, repeats=2)
        assert np.max(np.abs(runs.correlation - limit.correlation)) < 0.1 * limit.variance
        assert runs.lyapunov == pytest.approx(float(limit.lyapunov), abs=0.04)
        assert abs(limit.zero_mode) < 1e-10
        assert limit.variance == pytest.approx(5.4, abs=0.05)

    def test_memory_grows_towards_the_edge_of_chaos(self):
        lags = jnp.linspace(0, 20, 61)
        shares = [primer.tanh_network(g, lags).correlation for g in (1.05, 1.5, 4.0)]
        halves = [float(lags[jnp.argmax(x < 0.5 * x[0])]) if x[-1] < 0.5 * x[0] else 99.0 for x in shares]
        assert halves[0] > halves[1] > halves[2]
        for gain in (1.05, 1.5, 4.0):  # "far below g - 1"
            assert 0 < primer.tanh_network(gain, [0.0]).lyapunov < 0.15 * (gain - 1)

    def test_test_loss_turns_and_train_loss_does_not(self):
        solved = primer.regression(200, learning_rate=0.1, aspect=0.8, noise=0.25)
        assert int(solved.test.argmin()) == pytest.approx(30, abs=3)
        assert solved.test[-1] > 1.05 * solved.test.min()
        assert np.all(np.diff(solved.train) < 0)

    def test_the_end_has_a_peak_at_aspect_one(self):
        ends = [closed.regression([1e3], aspect=a, noise=0.2).test[0] for a in (0.6, 1.0, 1.6)]
        assert ends[1] > 3 * max(ends[0], ends[2])
