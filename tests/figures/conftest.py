"""Explorers as the book has them."""

import pytest


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setenv("SOLVABLE_BOOK", "1")
