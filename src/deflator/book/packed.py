"""Zip files within bounds: what one may unpack to is settled before anything of it is unpacked."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from stat import S_ISLNK

from deflator.book.raw import LARGEST_MEGABYTES
from deflator.book.spelling import quoted

#: What reading an archive raises that is damaged, or none at all.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)
_MOST_TOLD = 20
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Bounds:
    """How much an archive may hold.

    Parameters
    ----------
    parts
        Files.
    unpacked_bytes
        Sum of their sizes.
    ratio
        That sum over the size of the archive.
    """

    parts: int = 10_000
    unpacked_bytes: int = LARGEST_MEGABYTES * 1_000_000
    ratio: float = math.inf


def excess(archive: zipfile.ZipFile, packed_bytes: int, bounds: Bounds) -> str:
    """Say why an archive holds too much, if so.

    Parameters
    ----------
    archive
        Opened for reading.
    packed_bytes
        Its size.
    bounds
        What it may hold.
    """
    parts = archive.infolist()
    if len(parts) > bounds.parts:
        return f"it holds {len(parts):,} files, more than {bounds.parts:,}"
    unpacked = sum(part.file_size for part in parts)
    most = int(min(bounds.unpacked_bytes, bounds.ratio * max(packed_bytes, 1)))
    return f"it unpacks to {unpacked:,} bytes, more than {most:,}" if unpacked > most else ""


def strays(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Return what in an archive must not be unpacked, each with what to do about it."""
    return list(_strays(archive))[:_MOST_TOLD]


def _strays(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    seen = set()
    for part in archive.infolist():
        if not is_inside(part.filename):
            yield f"{quoted(part.filename)} leads out of its folder", "pack the folder again"
        elif part.filename in seen:
            yield f"{quoted(part.filename)} stands twice", "pack the folder again"
        elif S_ISLNK(part.external_attr >> 16):
            yield f"{quoted(part.filename)} is a link", "pack the files themselves"
        elif part.flag_bits & 1:
            yield f"{quoted(part.filename)} is encrypted", "pack it without a password"
        seen.add(part.filename)


def is_inside(name: str) -> bool:
    r"""Tell whether a name of an archive stays in the folder into which it is unpacked.

    Examples
    --------
    >>> [is_inside(name) for name in ("book/fleets.csv", "../x", "/x", "a/../../x", "C:\\x", "a\0b")]
    [True, False, False, False, False, False]
    """
    path = PurePosixPath(name)
    return not (path.is_absolute() or ".." in path.parts or {"\\", ":", "\0"} & set(name)) and len(name) < _LONGEST_NAME
