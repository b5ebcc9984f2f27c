"""What is known on the as-of date, as values that cannot be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deflator.book.cells import Row
from deflator.book.fingerprint import fingerprint
from deflator.book.months import month_index
from deflator.book.schema import NUMERIC, Column, header_schema, schema


@dataclass(frozen=True)
class Provenance:
    """How well one figure is known, and where it was read.

    Parameters
    ----------
    grade
        `reported`, `derived`, `assumed`, `disputed` or `unknown`.
    as_of
        Day, month or year that the figure describes.
    low, high
        Range of plausible values in the unit of the figure, or months; None where a reported figure has none.
    source
        Id of the source.
    note
        How it was read or derived.
    factor
        Figures that name the same factor are drawn together.
    """

    grade: str
    as_of: str
    low: float | str | None
    high: float | str | None
    source: str
    note: str | None
    factor: str | None


@dataclass(frozen=True)
class Source:
    """A document that figures were read from."""

    source: str
    title: str
    url: str | None
    date: str
    kind: str


@dataclass(frozen=True)
class Table:
    """One table of a book.

    Parameters
    ----------
    name
        Name of the table.
    as_of
        As-of month of the book, from which `array` counts months.
    rows
        Rows in the order of the book. Numbers and flags are floats, lists of ids are tuples, months are
        YYYY-MM, blank cells are None.
    keys
        Key of each row; several key columns are joined by `|`, as in the column `row` of the provenance.

    Examples
    --------
    >>> leases = Table("leases", "2026-02", ({"lease": "l1", "mw": 40.0, "start": "2026-05"},), ("l1",))
    >>> leases.column("mw"), leases.array("start"), leases.index["l1"]
    ((40.0,), array([3.]), 0)
    """

    name: str
    as_of: str
    rows: tuple[Row, ...]
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(MappingProxyType(dict(row)) for row in self.rows))

    def __len__(self) -> int:
        return len(self.rows)

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy cannot be pickled, and workers in other processes need the book.
        return Table, (self.name, self.as_of, tuple(dict(row) for row in self.rows), self.keys)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Position of each row by its key."""
        return MappingProxyType({key: position for position, key in enumerate(self.keys)})

    def column(self, name: str) -> tuple[Any, ...]:
        """Return the cells of a column as they are typed."""
        self._schema_of(name)
        return tuple(row.get(name) for row in self.rows)

    def array(self, name: str, blank: float = np.nan) -> NDArray[np.float64]:
        """Return a column of numbers, or of months counted from the as-of month.

        Parameters
        ----------
        name
            Column of numbers, shares, counts, flags or months.
        blank
            What stands for a blank cell.

        Returns
        -------
        numpy.ndarray
            One float64 for each row, in the unit of the column; months after the as-of month for a month.

        Raises
        ------
        KeyError
            When the table has no such column.
        TypeError
            When the column holds words.
        """
        kind = self._schema_of(name).type
        if kind == "month":
            values = [blank if month is None else month_index(month, self.as_of) for month in self.column(name)]
        elif kind in NUMERIC:
            values = [blank if value is None else value for value in self.column(name)]
        else:
            raise TypeError(f"{self.name}.{name} holds words ({kind}), which no array of numbers can hold")
        return np.array(values, dtype=np.float64)

    def _schema_of(self, column: str) -> Column:
        """Return the schema of a column, or refuse a name that the table does not have."""
        columns = schema()[self.name].by_name
        if column not in columns:
            raise KeyError(f"{self.name} has no column {column!r}; it has {', '.join(columns)}")
        return columns[column]


@dataclass(frozen=True)
class Book:
    """Everything known on an as-of date, with a source for every figure.

    Parameters
    ----------
    name
        Short name of the book.
    title, description
        What a reader is told that it is.
    as_of
        Month in which all of it is known, YYYY-MM: month 0 of every run.
    horizon
        Last month that is simulated, YYYY-MM.
    currency
        Currency of every sum.
    reference_equipment
        Equipment in whose units compute is counted and whose rent drives the others.
    reference_series
        Series of `price_history` that the reference rent follows.
    licence, compiled_by
        Terms of use and authors, where they are told.
    tables
        The tables by name; provenance and sources stand apart.
    provenance
        By (table, key of the row, column): every figure of every table has one.
    sources
        By id.
    """

    name: str
    title: str
    description: str
    as_of: str
    horizon: str
    currency: str
    reference_equipment: str
    reference_series: str
    licence: str | None
    compiled_by: str | None
    tables: Mapping[str, Table]
    provenance: Mapping[tuple[str, str, str], Provenance]
    sources: Mapping[str, Source]

    def __post_init__(self) -> None:
        for name in ("tables", "provenance", "sources"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return Book, tuple(dict(value) if isinstance(value, Mapping) else value for value in values)

    @cached_property
    def months(self) -> int:
        """Months that are simulated: from the one after the as-of month to the horizon."""
        return self.month(self.horizon)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content, in hexadecimal: the same in every file format and order of columns."""
        return fingerprint(self)

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return self.tables[name]

    def month(self, text: str) -> int:
        """Count the months from the as-of month to another: negative before it."""
        return month_index(text, self.as_of)

    def header(self) -> dict[str, str | None]:
        """Return what describes the book as a whole, as it stands in `book.yaml`."""
        return {name: getattr(self, name) for name in header_schema().by_name}

    def all_rows(self) -> dict[str, tuple[Row, ...]]:
        """Return the rows of every table as they are written, provenance and sources included."""
        evidence: tuple[Row, ...] = tuple(
            {"table": table, "row": row, "field": field, **vars(known)}
            for (table, row, field), known in self.provenance.items()
        )
        documents: tuple[Row, ...] = tuple(vars(source) for source in self.sources.values())
        written = {name: table.rows for name, table in self.tables.items()}
        return {**written, "provenance": evidence, "sources": documents}
