"""What a book says of one table or one entity, cell by cell, with where it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deflator.book.book import Book, Provenance
from deflator.book.cells import Row, Value
from deflator.book.schema import Column, parameter_rules, schema
from deflator.book.spelling import did_you_mean, quoted
from deflator.errors import BookError, Fault


@dataclass(frozen=True)
class Entry:
    """One cell that is not blank.

    Parameters
    ----------
    table, row, column
        Where it stands; the row by its key.
    value, unit
        What it says; the unit is empty for words.
    provenance
        How well it is known; None for cells that are not figures.
    """

    table: str
    row: str
    column: str
    value: Value
    unit: str
    provenance: Provenance | None


def entries(book: Book, name: str) -> tuple[Entry, ...]:
    """Return what a book says of a table, or of an entity in every table.

    Parameters
    ----------
    book
        Any loaded book.
    name
        Name of a table, or id of an entity.

    Raises
    ------
    BookError
        When the book has neither.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> found = entries(load_book("ai-2026-02"), "market")
    >>> [entry.unit for entry in found if (entry.row, entry.column) == ("pue", "value")]
    ['ratio']
    """
    entities = book.table("entities").index
    if name in book.tables:
        wanted = [(name, position) for position in range(len(book.table(name)))]
    elif name in entities:
        wanted = list(_rows_of(book, name))
    else:
        message = f"{quoted(name)} is neither an entity nor a table of {book.name}"
        hint = did_you_mean(name, [*book.tables, *entities]) or "`deflator book show entities` lists them"
        raise BookError([Fault("", 0, "", message, hint)])
    return tuple(entry for table, position in wanted for entry in _cells(book, table, position))


def _rows_of(book: Book, entity: str) -> Iterator[tuple[str, int]]:
    """Yield the rows that are the entity or name it."""
    for name, table in book.tables.items():
        columns = [
            column.column
            for column in schema()[name].columns
            if "entities" in column.reference or (name, column.column) == ("entities", "entity")
        ]
        for position, row in enumerate(table.rows):
            if any(row.get(column) == entity for column in columns):
                yield name, position


def _cells(book: Book, name: str, position: int) -> Iterator[Entry]:
    """Yield the cells of a row that are not blank and not its key."""
    table = book.table(name)
    key, row = table.keys[position], table.rows[position]
    for column in schema()[name].columns:
        if row.get(column.column) is not None and not column.key:
            known = book.provenance.get((name, key, column.column))
            yield Entry(name, key, column.column, row[column.column], _unit(column, key, row), known)


def _unit(column: Column, key: str, row: Row) -> str:
    """Return the unit of a cell: the column's, or the one that its row or the list of parameters states."""
    if column.table == "parameters":
        return parameter_rules()[key].unit if column.unit else ""
    return str(row["unit"]) if column.unit == "see unit" else column.unit
