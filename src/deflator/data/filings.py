"""Figures of a firm from its filings with the SEC, as tagged there (XBRL), with accession numbers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from deflator.book import Book, Provenance, Source
from deflator.book.edit import Edit, NewRow
from deflator.book.months import last_day
from deflator.book.spelling import did_you_mean, quoted
from deflator.data.feed import FRESH_HOURS, Answer, FeedError, ask, extra_module
from deflator.data.proposal import FORMAT, LeftOut, Proposal
from deflator.errors import Fault

#: The SEC asks every program for a name and an address in each request.
IDENTITY = "EDGAR_IDENTITY"
_MILLION = 1e6
_QUARTER_DAYS = range(80, 101)
#: Residual up to which the book counts as agreeing, as for the reported targets of the shipped book.
_TOLERANCE = 0.15


@dataclass(frozen=True)
class Wanted:
    """A figure to look for.

    Parameters
    ----------
    name
        Column of `entities`, or measure of `reconciliation`.
    concepts
        XBRL tags that mean it, the first that a firm uses is taken; those in one tuple are added up.
    flow
        Whether it is a sum over a period rather than a balance on a day.
    """

    name: str
    concepts: tuple[tuple[str, ...], ...]
    flow: bool


CASH = Wanted(
    "cash_musd",
    (
        ("CashAndCashEquivalentsAtCarryingValue",),
        ("CashCashEquivalentsRestrictedCashAndRestrictedCashEquivalents",),
    ),
    flow=False,
)
TARGETS = (
    Wanted("revenue", (("RevenueFromContractWithCustomerExcludingAssessedTax",), ("Revenues",)), flow=True),
    Wanted("interest", (("InterestExpense",), ("InterestExpenseNonoperating",), ("InterestExpenseDebt",)), flow=True),
    Wanted(
        "debt",
        (
            ("DebtLongtermAndShorttermCombinedAmount",),
            ("LongTermDebtNoncurrent", "LongTermDebtCurrent"),
            ("LongTermDebt",),
        ),
        flow=False,
    ),
    Wanted("equipment_spend", (("PaymentsToAcquirePropertyPlantAndEquipment",),), flow=True),
)


@dataclass(frozen=True)
class _Found:
    """A figure as filed: sum of the tags that make it up."""

    musd: float
    start: str | None
    end: str
    filed: str
    form: str
    accession: str
    concepts: str


def ask_filings(ticker: str, offline: bool = False, fresh_hours: float = FRESH_HOURS) -> Answer:
    """Return every figure in USD that a firm has tagged in its annual and quarterly reports.

    Parameters
    ----------
    ticker
        As listed in the United States.
    offline
        Use what is kept, of any age.
    fresh_hours
        Age up to which a kept answer is taken without asking.

    Raises
    ------
    FeedError
        When the SEC cannot be asked, nobody is named in `EDGAR_IDENTITY`, or there is no such ticker.
    """
    return ask(f"filings-{ticker}", lambda: _fetch(ticker), offline, fresh_hours)


def _fetch(ticker: str) -> list[dict[str, Any]]:
    if not os.environ.get(IDENTITY):
        hint = f'set {IDENTITY}="Your Name you@example.com" and try again'
        raise FeedError([Fault("", 0, IDENTITY, "the SEC asks who is asking, and nobody is named", hint)])
    edgar = extra_module("edgar", "edgartools")
    company = edgar.Company(ticker)
    if getattr(company, "not_found", False):
        raise FeedError(
            [Fault("", 0, "TICKER", f"no firm files as {quoted(ticker)}", "use the ticker of a US listing")]
        )
    facts = company.get_facts()
    if facts is None:
        raise FeedError([Fault("", 0, "TICKER", f"{ticker} has tagged no figures", "it may file in another form")])
    wanted = {tag for one in (CASH, *TARGETS) for tags in one.concepts for tag in tags}
    return [
        {
            "cik": int(company.cik), "company": str(company.name), "concept": fact.concept.rpartition(":")[2],
            "usd": float(fact.numeric_value), "start": _day(fact.period_start), "end": _day(fact.period_end),
            "filed": _day(fact.filing_date), "form": fact.form_type, "accession": fact.accession,
        }
        for fact in facts
        if fact.unit == "USD" and fact.numeric_value is not None and not fact.dimensions and fact.period_end
        and fact.filing_date and fact.accession and fact.concept.rpartition(":")[2] in wanted
    ]  # fmt: skip


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()[:10]


def propose_filings(book: Book, ticker: str, answer: Answer) -> Proposal:
    """Return what a firm's filings up to the book's as-of month would change.

    Its cash becomes an edit of `entities`; revenue, interest, debt and capital spending become targets of
    `reconciliation`, since a book derives them from contracts and facilities.

    Parameters
    ----------
    book
        Any loaded book that has a firm with this ticker.
    ticker
        As in `entities`.
    answer
        From `ask_filings`.

    Raises
    ------
    FeedError
        When the book has no firm with this ticker.
    """
    firms = {str(row["ticker"]): str(row["entity"]) for row in book.table("entities").rows if row.get("ticker")}
    if ticker not in firms:
        hint = did_you_mean(ticker, firms)
        raise FeedError([Fault("", 0, "TICKER", f"{book.name} has no firm with the ticker {quoted(ticker)}", hint)])
    entity, known_until = firms[ticker], last_day(book.as_of).isoformat()
    edits: list[Edit] = []
    rows: list[NewRow] = []
    sources: dict[str, Source] = {}
    left_out: list[LeftOut] = []
    for wanted in (CASH, *TARGETS):
        found = _latest(answer.rows, wanted, known_until)
        later = _latest(answer.rows, wanted, "9999-12-31")
        if later and later != found:
            reason = f"filed on {later.filed}, after the book's as-of month {book.as_of}"
            left_out.append(LeftOut(f"{entity}.{wanted.name}", f"{later.musd:g} USD m ({later.end})", reason))
        if found is None:
            reason = "no report up to the as-of month tags it in USD"
            left_out.append(LeftOut(f"{entity}.{wanted.name}", "", reason))
            continue
        source = _source(answer.rows, found)
        note = f"XBRL {found.concepts}; {found.form}, accession {found.accession}"
        provenance = Provenance("reported", found.end, None, None, source.source, note, None)
        if wanted is CASH:
            change = _cash_edit(book, entity, found, provenance)
            if isinstance(change, LeftOut):
                left_out.append(change)
                continue
            edits.append(change)
        else:
            row = _target(book, entity, wanted.name, found, provenance)
            if isinstance(row, LeftOut):
                left_out.append(row)
                continue
            rows.append(row)
        sources[source.source] = source
    return Proposal(FORMAT, book.name, book.fingerprint, f"deflator data filings {ticker}", answer.at,
                    tuple(sources.values()), tuple(edits), tuple(rows), tuple(left_out))  # fmt: skip


def _latest(facts: Sequence[dict[str, Any]], wanted: Wanted, until: str) -> _Found | None:
    """Return the latest figure that was filed by a day: of flows the latest quarter, or else the latest period."""
    for tags in wanted.concepts:
        parts = [list(_periods(facts, tag, wanted.flow, until)) for tag in tags]
        if any(not part for part in parts):
            continue
        chosen = [max(part, key=_recency) for part in parts]
        first = chosen[0]
        if any((fact["start"], fact["end"]) != (first["start"], first["end"]) for fact in chosen):
            continue
        musd = sum(fact["usd"] for fact in chosen) / _MILLION
        return _Found(
            musd, first["start"], first["end"], first["filed"], first["form"], first["accession"], "+".join(tags)
        )
    return None


def _periods(facts: Sequence[dict[str, Any]], tag: str, flow: bool, until: str) -> Iterator[dict[str, Any]]:
    for fact in facts:
        if fact["concept"] == tag and fact["filed"] <= until and (fact["start"] is not None) == flow:
            yield fact


def _recency(fact: dict[str, Any]) -> tuple[str, bool, str]:
    """Order by end, then quarters before longer periods, then by filing: a later report restates an earlier one."""
    days = (date.fromisoformat(fact["end"]) - date.fromisoformat(fact["start"] or fact["end"])).days
    return fact["end"], days in _QUARTER_DAYS, fact["filed"]


def _source(facts: Sequence[dict[str, Any]], found: _Found) -> Source:
    firm = next(fact for fact in facts if fact["accession"] == found.accession)
    bare = found.accession.replace("-", "")
    return Source(
        source=f"sec_{found.accession}",
        title=f"{firm['company']}, {found.form} filed {found.filed}, accession {found.accession}",
        url=f"https://www.sec.gov/Archives/edgar/data/{firm['cik']}/{bare}/",
        date=found.filed,
        kind="filing",
    )


def _cash_edit(book: Book, entity: str, found: _Found, provenance: Provenance) -> Edit | LeftOut:
    figure = ("entities", entity, "cash_musd")
    known = book.provenance.get(figure)
    if known and known.as_of >= found.end:
        reason = f"the book's figure is as of {known.as_of}, which is not earlier"
        return LeftOut(f"{entity}.cash_musd", f"{found.musd:g} USD m ({found.end})", reason)
    return Edit(*figure, f"{found.musd:.15g}", provenance)


def _target(book: Book, entity: str, measure: str, found: _Found, provenance: Provenance) -> NewRow | LeftOut:
    start, end = (found.start or found.end)[:7], found.end[:7]
    name = f"{entity}_{measure}_{end}"
    if name in book.table("reconciliation").index:
        return LeftOut(f"{entity}.{measure}", f"{found.musd:g} USD m ({end})", f"the book has the target {name}")
    cells = {
        "target": name, "entity": entity, "measure": measure, "from": start, "to": end, "value": f"{found.musd:.15g}",
        "unit": "USD m", "basis": "reported", "standing": "independent", "tolerance": f"{_TOLERANCE:g}",
    }  # fmt: skip
    return NewRow("reconciliation", cells, {"value": provenance})
