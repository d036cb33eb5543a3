"""The closed-form theory: against finer contours, direct sums, symmetries, limits, derivatives and bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.tree_util import Partial
from numpy.testing import assert_allclose

from solvable import Spectrum, linear_model
from solvable.linear_model import theory
from solvable.linear_model.experiment import students
from solvable.linear_model.theory import flow, response
from solvable.numerics.laplace import talbot

inf = np.inf
TIMES = np.logspace(-1, 5, 13)
CASES = [  # width, samples, noise
    (100, 150, 0.0),
    (100, 150, 0.1),
    (inf, 150, 0.05),
    (100, inf, 0.1),
    (200, 80, 0.0),
    (128, 128, 0.2),
    (1000, 700, 0.1),  # more of both than modes
    (5, 7, 0.0),
]


EXPONENTS = [(1.5, 1.25), (1.8, 1.4), (1.2, 0.7), (5.0, 1.5)]


def on_contour(points, exponents=EXPONENTS, cases=CASES):
    """(test, train) of every case, by a contour of so many points."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "CONTOUR", talbot(points))
        jax.clear_caches()  # the contour is a constant of the compiled program
        curves = [
            theory.gradient_flow(Spectrum.power_law(a=a, b=b, modes=400), TIMES, width=n, samples=p, noise=noise)
            for a, b in exponents
            for n, p, noise in cases
        ]
    jax.clear_caches()
    return np.array([(curve.test, curve.train) for curve in curves])


@pytest.mark.slow
def test_contour_error_is_below_its_bound():
    """20 points against 26: 1e-8 of the loss plus 1e-11 of L(0). Measured: 1e-3 of that, also where a - 1 > b."""
    used, finer = on_contour(len(flow.CONTOUR.nodes) * 2), on_contour(26)
    assert_allclose(used, finer, rtol=1e-8, atol=1e-11)
    assert not np.array_equal(used, finer)  # the finer contour was really used
    coarse = on_contour(12, EXPONENTS[:1], CASES[:1])  # and the bound can be missed
    assert np.max(np.abs(coarse - finer[:1]) / (1e-8 * finer[:1] + 1e-11)) > 1


def test_without_limits_the_loss_is_the_direct_sum():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=500)
    curves = theory.gradient_flow(spectrum, TIMES, noise=0.3)
    direct = [np.sum(spectrum.task_power * np.exp(-2 * spectrum.eigenvalues * t)) for t in TIMES]
    assert_allclose(curves.test, direct, rtol=1e-13)
    assert_allclose(curves.train, np.array(direct) + 0.3, rtol=1e-13)


def test_the_contour_meets_the_direct_sum():
    """N and P so large that they do not matter: the two-frequency contour must give the direct sum."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=500)
    limited = theory.gradient_flow(spectrum, TIMES, width=1e14, samples=1e14)
    assert_allclose(limited.test, theory.gradient_flow(spectrum, TIMES).test, rtol=1e-8, atol=1e-11)
    assert_allclose(limited.train, limited.test, rtol=1e-8, atol=1e-11)


def test_one_frequency_suffices_for_infinite_samples():
    """An independent formula for P = inf: the loss is the inverse transform of sum c/(z + lambda R3) at 2t."""
    spectrum, width = Spectrum.power_law(a=1.5, b=1.25, modes=300), 40
    lam, power = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    nodes, weights = talbot(24)
    expected = []
    for t in (1.0, 30.0, 1e3):
        z = nodes / (2 * t)
        r3 = np.ones_like(z)
        for _ in range(20_000):  # plain damped iteration of R3 = 1 - (1/N) sum lambda R3 / (z + lambda R3)
            r3 = 0.5 * r3 + 0.5 * (1 - np.sum(lam * r3[:, None] / (z[:, None] + lam * r3[:, None]), axis=1) / width)
        inside = np.sum(power / (z[:, None] + lam * r3[:, None]), axis=1)
        expected.append(2 * np.sum(weights / (2 * t) * inside).real)
    curves = theory.gradient_flow(spectrum, [1.0, 30.0, 1e3], width=width)
    assert_allclose(curves.test, expected, rtol=1e-8)


@pytest.mark.parametrize(("width", "samples"), [(40, 90), (300, 50), (64, 65), (5, 1000)])
def test_width_and_samples_exchange_when_every_mode_weighs_the_same(width, samples):
    """a = b without noise: the test loss at (N, P) is that at (P, N), at all times; the train loss is not."""
    spectrum = Spectrum.power_law(a=1.3, b=1.3, modes=200)
    one = theory.gradient_flow(spectrum, TIMES, width=width, samples=samples)
    other = theory.gradient_flow(spectrum, TIMES, width=samples, samples=width)
    assert_allclose(one.test, other.test, rtol=1e-12)
    assert np.max(np.abs(one.train / other.train - 1)) > 0.01
    tilted = Spectrum.power_law(a=1.8, b=1.3, modes=200)  # and it needs a = b
    one = theory.gradient_flow(tilted, TIMES, width=width, samples=samples)
    other = theory.gradient_flow(tilted, TIMES, width=samples, samples=width)
    assert np.max(np.abs(one.test / other.test - 1)) > 1e-3


@pytest.mark.parametrize(("width", "samples", "noise"), [case for case in CASES if case[0] != case[1]])
def test_late_flow_reaches_the_final_loss(width, samples, noise):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=400)
    late = theory.gradient_flow(spectrum, [1e14], width=width, samples=samples, noise=noise)
    final = theory.final_loss(spectrum, width=width, samples=samples, noise=noise)
    assert_allclose(late.test[0], final.test, rtol=1e-7, atol=1e-11)
    assert_allclose(late.train[0], final.train, rtol=1e-7, atol=1e-11)


@pytest.mark.parametrize("modes", [1e8, 1e14, 1e20])
def test_modes_without_number_leave_no_rounding(modes):
    """Each hardly learned mode is learned to a share of its own, not to what rounding leaves of one."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=modes, binned=True)
    late = theory.gradient_flow(spectrum, [1e8], width=1000, samples=3000, noise=0.1)
    assert_allclose(late.test[0], theory.final_loss(spectrum, width=1000, samples=3000, noise=0.1).test, rtol=1e-9)


def test_unordered_times_and_a_single_late_one():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=300)
    shuffled = np.random.default_rng(0).permutation(TIMES)
    kwargs = {"width": 50, "samples": 80, "noise": 0.1}
    ordered = dict(zip(TIMES, theory.gradient_flow(spectrum, TIMES, **kwargs).test, strict=True))
    curves = theory.gradient_flow(spectrum, shuffled, **kwargs)
    assert_allclose(curves.test, [ordered[t] for t in shuffled], rtol=1e-9)
    assert_allclose(theory.gradient_flow(spectrum, [1e5], **kwargs).test[0], ordered[TIMES[-1]], rtol=1e-9)


def test_time_zero_is_the_whole_task():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=100, normalize=False)
    curves = theory.gradient_flow(spectrum, [0.0, 1e-9], width=10, samples=20, noise=0.2)
    assert curves.test[0] == spectrum.task_power.sum()
    assert_allclose(curves.train[0], spectrum.task_power.sum() + 0.2)
    assert_allclose(curves.test[1], curves.test[0], rtol=1e-7)  # and continuous there


def test_singular_final_losses_are_values():
    """N = P < K diverges; where N or P reaches K the limit is taken; nothing is NaN."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=60)

    def final(**kwargs):
        result = theory.final_loss(spectrum, **kwargs)
        return float(result.test), float(result.train)

    assert final(width=30, samples=30) == (inf, 0.0)
    assert final(width=60, samples=inf) == (0.0, 0.0)
    assert final(width=inf, samples=60) == (0.0, 0.0)
    assert final(width=70, samples=60, noise=0.1)[0] == inf
    assert final(width=60, samples=80, noise=0.1) == pytest.approx((0.1 * 60 / 20, 0.1 * (1 - 60 / 80)))
    assert final(width=inf, samples=80, noise=0.1) == pytest.approx((0.1 * 60 / 20, 0.1 * (1 - 60 / 80)))
    assert final(width=60, samples=60, noise=0.1)[0] == inf
    corner = final(width=60, samples=60)
    assert corner[0] == pytest.approx(final(width=60, samples=60, ridge=1e-13)[0], rel=1e-3)
    near = final(width=60, samples=40)  # N = K is nothing special while P < K
    assert near[0] == pytest.approx(final(width=60 - 1e-7, samples=40)[0], rel=1e-5)
    assert near[1] == 0.0


@pytest.mark.parametrize(
    ("width", "samples", "noise", "ridge"), [(50, 80, 0.1, 0.01), (80, 50, 0.0, 1e-3), (60, 60, 0.1, 1e-4)]
)
def test_static_ridge_against_brute_force(width, samples, noise, ridge):
    """delta |w|^2 added to the mean square error, 600 draws: within 3 standard errors + 2 %."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=300)
    lam = np.asarray(spectrum.eigenvalues)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    rng = np.random.default_rng(1)
    test, train = [], []
    for _ in range(600):
        a = rng.standard_normal((width, lam.size)) / np.sqrt(width)
        psi = rng.standard_normal((samples, lam.size)) * np.sqrt(lam)
        y = psi @ teacher + np.sqrt(noise) * rng.standard_normal(samples)
        phi = psi @ a.T
        w = np.linalg.solve(phi.T @ phi / samples + ridge * np.eye(width), phi.T @ y / samples)
        test.append(lam @ (teacher - a.T @ w) ** 2)
        train.append(np.mean((y - phi @ w) ** 2))
    final = theory.final_loss(spectrum, width=width, samples=samples, noise=noise, ridge=ridge)
    for value, draws in ((final.test, test), (final.train, train)):
        mean, error = np.mean(draws), np.std(draws) / np.sqrt(len(draws))
        assert error < 0.025 * mean
        assert abs(value - mean) < 3 * error + 0.02 * mean


@pytest.mark.slow
def test_mode_errors_make_the_bias():
    """H_k: 1 at the start, exp(-lambda t) without limits, and with P = N = inf its square is the loss."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=200)
    free = theory.mode_errors(spectrum, [0.0, *TIMES])
    assert free.shape == (14, 200)
    assert_allclose(free[0], 1.0)
    assert_allclose(free[1:], np.exp(-np.outer(TIMES, spectrum.eigenvalues)), rtol=1e-12, atol=1e-300)
    limited = theory.mode_errors(spectrum, TIMES, width=40, samples=60)
    bias = limited**2 @ spectrum.task_power
    assert np.all(bias < theory.gradient_flow(spectrum, TIMES, width=40, samples=60).test)
    final = 1 / (1 + np.asarray(spectrum.eigenvalues) / float(_kappa_star(spectrum, 40)))
    assert_allclose(theory.mode_errors(spectrum, [1e14], width=40, samples=60)[0], final, rtol=1e-6)


@pytest.mark.slow
def test_mode_errors_at_finite_time_and_size():
    """The contour against exp(-lambda t) where sizes do not matter, and against 300 students where they do."""
    spectrum = Spectrum.power_law(a=1.8, b=1.4, modes=400)
    free = theory.mode_errors(spectrum, TIMES, width=1e14, samples=1e14)
    assert_allclose(free, np.exp(-np.outer(TIMES, spectrum.eigenvalues)), atol=1e-10)
    teacher = np.sqrt(np.asarray(spectrum.task_power / spectrum.eigenvalues))
    rng, found = np.random.default_rng(0), []
    until = Partial(students.flow, jnp.array([1000.0]))
    train = jax.jit(students.train)
    for _ in range(300):
        draws = (jnp.asarray(rng.standard_normal(shape)) for shape in ((100, 400), (150, 400), 150))
        student = train(spectrum, jnp.zeros(()), students.Draws(*draws), until)
        found.append(1 - np.asarray(student.modes[:, 0]) / teacher)
    expected = np.asarray(theory.mode_errors(spectrum, [1000.0], width=100, samples=150)[0])
    for modes in (slice(9, 20), slice(20, 50), slice(50, 100), slice(100, 200)):
        draws = np.array(found)[:, modes].mean(axis=1)
        error = draws.std() / np.sqrt(len(draws))
        assert error < 0.03
        assert abs(draws.mean() - expected[modes].mean()) < 3.5 * error
    twice = np.asarray(theory.mode_errors(spectrum, [2000.0], width=100, samples=150)[0])
    assert abs(np.array(found)[:, 50:100].mean() - twice[50:100].mean()) > 0.03  # and it would see a factor of two


def test_the_scale_of_the_spectrum_does_not_matter():
    small = Spectrum([1e-170, 3e-171], [1.0, 0.5])
    usual = Spectrum([1.0, 0.3], [1.0, 0.5])
    one = theory.gradient_flow(small, np.array([1.0, 10.0]) * 1e170, width=1, samples=3)
    assert_allclose(one.test, theory.gradient_flow(usual, [1.0, 10.0], width=1, samples=3).test, rtol=1e-12)


def _kappa_star(spectrum, rank):
    low, high = 1e-30, 1.0
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if spectrum.dimension(middle) > rank else (low, middle)
    return high


def test_nothing_compiles_when_values_change():
    """Width, samples, noise, times and exponents are traced: a slider step costs no compilation."""
    compiled = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, _, **__: compiled.append(event) if event.endswith("backend_compile_duration") else None
    )

    def step(a, b, width, samples, noise, times):
        spectrum = Spectrum.power_law(a=a, b=b, modes=123)
        theory.gradient_flow(spectrum, times, width=width, samples=samples, noise=noise)
        theory.mode_errors(spectrum, times, width=width, samples=samples)
        theory.final_loss(spectrum, width=width, samples=samples, noise=noise, ridge=noise)

    step(1.5, 1.25, 33, 44, 0.1, np.logspace(0, 3, 11))
    assert compiled  # the listener hears
    compiled.clear()
    step(1.7, 1.1, inf, 55, 0.0, np.logspace(1, 4, 11))
    step(2.0, 0.9, 22.5, inf, 0.2, np.linspace(0, 9, 11))
    assert compiled == []
    step(1.5, 1.25, 33, 44, 0.1, np.logspace(0, 3, 12))  # another number of times does compile
    assert compiled


def test_vmap_and_jit_go_through():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=80)
    widths = jnp.array([10.0, 40.0, inf])
    batched = jax.jit(jax.vmap(lambda n: theory.gradient_flow(spectrum, TIMES, width=n, samples=60).test))(widths)
    single = [theory.gradient_flow(spectrum, TIMES, width=n, samples=60).test for n in widths]
    assert_allclose(batched, single, rtol=1e-9, atol=1e-14)
    exponents = jnp.array([1.3, 2.0])
    over_a = jax.vmap(lambda a: theory.final_loss(Spectrum.power_law(a=a, b=1.2, modes=80), width=20).test)(exponents)
    assert_allclose(over_a[1], theory.final_loss(Spectrum.power_law(a=2.0, b=1.2, modes=80), width=20).test)


sizes = st.one_of(st.just(inf), st.floats(1, 300), st.integers(1, 300))
models = st.fixed_dictionaries(
    {
        "a": st.floats(1.05, 4),
        "b": st.floats(0.3, 3),
        "width": sizes,
        "samples": sizes,
        "noise": st.floats(0, 1),
    }
)
MANY = np.concatenate([[0.0], np.logspace(-2, 6, 15)])


@given(models)
@settings(max_examples=60)
def test_train_never_rises_and_nothing_is_negative_or_nan(model):
    spectrum = Spectrum.power_law(a=model["a"], b=model["b"], modes=64)
    kwargs = {name: model[name] for name in ("width", "samples", "noise")}
    curves = theory.gradient_flow(spectrum, MANY, **kwargs)
    assert np.all(np.diff(curves.train) <= 1e-10)  # L(0) = 1
    assert np.all(curves.test >= 0)
    assert np.all(curves.train >= 0)
    assert np.all(np.isfinite(curves.test))
    if kwargs["samples"] == inf:
        assert_allclose(curves.train, curves.test + kwargs["noise"], rtol=1e-12)
        assert np.all(np.diff(curves.test) <= 1e-10)
        wider = theory.gradient_flow(spectrum, MANY, **(kwargs | {"width": 1.5 * kwargs["width"]}))
        assert np.all(wider.test <= curves.test + 1e-10)


def test_with_finite_samples_the_test_loss_can_rise():
    """Late overfitting in time and double descent in width are physics, so no property above forbids them."""
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=400)
    noisy = theory.gradient_flow(spectrum, TIMES, width=100, samples=150, noise=0.2).test
    assert noisy[-1] > 1.5 * noisy.min()
    peak = [theory.final_loss(spectrum, width=n, samples=100, noise=0.1).test for n in (50, 95, 300)]
    assert peak[1] > 2 * max(peak[0], peak[2])


@given(models, st.floats(0.01, 100), st.floats(0.01, 100))
@settings(max_examples=30)
def test_rescaling(model, rate, power):
    """Eigenvalues times r is time times r; task power and noise times p is loss times p."""
    spectrum = Spectrum.power_law(a=model["a"], b=model["b"], modes=64)
    sizes = {"width": model["width"], "samples": model["samples"]}
    one = theory.gradient_flow(spectrum, MANY, noise=model["noise"], **sizes)
    scaled = Spectrum(spectrum.eigenvalues * rate, spectrum.task_power * power)
    two = theory.gradient_flow(scaled, MANY / rate, noise=model["noise"] * power, **sizes)
    assert_allclose(two.test, power * one.test, rtol=1e-7, atol=1e-10 * power)
    assert_allclose(two.train, power * one.train, rtol=1e-7, atol=1e-10 * power)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"times": [-1.0]}, r"times must be >= 0.*-1\.0.*index \(0,\)"),
        ({"times": [1.0, np.nan]}, r"times must be >= 0.*nan"),
        ({"times": [inf]}, r"times must be .*finite"),
        ({"times": 3.0}, r"times must be a list of times, shape \(T,\); got shape \(\)"),
        ({"times": []}, r"times .* shape \(0,\)"),
        ({"width": 0.5}, r"width must be >= 1 .*0\.5"),
        ({"width": np.nan}, r"width .*nan"),
        ({"width": np.array([5.0, 6.0])}, r"width must be one number.*shape \(2,\)"),
        ({"times": [1 + 1j]}, r"times must be >= 0"),
        ({"samples": 0}, r"samples must be >= 1"),
        ({"noise": -0.1}, r"noise must be >= 0 and finite; got -0\.1"),
    ],
)
def test_bad_input_is_named(kwargs, says):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    with pytest.raises(ValueError, match=says):
        theory.gradient_flow(spectrum, **({"times": [1.0]} | kwargs))


def test_bad_ridge_is_named():
    with pytest.raises(ValueError, match=r"ridge must be >= 0 and finite; got -1"):
        theory.final_loss(Spectrum.power_law(a=1.5, b=1.25, modes=10), ridge=-1)


def test_float32_is_refused_with_the_line_to_write():
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    jax.config.update("jax_enable_x64", False)
    try:
        with pytest.raises(RuntimeError, match=r'jax\.config\.update\("jax_enable_x64", True\)'):
            theory.gradient_flow(spectrum, [1.0])
        with pytest.raises(RuntimeError, match="jax_enable_x64"):
            Spectrum.power_law(a=1.5, b=1.25, modes=10)
    finally:
        jax.config.update("jax_enable_x64", True)


def test_no_convergence_is_an_error_not_a_number(monkeypatch):
    monkeypatch.setattr(response, "CONVERGED", 1e-40)
    with pytest.raises(RuntimeError, match="did not converge"):
        theory.gradient_flow(Spectrum.power_law(a=1.5, b=1.25, modes=10), [1.0], width=3)


def test_results_survive_a_file(tmp_path):
    spectrum = Spectrum.power_law(a=1.5, b=1.25, modes=10)
    curves = linear_model.experiment.gradient_flow(spectrum, [1.0, 2.0], width=3, key=jax.random.key(5), repeats=4)
    curves.save(tmp_path / "curves.npz")
    again = linear_model.LossCurves.load(tmp_path / "curves.npz")
    assert_allclose(again.test, curves.test)
    assert_allclose(again.error("test"), curves.error("test"))
    assert_allclose(again.parameters["spectrum"].eigenvalues, spectrum.eigenvalues)
    assert again.parameters["width"] == 3
    repeated = linear_model.experiment.gradient_flow(
        again.parameters["spectrum"],
        again.times,
        width=3,
        key=jax.random.wrap_key_data(again.parameters["key"]),
        repeats=4,
    )
    assert_allclose(repeated.test, curves.test)
