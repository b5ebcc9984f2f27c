"""A book whose cells have been read and typed but whose rules have not been checked yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from deflator.book.cells import CellError, Row, Value, read_cell
from deflator.book.raw import RawBook, RawTable
from deflator.book.schema import TableSchema, header_schema, schema
from deflator.book.spelling import did_you_mean
from deflator.errors import Fault


@dataclass(frozen=True)
class DraftTable:
    """One table whose cells are typed; a cell that cannot be read is None and named in `unread`.

    Parameters
    ----------
    schema
        What the table may hold.
    file
        What a fault calls the file or sheet.
    rows
        Cells by column.
    lines
        Line of the file or row of the sheet of each row.
    keys
        Key of each row; None where a part of it cannot be read.
    unread
        Columns of which at least one cell is missing or cannot be read.
    """

    schema: TableSchema
    file: str
    rows: Sequence[Row]
    lines: Sequence[int]
    keys: Sequence[str | None]
    unread: frozenset[str]

    def fault(self, position: int, column: str, message: str, hint: str = "") -> Fault:
        """Return a fault of the row at the position."""
        return Fault(self.file, self.lines[position], column, message, hint)

    def items(self) -> Iterator[tuple[int, Row]]:
        """Yield the position and the cells of each row."""
        return enumerate(self.rows)


@dataclass(frozen=True)
class Draft:
    """A whole book as read.

    Parameters
    ----------
    header
        What describes the book as a whole; values that cannot be read are missing.
    lines
        Line of each key of the header.
    header_file
        What a fault calls the place of the header.
    tables
        Every table of the schema, without rows where it could not be read.
    """

    header: Mapping[str, str]
    lines: Mapping[str, int]
    header_file: str
    tables: Mapping[str, DraftTable]

    def header_fault(self, key: str, message: str, hint: str = "") -> Fault:
        """Return a fault of a key of the header."""
        return Fault(self.header_file, self.lines.get(key, 0), key, message, hint)

    def knows(self, needs: Sequence[str]) -> bool:
        """Tell whether each `table.column` was read in full, so that a rule about all of it can be judged."""
        for need in needs:
            table, column = need.split(".")
            known = column in self.header if table == "book" else column not in self.tables[table].unread
            if not known:
                return False
        return True


def read_draft(raw: RawBook, faults: list[Fault]) -> Draft:
    """Type every cell of a book; what cannot be read becomes a fault.

    Parameters
    ----------
    raw
        The book as its file holds it.
    faults
        Faults that are found are added to it.
    """
    tables = {
        name: _read_table(raw.tables[name], table, faults) if name in raw.tables else _unread(table)
        for name, table in schema().items()
    }
    header = _read_header(raw, faults)
    lines = {key: line for key, (line, _) in (raw.header or {}).items()}
    return Draft(header, lines, raw.header_file, tables)


def _unread(table: TableSchema) -> DraftTable:
    """Return a table of which nothing is known."""
    return DraftTable(table, table.name, (), (), (), frozenset(table.by_name))


def _read_header(raw: RawBook, faults: list[Fault]) -> dict[str, str]:
    """Return the values that describe the book."""
    if raw.header is None:
        return {}
    columns = header_schema().by_name
    for key, (line, _) in raw.header.items():
        if key not in columns:
            faults.append(Fault(raw.header_file, line, key, "the key is unknown", did_you_mean(key, columns)))
    found: dict[str, str] = {}
    for key, column in columns.items():
        line, value = raw.header.get(key, (0, None))
        try:
            typed = read_cell(value, column)
        except CellError as error:
            message = error.message if key in raw.header else "the key is missing"
            faults.append(Fault(raw.header_file, line, key, message, error.hint))
        else:
            if isinstance(typed, str):
                found[key] = typed
    return found


def _read_table(raw: RawTable, table: TableSchema, faults: list[Fault]) -> DraftTable:
    """Return a table with typed cells."""
    places = _read_columns(raw, table, faults)
    unread = {column.column for column in table.columns if column.required} - set(places)
    typed: list[dict[str, Value]] = []
    lines: list[int] = []
    for line, cells in raw.rows:
        if not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in cells):
            continue
        if len(cells) != len(raw.header):
            message = f"the row has {len(cells)} cells but the header {len(raw.header)}"
            faults.append(Fault(raw.file, line, "", message, 'put a text that holds a comma in "quotes"'))
            unread.update(table.by_name)
            continue
        row: dict[str, Value] = dict.fromkeys(table.by_name)
        for name, place in places.items():
            try:
                row[name] = read_cell(cells[place], table.by_name[name])
            except CellError as error:
                faults.append(Fault(raw.file, line, name, error.message, error.hint))
                unread.add(name)
        typed.append(row)
        lines.append(line)
    keys = [_key(row, table) for row in typed]
    return DraftTable(table, raw.file, typed, lines, keys, frozenset(unread))


def _read_columns(raw: RawTable, table: TableSchema, faults: list[Fault]) -> dict[str, int]:
    """Return where each column stands; columns without a name are passed over when they hold nothing."""
    places: dict[str, int] = {}
    for place, name in enumerate(raw.header):
        if not name:
            filled = [line for line, cells in raw.rows if cells[place : place + 1] and cells[place] != ""]
            if filled:
                message = f"column {place + 1} has no name but a cell in row {filled[0]}"
                faults.append(Fault(raw.file, 1, "", message, "name it or clear it"))
        elif name in places:
            message = f"the column stands twice, in places {places[name] + 1} and {place + 1}"
            faults.append(Fault(raw.file, 1, name, message, "keep one"))
        elif name not in table.by_name:
            missing = [column for column in table.by_name if column not in raw.header]
            hint = did_you_mean(name, missing or table.by_name)
            faults.append(Fault(raw.file, 1, name, "the column is unknown", hint))
        else:
            places[name] = place
    for column in table.columns:
        if column.required and column.column not in places:
            hint = f"the header of {table.name} must name it"
            faults.append(Fault(raw.file, 1, column.column, "the column is missing", hint))
    return places


def _key(row: Row, table: TableSchema) -> str | None:
    """Return the key of a row, its parts joined by `|`; None where a part cannot be read."""
    parts = [row[name] for name in table.keys]
    return "|".join(str(part) for part in parts) if None not in parts else None
