"""`deflator book diff`, `set` and `apply`: change a book figure by figure, and see what changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deflator.cli.output import emit_json, reporting, say, table
from deflator.errors import BookError, Fault, RunError
from deflator.messages import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deflator.book import Book
    from deflator.book.changes import Change

Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]
Out = Annotated[Path | None, typer.Option("-o", "--out", help=text("book.change.out"))]
Held = Annotated[str, typer.Option("--book", help=text("book.change.book"))]


def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=text("book.change.first"))],
    second: Annotated[str, typer.Argument(metavar="B", help=text("book.change.second"))],
    json: Json = False,
) -> None:
    """Print what two books say differently."""
    with reporting(json):
        from deflator.book.changes import changes

        one, other = _book_or_run(first), _book_or_run(second)
        found = changes(one, other)
        if json:
            emit_json({"first": _identity(one), "second": _identity(other), "changes": found})
            return
        print_changes(text("book.change.title", first=first, second=second), found)


def _book_or_run(name: str) -> Book:
    """Return a book, or that of a run where no book has the name."""
    from deflator.book import load_book, shipped_books
    from deflator.book.folder import HEADER_FILE

    path = Path(name)
    if name in shipped_books() or path.is_file() or (path / HEADER_FILE).is_file():
        return load_book(name)
    from deflator.analysis.again import book_of
    from deflator.ensemble import Run, find_run

    try:
        folder = find_run(name)
    except RunError:
        return load_book(name)  # says which books there are
    return book_of(Run.open(folder))


def set_figures(
    settings: Annotated[list[str], typer.Argument(metavar="ENTITY.FIELD=VALUE", help=text("book.change.settings"))],
    book: Held,
    source: Annotated[str, typer.Option(help=text("book.change.source"))],
    as_of: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help=text("book.change.as_of"))],
    grade: Annotated[str, typer.Option(help=text("book.change.grade"))] = "reported",
    low: Annotated[str | None, typer.Option(help=text("book.change.low"))] = None,
    high: Annotated[str | None, typer.Option(help=text("book.change.high"))] = None,
    note: Annotated[str | None, typer.Option(help=text("book.change.note"))] = None,
    title: Annotated[str | None, typer.Option("--source-title", help=text("book.change.source_title"))] = None,
    url: Annotated[str | None, typer.Option("--source-url", help=text("book.change.source_url"))] = None,
    date: Annotated[str | None, typer.Option("--source-date", help=text("book.change.source_date"))] = None,
    kind: Annotated[str | None, typer.Option("--source-kind", help=text("book.change.source_kind"))] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Change figures of a book, each with where it was read."""
    with reporting(json):
        from deflator.book import Provenance, Source, load_book
        from deflator.book.edit import edited, read_edit

        place = _place(book, out)
        known = load_book(book)
        told = (title, date, kind)
        if source not in known.sources and not all(told):
            hint = "describe it with --source-title, --source-date and --source-kind, or use one of the book's sources"
            raise BookError([Fault("", 0, "--source", f"{known.name} has no source {source!r}", hint)])
        documents = [Source(source, title or "", url, date or "", kind or "")] if all(told) else []
        provenance = Provenance(grade, as_of, _number(low, "--low"), _number(high, "--high"), source, note, None)
        faults: list[Fault] = []
        edits = []
        for typed in settings:
            try:
                edits.append(read_edit(known, typed, provenance))
            except BookError as error:
                faults += error.faults
        if faults:
            raise BookError(faults)
        _keep(known, edited(known, edits, sources=documents), book, place, json)


def apply(
    proposal: Annotated[Path, typer.Argument(metavar="PROPOSAL", help=text("book.change.proposal"))],
    book: Held,
    out: Out = None,
    json: Json = False,
) -> None:
    """Change a book as a proposal says."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.data import apply_proposal, read_proposal

        place = _place(book, out)
        known = load_book(book)
        _keep(known, apply_proposal(known, read_proposal(proposal)), book, place, json)


def print_changes(title: str, found: Sequence[Change]) -> None:
    """Print the cells that differ, with grade and source of what is known now; provenance alone stands apart."""
    figures = [one for one in found if one.table not in ("provenance", "sources")]
    told = {f"{one.table}.{one.row}.{one.field}" for one in figures}
    others = [one for one in found if one.table == "sources" or (one.table == "provenance" and one.row not in told)]
    if not found:
        say(text("book.change.nothing"))
        return
    names = ("table", "row", "column", "before", "after", "grade", "source")
    columns = [text(f"book.change.column_{name}") for name in names]
    rows = [[one.table, one.row, one.field, one.before or "", one.after or "", *_evidence(one)] for one in figures]
    table(title, columns, rows)
    if others:
        rows = [[one.table, one.row, one.field, one.before or "", one.after or ""] for one in others]
        table(text("book.change.title_evidence"), columns[:5], rows)


def _evidence(change: Change) -> list[str]:
    known = change.provenance_after
    return [known.grade, known.source] if known else ["", ""]


def _identity(book: Book) -> dict[str, str]:
    return {"name": book.name, "as_of": book.as_of, "fingerprint": book.fingerprint}


def _number(typed: str | None, option: str) -> float | str | None:
    """Return a bound: a number, or a month as it was typed."""
    from deflator.book.months import is_month

    if typed is None or is_month(typed):
        return typed
    try:
        return float(typed)
    except ValueError:
        message = f"{typed!r} is neither a number nor a month"
        raise BookError(
            [Fault("", 0, option, message, "use a number such as 1500, or a month such as 2026-07")]
        ) from None


def _place(book: str, out: Path | None) -> Path | None:
    """Return where to write; None to change the book in its place. A shipped book is never changed."""
    from deflator.book import shipped_books

    if out is None and book in shipped_books():
        hint = f"write the changed book elsewhere, such as -o my-{book}"
        raise BookError([Fault("", 0, "--out", f"{book} comes with the program and stays as it is", hint)])
    return out


def _keep(before: Book, after: Book, book: str, place: Path | None, json: bool) -> None:
    """Write the changed book and print what changed."""
    from deflator.book import write_book
    from deflator.book.changes import changes
    from deflator.book.write import replace_book

    found = changes(before, after)
    if place:
        write_book(after, place)
    elif found:
        replace_book(after, book)
    where = str(place or book)
    if json:
        emit_json({"first": _identity(before), "second": _identity(after), "written": where, "changes": found})
        return
    print_changes(text("book.change.title_set", book=where), found)
    say(text("book.cli.fingerprint", fingerprint=after.fingerprint))
