"""An answer as a folder or zip of CSV or Parquet files, described by `datapackage.json`.

The description follows the Data Package standard, version 2 (https://datapackage.org/standard/data-package/): every
file with its columns, types, meanings, size and hash. In CSV files words that begin like a formula have an apostrophe
before them, as spreadsheets would run them; Parquet files, which no spreadsheet runs, hold them as they are.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl

from deflator.messages import text
from deflator.report.cover import Export
from deflator.report.tidy import Column, Sheet

DESCRIPTION = "datapackage.json"
_STANDARD = "https://datapackage.org/profiles/2.0/datapackage.json"
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_KINDS = {"string": "string", "count": "integer", "flag": "boolean"}
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def write_package(target: Path, export: Export, kind: str) -> None:
    """Write tables and description into a new folder, or into a zip where the name ends in .zip.

    Parameters
    ----------
    target
        A name that nothing has.
    export
        What to write; the same gives the same bytes.
    kind
        `csv` or `parquet`.
    """
    zipped = target.suffix.lower() == ".zip"
    folder = target.with_name(f"{target.name}.files") if zipped else target
    folder.mkdir()
    resources = [_write_table(folder, sheet, kind) for sheet in export.sheets]
    document = {
        "$schema": _STANDARD,
        "name": _slug(export.name),
        "title": export.title,
        "description": text("export.disclaimer"),
        "created": export.created,
        "facts": {label: value for label, value in export.facts if value is not None},
        "resources": resources,
    }
    content = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / DESCRIPTION).write_text(content, encoding="utf-8")
    if zipped:
        _zip(folder, target)


def _write_table(folder: Path, sheet: Sheet, kind: str) -> dict[str, Any]:
    file = folder / f"{sheet.name}.{kind}"
    if kind == "csv":
        neutral(sheet.frame).write_csv(file, include_bom=False, null_value="")
    else:
        sheet.frame.write_parquet(file, compression="zstd")
    content = file.read_bytes()
    return {
        "name": _slug(sheet.name),
        "path": file.name,
        "title": sheet.title(),
        "type": "table",
        "format": kind,
        "mediatype": _MEDIA[kind],
        **({"encoding": "utf-8"} if kind == "csv" else {}),
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "rows": sheet.frame.height,
        "totals": sheet.totals(),
        "schema": {
            "fields": [_field(column) for column in sheet.columns],
            "missingValues": [""],
        },
    }


def _field(column: Column) -> dict[str, str]:
    field = {
        "name": column.name,
        "type": _KINDS.get(column.type, "number"),
        "description": column.meaning(),
    }
    return field | ({"unit": column.unit} if column.unit else {})


def neutral(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame in which no words begin like a formula: an apostrophe stands before those that would.

    Examples
    --------
    >>> neutral(pl.DataFrame({"name": ["=1+1", "plain", None], "change": [-1.0, 2.0, 3.0]})).rows()
    [("'=1+1", -1.0), ('plain', 2.0), (None, 3.0)]
    """
    words = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in words
    )


def _slug(name: str) -> str:
    """Return a name in the letters that the standard allows.

    Examples
    --------
    >>> _slug("Base+funding freeze-1f")
    'base-funding-freeze-1f'
    """
    return "".join(letter if letter.isalnum() or letter in "._-/" else "-" for letter in name.lower())


def _zip(folder: Path, target: Path) -> None:
    """Pack a folder into one file whose bytes depend on its content alone, and remove the folder."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name, _EARLIEST), file.read_bytes(), zipfile.ZIP_DEFLATED)
            file.unlink()
    folder.rmdir()
