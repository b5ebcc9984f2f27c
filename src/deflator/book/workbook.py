"""Reading and writing a book that is kept as an .xlsx workbook with a sheet for each table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deflator.book.archive import NOT_XLSX, Cell, find_errors
from deflator.book.cells import CellError, Row, write_cell
from deflator.book.document import explain
from deflator.book.raw import MOST_ROWS, RawBook, RawTable
from deflator.book.schema import HEADER, NUMERIC, TableSchema, header_schema, schema
from deflator.book.spelling import did_you_mean
from deflator.errors import Fault

README_SHEET = "README"
_TEMPLATE_HINT = "`deflator book init --xlsx` writes every sheet with its header; rows may be none"
_LONGEST_MENU = 255  # characters that a spreadsheet allows in a list of choices
_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def read_workbook(path: Path, faults: list[Fault]) -> RawBook:
    """Read every sheet of a workbook, and note every sheet that cannot be read or is not part of a book.

    Parameters
    ----------
    path
        An .xlsx file, as written by this program, Excel or LibreOffice.
    faults
        Faults that are found are added to it.
    """
    sheets = read_sheets(path, faults)
    if sheets is None:
        return RawBook(HEADER, None, {})
    known = [HEADER, *schema()]
    for name in sheets:
        if name not in (*known, README_SHEET):
            hint = did_you_mean(name, known)
            faults.append(Fault(name, 0, "", "no table of a book has this name", hint))
    tables: dict[str, RawTable] = {}
    for name in known:
        table = sheets.get(name, RawTable(name, (), ()))
        if table.header:
            tables[name] = table
        else:
            message = "the first row is empty" if name in sheets else "the sheet is missing"
            faults.append(Fault(name, 0, "", message, _TEMPLATE_HINT))
    header = tables.pop(HEADER, None)
    return RawBook(HEADER, _header(header, faults) if header else None, tables)


def read_sheets(path: Path, faults: list[Fault]) -> dict[str, RawTable] | None:
    """Return every sheet of a workbook as header and rows, or None with a fault.

    Parameters
    ----------
    path
        An .xlsx file.
    faults
        Faults that are found are added to it.
    """
    errors = find_errors(path, faults)
    grids = None if errors is None else _read_grids(path, faults)
    if errors is None or grids is None:
        return None
    return {name: _table(name, grid, errors.get(name, [])) for name, grid in grids.items()}


def _read_grids(path: Path, faults: list[Fault]) -> dict[str, list[list[Any]]] | None:
    """Return the cells of every sheet from A1 on, or None with a fault."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            return {
                name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
            }
    except CalamineError as error:
        faults.append(Fault(str(path), 0, "", f"cannot be read: {error}", NOT_XLSX))
        return None


def _table(name: str, grid: list[list[Any]], errors: list[Cell]) -> RawTable:
    """Return a sheet as header and rows, with the cells that show an error marked as such."""
    shown = CellError("the cell shows an error, such as #REF!", "mend the formula or type the value")
    for cell in errors:
        grid[cell.row - 1][cell.column - 1] = shown
    filled = [(row, cells) for row, cells in enumerate(grid, 1) if any(cell != "" for cell in cells)]
    if not filled or filled[0][0] != 1:
        return RawTable(name, (), ())
    return RawTable(name, tuple(str(cell).strip() for cell in grid[0]), filled[1:])


def _header(sheet: RawTable, faults: list[Fault]) -> dict[str, tuple[int, object]] | None:
    """Return the keys of the sheet that describes the book, with their rows."""
    if tuple(name for name in sheet.header if name) != ("key", "value"):
        faults.append(Fault(HEADER, 1, "", "the columns are not key and value", "write key in A1 and value in B1"))
        return None
    found: dict[str, tuple[int, object]] = {}
    for row, (key, value, *_) in sheet.rows:
        name = str(key).strip()
        if name in found:
            faults.append(Fault(HEADER, row, name, f"the key stands twice, first in row {found[name][0]}", "keep one"))
        else:
            found[name] = (row, value)
    return found


def write_workbook(path: Path, header: Mapping[str, str | None], pages: Mapping[str, Sequence[Row]]) -> None:
    """Write a workbook: a sheet for each table, one for the book as a whole, one that explains columns.

    Words are written as words, so that none is taken for a formula or a date; the cells of word and month
    columns are formatted as text, so that a spreadsheet leaves what is typed there as it is.

    Parameters
    ----------
    path
        File to write.
    header
        What describes the book as a whole.
    pages
        Rows of every table of the schema.
    """
    import xlsxwriter

    fixed = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), fixed) as workbook:
        workbook.set_properties({"created": _CREATED})  # the same book gives the same bytes
        styles = {
            "bold": workbook.add_format({"bold": True}),
            "text": workbook.add_format({"num_format": "@"}),
        }
        _write_header(workbook.add_worksheet(HEADER), styles, header)
        for table in schema().values():
            _write_table(workbook.add_worksheet(table.name), styles, table, pages[table.name])
        _write_readme(workbook.add_worksheet(README_SHEET), styles)


def _write_header(sheet: Any, styles: Mapping[str, Any], header: Mapping[str, str | None]) -> None:
    """Write the keys and values that describe the book."""
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 80, styles["text"])
    sheet.write_string(0, 0, "key", styles["bold"])
    sheet.write_string(0, 1, "value", styles["bold"])
    for row, column in enumerate(header_schema().columns, 1):
        sheet.write_string(row, 0, column.column)
        sheet.write_comment(row, 0, explain(column))
        if value := header[column.column]:
            sheet.write_string(row, 1, value, styles["text"])


def _write_table(sheet: Any, styles: Mapping[str, Any], table: TableSchema, rows: Sequence[Row]) -> None:
    """Write one table under its header."""
    sheet.freeze_panes(1, len(table.keys))
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.column, styles["bold"])
        sheet.write_comment(0, place, explain(column))
        widest = max((len(write_cell(row.get(column.column))) for row in rows), default=0)
        style = None if column.type in NUMERIC else styles["text"]
        sheet.set_column(place, place, min(max(widest, len(column.column)) + 2, 60), style)
        if column.type in ("choice", "flag") and len(" ".join(column.allowed)) <= _LONGEST_MENU:
            sheet.data_validation(1, place, MOST_ROWS, place, {"validate": "list", "source": list(column.allowed)})
        for row, cells in enumerate(rows, 1):
            value = cells.get(column.column)
            if isinstance(value, float):
                sheet.write_number(row, place, value)
            elif value is not None:
                sheet.write_string(row, place, write_cell(value), styles["text"])


def _write_readme(sheet: Any, styles: Mapping[str, Any]) -> None:
    """Write what every column means."""
    sheet.freeze_panes(1, 0)
    for place, (name, width) in enumerate({"table": 16, "column": 32, "meaning": 110}.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, styles["bold"])
    columns = [column for table in (header_schema(), *schema().values()) for column in table.columns]
    for row, described in enumerate(columns, 1):
        for place, words in enumerate((described.table, described.column, explain(described))):
            sheet.write_string(row, place, words)
