"""Writing a book, all of it or nothing, as a folder of CSV tables or a .zip of it, or as an .xlsx workbook."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from deflator.book.book import Book
from deflator.book.cells import Row
from deflator.book.folder import write_folder
from deflator.book.rules.structure import MARKET_KEYS, WORLD_ENTITIES
from deflator.book.schema import header_schema, parameter_rules, schema
from deflator.book.workbook import write_workbook
from deflator.book.zipped import write_zip
from deflator.durable import whole
from deflator.errors import BookError, Fault

_WRITERS = {".xlsx": write_workbook, ".zip": write_zip}


def write_book(book: Book, path: str | Path) -> None:
    """Write a book that `load_book` reads back as the same book.

    Parameters
    ----------
    book
        Any loaded book.
    path
        Where to write: a file if it ends in .xlsx or .zip, otherwise a folder. Nothing may be there yet.

    Raises
    ------
    BookError
        When something is there already, or the place cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from deflator.book import load_book
    >>> book = load_book("ai-2026-02")
    >>> with TemporaryDirectory() as folder:
    ...     write_book(book, f"{folder}/book.xlsx")
    ...     load_book(f"{folder}/book.xlsx") == book
    True
    """
    _write(Path(path), book.header(), book.all_rows())


def replace_book(book: Book, path: str | Path) -> None:
    """Put a book in the place of the one that was read from there; other files of its folder stay.

    Parameters
    ----------
    book
        The changed book.
    path
        Folder or file that holds the one before.

    Raises
    ------
    BookError
        When the place cannot be written to.
    """
    path = Path(path)
    try:
        with whole(path) as draft:
            if path.is_dir():
                shutil.copytree(path, draft)
                write_folder(draft, book.header(), book.all_rows(), page=not (path / "README.md").is_file())
            else:
                _WRITERS[path.suffix.lower()](draft, book.header(), book.all_rows())
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror}", "choose another place with -o") from None


def new_book(path: str | Path, xlsx: bool = False) -> Path:
    """Write an empty template: every header, and the rows whose names are fixed.

    Parameters
    ----------
    path
        Where to write. Nothing may be there yet.
    xlsx
        Write a workbook instead of a folder; `.xlsx` is added where the path does not end in it.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    BookError
        When something is there already, or the place cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     new_book(f"{folder}/mine", xlsx=True).name
    'mine.xlsx'
    """
    path = Path(path)
    if xlsx and path.suffix.lower() != ".xlsx":
        path = path.with_name(f"{path.name}.xlsx")
    if not xlsx and path.suffix.lower() == ".xlsx":
        raise _refusal(path, "a folder must not end in .xlsx", "add --xlsx for a workbook")
    rows: dict[str, list[Row]] = {name: [] for name in schema()}
    rows["entities"] = [{"entity": name, "layer": "world"} for name in WORLD_ENTITIES]
    rows["market"] = [{"key": key} for key in MARKET_KEYS]
    rows["parameters"] = [{"parameter": name} for name in parameter_rules()]
    _write(path, {**dict.fromkeys(header_schema().by_name), "currency": "USD"}, rows)
    return path


def _write(path: Path, header: Mapping[str, str | None], rows: Mapping[str, Sequence[Row]]) -> None:
    if not path.name:
        raise _refusal(path, "no name to write to", "name a folder or file that is to be made")
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise _refusal(path, "something is there already", "choose another name, or move it away")
    try:
        with whole(path) as draft:
            write = _WRITERS.get(path.suffix.lower())
            if write:
                write(draft, header, rows)
            else:
                draft.mkdir()
                write_folder(draft, header, rows)
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror}", "choose another place") from None


def _refusal(path: Path, message: str, hint: str) -> BookError:
    """Return why nothing was written."""
    return BookError([Fault(str(path), 0, "", message, hint)])
