"""Reading and writing a book that is kept as a folder of CSV tables beside `book.yaml`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path

import yaml

from deflator.book.cells import CellError, Row, write_cell
from deflator.book.document import book_page
from deflator.book.raw import LARGEST_MEGABYTES, MOST_COLUMNS, MOST_ROWS, RawBook, RawTable
from deflator.book.schema import header_schema, schema
from deflator.book.spelling import did_you_mean
from deflator.errors import Fault

HEADER_FILE = "book.yaml"
LARGEST_HEADER_KILOBYTES = 64
#: What happened after the as-of date, for `deflator backtest`; no part of the book, which knows nothing of it.
OUTCOMES_FILE = "outcomes.csv"
_TEMPLATE_HINT = "`deflator book init` writes every file with its header; rows may be none"
_NO_BOOK_HINT = f"name the folder that holds {HEADER_FILE}, or write an empty book with `deflator book init`"
_YAML_HINT = "write one `key: value` in each line"


def read_folder(folder: Path, faults: list[Fault]) -> RawBook:
    """Read every table of a folder, and note every file that cannot be read or is not part of a book.

    Parameters
    ----------
    folder
        Folder that holds `book.yaml` and one CSV file for each table.
    faults
        Faults that are found are added to it.
    """
    files = sorted(folder.iterdir())
    if not {file.name for file in files} & {HEADER_FILE, *(f"{name}.csv" for name in schema())}:
        faults.append(Fault(str(folder), 0, "", "no file of a book lies in this folder", _NO_BOOK_HINT))
        return RawBook(HEADER_FILE, None, {})
    for file in files:
        if file.suffix.lower() == ".csv" and file.stem not in schema() and file.name != OUTCOMES_FILE:
            known = [f"{name}.csv" for name in schema()]
            faults.append(Fault(file.name, 0, "", "no table of a book has this name", did_you_mean(file.name, known)))
    tables = {name: read_csv(folder / f"{name}.csv", faults) for name in schema()}
    return RawBook(
        HEADER_FILE,
        _read_header(folder / HEADER_FILE, faults),
        {name: table for name, table in tables.items() if table is not None},
    )


def _read_text(file: Path, largest_bytes: int, faults: list[Fault]) -> str | None:
    """Return the text of a file, or None with a fault when it is missing, too large or not UTF-8."""
    if not file.is_file():
        faults.append(Fault(file.name, 0, "", "the file is missing", _TEMPLATE_HINT))
        return None
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= largest_bytes else b""
    except OSError as error:
        faults.append(Fault(file.name, 0, "", f"cannot be read: {error.strerror}", "allow reading it"))
        return None
    if size > largest_bytes:
        faults.append(Fault(file.name, 0, "", f"the file has {size:,} bytes", f"use at most {largest_bytes:,}"))
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        faults.append(Fault(file.name, line, "", message, "save the file with the encoding UTF-8"))
        return None
    if not text.strip():
        faults.append(Fault(file.name, 0, "", "the file is empty", _TEMPLATE_HINT))
        return None
    return text


def read_csv(file: Path, faults: list[Fault]) -> RawTable | None:
    """Return a CSV file as header and rows, or None with a fault."""
    text = _read_text(file, LARGEST_MEGABYTES * 1_000_000, faults)
    if text is None:
        return None
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if cells:
                rows.append((line, cells))
            if len(rows) > MOST_ROWS + 1:
                hint = "leave out what no table refers to"
                faults.append(Fault(file.name, line, "", f"more than {MOST_ROWS:,} rows", hint))
                return None
            line = reader.line_num + 1
    except csv.Error as error:
        faults.append(Fault(file.name, line, "", f"the row cannot be read: {error}", 'write a quote in a cell as ""'))
        return None
    header = [name.strip() for name in rows[0][1]]
    if len(header) == 1 and (other := next((mark for mark in ";\t|" if mark in header[0]), None)):
        faults.append(Fault(file.name, 1, "", f"cells are separated by {other!r}", "separate them by commas"))
        return None
    if len(header) > MOST_COLUMNS:
        faults.append(Fault(file.name, 1, "", f"{len(header):,} columns", f"use at most {MOST_COLUMNS}"))
        return None
    return RawTable(file.name, tuple(header), rows[1:])


def _read_header(file: Path, faults: list[Fault]) -> dict[str, tuple[int, object]] | None:
    """Return the keys of `book.yaml` with their lines, or None with a fault.

    Values are taken as they are typed: YAML's own guesses (that `no` is false, say) would only mislead.
    """
    text = _read_text(file, LARGEST_HEADER_KILOBYTES * 1000, faults)
    if text is None:
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        faults.append(Fault(file.name, line, "", f"not YAML: {error.problem}", _YAML_HINT))
        return None
    except (yaml.YAMLError, RecursionError):
        faults.append(Fault(file.name, 0, "", "not YAML", _YAML_HINT))
        return None
    if not isinstance(node, yaml.MappingNode):
        faults.append(Fault(file.name, 1, "", "it holds no keys", _YAML_HINT))
        return None
    found: dict[str, tuple[int, object]] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in found:
            message = f"the key stands twice, first in line {found[name][0]}"
            faults.append(Fault(file.name, line, name, message, "keep one"))
        elif not isinstance(value, yaml.ScalarNode):
            found[name] = (line, CellError("the value is a list or a mapping", "write one text"))
        else:
            found[name] = (line, None if value.tag == "tag:yaml.org,2002:null" else value.value)
    return found


def write_folder(
    folder: Path, header: Mapping[str, str | None], rows: Mapping[str, Sequence[Row]], page: bool = True
) -> None:
    """Write `book.yaml`, one CSV file for each table, and a page that explains the columns.

    Parameters
    ----------
    folder
        A folder; files of a book that it holds are written over.
    header
        What describes the book as a whole.
    rows
        Rows of every table of the schema.
    page
        Whether to write the page; a folder may have one of its own.
    """
    for name, content in folder_files(header, rows):
        (folder / name).write_bytes(content.encode())
    if page:
        (folder / "README.md").write_text(book_page(), encoding="utf-8")


def folder_files(header: Mapping[str, str | None], rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, str]]:
    """Yield name and content of every file of a book; arguments as for `write_folder`."""
    entries = (
        f"# {column.description}.\n"
        + (yaml.safe_dump({key: header[key]}, allow_unicode=True) if header[key] else f"{key}:\n")
        for key, column in header_schema().by_name.items()
    )
    yield HEADER_FILE, "".join(entries)
    for table in schema().values():
        text = StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.by_name)
        writer.writerows([write_cell(row.get(name)) for name in table.by_name] for row in rows[table.name])
        yield f"{table.name}.csv", text.getvalue()
