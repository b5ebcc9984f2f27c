"""`deflator report`: one file that tells a kept run to somebody who was not there."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deflator.cli import asking
from deflator.cli.output import emit_json, note, reporting, say
from deflator.cli.run import showing_progress
from deflator.errors import Fault, RunError
from deflator.messages import speaking, spoken, text

if TYPE_CHECKING:
    from deflator.analysis import Result
    from deflator.report.memo import Memo
    from deflator.report.page import Page

_MOST_PAGES = 64


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help=text("report.run"))],
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help=text("report.out"))] = None,
    lang: Annotated[asking.Language | None, typer.Option(help=text("report.lang"))] = None,
    against: Annotated[str | None, typer.Option(metavar="RUN", help=text("report.against"))] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help=text("report.pdf"))] = False,
    full: Annotated[bool, typer.Option("--full", help=text("report.full"))] = False,
    companies: Annotated[int, typer.Option(min=0, help=text("report.pages"))] = _MOST_PAGES,
    book: Annotated[str | None, typer.Option(help=text("report.book"))] = None,
    json: asking.Json = False,
) -> None:
    """Build every document of the run and write them into one file; the help text is in the catalogue."""
    with reporting(json):
        from deflator.analysis import Result
        from deflator.durable import write_whole
        from deflator.report.page import check_jinja, make_page
        from deflator.report.pdf import find_browser, print_pdf

        start = time.perf_counter()
        check_jinja()
        browser = find_browser() if pdf else ""
        results = [Result.open(name) for name in (run, against) if name]
        _check_pair(results)
        file = _target(out, results)
        with speaking(str(lang or spoken())):
            memos = [_gathered(result, book, full, companies) for result in results]
            page = make_page(memos)
        write_whole(file, page.html.encode())
        written = [file]
        if pdf:
            printed = file.with_suffix(".pdf")
            print_pdf(file, printed, browser)
            written.append(printed)
        if json:
            emit_json(_document(written, memos, page, time.perf_counter() - start))
        else:
            _tell(written, page, memos)


def _check_pair(results: list[Result]) -> None:
    """Refuse to tell two runs side by side that have nothing to do with each other."""
    if len(results) < 2:
        return
    first, other = (result.raw.manifest for result in results)
    if first.run == other.run:
        message = text("report.same_run", run=other.run)
        raise RunError([Fault("", 0, "--against", message, text("report.same_run_hint"))])
    if first.book["fingerprint"] != other.book["fingerprint"]:
        message = text("report.other_book", run=other.run, first=first.run, book=other.book["name"],
                       fingerprint=other.book["fingerprint"][:12])  # fmt: skip
        raise RunError([Fault("", 0, "--against", message, text("report.other_book_hint"))])


def _target(out: Path | None, results: list[Result]) -> Path:
    """Return the file to write, before anything is computed."""
    name = "-".join(re.sub(r"[^A-Za-z0-9_.-]", "-", result.raw.manifest.run) for result in results)
    file = out or Path(f"{name}.html")
    faults = []
    if file.suffix.lower() not in (".html", ".htm"):
        message = text("report.bad_ending", file=file)
        faults.append(Fault("", 0, "--out", message, text("report.bad_ending_hint", name=file.stem or name)))
    if not file.parent.is_dir():
        message = text("report.no_folder", folder=file.parent)
        faults.append(Fault("", 0, "--out", message, text("report.no_folder_hint", folder=file.parent)))
    if faults:
        raise RunError(faults)
    return file


def _gathered(result: Result, book: str | None, full: bool, companies: int) -> Memo:
    """Build what a report of a run shows, with the time that is left."""
    from deflator.analysis.again import asked_again
    from deflator.report.memo import gather

    question = asked_again(result.raw, book)
    with showing_progress(text("report.gathering", scenario=question.scenario.name)) as progress:
        return gather(question, result, full, companies, progress)


def _document(written: list[Path], memos: list[Memo], page: Page, seconds: float) -> dict[str, Any]:
    figures = list(page.figures())
    return {
        "files": [{"file": file, "bytes": file.stat().st_size} for file in written],
        "runs": [memo.result.raw.manifest.run for memo in memos],
        "sections": [section.id for section in page.sections],
        "charts": sum(1 for figure in figures if figure.chart),
        "tables": sum(len(figure.tables) for figure in figures),
        "companies": len(memos[0].companies),
        "seconds": seconds,
        "disclaimer": text("common.disclaimer"),
    }


def _tell(written: list[Path], page: Page, memos: list[Memo]) -> None:
    from deflator.cli.expected import size

    figures = list(page.figures())
    say(text("report.written", file=written[0], size=size(written[0].stat().st_size),
             tables=sum(len(figure.tables) for figure in figures),
             charts=sum(1 for figure in figures if figure.chart), companies=len(memos[0].companies)))  # fmt: skip
    for file in written[1:]:
        say(text("report.written_pdf", file=file, size=size(file.stat().st_size)))
    note(text("common.disclaimer"))
