"""What the theory says of residual networks, measured on one of them."""

import jax
import jax.numpy as jnp
import numpy as np

from solvable.depth import experiment
from solvable.gaussian import activation_function


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


def pooled(groups, *args, key, repeats, **task):
    """Pairs of networks in groups, since all at once would fill the memory: mean outputs and features, and errors."""
    count, sums = groups * repeats, None
    for one in jax.random.split(key, groups):
        found = experiment.finite(*args, key=one, repeats=repeats, **task)
        names = ["outputs", "features"] + ["tangent_kernel"] * (found.tangent_kernel is not None)
        now = {name: np.asarray(getattr(found, name)) for name in names}
        spread = {name: np.asarray(getattr(found, f"{name}_std", None)) for name in names[:2]}
        parts = {name: repeats * one for name, one in now.items()}
        parts |= {f"{name}^2": (repeats - 1) * one**2 + repeats * now[name] ** 2 for name, one in spread.items()}
        sums = parts if sums is None else {name: sums[name] + one for name, one in parts.items()}
    means = {name: one / count for name, one in sums.items()}
    errors = {name: np.sqrt(np.maximum(means[f"{name}^2"] - means[name] ** 2, 0) / (count - 1)) for name in names[:2]}
    return means, errors
