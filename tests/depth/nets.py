"""What the theory says of residual networks, measured on one of them."""

import jax
import jax.numpy as jnp
import numpy as np

from solvable.gaussian import activation_function
from solvable.networks import ResidualMLP, train


def gradients_and_features(network, weights, x):
    """H and Phi of layers 1 to L + 1, and G, each (L + 1, P, P): products over neurons, divided by their number."""
    phi, n = activation_function(network.activation), network.width
    share = network.branch / network.depth**network.branch_power / n**0.5

    def outputs(push):
        """f of all inputs, with every preactivation pushed, times gamma_0 N."""
        h = x @ weights["input"].T / x.shape[1] ** 0.5 + push[0]
        states = [h]
        for w, more in zip(weights["hidden"], push[1:], strict=True):
            h = h + share * phi(h) @ w.T + more
            states.append(h)
        return (phi(h) @ weights["output"]).sum(), jnp.stack(states)

    rest = jnp.zeros((network.depth + 1, len(x), n))
    (_, h), g = jax.value_and_grad(outputs, has_aux=True)(rest)
    return tuple(jnp.einsum("lpn,lqn->lpq", one, one) / n for one in (h, phi(h), g))


def pairs(x, y, *, width, depth, activation, richness, learning_rate, steps, key, repeats):
    """Outputs of networks in pairs w -> -w, as in `meanfield.finite`, shape (R, T + 1, P)."""
    network = ResidualMLP(width, depth=depth, activation=activation, richness=richness, dtype=float)
    keys = jax.random.split(key, repeats)
    start = jax.vmap(lambda one: network.init(one, x.shape[1:]))(keys)
    twins = {name: jnp.concatenate([w, -w if name == "output" else w]) for name, w in start.items()}
    run = train(
        network, jnp.asarray(x), jnp.asarray(y), steps, learning_rate=learning_rate * len(y),
        key=jnp.concatenate([keys, keys]), start=twins, metrics=["outputs"],
    )  # fmt: skip
    assert not run.diverged.any()
    return np.asarray(run.metrics["outputs"]).reshape(2, repeats, steps + 1, len(y)).mean(axis=0)
