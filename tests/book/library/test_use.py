"""Claims of *Use the library*, with the page's numbers."""

import jax
import jax.numpy as jnp
import numpy as np

from solvable import Spectrum, data, fits, kernels, linear_model, networks


def test_a_theory_of_the_measured_spectrum_runs_through_the_points():
    """Random cosines of the digits; the theory leaves out corrections of order 1 / P."""
    images, labels = data.digits()
    waves = jax.random.normal(jax.random.key(0), (64, 1000))
    features = jnp.cos(images @ waves + jnp.arange(1000))
    spectrum, beyond = Spectrum.from_features(features, labels)
    samples = np.array([10, 30, 100])
    limit = np.array([linear_model.theory.final_loss(spectrum, samples=p, noise=beyond).test + beyond for p in samples])
    runs = linear_model.experiment.regression(features, labels, samples, key=jax.random.key(1), repeats=20)
    assert (np.abs(limit - runs.test) < np.maximum(0.1 * runs.test, 4 * runs.error("test"))).all()
    assert (np.diff(np.log(limit)) < -0.3).all()
    assert runs.test[-1] - limit[-1] > 3 * runs.error("test")[-1]  # at a hundred images, by more than chance


def test_the_widest_gaussian_is_least_aligned_and_best():
    images, labels = data.digits()
    train, test, target = images[:200], images[200:300], labels[:, 0]
    late, fit = [], []
    for width in (0.1, 0.5, 2.0):
        squares = [((x[:, None] - train[None]) ** 2).sum(axis=-1) for x in (train, test)]
        kernel, cross = (jnp.exp(-one / (2 * width**2)) for one in squares)
        found = kernels.gradient_flow(kernel, target[:200], [10, 1000], cross=cross)
        loss = ((found.test - target[200:300]) ** 2).mean(axis=1)
        late.append(loss)
        fit.append(kernels.alignment(kernel, target[:200]))
    knows_nothing = float((target[200:300] ** 2).mean())
    assert abs(late[0] - knows_nothing).max() < 0.02 * knows_nothing
    assert 0.08 < knows_nothing < 0.1
    assert late[2][1] < late[1][1] < 0.1 * knows_nothing
    assert late[2][0] > 1.5 * late[2][1]  # it needs time
    assert fit[2] < fit[0] < fit[1]


def of_width(width):
    def start(key, inputs, outputs):
        first, last = jax.random.split(key)
        return {
            "first": jax.random.normal(first, (*inputs, width)) / 8,
            "last": jax.random.normal(last, (width, *outputs)) / width**0.5,
        }

    def forward(weights, x):
        hidden = x @ weights["first"]
        return jnp.tanh(hidden) @ weights["last"], hidden[None]

    return networks.Custom(start, forward, lambda optimizer: {"first": 1.0, "last": 1.0})


def test_the_network_of_the_page_has_no_width_limit():
    """To first order in the step the outputs move as the kernel, whose larger part grows as N, and h as N^-1/2."""
    images, labels = data.digits()
    x, y = images[:8], labels[:8, 0]
    found = networks.coordinate_check(
        of_width, [32, 128, 512], x, y, learning_rate=1e-3, steps=1, key=jax.random.key(0), repeats=32
    )
    assert [wish.holds for wish in found.verdict] == [True, False, False]
    assert found.exponents("output_change")[0].value > 0.4
    assert found.exponents("feature_change")[0].value < -0.4
    sizes = []
    for width in (32, 512):
        weights = of_width(width).init(jax.random.key(1), (64,))
        sizes.append(kernels.empirical(of_width(width), weights, x).trace())
    assert 3 < sizes[1] / sizes[0] < 16


def test_what_cannot_be_learned_bends_the_line():
    p = np.array([128, 256, 512, 1024, 2048, 4096])
    loss = np.array([0.412, 0.339, 0.287, 0.249, 0.222, 0.203])
    bent, straight = fits.power_law(p, loss), fits.power_law(p, loss - 0.15)
    first = bent.exponent - bent.drift / 2  # of the lower half, about
    assert -0.5 < bent.drift / first < -0.35  # "falls by almost half"
    assert abs(straight.drift) < 0.03
    assert 2 < straight.exponent / bent.exponent < 2.5
