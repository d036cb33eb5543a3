r"""A function on [-1, 1] by its values on equal panels: nodes, weights of integrals, slopes, and what lies in between.

Every panel has the left Radau nodes of its order, its left end among them, and shares its right end with the next.
Between the nodes the function is the polynomial through the order + 1 values of its panel.
"""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.polynomial import legendre

from .._pytree import numpy_for


class Panels(NamedTuple):
    """Tables of equal panels on [-1, 1], in NumPy; N = count * order + 1 nodes.

    Attributes:
      nodes: shape (N,), from -1 to 1.
      weights: shape (N,), of the integral over [-1, 1], exact up to degree 2 order - 2 in a panel; 0 at the right end.
      inside: shape (order + 1,), the nodes of one panel, from -1 to 1.
      slopes: shape (order + 1, order + 1), from values in a panel to derivatives in it.
      beyond: shape (order + 1, order + 1), from values in a panel to integrals from each node to its right end.
      gauss, gauss_weights: shape (count * order,), of integrals over [-1, 1] whose integrand is known everywhere.
    """

    nodes: np.ndarray
    weights: np.ndarray
    inside: np.ndarray
    slopes: np.ndarray
    beyond: np.ndarray
    gauss: np.ndarray
    gauss_weights: np.ndarray


class Place(NamedTuple):
    """Where points lie among nodes: the values from ``first`` on, times ``weight``, sum to the value at the point."""

    first: Any
    weight: Any

    def read(self, values: Any) -> Any:
        """Values at the points, from those at the nodes."""
        parts = (self.weight[..., k] * taken(values, self.first + k) for k in range(self.weight.shape[-1]))
        return functools.reduce(operator.add, parts)

    @property
    def every(self) -> Any:
        """All the places that count, shape (..., weights)."""
        return self.first[..., None] + np.arange(self.weight.shape[-1], dtype=np.int32)


def taken(values: Any, index: Any) -> Any:
    """Values at places that are known to be there: one gather after another is faster than one of all."""
    if numpy_for((values, index)) is np:
        return values[index]
    return jnp.asarray(values).at[index].get(mode="promise_in_bounds")


@functools.lru_cache(32)
def panels(count: int, order: int) -> Panels:
    """The tables of `count` panels of this order."""
    inside, weights = _radau(order)
    lefts = -1 + 2 * np.arange(count)[:, None] / count
    gauss, gauss_weights = legendre.leggauss(order)
    return Panels(
        np.append((lefts + (1 + inside[:-1]) / count).ravel(), 1.0),
        np.append(np.tile(weights / count, count), 0.0),
        inside,
        count * differentiation(inside),
        np.stack([(1 - x) / 2 * gauss_weights @ lagrange((1 + x + (1 - x) * gauss) / 2, inside) for x in inside])
        / count,
        (lefts + (1 + gauss) / count).ravel(),
        np.tile(gauss_weights / count, count),
    )


def _radau(order: int) -> tuple[np.ndarray, np.ndarray]:
    """The left Radau nodes on [-1, 1] with the right end added, and the weights of all but the last."""
    last, both = np.eye(order + 1)[order - 1], np.eye(order + 1)[order] + np.eye(order + 1)[order - 1]
    nodes = np.sort(np.real(legendre.legroots(both)))
    nodes[0] = -1.0
    for _ in range(3):  # Newton
        nodes[1:] -= legendre.legval(nodes[1:], both) / legendre.legval(nodes[1:], legendre.legder(both))
    return np.append(nodes, 1.0), (1 - nodes) / (order * legendre.legval(nodes, last)) ** 2


def differentiation(nodes: np.ndarray) -> np.ndarray:
    """From values at few nodes to slopes there, shape (nodes, nodes); constants have none, to the last digit."""
    gaps = nodes[:, None] - nodes + np.eye(len(nodes))
    share = 1 / gaps.prod(1)
    slopes = share / share[:, None] / gaps * (1 - np.eye(len(nodes)))
    return slopes - np.diag(slopes.sum(1))


def lagrange(at: Any, nodes: np.ndarray) -> Any:
    """Weights of the polynomial through values at few nodes, shape (..., nodes), by the barycentric formula."""
    xp = numpy_for(at)
    gaps = nodes[:, None] - nodes + np.eye(len(nodes))
    distance = at[..., None] - nodes
    hit = xp.abs(distance) < 1e-13  # a node is its own value
    share = 1 / gaps.prod(1) / xp.where(hit, 1.0, distance)
    return xp.where(hit.any(-1, keepdims=True), hit * 1.0, share / share.sum(-1, keepdims=True))


def between(at: Any, tables: Panels) -> Place:
    """Places of points in [-1, 1] among all nodes."""
    xp, order = numpy_for(at), len(tables.inside) - 1
    count = (len(tables.nodes) - 1) // order
    position = (at + 1) * count / 2
    panel = xp.clip(xp.floor(position), 0, count - 1)
    return Place((panel * order).astype(np.int32), lagrange(2 * (position - panel) - 1, tables.inside))
