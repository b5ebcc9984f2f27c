"""What two books say differently, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deflator.book.book import Book, Provenance
from deflator.book.cells import write_cell

HEADER = "book"


@dataclass(frozen=True)
class Change:
    """One cell, or one whole row, that differs.

    Parameters
    ----------
    table
        Table, `provenance`, `sources`, or `book` for what describes the book as a whole.
    row
        Key of the row; that of a row of provenance is the figure's, `table.row.field`. Empty in the table `book`.
    field
        Column; empty where only one of the books has the row.
    before, after
        What the books say, as it is written in a file; None for nothing, or for no such row.
    provenance_before, provenance_after
        How well each book knows the figure; None for what is no figure.
    """

    table: str
    row: str
    field: str
    before: str | None
    after: str | None
    provenance_before: Provenance | None = None
    provenance_after: Provenance | None = None


def changes(first: Book, second: Book) -> list[Change]:
    """Return the cells and rows in which two books differ, in the order of the tables.

    Parameters
    ----------
    first, second
        Any loaded books; they need not be of one industry.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> changes(load_book("ai-2026-02"), load_book("ai-2026-02"))
    []
    """
    return list(_changes(first, second))


def _changes(first: Book, second: Book) -> Iterator[Change]:
    for field, before, after in row_changes(first.header(), second.header()):
        yield Change(HEADER, "", field, before, after)
    for table in dict.fromkeys((*first.all_rows(), *second.all_rows())):
        rows, others = keyed_rows(first, table), keyed_rows(second, table)
        for key in dict.fromkeys((*rows, *others)):
            if key in rows and key in others:
                for field, before, after in row_changes(rows[key], others[key]):
                    figure = (table, key, field)
                    yield Change(*figure, before, after, first.provenance.get(figure), second.provenance.get(figure))
            else:
                before, after = (_cells(side[key]) if key in side else None for side in (rows, others))
                yield Change(table, key, "", before, after)


def row_changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield the fields in which two rows differ, with what each says as text.

    Examples
    --------
    >>> list(row_changes({"units": 8.0, "site": None}, {"units": 9.0, "site": None}))
    [('units', '8', '9')]
    """
    for field in dict.fromkeys((*first, *second)):
        if first.get(field) != second.get(field):
            yield field, _told(first.get(field)), _told(second.get(field))


def keyed_rows(book: Book, table: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of a table by their keys; those of provenance by the figure that they are of."""
    rows = book.all_rows().get(table, ())
    if table in book.tables:
        return dict(zip(book.tables[table].keys, rows, strict=True))
    if table == "provenance":
        return {f"{row['table']}.{row['row']}.{row['field']}": row for row in rows}
    return dict(zip(book.sources, rows, strict=True))


def _told(value: Any) -> str | None:
    return None if value is None else write_cell(value)


def _cells(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{field}={write_cell(value)}" for field, value in row.items() if value is not None)
