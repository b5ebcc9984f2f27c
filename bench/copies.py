"""A book several times as large: every firm and thing of a book copied, within one market.

The copies share the equipment, its prices and the accounts of the world. Everything else is there once more under a
name with a suffix, cohorts and their demand included, so that the demand of the larger market fits its supply. The two
parameters that are sums of a whole market, second-hand depth and new supply, grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from deflator.book import Book
from deflator.book.book import Table
from deflator.book.cells import Row
from deflator.book.schema import schema

COPIED = ("entities", "fleets", "deliveries", "contracts", "leases", "facilities", "amortisation", "covenants",
          "holdings", "demand")  # fmt: skip
OF_THE_WHOLE_MARKET = ("market_depth_units_per_month", "new_supply_units_per_year")
WORLD = "world"


def copied(book: Book, times: int) -> Book:
    """Return a book with every firm and thing `times` times; the first of each keeps its name."""
    shared = {row["entity"] for row in book.table("entities").rows if row["layer"] == WORLD}
    names = {key for table in ("fleets", "deliveries", "contracts", "leases", "facilities")
             for key in book.table(table).keys}  # fmt: skip
    names |= set(book.table("entities").keys) - shared
    tables, provenance = dict(book.tables), dict(book.provenance)
    for name in COPIED:
        rows: list[Row] = list(book.table(name).rows)
        keys = list(book.table(name).keys)
        for number in range(2, times + 1):
            for row, key in _renamed(book.table(name), names, f"_x{number}"):
                rows.append(row)
                keys.append(key)
        tables[name] = Table(name, book.as_of, tuple(rows), tuple(keys))
    for (name, key, field), known in book.provenance.items():
        if name in COPIED and any(part in names for part in key.split("|")):
            for number in range(2, times + 1):
                provenance[name, _with_suffix(key, names, f"_x{number}"), field] = known
    tables["parameters"] = _grown(book.table("parameters"), times)
    return replace(book, name=f"{book.name}-x{times}", tables=tables, provenance=provenance)


def _renamed(table: Table, names: set[Any], suffix: str) -> Iterator[tuple[Row, str]]:
    """Yield the rows of a table that name something copied, under their new names, with their keys."""
    columns = [column.column for column in schema()[table.name].columns if column.reference or column.key]
    for row, key in zip(table.rows, table.keys, strict=True):
        if not any(part in names for part in key.split("|")):
            continue
        changed = dict(row)
        for column in columns:
            value = row.get(column)
            if isinstance(value, tuple):
                changed[column] = tuple(_with_suffix(part, names, suffix) for part in value)
            elif isinstance(value, str):
                changed[column] = _with_suffix(value, names, suffix)
        yield changed, _with_suffix(key, names, suffix)


def _with_suffix(key: str, names: set[Any], suffix: str) -> str:
    return "|".join(part + suffix if part in names else part for part in key.split("|"))


def _grown(parameters: Table, times: int) -> Table:
    """Return the parameters of a market that is several times as large."""

    def grown(row: Mapping[str, Any]) -> Row:
        if row["parameter"] not in OF_THE_WHOLE_MARKET:
            return row
        return {**row, **{column: row[column] * times for column in ("value", "low", "high")}}

    return Table(parameters.name, parameters.as_of, tuple(grown(row) for row in parameters.rows), parameters.keys)
