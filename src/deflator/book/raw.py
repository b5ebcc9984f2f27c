"""A book as its file holds it: headers and cells that nothing has been said about yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LARGEST_MEGABYTES = 50
MOST_ROWS = 200_000
MOST_COLUMNS = 200


@dataclass(frozen=True)
class RawTable:
    """One CSV file or one sheet.

    Parameters
    ----------
    file
        What a fault calls it: `fleets.csv`, or the sheet `fleets`.
    header
        Names of the columns; blank where a spreadsheet has unused columns.
    rows
        One-based line or row of the file, and the cells.
    """

    file: str
    header: tuple[str, ...]
    rows: Sequence[tuple[int, Sequence[object]]]


@dataclass(frozen=True)
class RawBook:
    """All that could be read of a folder or workbook.

    Parameters
    ----------
    header_file
        What a fault calls the place where the book as a whole is described.
    header
        Its keys, each with line and value; None when it could not be read.
    tables
        Tables that could be read, by name.
    """

    header_file: str
    header: Mapping[str, tuple[int, object]] | None
    tables: Mapping[str, RawTable]
