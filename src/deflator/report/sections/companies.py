"""A page of each company: its odds, its balance sheet, what binds it, its red line, and why it breaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import label_of, scenario_of
from deflator.report.sections.parts import (
    Column,
    Figure,
    Section,
    Table,
    chance,
    figure,
    musd,
    numbers,
    odds,
    rent,
    share,
    span,
    words,
)

_MONTHS = (0, 12, 24, 36, 48)
_EVENTS, _INPUTS, _DEALS = 10, 8, 8
_SHEET = ("cash", "contracts", "units", "orders", "sites", "franchise", "capital", "debt", "equity", "income", "ebitda",
          "service", "claims")  # fmt: skip


def companies_section(memos: Sequence[Memo]) -> Section:
    """Return the list of companies, then a page of each; of two runs, the first one's pages with the other's odds."""
    return Section("companies", text("report.companies.title"), [text("report.companies.lead")],
                   [[_list(memos)]], [_page(memos, page) for page in memos[0].companies])  # fmt: skip


def _odds(memo: Memo, entity: str) -> Mapping[str, Any] | None:
    return next((one for one in memo["companies"]["companies"] if one["entity"] == entity), None)


def _list(memos: Sequence[Memo]) -> Figure:
    rows = []
    for page in memos[0].companies:
        row = _odds(memos[0], page["entity"])
        assert row is not None
        told = [one for memo in memos if (one := _odds(memo, page["entity"]))]
        rows.append(
            [
                row["label"], text(f"terms.layer.{row['layer']}"), musd(row["cash_musd"]), musd(row["debt_musd"]),
                musd(row["equity_musd"]), share(row["share_assumed"]),
                *(cell for one in told for cell in (chance(one["break"]), chance(one["first"]))),
            ]
        )  # fmt: skip
    heads = [*words("name", "layer"), *numbers("cash", "debt", "equity", "assumed")]
    for memo in memos:
        heads += [Column(f"{scenario_of(memo)}: {text(f'report.column.{name}')}", number=True)
                  for name in ("breaks", "first")]  # fmt: skip
    title = text("report.companies.list")
    return Figure("companies-list", title, "", None, [Table(title, heads, rows)])


def _page(memos: Sequence[Memo], page: Mapping[str, Any]) -> Section:
    memo, entity = memos[0], page["entity"]
    said = []
    for one in memos:
        row = _odds(one, entity)
        if row and row["first"]:
            value, between, error = odds(row["first"])
            dates = one["first"]["meta"]["dates"]
            if not row["months"]:
                said.append(text("report.companies.odds_never", scenario=scenario_of(one), breaks=chance(row["break"])))
                continue
            month = dates[row["months"][1]]
            said.append(text("report.companies.odds", scenario=scenario_of(one), breaks=chance(row["break"]),
                             first=value, range=between, error=error, month=month))  # fmt: skip
    said += [_red_line(one, entity) for one in memos]
    deals = _deals(memo, page)
    figures = [_balance(memo, page), *([deals] if deals.tables else [])]
    if page["story"]:
        figures.append(_story(memo, page))
    figures.append(_inputs(page))
    return Section(f"company-{entity}", page["label"], [line for line in said if line], [[one] for one in figures])


def _red_line(memo: Memo, entity: str) -> str:
    lines = [one for one in memo["redlines"].get("lines", [])
             if one["kind"] == "entity" and one["label"] == entity and one["status"] == "solved"]  # fmt: skip
    if not lines:
        return text("report.companies.no_line", scenario=scenario_of(memo))
    best = max(lines, key=lambda one: one["months"])
    return text("report.companies.line", scenario=scenario_of(memo),
                rent=rent(best["rent_usd_per_hour"]), error=rent(best["mc_error"]),
                range=span(best["low"], best["high"], rent), months=best["months"],
                room=f"{best['headroom_usd_per_hour']:+.2f}")  # fmt: skip


def _balance(memo: Memo, page: Mapping[str, Any]) -> Figure:
    """Return the balance sheet at the as-of month and once a year: medians, with 5 to 95 % of paths."""
    title = text("report.companies.balance")
    entity = page["entity"]
    if not page["balance"]:
        return Figure(f"balance-{entity}", title, text("report.companies.no_balance"))
    dates = memo["first"]["meta"]["dates"]
    months = sorted({month for month in _MONTHS if month < len(dates)} | {len(dates) - 1})
    figures = page["balance"]["figures"]
    rows = []
    for name in _SHEET:
        course = figures[name]
        if not any(course["mean"]) and not course["start"]["value"]:
            continue
        cells = []
        for month in months:
            if month == 0:
                start = course["start"]
                between = span(start["low"], start["high"], musd)
                cells.append(f"{musd(start['value'])} ({between})" if start["value"] else "–")
            else:
                between = span(course["q05"][month], course["q95"][month], musd)
                cells.append(f"{musd(course['median'][month])} ({between})")
        rows.append([text(f"report.sheet.{name}"), *cells])
    heads = [*words("figure"), *(Column(dates[month], number=True) for month in months)]
    lead = text("report.companies.balance_lead", paths=page["balance"]["paths"])
    return Figure(f"balance-{entity}", title, lead, None, [Table(title, heads, rows)])


def _deals(memo: Memo, page: Mapping[str, Any]) -> Figure:
    """Return debt with its covenants, contracts and leases; the largest of each."""

    def who(name: Any) -> str:
        return label_of(memo, name) if isinstance(name, str) else "–"

    tests: dict[str, list[str]] = {}
    for one in page["covenants"]:
        named = text(f"terms.test.{one['test']}")
        tests.setdefault(one["facility"], []).append(f"{named} {figure(one['threshold'])}")
    loans = sorted(page["facilities"], key=lambda one: -max(one["drawn_musd"], one["committed_musd"]))[:_DEALS]
    tables = [
        Table(
            text("report.companies.loans"),
            [*words("facility", "borrower", "kind"), *numbers("drawn", "committed", "rate"),
             *words("maturity", "tests")],
            [[one["row"], who(one["borrower"]), one["type"].replace("_", " "), musd(one["drawn_musd"]),
              musd(one["committed_musd"]), f"{100 * one['rate_or_spread']:.2f} %", one["maturity"],
              "; ".join(tests.get(one["row"], [])) or "–"] for one in loans],
        )
    ]  # fmt: skip
    deals = sorted(page["contracts"], key=lambda one: -one["units"] * one["rent_usd_per_hour"])[:_DEALS]
    tables.append(
        Table(
            text("report.companies.contracts"),
            [*words("contract", "seller", "buyer", "equipment"), *numbers("units", "rent"), *words("start", "end")],
            [[one["row"], who(one["seller"]), who(one["buyer"]), one["equipment"], figure(one["units"]),
              rent(one["rent_usd_per_hour"]), one["start"], one["end"]] for one in deals],
        )
    )  # fmt: skip
    space = sorted(page["leases"], key=lambda one: -one["rent_musd_per_year"])[:_DEALS]
    tables.append(
        Table(
            text("report.companies.leases"),
            [*words("lease", "landlord", "tenant", "guarantor"), *numbers("mw", "rent_year"), *words("start", "end")],
            [[one["row"], who(one["landlord"]), who(one["tenant"]), who(one.get("guarantor")), figure(one["mw"]),
              musd(one["rent_musd_per_year"]), one["start"], one["end"]] for one in space],
        )
    )  # fmt: skip
    kept = [table for table in tables if table.rows]
    return Figure(f"deals-{page['entity']}", text("report.companies.deals"), "", None, kept)


def _story(memo: Memo, page: Mapping[str, Any]) -> Figure:
    story = page["story"]
    weighty = sorted((one for one in story["events"] if not one["essential"]), key=lambda one: -one["musd"])[:_EVENTS]
    told = [one for one in story["events"] if one["essential"] or one in weighty]
    tables = [Table(text("report.companies.events"), words("month", "event"),
                    [[one["date"], one["sentence"]] for one in told])]  # fmt: skip
    causes = [one for one in story["causes"] if abs(one["shortfall_musd"]) > 0.005 or abs(one["worse_musd"]) > 0.5]
    if causes:
        tables.append(
            Table(text("report.companies.causes"), [*words("cause"), *numbers("worse", "shortfall")],
                  [[one["label"], musd(one["worse_musd"]), musd(one["shortfall_musd"])] for one in causes])
        )  # fmt: skip
    chosen = story["chosen"]
    if story["broke"]:
        searched = chosen["searched"] if chosen else 0
        lead = text("report.companies.broke", date=story["date"], trigger=story["trigger_sentence"],
                    path=story["path"], breaking=chosen["breaking"] if chosen else 0, searched=searched)  # fmt: skip
    else:
        lead = text("report.companies.stands", date=story["date"], path=story["path"])
    return Figure(f"story-{page['entity']}", text("report.companies.why"), lead, None, tables)


def _inputs(page: Mapping[str, Any]) -> Figure:
    """Return the figures on which its story rests most, else the first of its own; with their sources."""
    known = {(one["table"], one["row"], one["column"]): one for one in page["inputs"]}
    places = [(one["table"], one["row"], one["column"]) for one in page["story"]["sources"]] if page["story"] else []
    chosen = [known[place] for place in places if place in known]
    chosen = (chosen or [one for one in page["inputs"] if one["table"] == "entities"])[:_INPUTS]
    rows = [
        [f"{one['table']}.{one['row']}.{one['column']}", figure(one["value"], 4), span(one["low"], one["high"]),
         one["unit"] or "–", text(f"terms.grade.{one['grade']}"), one["as_of"], one["title"]]
        for one in chosen
    ]  # fmt: skip
    heads = [*words("figure"), *numbers("value", "range"), *words("unit", "grade", "as_of", "source")]
    reported = sum(1 for one in page["inputs"] if one["grade"] == "reported")
    lead = text("report.companies.inputs_lead", count=len(page["inputs"]), reported=reported)
    title = text("report.companies.inputs")
    return Figure(f"inputs-{page['entity']}", title, lead, None, [Table(title, heads, rows)])
