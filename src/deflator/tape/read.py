"""Reading a lender's tape: all of it or nothing, every fault at once, no row dropped and nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deflator.book import Book
from deflator.book.cells import CellError, Row, read_cell
from deflator.book.folder import read_csv
from deflator.book.raw import RawTable
from deflator.book.spelling import did_you_mean, one_of, quoted
from deflator.book.workbook import read_sheets
from deflator.errors import Fault, RunError
from deflator.messages import text
from deflator.tape.borrowers import Borrowers, Obligor
from deflator.tape.check import Place, check_row, check_rows, fault
from deflator.tape.schema import SHEET, columns

MOST_LOANS = 100_000


class TapeError(RunError):
    """A tape that cannot be read, with every reason at once."""


@dataclass(frozen=True)
class Loan:
    """One row of a tape that was checked.

    Parameters
    ----------
    line
        Line of the file, or row of the sheet.
    cells
        Values by column of the schema; blank ones are None.
    obligor
        Who owes it.
    guarantor
        Entity that stands behind it; None where nobody else does.
    units
        Units pledged of each equipment.
    """

    line: int
    cells: Row
    obligor: Obligor
    guarantor: str | None
    units: tuple[tuple[str, float], ...]

    def number(self, column: str, blank: float = 0.0) -> float:
        """Return a figure of the row, or what stands for a blank."""
        value = self.cells.get(column)
        return blank if value is None else float(value)


@dataclass(frozen=True)
class Tape:
    """A lender's loans, checked against a book.

    Parameters
    ----------
    file
        Name of the file.
    book
        The book to which they are joined.
    loans
        Every row, in the order of the file.
    ignored
        Columns of the file that no part of the assessment reads.
    mapped
        Columns of the schema by the lender's own name, where that differs.
    """

    file: str
    book: Book
    loans: tuple[Loan, ...]
    ignored: tuple[str, ...] = ()
    mapped: Mapping[str, str] = field(default_factory=dict)

    def total(self, column: str) -> float:
        """Return the sum of a column of figures."""
        return sum(loan.number(column) for loan in self.loans)


def read_tape(path: str | Path, book: Book, mapping: Mapping[str, str] | None = None) -> Tape:
    """Read a tape and join its loans to a book.

    Parameters
    ----------
    path
        An .xlsx workbook, whose sheet `loans` (or only sheet) is read, or a .csv file.
    book
        Any loaded book.
    mapping
        Column of the schema by the name that the file uses for it; other columns keep their names.

    Raises
    ------
    RunError
        With every fault of the file.
    """
    path = Path(path)
    faults: list[Fault] = []
    raw = _raw(path, faults)
    if raw is None:
        raise TapeError(faults)
    places = _places(raw, path.name, dict(mapping or {}), faults)
    typed = _typed(raw, path.name, places, faults)
    ignored = tuple(name for name in raw.header if name and name not in places.values())
    if not raw.rows:
        faults.append(fault(Place(path.name, 0, ""), "empty"))
    if len(raw.rows) > MOST_LOANS:
        faults.append(fault(Place(path.name, 0, ""), "too_many", rows=f"{len(raw.rows):,}", most=f"{MOST_LOANS:,}"))
    known = Borrowers(book)
    loans = []
    for line, cells, unread in typed:
        loan = check_row(line, cells, unread, path.name, places, book, known, faults)
        if loan:
            loans.append(Loan(*loan))
    check_rows([(line, cells) for line, cells, _ in typed], path.name, places, faults)
    if faults:
        raise TapeError(faults)
    mapped = {own: column for column, own in places.items() if own != column}
    return Tape(path.name, book, tuple(loans), ignored, mapped)


def parse_mapping(given: Sequence[str]) -> dict[str, str]:
    """Return what `--map "own name=column"` says, checked.

    Raises
    ------
    RunError
        When an entry has no equals sign, names no column of a tape, or names one twice.

    Examples
    --------
    >>> parse_mapping(["Facility ID=loan"])
    {'Facility ID': 'loan'}
    """
    found: dict[str, str] = {}
    faults = []
    for entry in given:
        own, sign, column = (part.strip() for part in entry.rpartition("="))
        if not sign or not own:
            faults.append(fault(Place("", 0, "--map"), "map_form", typed=quoted(entry)))
        elif column not in columns():
            hint = did_you_mean(column, columns()) or one_of(columns())
            faults.append(Fault("", 0, "--map", text("tape.fault.map_unknown", column=quoted(column)), hint))
        elif own in found or column in found.values():
            faults.append(fault(Place("", 0, "--map"), "map_twice", column=quoted(column)))
        else:
            found[own] = column
    if faults:
        raise TapeError(faults)
    return found


def _raw(path: Path, faults: list[Fault]) -> RawTable | None:
    """Return the rows of the tape as the file holds them."""
    whole = Place(str(path), 0, "")
    if not path.is_file():
        faults.append(fault(whole, "missing"))
        return None
    ending = path.suffix.lower()
    if ending == ".csv":
        return read_csv(path, faults)
    if ending != ".xlsx":
        faults.append(fault(whole, "format", ending=quoted(ending)))
        return None
    sheets = read_sheets(path, faults)
    if sheets is None:
        return None
    sheet = sheets.get(SHEET) or (next(iter(sheets.values())) if len(sheets) == 1 else None)
    if sheet is None:
        hint = did_you_mean(SHEET, sheets) or text("tape.hint.no_sheet")
        faults.append(Fault(path.name, 0, "", text("tape.fault.no_sheet", sheets=", ".join(sheets)), hint))
        return None
    if not any(sheet.header):
        faults.append(fault(Place(path.name, 1, ""), "no_header"))
        return None
    return sheet


def _places(raw: RawTable, file: str, mapping: dict[str, str], faults: list[Fault]) -> dict[str, str]:
    """Return the lender's own name of each column of the schema that the file has."""
    found: dict[str, str] = {}
    for own in mapping:
        if own not in raw.header:
            hint = did_you_mean(own, [name for name in raw.header if name])
            faults.append(Fault(file, 1, "--map", text("tape.fault.map_absent", name=quoted(own)), hint))
    for place, own in enumerate(raw.header):
        column = mapping.get(own, own if own in columns() and own not in mapping.values() else "")
        if own and raw.header.index(own) != place:
            faults.append(fault(Place(file, 1, own), "twice"))
        elif not own and any(cells[place : place + 1] and cells[place] not in ("", None) for _, cells in raw.rows):
            faults.append(fault(Place(file, 1, ""), "nameless", number=place + 1))
        elif column in found:
            faults.append(fault(Place(file, 1, own), "two_names", other=quoted(found[column]), column=column))
        elif column:
            found[column] = own
    for name, described in columns().items():
        if described.required and name not in found:
            free = [own for own in raw.header if own and own not in found.values()]
            close = did_you_mean(name, free)
            likely = close.split("'")[1] if close.startswith("did you mean '") else ""
            key = "column_missing_likely" if likely else "column_missing"
            faults.append(fault(Place(file, 1, name), key, column=name, likely=likely))
    for own in raw.header:
        # A column that is nearly one of ours would be passed over in silence, so it is asked about.
        if own and own not in found.values():
            lowered = own.strip().lower().replace(" ", "_")
            if lowered in columns() and lowered not in found:
                faults.append(fault(Place(file, 1, own), "spelt", own=quoted(own), column=lowered))
    return found


def _typed(
    raw: RawTable, file: str, places: Mapping[str, str], faults: list[Fault]
) -> list[tuple[int, dict[str, Any], frozenset[str]]]:
    """Return line, typed cells and the columns that could not be read, of every row that is not blank."""
    where = {column: raw.header.index(own) for column, own in places.items()}
    found = []
    for line, cells in raw.rows:
        if not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in cells):
            continue
        if len(cells) != len(raw.header):
            faults.append(fault(Place(file, line, ""), "ragged", cells=len(cells), header=len(raw.header)))
            continue
        row: dict[str, Any] = {}
        unread = set()
        for column, place in where.items():
            try:
                row[column] = read_cell(cells[place], columns()[column])
            except CellError as error:
                unread.add(column)
                faults.append(Fault(file, line, places[column], error.message, error.hint))
        found.append((line, row, frozenset(unread)))
    return found
