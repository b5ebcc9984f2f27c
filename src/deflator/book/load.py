"""Loading a book: by its shipped name, from a folder of CSV tables or a .zip of it, or from an .xlsx workbook."""

from __future__ import annotations

from pathlib import Path

from deflator.book.book import Book, Provenance, Source, Table
from deflator.book.draft import Draft, read_draft
from deflator.book.folder import OUTCOMES_FILE, read_folder
from deflator.book.raw import RawBook
from deflator.book.rules import check
from deflator.book.spelling import did_you_mean, quoted
from deflator.book.workbook import read_workbook
from deflator.book.zipped import read_zip
from deflator.errors import BookError, Fault

_SHIPPED = Path(__file__).parent / "books"
_READERS = {".xlsx": read_workbook, ".zip": read_zip}


def shipped_books() -> tuple[str, ...]:
    """Return the names of the books that come with the program."""
    return tuple(sorted(folder.name for folder in _SHIPPED.iterdir() if folder.is_dir()))


def load_book(name_or_path: str | Path) -> Book:
    """Load a book, all of it or nothing, and validate every cell and every rule.

    Parameters
    ----------
    name_or_path
        Name of a shipped book, folder that holds `book.yaml` and the CSV tables, .zip of such a folder, or .xlsx
        workbook. A shipped name wins over a folder of the same name; write `./name` for the folder.

    Raises
    ------
    BookError
        With every fault that was found.

    Examples
    --------
    >>> book = load_book("ai-2026-02")
    >>> book.reference_equipment, book.month("2026-12")
    ('h100', 10)
    """
    path = _locate(name_or_path)
    faults: list[Fault] = []
    read = read_folder if path.is_dir() else _READERS[path.suffix.lower()]
    return read_book(read(path, faults), faults)


def read_book(raw: RawBook, faults: list[Fault]) -> Book:
    """Return the book that raw cells make, if every cell and every rule is as it should be.

    Parameters
    ----------
    raw
        Cells as a file holds them.
    faults
        What was found wrong before.

    Raises
    ------
    BookError
        With every fault, those found before among them.
    """
    draft = read_draft(raw, faults)
    faults.extend(check(draft))
    if faults:
        raise BookError(faults)
    return _assemble(draft)


def outcomes_beside(name_or_path: str | Path) -> Path | None:
    """Return the table of what happened after the as-of date that lies in the folder of a book; None if none does.

    Raises
    ------
    BookError
        When there is no such book.
    """
    path = _locate(name_or_path)
    found = (path if path.is_dir() else path.parent) / OUTCOMES_FILE
    return found if found.is_file() else None


def _locate(name_or_path: str | Path) -> Path:
    """Return the folder or file that is meant."""
    if str(name_or_path) in shipped_books():
        return _SHIPPED / str(name_or_path)
    path = Path(name_or_path)
    if path.is_dir():
        return path
    if not path.exists():
        known = [*shipped_books(), "a folder", "an .xlsx file", "a .zip file"]
        raise BookError([Fault(str(path), 0, "", "no such book", did_you_mean(str(name_or_path), known))])
    if path.suffix.lower() not in _READERS:
        message = f"{quoted(path.suffix)} is not a format of books"
        raise BookError([Fault(str(path), 0, "", message, "save it as .xlsx, or pack its folder as .zip")])
    return path


def _assemble(draft: Draft) -> Book:
    """Return the book that a draft without faults stands for."""
    as_of = draft.header["as_of"]
    provenance = {}
    for cells in draft.tables["provenance"].rows:
        known = dict(cells)
        figure = known.pop("table"), known.pop("row"), known.pop("field")
        provenance[figure] = Provenance(**known)
    sources = {row["source"]: Source(**row) for row in draft.tables["sources"].rows}
    tables = {
        name: Table(name, as_of, tuple(table.rows), tuple(str(key) for key in table.keys))
        for name, table in draft.tables.items()
        if name not in ("provenance", "sources")
    }
    header = {"licence": None, "compiled_by": None, **draft.header}
    return Book(**header, tables=tables, provenance=provenance, sources=sources)  # type: ignore[arg-type]
