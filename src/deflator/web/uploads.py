"""A book from a browser: a workbook, or a folder in a zip file; unpacked within bounds, checked as any other book."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO

from deflator.book import Book, load_book
from deflator.book.folder import HEADER_FILE
from deflator.book.spelling import quoted
from deflator.errors import BookError, DeflatorError, Fault
from deflator.web.limits import Limits

_HINT = "send an .xlsx workbook, or a .zip of the folder of a book"
_PIECE = 1 << 16
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError, OSError)


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
    with TemporaryDirectory(prefix="deflator-") as place:
        folder = Path(place)
        check_archive(file, limits, ending, folder if ending == ".zip" else None)
        if ending == ".xlsx":
            file.seek(0)
            target = folder / "book.xlsx"
            target.write_bytes(file.read(limits.upload_bytes + 1))
            return _loaded(target, place)
        return _loaded(_folder_of_book(folder), place)


def check_archive(file: BinaryIO, limits: Limits, ending: str, into: Path | None = None, hint: str = _HINT) -> None:
    """Refuse an archive, such as a workbook, that would unpack to too much; unpack a book's folder if asked.

    Parameters
    ----------
    file
        Its content, from the beginning.
    limits
        How large it may be, packed and unpacked.
    ending
        What kind of file it is said to be.
    into
        Folder into which the files of a book are unpacked; nothing is when None.
    hint
        What to send instead of a damaged file.

    Raises
    ------
    BookError
        With everything that is wrong with it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check(archive, _size(file), limits)
            if into is not None:
                _unpack(archive, into, limits)
    except DeflatorError:
        raise
    except _DAMAGED:
        raise BookError([Fault("", 0, "file", f"it is no readable {ending} file", hint)]) from None


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


def _check(archive: zipfile.ZipFile, size: int, limits: Limits) -> None:
    """Refuse an archive that would unpack to too much, or out of its folder."""
    parts = archive.infolist()
    faults = []
    if len(parts) > limits.entries:
        faults.append(_fault(f"it holds {len(parts):,} files", f"use at most {limits.entries}"))
    unpacked = sum(part.file_size for part in parts)
    most = min(limits.unpacked_bytes, int(limits.unpacked_ratio * max(size, 1)))
    if unpacked > most:
        faults.append(_fault(f"it unpacks to {unpacked:,} bytes", f"this one may unpack to {most:,}"))
    for part in parts:
        if not _is_inside(part.filename):
            faults.append(_fault(f"{quoted(part.filename)} leads out of its folder", "pack the folder again"))
        elif stat.S_ISLNK(part.external_attr >> 16):
            faults.append(_fault(f"{quoted(part.filename)} is a link", "pack the files themselves"))
        elif part.flag_bits & 1:
            faults.append(_fault(f"{quoted(part.filename)} is encrypted", "pack it without a password"))
    if faults:
        raise BookError(faults[:20])


def _is_inside(name: str) -> bool:
    r"""Tell whether a name of an archive stays in the folder into which it is unpacked.

    Examples
    --------
    >>> [_is_inside(name) for name in ("book/fleets.csv", "../x", "/x", "a/../../x", "C:\\x", "a\0b")]
    [True, False, False, False, False, False]
    """
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or {"\\", ":", "\0"} & set(name)) and len(name) < 200


def _unpack(archive: zipfile.ZipFile, folder: Path, limits: Limits) -> None:
    """Unpack the files of a book, counting the bytes that come out, whatever the archive says of them."""
    left = limits.unpacked_bytes
    for part in archive.infolist():
        name = PurePosixPath(part.filename)
        if part.is_dir() or name.suffix.lower() not in (".csv", ".yaml") or "__MACOSX" in name.parts:
            continue
        target = folder.joinpath(*name.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(part) as packed, target.open("xb") as written:
            while piece := packed.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise BookError([_fault("it unpacks to more than it says", "pack the folder again")])
                written.write(piece)


def _folder_of_book(folder: Path) -> Path:
    """Return the folder in which the book lies: the archive itself or one folder in it."""
    found = sorted(folder.rglob(HEADER_FILE), key=lambda path: len(path.parts))
    if len(found) != 1:
        message = f"it holds {len(found)} files {HEADER_FILE}"
        raise BookError([_fault(message, "pack the folder of one book")])
    return found[0].parent


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


def _fault(message: str, hint: str) -> Fault:
    return Fault("", 0, "file", message, hint)
