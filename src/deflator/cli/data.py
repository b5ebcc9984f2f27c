"""`deflator data`: what filings and price lists would change in a book, as a proposal to read and apply."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deflator import defaults
from deflator.cli.book_changes import print_changes
from deflator.cli.output import emit_json, note, reporting, say, table
from deflator.messages import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deflator.book import Book
    from deflator.book.changes import Change
    from deflator.data import Proposal

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)

BookName = Annotated[str, typer.Option("--book", help=text("book.cli.book"))]
Offline = Annotated[bool, typer.Option("--offline", help=text("data.offline"))]
Fresh = Annotated[float, typer.Option("--fresh-hours", min=0.0, help=text("data.fresh_hours"))]
Out = Annotated[Path | None, typer.Option("-o", "--out", help=text("data.out"))]
Json = Annotated[bool, typer.Option("--json", help=text("cli.json"))]
_FRESH = 24.0


@app.command("prices", help=text("data.prices_help"))
def prices(
    book: BookName = defaults.BOOK,
    offline: Offline = False,
    fresh_hours: Fresh = _FRESH,
    out: Out = None,
    json: Json = False,
) -> None:
    """Propose new rows of the price history."""

    def propose(known: Book) -> Proposal:
        from deflator.data.prices import ask_prices, propose_prices

        note(text("data.asking", what=text("data.price_lists")))
        return propose_prices(known, ask_prices(offline, fresh_hours))

    _give(book, propose, out, json)


@app.command("filings", help=text("data.filings_help"))
def filings(
    ticker: Annotated[str, typer.Argument(metavar="TICKER", help=text("data.ticker"))],
    book: BookName = defaults.BOOK,
    offline: Offline = False,
    fresh_hours: Fresh = _FRESH,
    out: Out = None,
    json: Json = False,
) -> None:
    """Propose figures of a firm from its filings."""

    def propose(known: Book) -> Proposal:
        from deflator.data.filings import ask_filings, propose_filings

        note(text("data.asking", what=text("data.filings_of", ticker=ticker)))
        return propose_filings(known, ticker.upper(), ask_filings(ticker.upper(), offline, fresh_hours))

    _give(book, propose, out, json)


@app.command("from", help=text("data.from_help"))
def ask_source(
    name: Annotated[str, typer.Argument(metavar="NAME", help=text("data.feed"))],
    book: BookName = defaults.BOOK,
    offline: Offline = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """Propose what a source of a plug-in says."""

    def propose(known: Book) -> Proposal:
        from deflator import plugins

        found: Proposal = plugins.load("sources", name).propose(known, offline)
        return found

    _give(book, propose, out, json)


def _give(name: str, propose: Callable[[Book], Proposal], out: Path | None, json: bool) -> None:
    """Make a proposal, check that it would make a sound book, then print it and, if a file is named, write it."""
    with reporting(json):
        from deflator.book import load_book
        from deflator.book.changes import changes
        from deflator.data import apply_proposal, write_proposal

        book = load_book(name)
        proposal = propose(book)
        found = changes(book, apply_proposal(book, proposal))
        if out:
            write_proposal(proposal, out)
        if json:
            emit_json({"proposal": proposal, "changes": found, "written": out, "disclaimer": text("common.disclaimer")})
        else:
            _print(book, proposal, found, out)


def _print(book: Book, proposal: Proposal, found: Sequence[Change], out: Path | None) -> None:
    print_changes(text("data.title", book=book.name, made_by=proposal.made_by, at=proposal.at), found)
    if proposal.sources:
        columns = [text(f"data.column_{name}") for name in ("source", "title", "url")]
        table(text("data.title_sources"), columns, [[one.source, one.title, one.url or ""] for one in proposal.sources])
    if proposal.left_out:
        columns = [text(f"data.column_{name}") for name in ("what", "value", "reason")]
        table(text("data.title_left_out"), columns, [[one.what, one.value, one.reason] for one in proposal.left_out])
    if not proposal:
        return
    say(text("data.written", file=out, book=book.name) if out else text("data.not_written"))
