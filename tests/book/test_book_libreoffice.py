"""A template that is filled in and saved by LibreOffice is a book.

The test drives the program itself: it needs `soffice` (Debian package libreoffice-calc-nogui).
"""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from typer.testing import CliRunner

from deflator.book import Book, load_book
from deflator.book.cells import write_cell
from deflator.book.schema import schema
from deflator.cli.book import app
from spreadsheets import saved_by_libreoffice


def filled(template: Path, book: Book, place: Path) -> Path:
    """Type a book into the cells of a template; months become dates, as spreadsheets like to have them."""
    pages = [[*book.header().items()]]
    for name, rows in book.all_rows().items():
        columns = schema()[name].columns
        pages.append([[_typed(row.get(column.column), column.type) for column in columns] for row in rows])
    with zipfile.ZipFile(template) as old, zipfile.ZipFile(place / "filled.xlsx", "w") as new:
        parts = {name: old.read(name).decode() for name in old.namelist()}
        formats = re.search(r'<cellXfs count="(\d+)">', parts["xl/styles.xml"])[1]
        parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(
            "</cellXfs>", '<xf numFmtId="17" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
        )
        for number, rows in enumerate(pages, 1):
            part = f"xl/worksheets/sheet{number}.xml"
            header = re.search(r"<row .*?</row>", parts[part])[0]
            typed = "".join(f"<row>{''.join(_cell(cell, formats) for cell in row)}</row>" for row in rows)
            before, after = parts[part].split("<sheetData>")[0], parts[part].split("</sheetData>")[1]
            parts[part] = f"{before}<sheetData>{header}{typed}</sheetData>{after}"
        for name, content in parts.items():
            new.writestr(name, content)
    return place / "filled.xlsx"


def _typed(value: object, kind: str) -> object:
    return date.fromisoformat(f"{value}-01") if kind == "month" and value else value


def _cell(value: object, date_format: str) -> str:
    if isinstance(value, date):
        return f'<c s="{date_format}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(write_cell(value))}</t></is></c>' if value else "<c/>"


def test_a_template_filled_and_saved_by_libreoffice_is_a_book(tiny: Book, tmp_path: Path) -> None:
    template = tmp_path / "new.xlsx"
    assert CliRunner().invoke(app, ["init", str(template), "--xlsx"]).exit_code == 0

    saved = saved_by_libreoffice(filled(template, tiny, tmp_path), tmp_path)

    assert load_book(saved) == tiny
    assert load_book(saved).fingerprint == tiny.fingerprint
