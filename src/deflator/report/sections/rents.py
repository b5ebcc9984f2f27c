"""Rents, the red lines across them, and what units cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deflator.analysis.words import UNKNOWN, per_cent
from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import label_of, scenario_of
from deflator.report.sections.parts import (
    Column,
    Figure,
    Section,
    Table,
    columns,
    numbers,
    rent,
    span,
    unanswered,
    words,
)

_LEVELS = ("q05", "q25", "q50", "q75", "q95")
_ACROSS = 5
_HALF_YEAR = 6
_COSTS = 12
_NOTABLE = 0.05


def rents_section(memos: Sequence[Memo]) -> Section:
    """Return fans of rents with red lines across, and tables of red lines and of costs."""
    rows = [[_fan(memo, at) for at, memo in enumerate(memos)], [_lines(memo, at) for at, memo in enumerate(memos)]]
    rows.append([_costs(memos[0])])
    equipment = memos[0]["rents"]["equipment"]
    return Section("rents", text("report.rents.title"), [text("report.rents.lead", equipment=equipment)], rows)


def _solved(memo: Memo) -> list[dict[str, Any]]:
    """Return the red lines of firms within two years, the one with the least headroom first."""
    lines = [one for one in memo["redlines"].get("lines", []) if one["kind"] == "entity" and one["months"] == 24]
    return sorted((one for one in lines if one["status"] == "solved"), key=lambda one: one["headroom_usd_per_hour"])


def _fan(memo: Memo, at: int) -> Figure:
    found = memo["rents"]
    dates = found["meta"]["dates"]
    fan = found["fan"]
    highest = max(fan["q95"])
    near = [one for one in _solved(memo) if one["rent_usd_per_hour"] <= highest]
    near = sorted(near, key=lambda one: abs(one["headroom_usd_per_hour"]))[:_ACROSS]
    rows = [
        [dates[month], *(rent(fan[level][place]) for level in _LEVELS)]
        for place, month in enumerate(fan["month"])
        if month % _HALF_YEAR == 0
    ]
    heads = [*words("month"), *(Column(level.removeprefix("q").lstrip("0") + " %", number=True) for level in _LEVELS)]
    chart = {
        "kind": "fan", "quantiles": [fan[level] for level in _LEVELS], "samples": found["samples"]["rent"][:4],
        "across": [
            {"label": label_of(memo, one["entity"]), "value": one["rent_usd_per_hour"], "low": one["low"],
             "high": None if one["high"] is None else min(one["high"], highest)}
            for one in near
        ],
    }  # fmt: skip
    title = text("report.rents.fan", scenario=scenario_of(memo))
    return Figure(f"fan-{at}", title, text("report.rents.fan_lead"), chart, [Table(title, heads, rows)])


def _lines(memo: Memo, at: int) -> Figure:
    found, title = memo["redlines"], text("report.rents.lines", scenario=scenario_of(memo))
    if reason := memo.refused("redlines"):
        return unanswered(f"lines-{at}", title, reason)
    things: dict[str, dict[int, dict[str, Any]]] = {}
    for one in found["lines"]:
        if one["kind"] in ("entity", "layer"):
            things.setdefault(f"{one['kind']} {one['label']}", {})[one["months"]] = one

    def least(lines: dict[int, dict[str, Any]]) -> tuple[bool, float]:
        rooms = [one["headroom_usd_per_hour"] for one in lines.values() if one["headroom_usd_per_hour"] is not None]
        return not rooms, min(rooms, default=0.0)

    shown = [lines for lines in sorted(things.values(), key=least) if any(map(_is_notable, lines.values()))]
    rows = [
        [_named(memo, next(iter(lines.values()))),
         *(cell for months in (12, 24) for cell in _cells(lines.get(months), found["rents_tried"]))]
        for lines in shown
    ]  # fmt: skip
    heads = columns("name", "line_12", "range", "headroom", "line_24", "range", "headroom")
    lead = text("report.rents.lines_lead", spot=rent(found["spot_usd_per_hour"]), month=found["pinned_from"],
                paths=found["paths"], draws=found["draws"], rents=len(found["rents_tried"]),
                others=len(things) - len(shown))  # fmt: skip
    return Figure(f"lines-{at}", title, lead, None, [Table(title, heads, rows)])


def _named(memo: Memo, line: dict[str, Any]) -> str:
    return text(f"terms.layer.{line['label']}") if line["kind"] == "layer" else label_of(memo, line["label"])


def _is_notable(line: dict[str, Any]) -> bool:
    """Return whether a thing breaks on a notable share of paths at any rent that was tried."""
    ends = (line["share_at_lowest"] or 0.0, line["share_at_highest"] or 0.0)
    return line["status"] not in ("never", "alone", "beyond") or max(ends) >= _NOTABLE


def _cells(line: dict[str, Any] | None, tried: Sequence[float]) -> list[str]:
    """Return a red line with its error, its range and the headroom above it, or why there is none."""
    if line is None:
        return [UNKNOWN] * 3
    if line["status"] != "solved":
        ends = (line["share_at_lowest"], line["share_at_highest"])
        counted = "" if None in ends else f"{per_cent(ends[0])} → {per_cent(ends[1])}"
        return [text(f"redlines.short_{line['status']}"), counted, ""]
    room = f"{line['headroom_usd_per_hour']:+.2f} ({100.0 * line['headroom_share']:+.0f} %)"
    between = UNKNOWN
    if line["low"] is not None:
        under, beyond = ("<" if line["low"] <= tried[0] else "", ">" if line["high"] >= tried[-1] else "")
        between = f"{under}{rent(line['low'])}–{beyond}{rent(line['high'])}"
    return [f"{rent(line['rent_usd_per_hour'])} ±{rent(line['mc_error'])}", between, room]


def _costs(memo: Memo) -> Figure:
    """Return what the units of each firm cost and earn, as reference rents."""
    by_firm: dict[str, dict[str, dict[str, Any]]] = {}
    for one in memo["rents"]["costs"]:
        by_firm.setdefault(one["entity"], {})[one["figure"]] = one
    kinds = ("avoidable", "cash", "full", "contract")
    whole = [name for name, costs in by_firm.items() if "full" in costs]
    order = sorted(whole, key=lambda name: -by_firm[name]["full"]["rent_usd_per_hour"])[:_COSTS]

    def cell(name: str, kind: str) -> str:
        one = by_firm[name].get(kind)
        if one is None:
            return UNKNOWN
        return f"{rent(one['rent_usd_per_hour'])} ({span(one['low'], one['high'], rent)})"

    rows = [[label_of(memo, name), *(cell(name, kind) for kind in kinds)] for name in order]
    heads = [*words("name"), *numbers(*(f"cost_{kind}" for kind in kinds))]
    title = text("report.rents.costs")
    return Figure("costs", title, text("report.rents.costs_lead"), None, [Table(title, heads, rows)])
