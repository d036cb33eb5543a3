"""The peer: the mean-field equations of gradient descent as T x T matrices in time, iterated to their fixed point.

This is how one solves them straight from the paper (Bordelon, Atanasov, Pehlevan 2024): response and correlation are
matrices over two times, one pair for every mode, and every iteration multiplies and inverts them all. Exact for
discrete steps. `solvable` needs neither the matrices nor the iteration. Compared in `linear_model.py`.
"""

import numpy as np


def descent(lam, power, steps, *, learning_rate, width, samples, noise, tolerance=1e-8):
    """Test and train loss at steps 0 ... steps - 1, shape (steps,) each, and the number of iterations."""
    n, p, eye, one = width, samples, np.eye(steps), np.ones((steps, steps))
    integral = learning_rate * np.tril(one, -1)  # 1/z: the sum over earlier steps
    scale = lam[:, None, None]

    r1, r3, iterations, change = eye, eye, 0, np.inf
    while change > tolerance:  # R1 = 1 - tr_lambda(R1 R3 G)/P and R3 = 1 - tr_lambda(R1 R3 G)/N
        g = np.linalg.solve(eye + scale * (integral @ r1 @ r3), np.broadcast_to(integral, (len(lam), steps, steps)))
        learned = np.einsum("k,kts->ts", lam, r1 @ r3 @ g)
        change = max(np.abs(eye - learned / p - r1).max(), np.abs(eye - learned / n - r3).max())
        r1, r3, iterations = (r1 + eye - learned / p) / 2, (r3 + eye - learned / n) / 2, iterations + 1

    h = np.linalg.inv(eye + scale * (integral @ r1 @ r3))  # v0 = H (wbar - integral (u4 + R3 u2))
    start = (power / lam)[:, None, None] * one
    back = eye - scale * (r1 @ h @ integral @ r3)  # v2 = back u2 + lambda R1 H (wbar - integral u4)
    c0, c2, change = noise * one + np.sum(power) * one, np.zeros_like(one), np.inf
    while change > tolerance:
        c1, c3 = r1 @ c0 @ r1.T, r3 @ c2 @ r3.T
        source = start + integral @ c3 @ integral.T / n
        u2 = scale * c1 / p
        v0 = h @ (source + integral @ r3 @ u2 @ r3.T @ integral.T) @ h.mT
        v2 = back @ u2 @ back.mT + scale**2 * (r1 @ h @ source @ h.mT @ r1.T)
        new0, new2 = np.einsum("k,kts->ts", lam, v0) + noise * one, v2.sum(axis=0)
        change = max(np.abs(new0 - c0).max() / np.abs(new0).max(), np.abs(new2 - c2).max() / np.abs(new2).max())
        c0, c2, iterations = new0, new2, iterations + 1
    return np.diag(c0) - noise, np.diag(r1 @ c0 @ r1.T), iterations
