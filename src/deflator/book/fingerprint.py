"""One number that tells two books apart by what they say, not by how they are stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deflator.book.book import Book


def fingerprint(book: Book) -> str:
    """Return the SHA-256 of a book's content.

    The order of rows counts, for the engine reads them in that order; the order of columns, the file format
    and blank cells do not.

    Parameters
    ----------
    book
        Any loaded book.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    tables = {name: [_without_blanks(row) for row in rows] for name, rows in book.all_rows().items()}
    content = [_without_blanks(book.header()), tables]
    canonical = json.dumps(content, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _without_blanks(row: Mapping[str, object]) -> dict[str, object]:
    """Return the cells that hold something, so that a new optional column changes no fingerprint."""
    return {name: value for name, value in row.items() if value is not None}
