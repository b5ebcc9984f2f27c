"""Reading and writing a book that is kept as one file: the folder of its CSV tables in a .zip."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from deflator.book.cells import Row
from deflator.book.folder import HEADER_FILE, folder_files, read_folder
from deflator.book.packed import DAMAGED, Bounds, excess, strays
from deflator.book.raw import RawBook
from deflator.errors import Fault

_AGAIN = "pack the folder of one book again"
#: One book makes one file, to the byte, whenever it is written.
_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)


def read_zip(path: Path, faults: list[Fault]) -> RawBook:
    """Read every table of a folder in a zip file, and note what cannot be read or is not part of a book.

    Parameters
    ----------
    path
        A .zip that holds the files of a book, or one folder with them.
    faults
        Faults that are found are added to it.
    """
    with TemporaryDirectory(prefix="deflator-") as place:
        folder = _unpacked(path, Path(place), faults)
        return read_folder(folder, faults) if folder else RawBook(HEADER_FILE, None, {})


def _unpacked(path: Path, place: Path, faults: list[Fault]) -> Path | None:
    """Unpack the files of a book and return their folder, or None with a fault."""

    def refuse(message: str, hint: str) -> None:
        faults.append(Fault(str(path), 0, "", message, hint))

    try:
        with zipfile.ZipFile(path) as archive:
            too_much = excess(archive, path.stat().st_size, Bounds())
            if too_much:
                refuse(too_much, _AGAIN)
            for message, hint in strays(archive):
                refuse(message, hint)
            if faults:
                return None
            for part in archive.infolist():
                name = PurePosixPath(part.filename)
                if name.suffix.lower() in (".csv", ".yaml") and "__MACOSX" not in name.parts:
                    archive.extract(part, place)
    except OSError as error:
        refuse(f"cannot be read: {error.strerror or error}", "allow reading it")
        return None
    except DAMAGED:
        refuse("it is no readable .zip file", _AGAIN)
        return None
    found = list(place.rglob(HEADER_FILE))
    if len(found) != 1:
        refuse(f"it holds {len(found)} files {HEADER_FILE}", _AGAIN)
        return None
    return found[0].parent


def write_zip(file: Path, header: Mapping[str, str | None], rows: Mapping[str, Sequence[Row]]) -> None:
    """Write the files of a book as `write_folder` does, without the page that explains them, into a zip file."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in folder_files(header, rows):
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN_AT), content, zipfile.ZIP_DEFLATED, 9)
