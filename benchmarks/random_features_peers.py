"""Other ways to the losses of one-pass SGD, with momentum and without, written from the equations."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

LOG_STEP = 1e-3


def basis(spectrum, features):
    """Eigenvalues of the student's kernel, squares of its best weights along its eigenvectors, and its floor."""
    lam, c = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.task_power)
    seen = np.asarray(features) * np.sqrt(lam / len(features))
    q, vectors = np.linalg.eigh(seen @ seen.T)
    best = (vectors.T @ (seen @ np.sqrt(c)) / q) ** 2
    return q, best, c.sum() - q @ best


def loop(q, u, floor, eta, steps):
    """The recursion of SGD at batch size 1."""
    found, last, source = {}, set(steps), eta**2 * q
    keeps = 1 - 2 * eta * q + 2 * eta**2 * q**2
    for t in range(int(max(steps)) + 1):
        loss = floor + q @ u
        if t in last:
            found[t] = loss
        u = keeps * u + source * loss
    return np.array([found[t] for t in steps])


def momentum_loop(q, u, floor, schedule, steps):
    """The recursion of three moments at batch size 1."""
    found, last, p, s = {}, set(steps), np.zeros_like(u), np.zeros_like(u)
    for t in range(int(max(steps)) + 1):
        loss = floor + q @ u
        if t in last:
            found[t] = loss
        fades, g1, g2, g3 = schedule.coefficients(t)
        r, g = 1 - fades, g2 + g1 * g3
        square = 2 * q**2 * u + q * loss  # E G^2
        u, p, s = (
            u - 2 * g * q * u + g**2 * square + (g3 * r) ** 2 * s - 2 * g3 * r * (1 - g * q) * p,
            r * (1 - (g + g1 * g3) * q) * p + g1 * q * u - g * g1 * square - g3 * r**2 * s,
            r**2 * s + 2 * r * g1 * q * p + g1**2 * square,
        )
    return np.array([found[t] for t in steps])


def volterra(q, u, floor, eta, steps):
    """L = F + K * L as a sum over all earlier steps."""
    last = int(max(steps))
    rho = 1 - 2 * eta * q + 2 * eta**2 * q**2
    forcing, kernel, power = np.empty(last + 1), np.empty(last + 1), np.ones_like(q)
    for t in range(last + 1):
        forcing[t], kernel[t] = floor + (q * u) @ power, eta**2 * (q**2) @ power
        power *= rho
    loss, backwards = np.empty(last + 1), kernel[::-1]
    for t in range(last + 1):
        loss[t] = forcing[t] + backwards[last + 1 - t :] @ loss[:t]
    return loss[np.asarray(steps, int)]


def one_step(q, counts, coefficients, numpy):
    """M - 1 and b of the three moments at batch size 1."""
    fades, g1, g2, g3 = coefficients
    r, g, square = 1 - fades, g2 + g1 * g3, 2 * q**2
    rows = [
        [g**2 * square - 2 * g * q, -2 * g3 * r * (1 - g * q), (g3 * r) ** 2 + 0 * q],
        [g1 * q - g * g1 * square, -fades - r * (g + g1 * g3) * q, -g3 * r**2 + 0 * q],
        [g1**2 * square, 2 * g1 * r * q, -fades * (2 - fades) + 0 * q],
    ]
    change = numpy.stack([numpy.stack(row) for row in rows])
    return change, counts * q * numpy.stack([g**2 + 0 * q, -g * g1 + 0 * q, g1**2 + 0 * q])


@partial(jax.jit, static_argnums=3)
def _euler(student, schedule, steps, count):
    """A flow in the logarithm of time: each step solves (1 - h D) x - h b q.u = known, by Sherman-Morrison."""
    q, floor = student.rates, student.irreducible

    def step(x, number):
        start, end = jnp.expm1(number * LOG_STEP), jnp.expm1((number + 1) * LOG_STEP)
        h = end - start
        change, push = one_step(q, student.counts, schedule.coefficients(end), jnp)
        a = jnp.eye(3)[..., None] - h * change
        minor = [jnp.cross(a[(i + 1) % 3], a[(i + 2) % 3], axis=0) for i in range(3)]  # columns of the inverse, x det
        inverse = jnp.stack(minor, axis=1) / (a[0] * minor[0]).sum(axis=0)
        known, pushed = ((inverse * one).sum(axis=1) for one in (x + h * push * floor, h * push))
        x = known + pushed * (q @ known[0]) / (1 - q @ pushed[0])
        return x, floor + q @ x[0]

    x = jnp.zeros((3, len(q))).at[0].set(student.target**2)
    losses = jax.lax.scan(step, x, jnp.arange(count))[1]
    times = jnp.expm1((1 + jnp.arange(count)) * LOG_STEP)
    return jnp.exp(jnp.interp(jnp.log1p(steps), jnp.log1p(times), jnp.log(losses)))


def implicit(student, schedule, steps):
    """Losses by implicit Euler."""
    return _euler(student, schedule, jnp.asarray(steps), int(np.log1p(max(steps)) / LOG_STEP) + 1)


def times(matrix, other):
    """Of every direction by itself."""
    return sum(matrix[:, k].reshape(3, *[1] * (other.ndim - 2), -1) * other[k] for k in range(3))


def jumps(spectrum, schedule, steps, ratios=(32, 64)):
    """The library's jumps, those of twice the length too, as a loop in NumPy at infinite width."""
    q, counts = np.asarray(spectrum.eigenvalues), np.asarray(spectrum.counts)

    def across(at, x, loss, n):
        coefficients = (float(one) for one in schedule.coefficients(at + (n - 1) / 2))
        one, b = one_step(q, counts, coefficients, np)
        change, s, r, count = one, b, np.zeros_like(b), 1
        for digit in bin(n)[3:]:
            later = r + count * s
            s, r = 2 * s + times(change, s), r + later + times(change, later)
            change, count = 2 * change + times(change, change), 2 * count
            if digit == "1":
                last = b + times(change, b)
                s, r = s + last, r + count * last
                change, count = change + one + times(one, change), count + 1
        kept = x + times(change, x) + s * loss
        rising = ((n - 1) * s - r) / n
        rise = (q @ kept[0] - loss) / (1 - q @ rising[0])
        return kept + rising * rise, loss + rise

    def walk(ratio):
        x, at, found = np.zeros((3, len(q))), 0, []
        x[0] = np.asarray(spectrum.task_power) / q
        loss = q @ x[0]
        for until in map(int, steps):
            while at + (n := 1 << max((at // ratio).bit_length() - 1, 0)) <= until:
                (x, loss), at = across(at, x, loss, n), at + n
            found.append(across(at, x, loss, until - at)[1] if until > at else loss)
        return np.array(found)

    return [walk(ratio) for ratio in ratios][-1]
