"""Changing single figures of a book: none without saying how well it is known and where it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

from deflator.book.book import Book, Provenance, Source
from deflator.book.cells import write_cell
from deflator.book.folder import HEADER_FILE
from deflator.book.load import read_book
from deflator.book.raw import RawBook, RawTable
from deflator.book.schema import schema
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.errors import BookError, Fault

_HOW = "write entity.field=value or table.row.field=value"


@dataclass(frozen=True)
class Edit:
    """One cell that is to say something else.

    Parameters
    ----------
    table, row, column
        Where it stands; the row by its key.
    value
        What it is to say, as it is typed into a file; empty for a blank cell.
    provenance
        How well it is known; None for a cell that is no figure.
    """

    table: str
    row: str
    column: str
    value: str
    provenance: Provenance | None = None


@dataclass(frozen=True)
class NewRow:
    """One row that is to be added.

    Parameters
    ----------
    table
        Where it belongs.
    cells
        What it says, as it is typed into a file.
    provenance
        How well each of its figures is known.
    """

    table: str
    cells: Mapping[str, str]
    provenance: Mapping[str, Provenance] = field(default_factory=dict)


def read_edit(book: Book, typed: str, provenance: Provenance) -> Edit:
    """Return the change that a person typed.

    Parameters
    ----------
    book
        The book that is to be changed.
    typed
        `coreweave.cash_musd=1500`, or with its table `entities.coreweave.cash_musd=1500`. Where no table is named, the
        entity is meant if there is one, else the only row of that key that has the column.
    provenance
        How well the figure is known.

    Raises
    ------
    BookError
        When it is no change, or no such cell exists.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> known = Provenance("assumed", "2026-02-28", 1000.0, 2000.0, "judgement", None, None)
    >>> edit = read_edit(load_book("ai-2026-02"), "coreweave.cash_musd=1500", known)
    >>> edit.table, edit.row, edit.column, edit.value
    ('entities', 'coreweave', 'cash_musd', '1500')
    """
    path, equals, value = typed.partition("=")
    place, _, column = path.strip().rpartition(".")
    if not equals or not place or not column:
        raise _fault(typed, f"{quoted(typed)} is not a change", _HOW)
    table, row = _row_meant(book, place, column, typed)
    known = schema()[table].by_name
    if column not in known:
        raise _fault(typed, f"{table} has no column {quoted(column)}", did_you_mean(column, known) or f"use {_HOW}")
    if known[column].key:
        raise _fault(typed, f"{column} is the key of {table}", "keys stay: write a new row into a copy of the book")
    return Edit(table, row, column, value.strip(), provenance if known[column].figure else None)


def _row_meant(book: Book, place: str, column: str, typed: str) -> tuple[str, str]:
    """Return the table and the key of the row that a person means."""
    table, _, row = place.partition(".")
    if table in book.tables and row in book.table(table).index:
        return table, row
    found = [name for name, rows in book.tables.items() if place in rows.index and column in schema()[name].by_name]
    if "entities" in found:
        return "entities", place
    if len(found) == 1:
        return found[0], place
    if found:
        raise _fault(typed, f"{quoted(place)} is a row of {one_of(found)}", f"name the table: {found[0]}.{typed}")
    if table in book.tables:
        raise _fault(typed, f"{table} has no row {quoted(row)}", did_you_mean(row, book.table(table).index))
    there = [name for name, rows in book.tables.items() if place in rows.index]
    if there:
        columns = [column for name in there for column in schema()[name].by_name]
        raise _fault(typed, f"{one_of(there)} has no column {quoted(column)}", did_you_mean(column, columns) or _HOW)
    rows = [key for name, of in book.tables.items() if column in schema()[name].by_name for key in of.index]
    hint = did_you_mean(place, rows)
    raise _fault(typed, f"no row {quoted(place)} has a column {quoted(column)}", hint or _HOW)


def _fault(typed: str, message: str, hint: str) -> BookError:
    return BookError([Fault("", 0, typed.partition("=")[0], message, hint)])


def edited(book: Book, edits: Iterable[Edit] = (), rows: Iterable[NewRow] = (), sources: Iterable[Source] = ()) -> Book:
    """Return a book with something changed; the one that was given stays as it is.

    Parameters
    ----------
    book
        Any loaded book.
    edits
        Cells that are to say something else.
    rows
        Rows to add at the end of their tables.
    sources
        Documents that the book does not name yet; one that it names already must be the same.

    Raises
    ------
    BookError
        With everything that is then wrong with the book; a fault names the row of the table as it would be written.

    Examples
    --------
    >>> from deflator.book import load_book
    >>> book = load_book("ai-2026-02")
    >>> known = Provenance("assumed", "2026-02-28", 1000.0, 2000.0, "judgement", None, None)
    >>> changed = edited(book, [Edit("entities", "coreweave", "cash_musd", "1500", known)])
    >>> changed.table("entities").rows[changed.table("entities").index["coreweave"]]["cash_musd"]
    1500.0
    """
    faults: list[Fault] = []
    tables = {name: _cells_of(rows) for name, rows in book.all_rows().items()}
    for edit in edits:
        position = book.table(edit.table).index[edit.row]
        tables[edit.table][position][edit.column] = edit.value
        if edit.provenance or (edit.table, edit.row, edit.column) in book.provenance:
            _note(tables["provenance"], edit.table, edit.row, edit.column, edit.provenance if edit.value else None)
    for new in rows:
        tables[new.table].append(dict(new.cells))
        key = "|".join(new.cells.get(column.column, "") for column in schema()[new.table].columns if column.key)
        for column, known in new.provenance.items():
            _note(tables["provenance"], new.table, key, column, known)
    for source in sources:
        if source.source not in book.sources:
            tables["sources"].append({name: write_cell(value) for name, value in vars(source).items()})
        elif book.sources[source.source] != source:
            before = book.sources[source.source]
            message = f"{source.source} is {quoted(before.title)} ({before.date}), not {quoted(source.title)}"
            faults.append(Fault("sources.csv", 0, source.source, message, "give the new document an id of its own"))
    return read_book(_raw(book, tables), faults)


def _cells_of(rows: Sequence[Mapping[str, object]]) -> list[dict[str, str]]:
    return [{name: write_cell(value) for name, value in row.items()} for row in rows]  # type: ignore[arg-type]


def _note(provenance: list[dict[str, str]], table: str, row: str, column: str, known: Provenance | None) -> None:
    """Have a figure's provenance say something else, stand for the first time, or go with the figure."""
    figure = {"table": table, "row": row, "field": column}
    there = [at for at, cells in enumerate(provenance) if all(cells[name] == figure[name] for name in figure)]
    if known is None:
        for at in reversed(there):
            del provenance[at]
        return
    cells = figure | {one.name: write_cell(getattr(known, one.name)) for one in fields(known)}
    if there:
        provenance[there[0]] = cells
    else:
        provenance.append(cells)


def _raw(book: Book, tables: Mapping[str, Sequence[Mapping[str, str]]]) -> RawBook:
    """Return the cells as a folder of the book would hold them, so that faults name the rows of its files."""
    header = {key: (line, value) for line, (key, value) in enumerate(book.header().items(), 1)}
    raw = {
        name: RawTable(
            f"{name}.csv",
            tuple(schema()[name].by_name),
            [(line, [row.get(column, "") for column in schema()[name].by_name]) for line, row in enumerate(rows, 2)],
        )
        for name, rows in tables.items()
    }
    return RawBook(HEADER_FILE, header, raw)
