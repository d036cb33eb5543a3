"""What "Lazy to rich, one dial" says, at its own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable import data, kernels
from solvable.meanfield import expansion, finite, two_layer

X, Y = jax.random.normal(jax.random.key(3), (4, 6)), jnp.array([1.0, -1.0, 1.0, -1.0])
GRAM = X @ X.T / 6
GIVEN = {"activation": "tanh", "learning_rate": 0.1, "steps": 30, "key": jax.random.key(0)}
DIAL = (0.25, 1.0, 4.0)


@pytest.fixture(scope="module")
def limits():
    return {g: two_layer(GRAM, Y, richness=g, **GIVEN) for g in DIAL}


def test_rich_networks_are_faster_align_more_and_follow_the_limit(limits):
    runs = {g: finite(X, Y, width=256, richness=g, repeats=32, **GIVEN) for g in DIAL}
    losses, aligned = [], []
    for g, limit in limits.items():
        error = np.hypot(runs[g].error("outputs"), limit.error("outputs"))
        assert (np.abs(runs[g].outputs - limit.outputs) < 4 * error + 0.01).all()
        found = [kernels.alignment(one.features[0, -1], Y) for one in (limit, runs[g])]
        assert float(found[1]) == pytest.approx(float(found[0]), abs=0.01)
        losses.append(limit.loss[-1])
        aligned.append(float(found[0]))
    assert losses[0] > 2 * losses[1] > 4 * losses[2]
    first = float(kernels.alignment(limits[1.0].features[0, 0], Y))
    assert first < aligned[0] - 0.03 < aligned[1] - 0.3 < aligned[2] - 0.4
    for g in DIAL[1:]:
        assert_allclose(limits[g].outputs[1], limits[DIAL[0]].outputs[1], rtol=0.1)  # one learning rate, one first step
    one, last = (np.array(limits[g].preactivations[:, 0]) for g in (0.25, 4.0))
    humps = [np.histogram(np.abs(h) / h.std(), [0, 0.3, 0.7, 1.3], density=True)[0] for h in (one, last)]
    assert humps[0][0] > humps[0][2]
    assert humps[1][0] < humps[1][2]


AT = jnp.linspace(-3, 3, 61)


def bells(h, at=AT):
    """Every neuron as a small bell: shape (..., neurons, places)."""
    return jax.scipy.stats.norm.pdf(at, h[..., None], 0.2)


def neurons(richness, key=GIVEN["key"]):
    given = GIVEN | {"key": key, "particles": 2048, "repeats": 2}
    h = two_layer(GRAM, Y, richness=richness, **given).preactivations[:, 0]
    return jnp.append(h, -h)


@pytest.mark.parametrize("richness", [2.0, *(pytest.param(g, marks=pytest.mark.slow) for g in (0.1, 0.5, 1.0, 5.0))])
def test_networks_stand_on_the_line_of_the_dial(richness):
    """Within 4 standard errors, those of the theory's 8192 neurons included, + 1/N of the largest density."""
    every = bells(neurons(richness), AT[::3])
    line, chance = every.mean(axis=0), every[: len(every) // 2].std(axis=0) / (len(every) / 2) ** 0.5
    run = finite(X, Y, width=256, richness=richness, repeats=64, **GIVEN)
    pairs = bells(run.preactivations[:, 0].reshape(2, 64, 256), AT[::3]).mean(axis=(0, 2))
    error = np.hypot(pairs.std(axis=0, ddof=1) / 8, chance)
    assert np.all(np.abs(pairs.mean(axis=0) - line) < 4 * error + line.max() / 256)


def test_the_bell_flattens_splits_and_its_camps_move_apart():
    """0.1: as drawn. 0.5: wider, flat on top. 1: split; from there on the humps move out."""
    curves = {g: np.array(bells(neurons(g)).mean(axis=0)) for g in (0.1, 0.5, 1.0, 2.0, 5.0)}
    start = jax.scipy.stats.norm.pdf(AT, scale=float(jnp.hypot(jnp.sqrt(GRAM[0, 0]), 0.2)))
    assert_allclose(curves[0.1], start, atol=0.02)
    dip = {g: curve[30] / curve.max() for g, curve in curves.items()}
    assert dip[0.5] > 0.97
    assert curves[0.5].max() < 0.92 * curves[0.1].max()
    assert dip[1.0] < 0.92
    hump = [abs(float(AT[curves[g].argmax()])) for g in (1.0, 2.0, 5.0)]
    assert (np.diff(hump) > 0.15).all()


@pytest.mark.parametrize("richness", [1.0, *(pytest.param(g, marks=pytest.mark.slow) for g in (0.25, 1.5))])
def test_networks_stand_on_the_rich_line(richness):
    """The trace of the tangent kernel: within 4 standard errors + 1/N of itself, twice."""
    limit = two_layer(GRAM, Y, richness=richness, **GIVEN, particles=1024, repeats=2)
    runs = [
        finite(X, Y, width=256, richness=richness, repeats=4, tangent_kernel=True, **GIVEN | {"key": key})
        for key in jax.random.split(jax.random.key(1), 8)
    ]
    line, found = (
        np.trace(k, axis1=-2, axis2=-1) for k in (limit.tangent_kernel, np.stack([run.tangent_kernel for run in runs]))
    )
    error = found.std(axis=0, ddof=1) / 8**0.5
    assert np.all(np.abs(found.mean(axis=0) - line) < 4 * error + 2 * line / 256)


def test_the_expansion_holds_until_a_tenth_and_promises_twice_at_one(limits):
    little = expansion(GRAM, Y, **GIVEN)

    def growth(one):
        return float(jnp.trace(one.tangent_kernel[-1]) / jnp.trace(little.tangent_kernel[0, -1])) - 1

    pairs = [(growth(limits[g]), growth(little.at(g))) for g in (0.25, 1.0)]
    assert pairs[0][0] == pytest.approx(0.1, abs=0.02)
    assert pairs[0][1] == pytest.approx(pairs[0][0], rel=0.1)
    assert pairs[1][1] == pytest.approx(2 * pairs[1][0], rel=0.1)


@pytest.mark.parametrize(
    ("name", "values", "power"), [("tanh", (0.05, 0.1, 0.2), 2), ("relu", (0.0025, 0.005, 0.01), 1)]
)
def test_the_distance_to_the_lazy_limit(name, values, power):
    same = GIVEN | {"activation": name, "particles": 8192, "repeats": 2}
    lazy, *rich = (two_layer(GRAM, Y, richness=g, **same) for g in (1e-4, *values))
    gaps = [float(jnp.abs(one.outputs - lazy.outputs).max()) for one in rich]
    assert np.polyfit(np.log(values), np.log(gaps), 1)[0] == pytest.approx(power, abs=0.1)


def test_on_digits_rich_is_first_of_all_faster():
    images, labels = data.digits()
    digit = labels.argmax(axis=1)
    pair = (digit == 3) | (digit == 8)
    images, sign = images[pair] - images[pair].mean(axis=0), jnp.where(digit[pair] == 3, 1.0, -1.0)
    images = images / jnp.sqrt((images**2).sum(axis=1).mean())
    task = {"activation": "tanh", "learning_rate": 0.05, "steps": 40, "key": jax.random.key(0), "particles": 512}
    late, equal = [], []
    for first in range(0, 320, 64):
        some, of = images[first : first + 64], sign[first : first + 64]
        found = [two_layer(some @ some.T, of[:20], richness=g, repeats=2, **task) for g in (0.1, 2.0)]
        test = [np.mean((one.test - of[20:]) ** 2, axis=1) / 2 for one in found]
        at = [int((one.loss < one.loss[0] / 40).argmax()) for one in found]
        assert 0 < at[1] < at[0]
        late.append(test[1][-1] / test[0][-1])
        same = [
            np.interp(np.log(40), np.log(one.loss[0] / one.loss), loss) for one, loss in zip(found, test, strict=True)
        ]
        equal.append(same[1] / same[0])
    assert np.exp(np.mean(np.log(late))) < 0.85
    assert sum(ratio < 1 for ratio in late) == 4  # of five
    assert 0.95 < np.exp(np.mean(np.log(equal))) < 1
    assert sum(ratio < 0.98 for ratio in equal) == 3
    assert sum(ratio > 1.02 for ratio in equal) == 1  # and one that the particles decide: 0.998 to 1.010
    assert all(0.88 < ratio < 1.12 for ratio in equal)
