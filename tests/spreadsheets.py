"""Workbooks as real spreadsheet software sees them: `soffice` (Debian package libreoffice-calc-nogui) drives tests."""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

import pytest


def saved_by_libreoffice(workbook: Path, place: Path) -> Path:
    """Open a workbook in LibreOffice, have it computed, and save it again."""
    soffice = shutil.which("soffice")
    if not soffice:
        pytest.fail("soffice is missing; run: apt-get install --no-install-recommends libreoffice-calc-nogui")
    profile = (place / "profile").as_uri()
    convert = [f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx", "--outdir"]
    subprocess.run([soffice, *convert, str(place / "saved"), str(workbook)], check=True, capture_output=True)
    return place / "saved" / workbook.name


def typed_into(template: Path, filled: Path, rows: Sequence[Sequence[object]]) -> Path:
    """Type rows under the header of the first sheet of a workbook, as a person would: dates, numbers, words, formulas.

    A word that begins with = is a formula.
    """
    with zipfile.ZipFile(template) as old, zipfile.ZipFile(filled, "w") as new:
        parts = {name: old.read(name).decode() for name in old.namelist()}
        formats = re.search(r'<cellXfs count="(\d+)">', parts["xl/styles.xml"])[1]
        parts["xl/styles.xml"] = parts["xl/styles.xml"].replace(
            "</cellXfs>", '<xf numFmtId="17" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs>'
        )
        part = "xl/worksheets/sheet1.xml"
        header = re.search(r"<row .*?</row>", parts[part])[0]
        cells = "".join(f"<row>{''.join(_cell(cell, formats) for cell in row)}</row>" for row in rows)
        before, after = parts[part].split("<sheetData>")[0], parts[part].split("</sheetData>")[1]
        parts[part] = f"{before}<sheetData>{header}{cells}</sheetData>{after}"
        for name, content in parts.items():
            new.writestr(name, content)
    return filled


def _cell(value: object, date_format: str) -> str:
    if isinstance(value, date):
        return f'<c s="{date_format}"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, float | int):
        return f"<c><v>{value!r}</v></c>"
    if str(value).startswith("="):
        return f"<c><f>{escape(str(value)[1:])}</f></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' if value else "<c/>"
