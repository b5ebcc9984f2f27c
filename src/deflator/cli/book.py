"""`deflator book`: write an empty book, check one, and read what it says and how well that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from deflator import defaults
from deflator.cli import book_changes
from deflator.cli.output import emit_json, reporting, say, table
from deflator.messages import text, translated

if TYPE_CHECKING:
    from deflator.book import Book
    from deflator.book.lookup import Entry

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]
app.command("diff", help=text("book.change.diff_help"))(book_changes.diff)
app.command("set", help=text("book.change.set_help"))(book_changes.set_figures)
app.command("apply", help=text("book.change.apply_help"))(book_changes.apply)
BookName = Annotated[str, typer.Option("--book", help=text("book.cli.book"))]


@app.command("init", help=text("book.cli.init_help"))
def init(
    path: Annotated[str, typer.Argument(metavar="DIR", help=text("book.cli.init_path"))],
    xlsx: Annotated[bool, typer.Option("--xlsx", help=text("book.cli.xlsx"))] = False,
    json: Json = False,
) -> None:
    """Write an empty book to fill in."""
    with reporting(json):
        from deflator.book import new_book

        written = new_book(path, xlsx)
        if json:
            emit_json({"written": written})
        else:
            say(text("book.cli.written", path=written))


@app.command("check", help=text("book.cli.check_help"))
def check(
    path: Annotated[str, typer.Argument(metavar="PATH", help=text("book.cli.path"))],
    json: Json = False,
) -> None:
    """Report everything that is wrong with a book."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.book.evidence import evidence

        book = load_book(path)
        known = evidence(book)
        if json:
            emit_json({"faults": [], **_summary(book), "figures": known.figures})
            return
        sound = text(
            "book.cli.sound",
            name=book.name,
            entities=len(book.table("entities")),
            figures=f"{known.figures:,}",
            months=book.months,
            as_of=book.as_of,
            horizon=book.horizon,
        )
        say(sound)
        say(text("book.cli.fingerprint", fingerprint=book.fingerprint))


@app.command("show", help=text("book.cli.show_help"))
def show(
    name: Annotated[str | None, typer.Argument(metavar="ENTITY|TABLE", help=text("book.cli.name"))] = None,
    book: BookName = defaults.BOOK,
    json: Json = False,
) -> None:
    """Print what a book says of an entity or a table, with grades and sources."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.book.lookup import entries

        known = load_book(book)
        if name is None:
            _show_overview(known, json)
            return
        found = entries(known, name)
        if json:
            emit_json({"book": known.name, "fingerprint": known.fingerprint, "entries": found})
            return
        for title in dict.fromkeys(entry.table for entry in found):
            columns = _headings("row", "column", "value>", "unit", "grade", "low>", "high>", "source")
            table(title, columns, [_line(entry) for entry in found if entry.table == title])


@app.command("sources", help=text("book.cli.sources_help"))
def sources(book: BookName = defaults.BOOK, json: Json = False) -> None:
    """Print how well a book is known, and from which sources."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.book.evidence import GRADES, evidence, figures_by_source

        known = load_book(book)
        total = evidence(known)
        tables = {name: evidence(known, name) for name in known.tables}
        used = figures_by_source(known)
        if json:
            shares = {grade: total.share(grade) for grade in GRADES}
            listed = [{**vars(known.sources[name]), "figures": count} for name, count in used.items()]
            emit_json({"book": known.name, "all": total, "shares": shares, "tables": tables, "sources": listed})
            return
        grades: list[tuple[str, Literal["left", "right"]]] = [(grade, "right") for grade in GRADES]
        table(
            text("book.cli.evidence", name=known.name),
            [*_headings("table", "figures>"), *grades, *_headings("without>")],
            [
                [
                    name,
                    f"{part.figures:,}",
                    *(f"{part.share(grade):.0%}" for grade in GRADES),
                    part.without_provenance,
                ]
                for name, part in {text("book.cli.all"): total, **tables}.items()
                if part.figures
            ],
        )
        documents = [known.sources[name] for name in used]
        table(
            text("book.cli.documents", name=known.name),
            _headings("source", "figures>", "date", "kind", "title"),
            [[item.source, f"{used[item.source]:,}", item.date, item.kind, item.title] for item in documents],
        )


@app.command("reconcile", help=text("book.cli.reconcile_help"))
def reconcile(book: BookName = defaults.BOOK, json: Json = False) -> None:
    """Hold a book against what was reported; a miss is shown with its reason and is no error."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.book import reconcile as reconciliation

        known = load_book(book)
        found = reconciliation.reconcile(known)
        if json:
            emit_json({"book": known.name, "targets": found})
            return
        rows = [
            [
                item.target,
                item.entity or "",
                item.measure,
                item.basis,
                item.standing,
                f"{item.book_value:,.4g}",
                f"{item.target_value:,.4g}",
                item.unit,
                f"{item.residual:+.1%}",
                f"{item.tolerance:.0%}",
                text("book.cli.ok" if item.passed else "book.cli.miss"),
            ]
            for item in found
        ]
        names = (
            "target",
            "entity",
            "measure",
            "basis",
            "standing",
            "book>",
            "reported>",
            "unit",
            "residual>",
        )
        table(text("book.cli.reconciled", name=known.name), _headings(*names, "tolerance>", "verdict"), rows)
        for item in found:
            if not item.passed:
                say(
                    text(
                        "book.cli.missed",
                        target=item.target,
                        reason=item.reason or text("book.cli.unexplained"),
                    )
                )
        say(text("book.cli.passed", passed=sum(item.passed for item in found), all=len(found)))


def _headings(*names: str) -> list[tuple[str, Literal["left", "right"]]]:
    """Return headings by the keys of their messages; `>` sets a column to the right."""
    return [
        (text(f"book.cli.column.{name.removesuffix('>')}"), "right" if name.endswith(">") else "left") for name in names
    ]


def _summary(book: Book) -> dict[str, object]:
    """Return what tells a book from others."""
    rows = {name: len(rows) for name, rows in book.all_rows().items()}
    return {**book.header(), "months": book.months, "fingerprint": book.fingerprint, "rows": rows}


def _show_overview(book: Book, json: bool) -> None:
    """Print what a book is and how many rows each table has."""
    summary = _summary(book)
    if json:
        emit_json(summary)
        return
    say(text("book.cli.overview", title=translated(book.title), name=book.name, as_of=book.as_of))
    say(book.description)
    say(text("book.cli.fingerprint", fingerprint=book.fingerprint))
    rows = [[name, f"{len(rows):,}"] for name, rows in book.all_rows().items()]
    table("", _headings("table", "rows>"), rows)


def _line(entry: Entry) -> list[str]:
    """Return one cell of a book as a line of a table."""
    from deflator.book.cells import write_cell

    known = entry.provenance
    evidence = [known.grade, write_cell(known.low), write_cell(known.high), known.source] if known else [""] * 4
    return [entry.row, entry.column, write_cell(entry.value), entry.unit, *evidence]
