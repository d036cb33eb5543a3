"""What one step of the branches alone changes, at several depths."""

import jax
import jax.numpy as jnp
import numpy as np


def slope(network, depths, x, y, optimizer, plain=False, seeds=16):
    """The power of the depth with which a first step of the branches moves f, to first order; with plain rates too."""
    sizes = [_change(network(depth), x, y, optimizer, plain, seeds) for depth in depths]
    return float(np.polyfit(np.log(depths), np.log(sizes), 1)[0])


def _change(network, x, y, optimizer, plain, seeds):
    rates = super(type(network), network).rates if plain else network.rates
    rates = rates(x.shape[1:], optimizer)

    @jax.jit
    def change(key):
        weights = network.init(key, x.shape[1:])
        slopes = jax.grad(lambda w: jnp.mean((network.apply(w, x) - y) ** 2) / 2)(weights)
        steps = slopes if optimizer == "sgd" else jax.tree.map(jnp.sign, slopes)
        moves = {name: -rates[name] * step * (name in network.branches) for name, step in steps.items()}
        return jax.jvp(lambda w: network.apply(w, x), (weights,), (moves,))[1]

    moved = [change(key) for key in jax.random.split(jax.random.key(0), seeds)]
    return float(np.sqrt(np.mean(np.square(moved))))
