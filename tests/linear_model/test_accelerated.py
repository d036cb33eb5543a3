"""One-pass SGD with momentum: the recursion against the written one, against real streams, and its jumps."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import Spectrum, random_features
from solvable._pytree import pytree
from solvable.linear_model import exact, experiment, theory
from solvable.linear_model.exact import accelerated
from solvable.random_features.momentum import SGD, DanaConstant, DanaDecaying, HeavyBall

from .recursions import accelerated as recursion

EARLY = [0, 1, 2, 5, 31, 33, 64, 100, 127, 128]
LATE = [129, 200, 1000, 5001, 20_000]
SCHEDULES = {
    "SGD": SGD(learning_rate=0.2),
    "heavy ball": HeavyBall(learning_rate=0.02, momentum=0.9),
    "constant": DanaConstant(learning_rate=0.2, dimension=300, delta=6.0),
    "decaying": DanaDecaying(learning_rate=0.2, power=0.6, delta=5.5, scale=0.3),
}


@pytest.fixture(scope="module")
def spectrum():
    return Spectrum.power_law(a=2.2, b=1.6, modes=300, normalize=False)


def given(spectrum, rows, seed):
    """Features of one student; its eigenvalues, mean squares of its best weights along them, and its floor."""
    a = np.random.default_rng(seed).standard_normal((rows, len(spectrum.eigenvalues)))
    lam, m = np.asarray(spectrum.eigenvalues), a / np.sqrt(rows)
    teacher = np.sqrt(np.asarray(spectrum.task_power) / lam)
    q, vectors = np.linalg.eigh(m * lam @ m.T)
    best = np.linalg.solve(m * lam @ m.T, m @ (lam * teacher))
    return jnp.asarray(a), (q, (vectors.T @ best) ** 2, lam @ (teacher - m.T @ best) ** 2)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_early_the_recursion_is_the_written_one(spectrum, schedule):
    features, student = given(spectrum, 30, 0)
    true = recursion(*student, schedule, 4, 0.2, EARLY)
    found = exact.momentum(spectrum, EARLY, schedule=schedule, features=features, batch_size=4, noise=0.2)
    assert_allclose(found.test, true, rtol=1e-12)
    assert_allclose(found.train, true + 0.2, rtol=1e-12)
    assert found.residual == pytest.approx(0, abs=1e-3)  # of jumps that begin at step 64


@pytest.mark.parametrize(
    "name", [name if name == "decaying" else pytest.param(name, marks=pytest.mark.slow) for name in SCHEDULES]
)
def test_jumps_are_good_to_a_ten_thousandth(name):
    """The issue's size. What the result says of itself is no less than what it is off."""
    spectrum, schedule = Spectrum.power_law(a=2.2, b=1.6, modes=10**4, normalize=False, binned=True), SCHEDULES[name]
    student = (spectrum.eigenvalues, spectrum.task_power / spectrum.eigenvalues, 0.0)
    true = recursion(*map(np.asarray, student), schedule, 1, 0.0, LATE, np.asarray(spectrum.counts))
    found = exact.momentum(spectrum, LATE, schedule=schedule, batch_size=1)
    off = np.abs(found.test / true - 1).max()
    assert 0 < off < 1e-4
    assert off < found.residual < 3e-4
    assert found.converged


@pytest.mark.slow
@pytest.mark.parametrize("name", ["constant", "decaying"])
def test_jumps_of_given_features_with_noise(spectrum, name):
    """A floor, which the student reaches, and label noise that momentum adds up: what they are off, they say."""
    features, student = given(spectrum, 50, 1)
    true = recursion(*student, SCHEDULES[name], 2, 0.1, LATE)
    found = exact.momentum(spectrum, LATE, schedule=SCHEDULES[name], features=features, batch_size=2, noise=0.1)
    off = np.abs(found.test / true - 1).max()
    assert off < found.residual < 1e-3


def test_without_momentum_it_is_sgd_at_any_step():
    """The transform, which is right to 1e-9, against the jumps."""
    spectrum, steps = random_features.spectrum(1.0, 0.7, latent=10**15), [50, 128, 1000, 10**6, 10**9, 10**12]
    method = {"batch_size": 2, "noise": 0.01}
    found = exact.momentum(spectrum, steps, schedule=SGD(learning_rate=0.2), **method)
    assert_allclose(found.test, theory.sgd(spectrum, steps, learning_rate=0.2, **method).test, rtol=2e-5)
    early = exact.sgd(spectrum, steps[:2], features=None, learning_rate=0.2, **method)
    assert_allclose(found.test[:2], early.test, rtol=1e-12)


def test_an_endless_batch_is_heavy_ball():
    spectrum, steps = Spectrum.power_law(a=1.8, b=1.4, modes=1000), [0, 3, 50, 400, 5000, 30_000]
    method = {"learning_rate": 0.3, "momentum": 0.9}
    found = exact.momentum(spectrum, steps, schedule=HeavyBall(**method), batch_size=1e13)
    descent = theory.gradient_descent(spectrum, steps, **method)
    assert_allclose(found.test[:3], descent.test[:3], rtol=1e-8)
    assert_allclose(found.test, descent.test, rtol=1e-6)


def test_real_streams_follow_the_recursion(spectrum):
    """600 streams of one student in all K modes, sample by sample: within 4 standard errors of the recursion."""
    lam, rng = np.asarray(spectrum.eigenvalues), np.random.default_rng(3)
    teacher, steps, schedule = np.sqrt(np.asarray(spectrum.task_power) / lam), [1, 10, 60], SCHEDULES["decaying"]
    a = rng.standard_normal((20, 300)) / np.sqrt(20)
    w, y, found = np.zeros((600, 20)), np.zeros((600, 20)), []
    for step in range(max(steps) + 1):
        if step in steps:
            found.append(((teacher - w @ a) ** 2) @ lam)
        psi = rng.standard_normal((600, 300)) * np.sqrt(lam)
        phi = psi @ a.T
        pull = -((psi @ teacher + 0.3 * rng.standard_normal(600)) - np.sum(phi * w, axis=1))[:, None] * phi
        fades, g1, g2, g3 = schedule.coefficients(step)
        y = (1 - fades) * y + g1 * pull
        w = w - g2 * pull - g3 * y
    features = jnp.asarray(a * np.sqrt(20))
    loss = exact.momentum(spectrum, steps, schedule=schedule, features=features, batch_size=1, noise=0.09).test
    mean, error = np.mean(found, axis=1), np.std(found, axis=1) / 600**0.5
    assert np.all(np.abs(loss - mean) < 4 * error)
    assert np.all(error / mean < 0.05)


@pytest.mark.parametrize(
    ("steps", "repeats"), [([16, 64], 100), pytest.param([16, 64, 256, 1024], 600, marks=pytest.mark.slow)]
)
def test_streams_of_the_experiment_follow_the_recursion(spectrum, steps, repeats):
    """(alpha, beta) = (0.8, 0.3), v = 300, d = 50: the same features with streams, and averaged over all streams."""
    method = {"batch_size": 1, "width": 50, "key": jax.random.key(0), "repeats": repeats}
    schedule = DanaDecaying(learning_rate=0.3 / float(spectrum.eigenvalues.sum()), power=0.625, delta=5.375, scale=0.3)
    streams, averaged = (
        experiment.momentum(spectrum, steps, schedule=schedule, **method, average_batches=one) for one in (False, True)
    )
    assert np.all(np.abs(streams.test - averaged.test) < 4 * streams.error("test"))
    assert np.all(streams.error("test") / streams.test < 0.4 / repeats**0.5)  # 1.4 % of 600
    assert np.all(streams.test_std > averaged.test_std)


def test_without_momentum_streams_are_those_of_sgd(spectrum):
    method = {"batch_size": 3, "width": 20, "noise": 0.1, "key": jax.random.key(1), "repeats": 4}
    found = experiment.momentum(spectrum, [0, 7, 90], schedule=SGD(learning_rate=0.2), **method)
    sgd = experiment.sgd(spectrum, [0, 7, 90], learning_rate=0.2, **method)
    assert_allclose(found.test, sgd.test, rtol=1e-10)
    assert_allclose(found.test_std, sgd.test_std, rtol=1e-10)


def test_a_cut_is_the_first_modes_and_a_floor():
    """Out of order, too; and a node of a binned spectrum gives its share."""
    order = np.random.default_rng(0).permutation(300)
    lam, c = np.arange(1.0, 301) ** -1.6, np.arange(1.0, 301) ** -2.2
    first, mixed = Spectrum(lam[:40], c[:40]), Spectrum(lam[order], c[order])
    method = {"schedule": SCHEDULES["decaying"], "batch_size": 2}
    cut = exact.momentum(mixed, [0, 9, 3000], latent_cut=40, **method, noise=0.1)
    true = exact.momentum(first, [0, 9, 3000], **method, noise=0.1 + c[40:].sum())
    assert_allclose(cut.test, true.test + c[40:].sum(), rtol=1e-10)
    whole = exact.momentum(mixed, [0, 9, 3000], **method, noise=0.1)
    assert_allclose(exact.momentum(mixed, [0, 9, 3000], latent_cut=1e9, **method, noise=0.1).test, whole.test, 1e-12)
    binned, one_by_one = (
        Spectrum.power_law(a=2.2, b=1.6, modes=2000, normalize=False, binned=one) for one in (True, False)
    )
    for count, rtol in ((255, 1e-8), (300, 1e-2)):
        few, many = (exact.momentum(one, [10, 10**5], latent_cut=count, **method) for one in (binned, one_by_one))
        assert_allclose(few.test, many.test, rtol=rtol)


@pytest.mark.parametrize("shift", [0, 1])
def test_jumps_stand_where_they_stand(spectrum, shift):
    """Steps between two jumps, and at their ends, are the same whatever else is asked for."""
    several = [900 + shift, 1000, 1001, 1023, 1024, 4000, 54_321]
    together = exact.momentum(spectrum, several, schedule=SCHEDULES["constant"], batch_size=1)
    for step, test in zip(several, together.test, strict=True):
        alone = exact.momentum(spectrum, [step], schedule=SCHEDULES["constant"], batch_size=1)
        assert_allclose(alone.test[0], test, rtol=1e-13)


def test_the_number_of_jumps_grows_as_the_logarithm_of_time():
    made, count, step = {}, 0, 0
    for power in (3, 6, 9, 12):
        while step < 10**power:
            step, count = step + int(accelerated.length(jnp.asarray(step))), count + 1
        made[power] = count
    assert made[12] - made[9] == pytest.approx(64 * np.log2(1e3), rel=0.02)
    assert made[9] - made[6] == pytest.approx(64 * np.log2(1e3), rel=0.02)
    assert made[12] < 128 + 64 * np.log2(1e12 / 64)


def test_a_loss_that_grows_without_end_is_an_error_with_its_step(spectrum):
    """A student wider than the dimension that its schedule knows, for streams and for their average."""
    narrow = DanaConstant(learning_rate=0.2, dimension=2, delta=6.0)
    method = {"schedule": narrow, "batch_size": 1}
    with pytest.raises(
        ValueError, match=r"schedule must be stable; got DanaConstant\(.*a thousandfold by step \d+$"
    ) as at:
        exact.momentum(spectrum, [10, 10**12], **method)
    step = int(str(at.value).split()[-1])
    student = (np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power / spectrum.eigenvalues), 0.0)
    loss = recursion(*student, narrow, 1, 0.0, [0, step // 2, step + 10])
    assert loss[2] > 1e3 * loss[0] > loss[1]
    with pytest.raises(ValueError, match=r"schedule must be stable.* by step 3000"):
        experiment.momentum(spectrum, [10, 3000], **method, width=40, key=jax.random.key(0), repeats=2)
    with pytest.raises(ValueError, match=r"schedule must be stable; got SGD.* by step \d+$"):
        exact.momentum(spectrum, [10, 10**4], schedule=SGD(learning_rate=3.0), batch_size=1)
    assert np.isinf(jax.jit(lambda: exact.momentum(spectrum, [10**6], **method).test)()).all()


@pytest.mark.parametrize("ratio", [8, 64, 512])
def test_losses_that_oscillate_are_never_negative(spectrum, ratio, monkeypatch):
    """A small delta; the jumps say that they are poor where they are."""
    features, student = given(spectrum, 20, 5)
    schedule = DanaConstant(learning_rate=0.1, dimension=40, delta=0.6)
    monkeypatch.setattr(accelerated, "RATIO", ratio)
    jax.clear_caches()
    steps = np.unique(np.logspace(0, 4.3, 60).astype(int))
    true = recursion(*student, schedule, 4, 0.0, steps)
    found = accelerated.moments(
        exact.basis(spectrum, features), jnp.asarray(steps, float), schedule, jnp.asarray(4.0), jnp.asarray(0.0)
    )
    assert np.all(np.isfinite(found[0]))
    assert np.all(found[0] >= 0)
    assert np.abs(found[0] / true - 1).max() < found[1] + 1e-12
    jax.clear_caches()


def test_what_turns_may_be_traced_and_compiles_once(spectrum):
    def loss(rate, cut):
        schedule = DanaDecaying(learning_rate=rate, power=0.6, delta=5.5)
        return exact.momentum(spectrum, [3, 300, 30_000], schedule=schedule, latent_cut=cut, batch_size=1).test

    both = jax.vmap(loss)(jnp.array([0.1, 0.2]), jnp.array([20.0, 300.0]))
    assert_allclose(both[1], loss(0.2, 300), rtol=1e-9)
    before = accelerated.moments._cache_size()
    loss(0.15, 77)
    assert accelerated.moments._cache_size() == before


@pytree
@dataclass(frozen=True)
class Own:
    """A schedule of somebody's own."""

    learning_rate: float
    fades: float = 1.0
    push: float = 0.0

    def coefficients(self, step):
        return self.fades, 1.0, self.learning_rate, self.push


def test_a_schedule_of_ones_own(spectrum):
    found = exact.momentum(spectrum, [10, 500], schedule=Own(0.1, 0.1, 0.02), batch_size=8)
    student = (np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power / spectrum.eigenvalues), 0.0)
    assert_allclose(found.test, recursion(*student, Own(0.1, 0.1, 0.02), 8, 0.0, [10, 500]), rtol=1e-5)


@pytest.mark.parametrize(
    ("kwargs", "says"),
    [
        ({"steps": [0.5]}, r"steps must be whole numbers >= 0; got 0\.5"),
        ({"steps": [1e300]}, r"steps must be at most"),
        ({"batch_size": 0}, r"batch_size must be .*>= 1.*; got 0"),
        ({"noise": -0.1}, r"noise must be >= 0 and finite; got -0\.1"),
        ({"schedule": Own(0.1, 1.5)}, r"schedule must be one with 0 <= Delta <= 1 at every step; got 1\.5"),
        ({"schedule": Own(0.1, -0.5)}, r"schedule must be one with 0 <= Delta <= 1 at every step; got -0\.5"),
        ({"schedule": Own(-0.1)}, r"schedule must be one with g_2 >= 0 and finite; got -0\.1"),
        ({"schedule": Own(0.1, 1.0, np.nan)}, r"schedule must be one with g_3 >= 0 and finite; got nan"),
    ],
)
def test_bad_input_is_named(spectrum, kwargs, says):
    good = {"steps": [1], "schedule": SGD(learning_rate=0.1), "batch_size": 1}
    with pytest.raises(ValueError, match=says):
        exact.momentum(spectrum, **(good | kwargs))
    with pytest.raises(ValueError, match=says):
        experiment.momentum(spectrum, **(good | kwargs), key=jax.random.key(0), repeats=2)


def test_a_student_is_given_in_one_way(spectrum):
    good = {"schedule": SGD(learning_rate=0.1), "batch_size": 1}
    with pytest.raises(ValueError, match="latent_cut must be None where there are features"):
        exact.momentum(spectrum, [1], features=jnp.ones((2, 300)), latent_cut=2, **good)
    for bad in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="latent_cut must be >= 1 and finite"):
            exact.momentum(spectrum, [1], latent_cut=bad, **good)

    class Unknown(Own):
        pass

    for bad in (None, 0.1, SGD, Unknown(0.1)):
        with pytest.raises(TypeError, match="schedule"):
            exact.momentum(spectrum, [1], schedule=bad, batch_size=1)
