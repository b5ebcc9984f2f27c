"""The tables of a book as a page shows them: every cell with how well it is known and where it was read."""

from __future__ import annotations

from typing import Any

from deflator.book import Book
from deflator.book.evidence import evidence, figures_by_source
from deflator.book.schema import Column, schema
from deflator.messages import translated
from deflator.web.names import missing


def table_of(book: Book, name: str) -> dict[str, Any]:
    """Return a table with the provenance of its figures.

    Raises
    ------
    MissingError
        When there is no such table.
    """
    if name not in book.tables:
        raise missing("table", "table", name, list(book.tables))
    table, columns = book.table(name), schema()[name].columns
    known: dict[str, dict[str, Any]] = {}
    for (of_table, key, column), one in book.provenance.items():
        if of_table == name:
            known.setdefault(key, {})[column] = vars(one)
    return {
        "table": name,
        "columns": [_column(one) for one in columns],
        "rows": [
            {"row": key, "values": dict(row), "provenance": known.get(key, {})}
            for key, row in zip(table.keys, table.rows, strict=True)
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.column, "label": translated(column.column.replace("_", " ")), "unit": column.unit,
        "meaning": translated(column.description), "type": column.type, "key": column.key,
    }  # fmt: skip


def sources_of(book: Book) -> dict[str, Any]:
    """Return the sources of a book, the most used first, and how its figures are graded."""
    counted = evidence(book)
    return {
        "sources": [vars(book.sources[name]) | {"figures": used} for name, used in figures_by_source(book).items()],
        "figures": counted.figures,
        "by_grade": dict(counted.by_grade),
        "without_provenance": counted.without_provenance,
    }


def summary_of(book: Book) -> dict[str, Any]:
    """Return what a book holds, in a few figures."""
    counted = evidence(book)
    return {
        **book.header(),
        "months": book.months,
        "fingerprint": book.fingerprint,
        "rows": {name: len(table) for name, table in book.tables.items()},
        "figures": counted.figures,
        "by_grade": dict(counted.by_grade),
    }
