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
