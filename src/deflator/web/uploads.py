"""A book from a browser: a workbook, or a folder in a zip file; held to bounds, then checked as any other book."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO

from deflator.book import Book, load_book
from deflator.book.packed import DAMAGED, Bounds, excess, strays
from deflator.book.spelling import quoted
from deflator.errors import BookError, DeflatorError, Fault
from deflator.web.limits import Limits

_HINT = "send an .xlsx workbook, or a .zip of the folder of a book"


def read_upload(name: str, file: BinaryIO, limits: Limits) -> Book:
    """Return the book that a file holds.

    Parameters
    ----------
    name
        What the browser calls the file; only its ending counts.
    file
        Its content, from the beginning.
    limits
        How large it may be, packed and unpacked.

    Raises
    ------
    BookError
        With everything that is wrong with it.
    """
    ending = PurePosixPath(name.replace("\\", "/")).suffix.lower()
    if ending not in (".xlsx", ".zip"):
        raise BookError([Fault("", 0, "file", f"{quoted(ending)} is not a format of books", _HINT)])
    check_archive(file, limits, ending)
    with TemporaryDirectory(prefix="deflator-") as place:
        target = Path(place) / f"book{ending}"
        file.seek(0)
        target.write_bytes(file.read(limits.upload_bytes + 1))
        return _loaded(target, place)


def check_archive(file: BinaryIO, limits: Limits, ending: str, hint: str = _HINT) -> None:
    """Refuse an archive, such as a workbook, that would unpack to too much or out of its folder.

    Parameters
    ----------
    file
        Its content, from the beginning.
    limits
        How large it may be, packed and unpacked.
    ending
        What kind of file it is said to be.
    hint
        What to send instead.

    Raises
    ------
    BookError
        With everything that is wrong with it.
    """
    bounds = Bounds(limits.entries, limits.unpacked_bytes, limits.unpacked_ratio)
    try:
        with zipfile.ZipFile(file) as archive:
            too_much = excess(archive, _size(file), bounds)
            found = [(too_much, hint)] if too_much else strays(archive)
    except (*DAMAGED, OSError):
        found = [(f"it is no readable {ending} file", hint)]
    if found:
        raise BookError([Fault("", 0, "file", message, told) for message, told in found])


def _loaded(path: Path, place: str) -> Book:
    """Load a book; faults do not tell where it lay meanwhile."""
    try:
        return load_book(path)
    except DeflatorError as error:
        shown = [
            Fault(fault.file.replace(f"{path}", "").replace(place, "").lstrip("/\\"), fault.row, fault.column,
                  fault.message.replace(place, ""), fault.hint.replace(place, ""))
            for fault in error.faults
        ]  # fmt: skip
        raise BookError(shown) from None


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size
