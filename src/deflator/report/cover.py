"""What stands before the tables of an export: what was asked, of what, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deflator.analysis import Result
from deflator.analysis.breaks import NONE
from deflator.analysis.words import per_cent, per_cent_range
from deflator.book import Book
from deflator.book.months import month_at
from deflator.messages import spoken, text
from deflator.report.tidy import Sheet, sheets_of

Fact = tuple[str, str | float | int | None]


@dataclass(frozen=True, eq=False)
class Export:
    """Tables with their cover, ready to be written in any format.

    Parameters
    ----------
    name
        What the export is of: the run, or the tape.
    title
        Heading of the cover.
    facts
        Label and value of each line of the cover.
    sheets
        The tables.
    created
        Time of day in UTC that the file carries, ISO 8601: that of the run, so that one run gives the same bytes.
    language
        In which the cover is written, and what columns mean.
    """

    name: str
    title: str
    facts: tuple[Fact, ...]
    sheets: tuple[Sheet, ...]
    created: str
    language: str = "en"


def export_of(result: Result, book: Book) -> Export:
    """Return the answer of a run as tables with their cover.

    Parameters
    ----------
    result
        A kept run.
    book
        The book that it was made with; from `deflator.analysis.again.book_of`.
    """
    manifest = result.raw.manifest
    title = text("export.title", scenario=manifest.scenario["name"], book=manifest.book["name"])
    facts = (*_question(result, book), *_answer(result), *_made_with(result, book))
    return Export(manifest.run, title, facts, tuple(sheets_of(result, book)), manifest.finished_at, spoken())


def _question(result: Result, book: Book) -> list[Fact]:
    manifest = result.raw.manifest
    end = month_at(manifest.months, manifest.as_of)
    scenario = result.raw.scenario()

    def label(key: str) -> str:
        return text(f"export.fact.{key}")

    return [
        (label("question"), text("export.question", as_of=manifest.as_of, end=end)),
        (label("book"), f"{book.name}: {book.title}"),
        (label("book_fingerprint"), manifest.book["fingerprint"]),
        (label("scenario"), f"{scenario.name}: {scenario.title}" if scenario else manifest.scenario["name"]),
        (label("scenario_fingerprint"), manifest.scenario["fingerprint"]),
        (label("as_of"), manifest.as_of),
        (label("end"), end),
        (label("months"), manifest.months),
        (label("paths"), manifest.paths),
        (label("paths_failed"), manifest.paths_failed),
        (label("draws"), manifest.draws if manifest.ignorance else 0),
        (label("chance"), text("export.on" if manifest.chance else "export.off")),
        (label("seed"), str(manifest.seed)),
    ]


def _answer(result: Result) -> list[Fact]:
    """Return who is first, with range and error, and whether that stands."""
    facts: list[Fact] = []
    for kind, frame in (("layer", result.layers()), ("firm", result.entities()), ("cohort", result.cohorts())):
        ranked = [row for row in frame.to_dicts() if row["name"] != NONE and row["p_first"] is not None]
        if not ranked:
            continue
        leader = max(ranked, key=lambda row: row["p_first"])
        facts.append(
            (
                text(f"export.fact.first_{kind}"),
                text(
                    "export.first",
                    name=leader["label"],
                    share=per_cent(leader["p_first"], leader["p_first_error"] or 0.0),
                    range=per_cent_range(leader["p_first_low"], leader["p_first_high"]),
                    error=f"{100.0 * (leader['p_first_error'] or 0.0):.1f}",
                ),
            )
        )
    robust = bool(result.robustness()["agrees"].all())
    stands = text("export.robust" if robust else "export.not_robust")
    return [*facts, (text("export.fact.robust"), stands)]


def _made_with(result: Result, book: Book) -> list[Fact]:
    manifest = result.raw.manifest

    def label(key: str) -> str:
        return text(f"export.fact.{key}")

    return [
        (label("run"), manifest.run),
        (label("finished"), manifest.finished_at),
        (label("checksum"), manifest.checksum),
        (label("ledger"), manifest.ledger_residual),
        (label("versions"), versions_told(manifest.versions)),
        (label("licence"), book.licence),
        (label("disclaimer"), text("export.disclaimer")),
    ]


def versions_told(versions: dict[str, str]) -> str:
    """Return what computed, in one line.

    Examples
    --------
    >>> versions_told({"deflator": "0.1.0", "numpy": "2.3.1"})
    'deflator 0.1.0, numpy 2.3.1'
    """
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def contents(export: Export) -> Sequence[tuple[Sheet, str, float]]:
    """Return every sum that is carried: table, column, sum."""
    return [(sheet, name, total) for sheet in export.sheets for name, total in sheet.totals().items()]
