"""An answer as an .xlsx workbook: a cover, one tidy sheet for each table, what every column means; no macros.

A cell that begins like a formula is written as words with Excel's quote prefix, so that neither opening nor editing it
runs anything; numbers are numbers, also negative ones. Rows are streamed: memory does not grow with the tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from deflator.analysis import Result
from deflator.analysis.again import book_of
from deflator.messages import speaking, spoken, text
from deflator.report.cover import Export, contents, export_of
from deflator.report.datapackage import write_package
from deflator.report.placing import placed
from deflator.report.tidy import Column, Sheet

KINDS = ("xlsx", "csv", "parquet")
#: A cell that begins with one of these is taken for a formula by some spreadsheet.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
COVER, COLUMNS = "cover", "columns"
_FORMATS = {"share": "0.0%", "money": "#,##0.0", "rent": "0.00", "number": "General", "count": "#,##0"}
_WIDEST, _NARROWEST = 60, 8
_MOST_ON_A_PAGE = 20  # columns that can still be read on one page
_LOOKED_AT = 500  # rows by which the width of a column is chosen


def export(
    result: Result,
    target: str | Path,
    kind: str = "xlsx",
    language: str | None = None,
    book: str | None = None,
) -> Export:
    """Write the answer of a run as a workbook, or as a folder or zip of CSV or Parquet files with `datapackage.json`.

    Parameters
    ----------
    result
        A kept run.
    target
        Where to; nothing may be there yet. A name that ends in .zip is one file of CSV or Parquet, any other a folder.
    kind
        One of `KINDS`.
    language
        Of the cover and of what columns mean: `en` or `zh`; the one that is spoken when None. Names of tables and
        columns are the same in both.
    book
        Name or path of the book of the run, where the run does not keep it.

    Returns
    -------
    Export
        What was written.

    Raises
    ------
    RunError
        When the book is not that of the run, or the place is taken or cannot be written to; nothing is left then.
    """
    with speaking(language or spoken()):
        found = export_of(result, book_of(result.raw, book))
        write_export(found, Path(target), kind)
    return found


def write_export(found: Export, target: Path, kind: str) -> None:
    """Write an export, all of it or nothing."""
    with placed(target) as draft, speaking(found.language):
        if kind == "xlsx":
            write_workbook(draft, found)
        else:
            write_package(draft, found, kind)


def write_workbook(path: Path, found: Export) -> None:
    """Write an export as a workbook; the same export gives the same bytes."""
    import xlsxwriter

    fixed = {"constant_memory": True, "strings_to_numbers": False, "strings_to_formulas": False,
             "strings_to_urls": False, "nan_inf_to_errors": False}  # fmt: skip
    with xlsxwriter.Workbook(str(path), fixed) as workbook:
        created = datetime.fromisoformat(found.created)
        workbook.set_properties({"title": found.title, "created": created, "comments": text("export.disclaimer")})
        styles = _styles(workbook)
        _write_cover(workbook.add_worksheet(COVER), styles, found)
        for sheet in found.sheets:
            _write_sheet(workbook.add_worksheet(sheet.name), styles, sheet)
        _write_columns(workbook.add_worksheet(COLUMNS), styles, found)


def _styles(workbook: Any) -> dict[str, Any]:
    styles = {name: workbook.add_format({"num_format": shown}) for name, shown in _FORMATS.items()}
    return styles | {
        "bold": workbook.add_format({"bold": True, "bottom": 1}),
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "words": workbook.add_format({"num_format": "@"}),
        "indented": workbook.add_format({"num_format": "@", "indent": 1}),
        "total": workbook.add_format({"num_format": "#,##0.0000"}),
        "quoted": workbook.add_format({"num_format": "@", "quote_prefix": True}),
        "wrapped": workbook.add_format({"text_wrap": True, "valign": "top", "align": "left"}),
    }


def _write_words(sheet: Any, styles: dict[str, Any], row: int, place: int, words: str, style: str = "words") -> None:
    """Write words as words, whatever they look like."""
    chosen = "quoted" if words.startswith(FORMULA_STARTS) else style
    if sheet.write_string(row, place, words, styles[chosen]) != 0:
        raise ValueError(f"a cell of {len(words):,} characters does not fit into a workbook")


def _write_cover(sheet: Any, styles: dict[str, Any], found: Export) -> None:
    """Write the facts, then the list of tables, whose sums are formulas over the tables with their values."""
    for place, width in enumerate((46, 78, 10, 24, 18)):
        sheet.set_column(place, place, width)
    sheet.hide_gridlines(2)
    _fit_page_width(sheet)
    _write_words(sheet, styles, 0, 0, found.title, "title")
    row = 2
    for label, value in found.facts:
        _write_words(sheet, styles, row, 0, label, "wrapped")
        if isinstance(value, str):
            _write_words(sheet, styles, row, 1, value, "wrapped")
        elif value is not None:
            sheet.write_number(row, 1, value, styles["wrapped"])
        row += 1
    row += 1
    for place, heading in enumerate(("table", "shows", "rows", "summed", "sum")):
        _write_words(sheet, styles, row, place, text(f"export.contents.{heading}"), "bold")
    sums = {sheet.name: [(name, total) for one, name, total in contents(found) if one is sheet]
            for sheet in found.sheets}  # fmt: skip
    for listed in found.sheets:
        for first, (name, total) in enumerate(sums[listed.name] or [("", 0.0)]):
            row += 1
            if first == 0:
                sheet.write_url(row, 0, f"internal:'{listed.name}'!A1", string=listed.name)
                _write_words(sheet, styles, row, 1, listed.title(), "wrapped")
                sheet.write_number(row, 2, listed.frame.height, styles["count"])
            if name:
                _write_words(sheet, styles, row, 3, name, "indented")
                place = [column.name for column in listed.columns].index(name)
                cells = f"{_letters(place)}2:{_letters(place)}{max(listed.frame.height, 1) + 1}"
                sheet.write_formula(row, 4, f"=SUM('{listed.name}'!{cells})", styles["total"], total)


def _fit_page_width(sheet: Any) -> None:
    """Print all columns on one page, as many pages long as it takes."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _write_sheet(sheet: Any, styles: dict[str, Any], tidy: Sheet) -> None:
    """Write one table under its headings, which carry what the column means."""
    sheet.freeze_panes(1, 1)
    sheet.repeat_rows(0)
    if len(tidy.columns) <= _MOST_ON_A_PAGE:
        _fit_page_width(sheet)
    for place, column in enumerate(tidy.columns):
        width = min(max(_width(tidy, column) + 2, len(column.name) + 2, _NARROWEST), _WIDEST)
        sheet.set_column(place, place, width, styles.get(column.type, styles["words"]))
    for place, column in enumerate(tidy.columns):
        _write_words(sheet, styles, 0, place, column.name, "bold")
        sheet.write_comment(0, place, meaning(column), {"x_scale": 2})
    sheet.autofilter(0, 0, max(tidy.frame.height, 1), len(tidy.columns) - 1)
    for row, cells in enumerate(tidy.frame.iter_rows(), 1):
        _write_row(sheet, styles, row, cells, tidy.columns)


def _write_row(sheet: Any, styles: dict[str, Any], row: int, cells: Sequence[Any], columns: Sequence[Column]) -> None:
    for place, (value, column) in enumerate(zip(cells, columns, strict=True)):
        if isinstance(value, str):
            _write_words(sheet, styles, row, place, value)
        elif isinstance(value, bool):
            sheet.write_boolean(row, place, value)
        elif value is not None and math.isfinite(value):
            sheet.write_number(row, place, value, styles[column.type])


def _write_columns(sheet: Any, styles: dict[str, Any], found: Export) -> None:
    """Write what every column of every table means."""
    sheet.freeze_panes(1, 2)
    sheet.repeat_rows(0)
    _fit_page_width(sheet)
    for place, (heading, width) in enumerate(
        {"table": 14, "column": 24, "unit": 18, "kind": 10, "meaning": 100}.items()
    ):
        sheet.set_column(place, place, width)
        _write_words(sheet, styles, 0, place, text(f"export.contents.{heading}"), "bold")
    described = [(tidy.name, column) for tidy in found.sheets for column in tidy.columns]
    for row, (name, column) in enumerate(described, 1):
        cells = (name, column.name, column.unit, column.type, column.meaning())
        for place, words in enumerate(cells):
            _write_words(sheet, styles, row, place, words)


def meaning(column: Column) -> str:
    """Return what a column means, with its unit."""
    words = column.meaning()
    return f"{words} [{column.unit}]" if column.unit else words


def _width(tidy: Sheet, column: Column) -> int:
    if column.type != "string":
        return 10
    longest = tidy.frame[column.name].head(_LOOKED_AT).str.len_chars().max()
    return int(longest) if isinstance(longest, int) else 0


def _letters(place: int) -> str:
    """Return the name of a column of a spreadsheet, counted from 0.

    Examples
    --------
    >>> _letters(0), _letters(25), _letters(26), _letters(701), _letters(702)
    ('A', 'Z', 'AA', 'ZZ', 'AAA')
    """
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name
