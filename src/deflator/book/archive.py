"""What an .xlsx file holds before it is read: its size, the reach of its cells, the cells that show an error.

The reader of spreadsheets sets aside memory for every cell up to the last one and returns `#REF!` as blank;
here the first is bounded and the second is found.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from deflator.book.packed import DAMAGED, Bounds, excess
from deflator.book.raw import MOST_COLUMNS, MOST_ROWS
from deflator.errors import Fault

LARGEST_TEXT_MEGABYTES = 500
NOT_XLSX = "save it as Excel workbook (.xlsx), without a password"
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(\s[^>]*)?>")
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]*)(\d+)["']""")
_ERROR = re.compile(rb"""\bt\s*=\s*["']e["']""")
_TEXT_END = re.compile(rb"</(?:\w+:)?si>")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Cell:
    """A cell that holds something; row and column count from one."""

    row: int
    column: int
    error: bool


def find_errors(path: Path, faults: list[Fault]) -> dict[str, list[Cell]] | None:
    """Return the cells of each sheet that show an error, or None with a fault when the file must not be read.

    Parameters
    ----------
    path
        An .xlsx file.
    faults
        Faults that are found are added to it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            too_large = excess(archive, path.stat().st_size, Bounds())
            if too_large:
                faults.append(Fault(str(path), 0, "", too_large, "keep only the sheets of the book"))
                return None
            found, cells = {}, 0
            for sheet, part in _sheets(archive).items():
                held = list(_cells(archive.read(part)))
                faults.extend(_beyond(sheet, held))
                found[sheet] = [cell for cell in held if cell.error]
                cells += len(held)
            if faults:
                return None
            if cells * _longest_text(archive) > LARGEST_TEXT_MEGABYTES * 1_000_000:
                faults.append(Fault(str(path), 0, "", "its texts are too long to read", "shorten them"))
                return None
    except OSError as error:
        faults.append(Fault(str(path), 0, "", f"cannot be read: {error.strerror}", "allow reading it"))
        return None
    except (*DAMAGED, ET.ParseError) as error:
        faults.append(Fault(str(path), 0, "", f"not a workbook: {error}", NOT_XLSX))
        return None
    return found


def _sheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the part of the archive in which each sheet stands."""
    relations = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    sheets = {}
    for node in ET.fromstring(archive.read("xl/workbook.xml")).iter():
        if node.tag.endswith("}sheet"):
            target = targets.get(node.get(_RELATION), "")
            sheets[node.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return sheets


def _cells(xml: bytes) -> Iterator[Cell]:
    """Yield the cells of a sheet that hold something; formats without content do not count."""
    row = column = 0
    for tag in _TAG.finditer(xml):
        kind, attributes = tag[1], tag[2] or b""
        place = _PLACE.search(attributes)
        if kind == b"row":
            row, column = int(place[2]) if place else row + 1, 0
            continue
        if place:
            row, column = int(place[2]), _column_number(place[1])
        else:
            column += 1
        if not attributes.endswith(b"/"):
            yield Cell(row, column, _ERROR.search(attributes) is not None)


def _beyond(sheet: str, held: list[Cell]) -> list[Fault]:
    """Return a fault when a cell lies outside any table."""
    for cell in held:
        if cell.row > MOST_ROWS + 1 or cell.column > MOST_COLUMNS:
            message = f"a cell in column {cell.column:,} lies outside any table"
            hint = f"delete what stands beyond row {MOST_ROWS + 1:,} and column {MOST_COLUMNS}"
            return [Fault(sheet, cell.row, "", message, hint)]
    return []


def _column_number(letters: bytes) -> int:
    """Return 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _longest_text(archive: zipfile.ZipFile) -> int:
    """Return the bytes of the longest text that cells share, of which each of them would hold a copy."""
    parts = [part for part in archive.namelist() if part.lower().endswith("sharedstrings.xml")]
    texts = (text for part in parts for text in _TEXT_END.split(archive.read(part)))
    return max(map(len, texts), default=0)
