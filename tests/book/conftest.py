"""A tiny book of one firm in each layer, and ways to change a copy of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deflator.book import Book, load_book

TINY = Path(__file__).parents[1] / "books" / "tiny"


@pytest.fixture(scope="session")
def tiny() -> Book:
    return load_book(TINY)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copy the tiny book so that a test may change it."""
    return shutil.copytree(TINY, tmp_path / "book")
