"""Training: many at once as one by one, learning without NaN, and what it refuses."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from solvable.networks import MLP, Custom, Run, Transformer, stepping, train
from solvable.parameterizations import mup, standard

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (6, 5), float)
Y = jnp.sin(X[:, 0])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("parameterization", [standard(), mup()])
def test_the_symmetry_changes_nothing(parameterization, optimizer):
    """a + theta, b - theta and its learning rates: the same function after every step, from the same numbers.

    Large targets make large gradients, next to which Adam's epsilon, which is not shifted, does not count.
    """
    moved, large = parameterization.shift(hidden=0.3, output=-0.4), 1e4 if optimizer == "adam" else 1.0
    runs = [
        train(
            MLP(16, depth=3, parameterization=one, dtype=float),
            X,
            large * Y,
            10,
            learning_rate=0.01,
            key=KEY,
            optimizer=optimizer,
            metrics=["outputs"],
        )
        for one in (parameterization, moved)
    ]
    assert abs(runs[0].metrics["outputs"][-1] - runs[0].metrics["outputs"][0]).max() > 1e-3
    atol = 1e-12 if optimizer == "sgd" else 1e-8
    assert_allclose(runs[0].metrics["outputs"], runs[1].metrics["outputs"], atol=atol)


def test_many_at_once_are_each_as_alone():
    rates, richness, keys = jnp.array([0.05, 0.1]), jnp.array([0.5, 1.0, 2.0]), jax.random.split(KEY, 2)
    together = train(
        MLP(8, richness=richness[None, :, None], dtype=float),
        X,
        Y,
        5,
        learning_rate=rates[:, None, None],
        key=keys,
        metrics=["tangent_kernel"],
        batch_size=3,
    )
    assert together.loss.shape == (2, 3, 2, 6)
    assert together.metrics["tangent_kernel"].shape == (2, 3, 2, 6, 6, 6)
    alone = train(MLP(8, richness=0.5, dtype=float), X, Y, 5, learning_rate=0.1, key=keys[1], batch_size=3)
    assert_allclose(together.loss[1, 0, 1], alone.loss, rtol=1e-12)
    assert_allclose(together.end["hidden"][1, 0, 1], alone.end["hidden"], atol=1e-12)


def test_records_and_checkpoints():
    run = train(MLP(8, dtype=float), X, Y, 47, learning_rate=0.1, key=KEY, every=2, checkpoints=True)
    assert run.steps.tolist() == [*range(0, 47, 2), 47]
    plain = train(MLP(8, dtype=float), X, Y, 47, learning_rate=0.1, key=KEY)
    assert_allclose(run.loss, plain.loss[run.steps], rtol=1e-12)
    assert_allclose(run.checkpoints["hidden"][-1], run.end["hidden"])
    network = MLP(8, dtype=float)
    tenth = {name: w[10] for name, w in run.checkpoints.items()}
    assert run.loss[10] == pytest.approx(0.5 * float(jnp.mean((network.apply(tenth, X) - Y) ** 2)))
    assert train(MLP(8), X, Y, 0, learning_rate=0.1, key=KEY).loss.shape == (1,)


CHANCES = jnp.array([[0.7, 0.2, 0.1], [0, 1, 0], [0.3, 0.3, 0.4], [1, 0, 0], [0, 0.5, 0.5], [0.2, 0.2, 0.6]])


def test_both_losses_sum_over_outputs_and_are_one_program():
    """A step of two layers written by hand; with the mean over outputs it would be a third as long."""
    network, rate, runs = MLP(8, depth=1, activation="tanh", richness=1.5, dtype=float), 0.3, {}
    for loss in ("square", "cross_entropy"):
        run = train(network, X, CHANCES, 1, loss=loss, learning_rate=rate, key=KEY, metrics=["loss"], checkpoints=True)
        (w0, _), (v0, _) = run.checkpoints["input"], run.checkpoints["output"]
        h = X @ w0.T / 5**0.5
        f = jnp.tanh(h) @ v0 / (1.5 * 8)
        chances = jnp.exp(f) / jnp.exp(f).sum(axis=1, keepdims=True)
        miss = CHANCES - (f if loss == "square" else chances)
        value = (miss**2).sum() / 12 if loss == "square" else -(CHANCES * jnp.log(chances)).sum() / 6
        assert run.loss[0] == pytest.approx(float(value), rel=1e-12)
        step = rate * 1.5**2 * 8 / 6  # eta gamma_0^2 N / P
        v1 = v0 + step * jnp.tanh(h).T @ miss / (1.5 * 8)
        w1 = w0 + step * ((miss @ v0.T) / jnp.cosh(h) ** 2).T @ X / (1.5 * 8 * 5**0.5)
        assert_allclose(run.end["input"], w1, atol=1e-12)
        assert_allclose(run.end["output"], v1, atol=1e-12)
        runs[loss] = stepping.advance._cache_size()
    assert runs["square"] == runs["cross_entropy"]


@pytest.mark.parametrize(
    ("targets", "loss", "message"),
    [
        (CHANCES, "hinge", r"loss must be one of \('square', 'cross_entropy'\); got 'hinge'"),
        (Y, "cross_entropy", r"targets must have shape \(P, C\): cross_entropy needs at least two classes; got \(6,\)"),
        (CHANCES[:, :1], "cross_entropy", r"cross_entropy needs at least two classes; got \(6, 1\)"),
        (
            CHANCES.at[2].add([-0.4, 0.4, 0]),
            "cross_entropy",
            r"must be >= 0 for cross_entropy; got -0\.1.*2, 0",
        ),
        (CHANCES.at[4, 1].set(0.50001), "cross_entropy", r"sum to 1 in each row for cross_entropy; row 4 has 1\.00001"),
    ],
)
def test_what_cross_entropy_cannot_take_is_named(targets, loss, message):
    with pytest.raises(ValueError, match=message):
        train(MLP(8), X, targets, 1, loss=loss, learning_rate=0.1, key=KEY)


def test_a_run_goes_on_from_its_end():
    network, rates, keys = MLP(8, dtype=float), jnp.array([[0.1], [0.2]]), jax.random.split(KEY, 3)
    whole = train(network, X, Y, 10, learning_rate=rates, key=keys)
    first = train(network, X, Y, 4, learning_rate=rates, key=keys)
    rest = train(network, X, Y, 6, learning_rate=rates, key=keys, start=first.end)
    assert_allclose(rest.loss, whole.loss[..., 4:], rtol=1e-12)
    with pytest.raises(ValueError, match=r"start must have the shapes .*\(2, 3, 8\).*; got .*\(8,\)"):
        train(network, X, Y, 6, learning_rate=rates, key=keys, start=network.init(KEY, 5))


def test_batches_and_one_pass():
    network = MLP(16, dtype=float)

    def sample(key):
        x = jax.random.normal(key, (4, 5))
        return x, jnp.sin(x[:, 0])

    fresh = train(network, X, Y, 400, learning_rate=0.3, key=KEY, sample=sample, every=400)
    batches = train(network, X, Y, 400, learning_rate=0.3, key=KEY, batch_size=2, every=400)
    for run in (fresh, batches):
        assert run.loss[-1] < 0.3 * run.loss[0]
    whole = train(network, X, Y, 3, learning_rate=0.3, key=KEY)
    assert_allclose(train(network, X, Y, 3, learning_rate=0.3, key=KEY, batch_size=6).loss, whole.loss, rtol=1e-12)


def test_a_transformer_learns():
    x = jax.random.normal(jax.random.key(3), (16, 4, 3), float)
    run = train(Transformer(16, heads=2), x, x[:, 0, 0], 200, learning_rate=0.02, key=KEY, optimizer="adam", every=200)
    assert run.loss[-1] < 0.1 * run.loss[0]


def test_a_run_is_saved(tmp_path):
    run = train(MLP(8), X, Y, 3, learning_rate=0.1, key=KEY, metrics=["outputs"], checkpoints=True)
    run.save(tmp_path / "run.npz")
    again = Run.load(tmp_path / "run.npz")
    jax.tree.map(np.testing.assert_array_equal, jax.tree.leaves(run.metrics), jax.tree.leaves(again.metrics))
    assert_allclose(again.checkpoints["input"], run.checkpoints["input"])
    about = again.parameters
    assert about["network"]["kind"] == "MLP"
    assert about["network"]["parameterization"] == run.parameters["network"]["parameterization"]
    assert (int(about["network"]["width"]), int(about["steps"]), about["optimizer"]) == (8, 3, "sgd")
    assert_allclose(about["key"], jax.random.key_data(KEY))


def test_an_activation_of_your_own(tmp_path):
    runs = [train(MLP(8, activation=phi), X, Y, 3, learning_rate=0.1, key=KEY) for phi in ("tanh", jnp.tanh)]
    assert_allclose(runs[1].loss, runs[0].loss)
    runs[1].save(tmp_path / "run.npz")
    assert Run.load(tmp_path / "run.npz").parameters["network"]["activation"] == "tanh"


def test_a_bar_appears_when_it_takes_long(capsys, monkeypatch):
    from solvable import _progress

    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(_progress, "tqdm", partial(_progress.tqdm, mininterval=0))
    train(MLP(4), X, Y, 3, learning_rate=0.1, key=KEY)
    assert "3/3" in capsys.readouterr().err
    train(MLP(4), X, Y, 3, learning_rate=0.1, key=KEY, progress=False)
    assert capsys.readouterr().err == ""


def test_weights_may_be_nested():
    """A network of one's own, with a dictionary in a dictionary, as flax has them: learning rates leaf by leaf."""

    def start(key, inputs, outputs):
        return {"dense": {"kernel": jnp.zeros(inputs), "bias": jnp.zeros(())}}

    own = Custom(
        start,
        lambda weights, x: (x @ weights["dense"]["kernel"] + weights["dense"]["bias"], x[None]),
        lambda optimizer: {"dense": {"kernel": 2.0, "bias": 0.5}},
    )
    run = train(own, X, Y, 1, learning_rate=0.1, key=KEY, metrics=["tangent_kernel"])
    assert_allclose(run.end["dense"]["kernel"], 0.2 * X.T @ Y / len(X), rtol=1e-12)
    assert_allclose(run.end["dense"]["bias"], 0.05 * Y.mean(), rtol=1e-12)
    assert_allclose(run.metrics["tangent_kernel"][0], 2 * X @ X.T + 0.5, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be > 0 and finite; got 0.0"),
        ({"steps": -1}, "steps must be a whole number >= 0; got -1"),
        ({"every": 0}, "every must be a whole number >= 1; got 0"),
        ({"key": jnp.ones(2)}, "key must be one or several jax random keys"),
        ({"optimizer": "lion"}, "optimizer must be one of"),
        ({"batch_size": 7}, "batch_size must be at most the 6 inputs; got 7"),
        ({"batch_size": 2, "sample": lambda key: (X, Y)}, "batch_size must be None where sample draws the data"),
        (
            {"sample": lambda key: (X, Y[:, None])},
            r"sample must return as many inputs and targets, .* \(6, 5\), \(6, 1\)",
        ),
        ({"sample": lambda key: (X, Y[:3])}, "sample must return as many inputs and targets"),
        (
            {
                "network": Custom(
                    lambda k, i, o: {"w": jnp.ones(i)}, lambda w, x: (x * w["w"], x[None]), lambda o: {"w": 1.0}
                )
            },
            r"network must return outputs of the targets' shape \(6,\); got \(6, 5\)",
        ),
        ({"metrics": ["los"]}, "metrics must be among .* got 'los'"),
        ({"inputs": X.at[1, 2].set(jnp.nan)}, r"inputs must be finite; got nan \(first at index \(1, 2\)\)"),
        ({"inputs": X[0]}, r"inputs must have shape \(P, D\) or \(P, T, D\); got \(5,\)"),
        ({"targets": Y[:3]}, r"targets must have one row for each of the 6 inputs; got shape \(3,\)"),
        (
            {"learning_rate": jnp.ones(2), "key": jax.random.split(KEY, 3)},
            r"learning_rate, key and richness must broadcast; got shapes",
        ),
    ],
)
def test_bad_input_is_named(change, message):
    given = {"network": MLP(4), "inputs": X, "targets": Y, "steps": 2, "learning_rate": 0.1, "key": KEY} | change
    with pytest.raises(ValueError, match=message):
        train(**given)
