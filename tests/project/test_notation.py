"""The notation table: every code name exists, with the argument or field that it names."""

import dataclasses
import functools
import inspect
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import solvable
from solvable import Spectrum
from solvable.linear_model import exact

PAGE = Path(__file__).parents[2] / "book" / "notation.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text().splitlines()
    if line.startswith("| $")
]
NAMES = sorted({name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])})


def test_the_table_is_read():
    assert len(ROWS) >= 18
    assert all(len(row) == 4 for row in ROWS)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_the_name_exists(name):
    path, argument = re.fullmatch(r"([\w.]+)(?:\((\w+)=?\))?", name).groups()
    *owners, last = path.split(".")
    owner = functools.reduce(getattr, owners, solvable)
    if dataclasses.is_dataclass(owner) and last in {field.name for field in dataclasses.fields(owner)}:
        return
    found = getattr(owner, last)
    if argument:
        assert argument in inspect.signature(found).parameters


def test_eta_at_batch_size_one_is_the_gamma_of_paquette():
    """One step of size gamma along the gradient of half a sample's squared error, 40,000 times: the loss of eta."""
    (row,) = (row for row in ROWS if row[0] == r"$\eta$" and "Paquette" in row[3])
    assert "the same number at batch size 1" in row[3]
    assert "*half* the mean square error" in row[3]
    lam, teacher, gamma = np.array([1.0, 0.3]), np.array([1.0, 2.0]), 0.8
    psi = jax.random.normal(jax.random.key(0), (40_000, 2)) * np.sqrt(lam)
    step = jax.vmap(jax.grad(lambda w, x: (x @ (w - teacher)) ** 2 / 2), (None, 0))(jnp.zeros(2), psi)
    losses = (-gamma * step - teacher) ** 2 @ lam

    def expected(eta):
        spectrum = Spectrum(lam, lam * teacher**2)
        return float(exact.sgd(spectrum, [1], features=None, learning_rate=eta, batch_size=1).test[0])

    error = float(losses.std()) / 40_000**0.5
    assert abs(losses.mean() - expected(gamma)) < 4 * error
    assert min(abs(losses.mean() - expected(x * gamma)) for x in (0.5, 2)) > 10 * error
