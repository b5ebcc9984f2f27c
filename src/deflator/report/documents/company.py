"""The page of one company, and the list of all: what it has and owes, what binds it, why it breaks, what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from deflator.analysis import Result
from deflator.analysis.answered import answered
from deflator.analysis.balance import FIGURES, PARTS, Balances, Course, balances, with_accounts
from deflator.analysis.choose_path import Chosen, choose_from_run, search
from deflator.analysis.first import FirstBreaks, first_breaks
from deflator.analysis.replay import Setting, prepare, replay
from deflator.analysis.story import Story, tell
from deflator.analysis.story_words import EventWords
from deflator.book import Book
from deflator.book.lookup import entries
from deflator.book.spelling import did_you_mean, quoted
from deflator.engine.codes import Cause, Trigger
from deflator.ensemble import Progress, Question
from deflator.errors import Fault, RunError
from deflator.report.documents.first import break_odds
from deflator.report.documents.heading import labels, prepared
from deflator.report.plain import plain

#: Tables that bind a company, and the columns that name it.
_DEALS = {
    "contracts": ("seller", "buyer"), "leases": ("landlord", "tenant", "guarantor"),
    "facilities": ("borrower", "guarantor"), "fleets": ("owner",), "deliveries": ("owner",),
}  # fmt: skip
_SEARCHED = 256


def build_companies(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the list of companies, with how often each breaks."""
    return company_list(question, first_breaks(answered(question, progress)))


def company_list(question: Question, found: FirstBreaks) -> dict[str, Any]:
    """Return every entity of the book with its sums and its odds; world accounts are left out."""
    odds = {one.name: one for one in found.first}
    curves = {one.name: one for one in found.survival if one.kind != "layer"}
    able = able_to_break(question)
    debt: dict[str, float] = {}
    for row in question.book.table("facilities").rows:
        debt[row["borrower"]] = debt.get(row["borrower"], 0.0) + row["drawn_musd"]
    rows = []
    for row in question.book.table("entities").rows:
        name = str(row["entity"])
        if row["layer"] == "world":
            continue
        one = odds.get(name) if name in able else None
        rows.append(
            {
                "entity": name, "label": row["name"], "layer": row["layer"], "parent": row["parent"],
                "members": int(row["members"] or 1), "cash_musd": row["cash_musd"], "debt_musd": debt.get(name, 0.0),
                "equity_musd": row["equity_value_musd"], "capital_musd": row["loss_absorbing_capital_musd"],
                "revenue_musd_per_year": row["end_user_revenue_musd_per_year"],
                "can_break": name in able,
                "first": one and {"value": one.p_first, "low": one.low, "high": one.high, "mc_error": one.mc_error},
                "break": break_odds(curves[name]) if one else None,
                "months": list(one.months) if one and one.months else None,
                "share_assumed": one.share_assumed if one else None,
            }
        )  # fmt: skip
    return {"companies": rows}


def able_to_break(question: Question) -> set[str]:
    """Return the ids of those that can break: firms with accounts of their own, and lenders that have borrowed."""
    economy = prepare(replace(question, paths=1, draws=0, chance=False, target_error=None)).economy
    able = economy.links["entities.can_default"]
    return {name for name, can in zip(economy.entities, able, strict=False) if can}


def build_company(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of one company."""
    entity = str(arguments["entity"])
    check_entity(question.book, entity)
    setting = prepared(question, arguments)
    owner = account_of(setting, entity)
    sheets = balances(setting, [owner], progress=progress) if owner in with_accounts(setting) else None
    result = answered(question, progress)
    story = told_of(question, result, entity, progress)
    return company_page(question, entity, sheets, first_breaks(result), story)


def check_entity(book: Book, entity: str) -> None:
    """Refuse an entity that the book does not have.

    Raises
    ------
    RunError
        With what was perhaps meant.
    """
    known = book.table("entities").index
    if entity not in known:
        hint = did_you_mean(entity, list(known)) or "`deflator book show entities` lists them"
        raise RunError([Fault("", 0, "entity", f"there is no entity {quoted(entity)}", hint)])


def account_of(setting: Setting, entity: str) -> str:
    """Return whose cash pays for an entity: its own id, or that of its topmost parent."""
    economy = setting.economy
    return economy.entities[int(economy.links["entities.account"][economy.entities.index(entity)])]


def told_of(
    question: Question, result: Result, entity: str, progress: Progress | None = None
) -> tuple[Setting, Chosen | None, Story] | None:
    """Return the story of an entity on the middle path of those on which it breaks, or on the nearest to a break.

    Nothing for one that cannot break.
    """
    setting = prepare(question)
    economy = setting.economy
    position = economy.entities.index(entity)
    if not economy.links["entities.can_default"][position]:
        return None
    chosen = choose_from_run(result.raw, entity)
    if chosen is None:
        looked = search(setting, position, min(_SEARCHED, question.paths_used), progress)
        path = int(looked.paths[looked.nearest])
    else:
        path = chosen.path
    return setting, chosen, tell(replay(setting, path), position)


def company_page(
    question: Question,
    entity: str,
    sheets: Balances | None,
    found: FirstBreaks,
    story: tuple[Setting, Chosen | None, Story] | None,
) -> dict[str, Any]:
    """Return the page of a company from what was found of all.

    Parameters
    ----------
    question
        What was asked.
    entity
        Id.
    sheets
        Balance sheets that include the account of the company.
    found
        Who breaks first.
    story
        From `told_of`.
    """
    book = question.book
    table = book.table("entities")
    row = table.rows[table.index[entity]]
    able = entity in able_to_break(question)
    first = {one.name: one for one in found.first}.get(entity) if able else None
    curve = {one.name: one for one in found.survival if one.kind != "layer"}.get(entity) if able else None
    account = next((name for name in _owners(book, entity) if sheets and name in sheets.entities), None)
    return {
        "entity": entity, "label": row["name"], "layer": row["layer"], "parent": row["parent"], "account": account,
        "members": int(row["members"] or 1), "ticker": row["ticker"],
        "labels": labels(question),
        "balance": _balance(sheets, account) if sheets and account else None,
        "first": first and {"value": first.p_first, "low": first.low, "high": first.high, "mc_error": first.mc_error},
        "break": break_odds(curve) if curve else None,
        "months": list(first.months) if first and first.months else None,
        "share_assumed": first.share_assumed if first else None,
        "survival": curve and {"share": curve.share, "low": curve.low, "high": curve.high, "mc_error": curve.mc_error},
        **{name: list(_bound(book, name, entity)) for name in _DEALS},
        "covenants": list(_covenants(book, entity)),
        "holdings": list(_holdings(book, entity)),
        "inputs": list(_inputs(book, entity)),
        "story": story and _story(*story),
    }  # fmt: skip


def _owners(book: Book, entity: str) -> Iterator[str]:
    """Yield an entity, its parent, and so on up."""
    table = book.table("entities")
    name: Any = entity
    while name:
        yield str(name)
        name = table.rows[table.index[name]]["parent"]


def _balance(sheets: Balances, account: str) -> dict[str, Any]:
    def course(one: Course) -> dict[str, Any]:
        return {"start": one.start, "mean": one.mean, "q05": one.q05, "median": one.median, "q95": one.q95}

    found = sheets.entities[account]
    return {"unit": "musd", "paths": sheets.paths, "parts": PARTS,
            "figures": {figure: course(found[figure]) for figure in FIGURES}}  # fmt: skip


def _bound(book: Book, name: str, entity: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table that name the entity, with its roles in them."""
    table = book.table(name)
    for key, row in zip(table.keys, table.rows, strict=True):
        roles = [column for column in _DEALS[name] if row.get(column) == entity]
        if roles:
            yield {"row": key, "roles": roles, **{column: value for column, value in row.items() if value is not None}}


def _covenants(book: Book, entity: str) -> Iterator[dict[str, Any]]:
    table, facilities = book.table("covenants"), book.table("facilities")
    for key, row in zip(table.keys, table.rows, strict=True):
        if facilities.rows[facilities.index[row["facility"]]]["borrower"] == entity:
            yield {"row": key, **{column: value for column, value in row.items() if value is not None}}


def _holdings(book: Book, entity: str) -> Iterator[dict[str, Any]]:
    """Yield what the entity holds, and who holds its debt and its shares."""
    table, facilities = book.table("holdings"), book.table("facilities")
    for key, row in zip(table.keys, table.rows, strict=True):
        of = row["issuer_or_facility"]
        debt = row["instrument"] == "debt"
        loan = facilities.rows[facilities.index[of]] if debt else None
        owes = loan["borrower"] if loan else of
        if entity in (row["holder"], owes):
            musd = row["share_or_musd"] * (loan["drawn_musd"] if loan else 1.0)
            yield {"row": key, "holder": row["holder"], "owes": owes, "instrument": row["instrument"], "of": of,
                   "musd": musd}  # fmt: skip


def _inputs(book: Book, entity: str) -> Iterator[dict[str, Any]]:
    """Yield every figure of the book that concerns the entity, with where it was read."""
    for entry in entries(book, entity):
        known = entry.provenance
        if known is None:
            continue
        source = book.sources[known.source]
        yield {
            "table": entry.table, "row": entry.row, "column": entry.column, "value": entry.value, "unit": entry.unit,
            "grade": known.grade, "as_of": known.as_of, "low": known.low, "high": known.high, "source": known.source,
            "title": source.title, "url": source.url, "note": known.note,
        }  # fmt: skip


def _story(setting: Setting, chosen: Chosen | None, story: Story) -> dict[str, Any]:
    """Return a story with its sentences."""
    words = EventWords(setting)
    document: dict[str, Any] = plain(story)
    document["trigger_sentence"] = Trigger[story.trigger.upper()].sentence
    for event, written in zip(story.events, document["events"], strict=True):
        written |= {"date": words.month(event.month), "sentence": words.sentence(event)}
        written.pop("figures")
    for part in document["causes"]:
        named = part["cause"].upper() in Cause.__members__
        part["label"] = Cause[part["cause"].upper()].sentence if named else words.name(part["cause"])
    document.pop("partners")
    document["chosen"] = plain(chosen)
    return document


def exposure_of(result: Result) -> pl.DataFrame:
    """Return id, layer and month-0 exposure of every entity of a run, USD m; the largest first."""
    return result.raw.entities().sort("exposure_musd", descending=True)


def largest(result: Result, found: FirstBreaks, most: int) -> Sequence[str]:
    """Return the entities whose pages a report tells: those that break on a notable share of paths, then by exposure.

    World accounts and those that cannot break are left out.
    """
    breaks = {one.name: one.breaks / one.paths for one in found.survival if one.kind != "layer"}
    order = exposure_of(result).filter(pl.col("layer") != "world")["entity"].to_list()
    able = [name for name in order if name in breaks]
    return sorted(able, key=lambda name: -round(breaks[name], 2))[:most]
