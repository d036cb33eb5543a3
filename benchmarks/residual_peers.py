"""The peers of `depth.py`: mean-field theories of residual networks in NumPy.

`every_column` is the sweep of `depth.theory.residual`, but each particle has one tangent for every noise of every layer
at every time, as one would write it down first. `closed` is `depth.theory.residual_linear` on whole arrays.
"""

import numpy as np


def extended(root, kernel, now, size):
    """The Cholesky factor with the rows of time `now`; pivots are floored at rounding."""
    first = now.start
    before = np.linalg.solve(root[:first, :first], kernel[now, :first].T).T if first else np.zeros((size, 0))
    left = kernel[now, now] - before @ before.T
    values, vectors = np.linalg.eigh(left)
    values = np.maximum(values, 1e-9 * np.trace(kernel) / (first + size))
    root[now, :first], root[now, now] = before, np.linalg.cholesky((vectors * values) @ vectors.T)


def white(columns, particles, random):
    """Normal variables (columns, particles) of mean 0 and covariance 1."""
    draws = random.normal(size=(columns, particles))
    draws -= draws.mean(axis=1, keepdims=True)
    return np.linalg.solve(np.linalg.cholesky(draws @ draws.T / particles), draws)


def every_column(gram, y, *, depth, steps, richness, learning_rate, pairs, seed):
    """Outputs (T + 1, P) of tanh networks with beta = 1 and alpha = 1/2."""
    size, times, many, random = len(y), steps + 1, 2 * pairs, np.random.default_rng(seed)
    n, b, rate = times * size, depth**-0.5, learning_rate * richness
    c, columns = rate / depth, 2 * depth * n
    u, r = white(size + depth * n, pairs, random), white(depth * n + 1, pairs, random)
    values, vectors = np.linalg.eigh(gram)
    start = np.tile((vectors * np.sqrt(values)) @ vectors.T @ u[:size], (1, 2))
    u = np.tile(u[size:].reshape(depth, n, pairs), (1, 1, 2))
    r, w0 = np.concatenate([r, -r], axis=1)[:-1].reshape(depth, n, many), np.concatenate([r[-1], -r[-1]])
    a, g = np.zeros((depth + 1, n, many)), np.zeros((depth + 1, n, many))
    da, dg = np.zeros((depth + 1, n, columns, many)), np.zeros((depth + 1, n, columns, many))
    phi, grad = np.zeros((depth + 1, n, n)), np.zeros((depth + 1, n, n))
    u_root, r_root, pull, outputs = np.zeros((depth, n, n)), np.zeros((depth, n, n)), np.zeros(n), []

    def kernel(kernels, fields, layer, now):
        row = fields[layer, now] @ fields[layer].T / many
        kernels[layer, now], kernels[layer][:, now] = row, row.T

    def tangents(weights, stack):
        return (weights @ stack.reshape(n, -1)).reshape(size, columns, many)

    for t in range(times):
        now, early = slice(t * size, (t + 1) * size), np.arange(n) < t * size
        own = np.arange(now.start, now.stop)
        weights = rate * np.tile(gram, times) * pull * early
        h, dh = start + weights @ g[0], tangents(weights, dg[0])
        kept = []
        for layer in range(depth + 1):
            value = np.tanh(h)
            slope = 1 - value**2
            a[layer, now], da[layer, now] = value, slope[:, None] * dh
            kernel(phi, a, layer, now)
            kept.append((slope, -2 * value * slope, dh))
            if layer == depth:
                break
            answers = da[layer, now].mean(axis=2)[:, (depth + layer) * n : (depth + layer + 1) * n] * early
            extended(u_root[layer], phi[layer], now, size)
            weights = b * answers + c * phi[layer, now] * pull * early
            h = h + b * u_root[layer, now] @ u[layer] + weights @ g[layer + 1]
            dh = dh + tangents(weights, dg[layer + 1])
            dh[np.arange(size), layer * n + own] += b
        w = w0 + rate * (pull * early) @ a[depth]
        outputs.append((w * a[depth, now]).mean(axis=1) / richness)
        pull[now] = y - outputs[-1]
        slope, bend, dh = kept[depth]
        back = slope * w
        dback = (bend * w)[:, None] * dh + slope[:, None] * tangents(
            rate * pull * early * np.ones((size, 1)), da[depth]
        )
        for layer in reversed(range(depth)):
            g[layer + 1, now], dg[layer + 1, now] = back, dback
            kernel(grad, g, layer + 1, now)
            answers = dback.mean(axis=2)[:, layer * n : (layer + 1) * n] * (np.arange(n) < now.stop)
            extended(r_root[layer], grad[layer + 1], now, size)
            weights = b * answers + c * grad[layer + 1, now] * pull * early
            z, dz = b * r_root[layer, now] @ r[layer] + weights @ a[layer], tangents(weights, da[layer])
            dz[np.arange(size), (depth + layer) * n + own] += b
            slope, bend, dh = kept[layer]
            back, dback = back + slope * z, dback + (bend * z)[:, None] * dh + slope[:, None] * dz
        g[0, now], dg[0, now] = back, dback
    return np.array(outputs)


def closed(gram, y, *, depth, steps, richness, learning_rate):
    """Outputs (T + 1, P) of linear networks with beta = 1 and alpha = 1/2: coefficients on all Gaussian variables."""
    size, times = len(y), steps + 1
    n, b, rate = times * size, depth**-0.5, learning_rate * richness
    c, downs = rate / depth, size + depth * n
    many, pull, outputs = downs + depth * n + 1, np.zeros(n), []
    fields = {name: np.zeros((depth + 1, n, many)) for name in "hg"}
    kernels = {name: np.zeros((depth + 1, n, n)) for name in "hg"}

    def covariances(rows):
        up = np.matmul(rows[:, size:downs].reshape(size, depth, n).swapaxes(0, 1), kernels["h"][:-1])
        down = np.matmul(rows[:, downs:-1].reshape(size, depth, n).swapaxes(0, 1), kernels["g"][1:])
        parts = rows[:, :size] @ gram, *(x.swapaxes(0, 1).reshape(size, -1) for x in (up, down)), rows[:, -1:]
        return np.concatenate(parts, axis=1)

    def put(name, layer, now, rows):
        fields[name][layer, now] = rows
        found = covariances(rows) @ fields[name][layer].T
        kernels[name][layer, now], kernels[name][layer][:, now] = found, found.T

    for t in range(times):
        now, early = slice(t * size, (t + 1) * size), np.arange(n) < t * size
        own, so_far = np.arange(now.start, now.stop), np.arange(n) < (t + 1) * size
        h = (rate * np.tile(gram, times) * pull * early) @ fields["g"][0]
        h[:, :size] += np.eye(size)
        for layer in range(depth + 1):
            put("h", layer, now, h)
            if layer == depth:
                break
            answers = h[:, downs + layer * n : downs + (layer + 1) * n] * early
            h = h + (b * answers + c * kernels["h"][layer, now] * pull * early) @ fields["g"][layer + 1]
            h[np.arange(size), size + layer * n + own] += b
        w = (rate * pull * early) @ fields["h"][depth]
        w[-1] += 1
        outputs.append(covariances(h) @ w / richness)
        pull[now] = y - outputs[-1]
        g = np.tile(w, (size, 1))
        for layer in reversed(range(depth)):
            put("g", layer + 1, now, g)
            answers = g[:, size + layer * n : size + (layer + 1) * n] * so_far
            g = g + (b * answers + c * kernels["g"][layer + 1, now] * pull * early) @ fields["h"][layer]
            g[np.arange(size), downs + layer * n + own] += b
        put("g", 0, now, g)
    return np.array(outputs)
