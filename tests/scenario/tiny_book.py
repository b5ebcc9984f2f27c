"""The tiny book of the tests: one firm in each layer, as of 2026-02, 24 months."""

from functools import cache
from pathlib import Path

from deflator.book import load_book

_FOLDER = Path(__file__).parent.parent / "books" / "tiny"


@cache
def tiny_book():
    """Return the tiny book."""
    return load_book(_FOLDER)
