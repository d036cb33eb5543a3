"""The claims of "Spectra in the wild", at the page's own parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from solvable import data, fits
from solvable.networks import MLP, Transformer, train
from solvable.random_features import covariance, words

K = np.arange(1, 129)
RECIPE = {"optimizer": "adam", "loss": "cross_entropy", "checkpoints": True}


def law(rows, weights=None, between=(5, 60)):
    found = np.asarray(covariance(rows, weights=weights))
    return fits.power_law(np.arange(1, len(found) + 1), np.maximum(found, 1e-300), between=between)


def tables(count, width=128):
    return np.random.default_rng(0).normal(size=(count, 2000, width))


def test_a_random_table_has_a_law_where_the_text_weighs_it():
    """No drift on the mean of 20, flatter than Zipf's; counted once it is flat, and bends at its end."""
    counts = data.words().counts
    weighed = [law(table, counts) for table in tables(20)]
    drift = np.array([one.drift for one in weighed])
    assert abs(drift.mean()) < 4 * drift.std() / 20**0.5
    assert np.mean([one.exponent for one in weighed]) == pytest.approx(1.0, abs=0.05)
    once = law(tables(1)[0])
    assert once.exponent < 0.2
    assert once.drift > 0.1
    zipf = fits.power_law(np.arange(1, 2001), counts, between=(10, 1000))
    assert zipf.exponent == pytest.approx(1.2, abs=0.05)
    assert abs(zipf.drift) < 0.05


def test_a_wider_table_comes_nearer_to_zipf():
    counts = data.words().counts
    found = [np.mean([law(table, counts).exponent for table in tables(4, width)]) for width in (64, 128, 256, 512)]
    zipf = fits.power_law(np.arange(1, 2001), counts, between=(5, 60)).exponent
    assert np.all(np.diff(found) > 0.02)
    assert found[-1] < zipf


def test_rare_words_lift_all_modes_alike():
    """What all but the 128 commonest words give varies from mode 5 to 100 far less, in its logarithm, than these."""
    counts = data.words().counts.astype(float)
    rare = np.where(np.arange(2000) < 128, 0.0, counts)
    added = np.mean([covariance(table, weights=rare) for table in tables(10)], axis=0)[4:100]
    alone = np.mean([covariance(table, weights=counts - rare) for table in tables(10)], axis=0)[4:100]
    assert np.log(added.max() / added.min()) < np.log(alone.max() / alone.min()) / 3


@pytest.mark.slow
def test_learning_brings_the_two_ways_of_counting_together():
    """The eight spectra in three runs: pairs agree to .06, as in the issue's run, and twice the chance of .02 (.8 and
    more before); weighed by the text, all are flatter than before; all bend."""
    text = data.words()
    for key in range(3):
        start, end = (words.bigram_model(text.bigrams, steps, key=jax.random.key(key)) for steps in (0, 100))
        assert 0 < end.loss[-1] - end.entropy < 0.011
        assert end.loss[0] > 7
        for name in ("embedding", "readout"):
            before, after = ([law(getattr(one, name), w) for w in (None, text.counts)] for one in (start, end))
            assert before[1].exponent - before[0].exponent > 0.8
            assert abs(after[1].exponent - after[0].exponent) < 0.1
            assert after[1].exponent < before[1].exponent - 0.1
            assert min(one.drift for one in after) > 0.08


@pytest.mark.slow
def test_what_try_this_says_of_ranges():
    """Trained, the exponent climbs with the end of the range; a random table is level at one from 10 on, and bends
    towards 120; counted once it is level nowhere."""
    text = data.words()
    end = words.bigram_model(text.bigrams, 100, key=jax.random.key(0)).embedding
    for weights in (None, text.counts):
        climbing = [law(end, weights, (5, last)).exponent for last in (30, 40, 50, 60, 80, 100, 120)]
        assert np.all(np.diff(climbing) > 0)
        assert climbing[-1] > climbing[0] + 0.1
    around = [(place / 2, 2 * place) for place in np.geomspace(10, 50, 6)]
    level, once = (
        np.mean([[law(table, weights, one).exponent for one in around] for table in tables(10)], axis=0)
        for weights in (text.counts, None)
    )
    assert np.abs(level - 1).max() < 0.1
    assert np.all(np.diff(once) > 0)
    assert once[-1] > 2 * once[0]
    before, last = (
        np.mean([law(table, text.counts, one).exponent for table in tables(10)]) for one in ((15, 60), (60, 120))
    )
    assert last > before + 0.1


def test_photographs_are_straight_and_digits_are_not():
    from sklearn.datasets import load_sample_images

    grey = np.mean(load_sample_images().images, axis=-1)
    patches = np.lib.stride_tricks.sliding_window_view(grey, (16, 16), (1, 2))[:, ::8, ::8].reshape(-1, 256)
    photos, digits = law(patches, between=(10, 100)), law(data.digits()[0], between=(3, 30))
    assert photos.exponent == pytest.approx(1.0, abs=0.05)
    assert abs(photos.drift) < 0.15
    assert digits.exponent == pytest.approx(1.31, abs=0.05)
    assert digits.drift > 0.4 * digits.exponent


def stages(network, run, inputs, look):
    """Exponents by layer over modes 3 to 30, and the share of nine modes in the last, untrained and trained."""
    for stage in (0, 1):
        weights = jax.tree.map(lambda w, stage=stage: w[stage], run.checkpoints)
        hidden = look(network.forward(weights, inputs)[1])
        last = np.asarray(covariance(hidden[-1]))
        yield np.array([law(h, between=(3, 30)).exponent for h in hidden]), last[:9].sum() / last.sum()


DIGITS = {  # by layer, from 0 on: before training and at zero error, +-.05 and more where classes collapse
    0: [1.18, 1.14, 1.03, 1.06, 1.04, 0.96],
    1: [1.24, 1.49, 1.84, 2.32, 2.80, 3.25],
}


@pytest.mark.slow
def test_a_perceptron_steepens_layer_by_layer_as_classes_collapse():
    digits, labels = data.digits()
    classes, network = (
        jnp.eye(10)[labels.argmax(axis=1)],
        MLP(256, depth=6, parameterization="standard", activation="relu"),
    )
    run = train(
        network, 8 * digits, classes, [0, 100], learning_rate=1e-3, batch_size=256, key=jax.random.key(0), **RECIPE
    )
    (before, wide), (after, narrow) = stages(network, run, 8 * digits, jax.nn.relu)
    assert np.all(network.apply(run.end, 8 * digits).argmax(axis=1) == labels.argmax(axis=1))
    assert np.abs(before - DIGITS[0]).max() < 0.06
    assert np.abs(after / DIGITS[1] - 1).max() < 0.1  # another run than the issue's
    assert narrow > 0.9
    assert wide < 0.6


@pytest.mark.slow
def test_a_transformer_steepens_too_but_less():
    stream = jnp.asarray(data.words(63).tokens)

    def pieces(key, count=64):
        first = jax.random.randint(key, (count, 1), 0, len(stream) - 8)
        piece = jax.nn.one_hot(stream[first + jnp.arange(9)], 64)
        return 8 * piece[:, :8], piece[:, 8]

    inputs, targets = pieces(jax.random.key(9), 2048)
    network = Transformer(64, depth=4, heads=4, parameterization="standard", activation="relu")
    for key in (0, 1):
        run = train(
            network, inputs[:256], targets[:256], [0, 100], learning_rate=3e-3, sample=pieces, key=jax.random.key(key),
            **RECIPE,
        )  # fmt: skip
        (before, _), (after, _) = stages(network, run, inputs, lambda h: h[:, :, -1])
        assert run.loss[1] < 2.6 < 2.93 < run.loss[0]  # the text without its order has 2.93 nats
        assert np.ptp(before) < 0.15
        assert before[-1] <= before[0] + 0.03
        assert after[-1] > after[0] + 0.3
        assert np.all(np.diff(after[1:]) > 0)
