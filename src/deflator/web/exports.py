"""Kept runs as files: a workbook, CSV or Parquet in one zip file, or JSON."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from deflator.analysis import Result
from deflator.book import Book
from deflator.ensemble import Run, runs_folder, stored_runs
from deflator.errors import DeflatorError, Fault, RunError
from deflator.messages import text
from deflator.report.cover import export_of
from deflator.report.plain import plain
from deflator.report.tidy import sheets_of
from deflator.report.workbook import write_export
from deflator.web.names import is_run, missing
from deflator.web.replies import Reply, json_bytes
from deflator.web.shelf import Shelf


class Format(StrEnum):
    """What a run can be had as."""

    XLSX = "xlsx"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


_KINDS = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "application/zip",
    Format.PARQUET: "application/zip",
    Format.JSON: "application/json",
}
Name = Annotated[str, Path(max_length=200)]


def exports_router(shelf: Shelf) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/runs")

    @router.get("/{run}", summary=text("web.route.run"))
    def record(run: Name) -> dict[str, Any]:
        found: dict[str, Any] = plain(open_run(run).raw.manifest)
        return found

    @router.get("/{run}/export", summary=text("web.route.export"), response_class=Reply)
    def export(run: Name, format: Annotated[Format, Query()] = Format.XLSX) -> Response:
        result = open_run(run)
        content = exported(result, _book_of(result, shelf), format)
        ending = {Format.CSV: "csv.zip", Format.PARQUET: "parquet.zip"}.get(format, format.value)
        headers = {"content-disposition": f'attachment; filename="{run}.{ending}"'}
        return Response(content, media_type=_KINDS[format], headers=headers)

    return router


def open_run(name: str) -> Result:
    """Open a run in the place for runs by its whole name; a name is no path.

    Raises
    ------
    DeflatorError
        When there is none, or it cannot be read.
    """
    if not is_run(name) or not (runs_folder() / name / "manifest.json").is_file():
        raise missing("run", "run", name, [stored.folder.name for stored in stored_runs() if stored.manifest])
    return Result(Run.open(runs_folder() / name))


def exported(result: Result, book: Book, kind: Format) -> bytes:
    """Return a run in a format."""
    if kind is Format.JSON:
        sheets = {sheet.name: sheet.frame.to_dicts() for sheet in sheets_of(result, book)}
        whole = {"run": result.raw.manifest, "sheets": sheets, "disclaimer": text("common.disclaimer")}
        return json_bytes(plain(whole))
    with TemporaryDirectory(prefix="deflator-") as folder:
        target = FilePath(folder) / ("run.xlsx" if kind is Format.XLSX else "run.zip")
        write_export(export_of(result, book), target, kind.value)
        return target.read_bytes()


def _book_of(result: Result, shelf: Shelf) -> Book:
    """Return the book with which a run was made: its own copy, else one of the same content."""
    if kept := result.raw.book():
        return kept
    told = result.raw.manifest.book
    for name in shelf.books():
        try:
            book = shelf.book(name)
        except (DeflatorError, OSError):
            continue
        if book.fingerprint == told["fingerprint"]:
            return book
    message = f"the run keeps no copy of its book, and {told['name']} is not here or has changed since"
    raise RunError([Fault("", 0, "run", message, "upload the book with which it was made")])
