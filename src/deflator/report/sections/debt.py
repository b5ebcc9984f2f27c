"""The maturity wall, what becomes of it, and how far covenants and cash are from trouble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import scenario_of
from deflator.report.sections.parts import Column, Figure, Section, Table, figure, musd, numbers, odds, words

_STACKS, _ROOMS = 7, 9
_YEAR = 12
BECOMES = ("refinanced", "extended", "converted", "called")


def debt_section(memos: Sequence[Memo]) -> Section:
    """Return the wall by terms, what becomes of it in each run, and headroom."""
    rows = [[_wall(memos[0])], [_becomes(memo, at) for at, memo in enumerate(memos)]]
    rows += [[_headroom(memo, at) for at, memo in enumerate(memos)]]
    return Section("debt", text("report.debt.title"), [text("report.debt.lead")], rows)


def _years(dates: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return name, first and last month of every twelve months."""
    last = len(dates) - 1
    spans = [(first, min(first + _YEAR - 1, last)) for first in range(1, last + 1, _YEAR)]
    return [(f"{dates[first]} – {dates[end]}", first, end) for first, end in spans]


def _wall(memo: Memo) -> Figure:
    """Return what falls due by holder, by the terms of the book; it is the same in every run of it."""
    found = memo["debt"]
    dates, labels = found["meta"]["dates"], found["labels"]
    whole = found["wall"]["by_holder"]
    kept = list(whole)[:_STACKS]
    stacks = [{"id": name, "label": labels[name], "values": whole[name][:-1]} for name in kept]
    if rest := [name for name in whole if name not in kept]:
        together = [sum(values) for values in zip(*(whole[name] for name in rest), strict=True)]
        stacks.append({"id": "rest", "label": text("report.debt.rest", count=len(rest)), "values": together[:-1]})
    spans = _years(dates)
    rows = [
        [labels[name], *(musd(sum(whole[name][first : end + 1])) for _, first, end in spans), musd(whole[name][-1]),
         musd(sum(whole[name]))]
        for name in whole
    ]  # fmt: skip
    sums = [sum(values) for values in zip(*whole.values(), strict=True)]
    rows.append([text("report.all"), *(musd(sum(sums[first : end + 1])) for _, first, end in spans), musd(sums[-1]),
                 musd(sum(sums))])  # fmt: skip
    heads = [*words("holder"), *(Column(name, number=True) for name, _, _ in spans), *numbers("later", "total")]
    title = text("report.debt.wall")
    chart = {"kind": "wall", "stacks": stacks, "together": 3}
    return Figure("wall", title, text("report.debt.wall_lead", sum=musd(found["wall"]["principal_musd"])), chart,
                  [Table(title, heads, rows), _loans(memo)])  # fmt: skip


def _loans(memo: Memo) -> Table:
    """Return the largest loans that fall due within the horizon."""
    found = memo["debt"]
    labels = found["labels"]
    loans = sorted(found["wall"]["facilities"], key=lambda one: -sum(one["by_month"][:-1]))[:15]
    rows = [
        [one["facility"], labels[one["borrower"]], one["kind"].replace("_", " "), one["maturity"],
         musd(one["principal_musd"]), musd(sum(one["by_month"][:-1])),
         ", ".join(labels[name] for name in one["holders"])]
        for one in loans
    ]  # fmt: skip
    heads = [*words("facility", "borrower", "kind", "maturity"), *numbers("principal", "within"), *words("holder")]
    return Table(text("report.debt.loans"), heads, rows)


def _becomes(memo: Memo, at: int) -> Figure:
    """Return what becomes of debt that falls due: means over paths, with their ranges."""
    found = memo["debt"]
    flows, dates = found["outcome"]["all"], found["meta"]["dates"]
    rows = [
        [name, *(musd(sum(flows[flow]["value"][first : end + 1]))
                 for flow in ("due", *BECOMES, "refinanced_early", "written_off"))]
        for name, first, end in _years(dates)
    ]  # fmt: skip
    rows.append([text("report.all"), *(musd(sum(flows[flow]["value"]))
                                       for flow in ("due", *BECOMES, "refinanced_early", "written_off"))])  # fmt: skip
    heads = [*words("months"), *numbers("due", *BECOMES, "refinanced_early", "written_off")]
    stacks = [{"id": one, "label": text(f"report.column.{one}"), "values": flows[one]["value"]} for one in BECOMES]
    title = text("report.debt.becomes", scenario=scenario_of(memo))
    lead = text("report.debt.becomes_lead", paths=found["paths"])
    chart = {"kind": "wall", "stacks": stacks, "together": 3}
    return Figure(f"becomes-{at}", title, lead, chart, [Table(title, heads, rows)])


def _worst(room: Mapping[str, Any]) -> int:
    """Return the month in which it is most often short."""
    values = room["short"]["value"]
    return max(range(len(values)), key=lambda month: (values[month], -month))


def _headroom(memo: Memo, at: int) -> Figure:
    """Return the tests that are most often failed, firms' own buffers among them."""
    found = memo["debt"]
    labels, dates = found["labels"], found["meta"]["dates"]
    rooms = sorted(
        [*found["covenants"], *found["firms"]],
        key=lambda room: (-room["short"]["value"][_worst(room)], room["name"]),
    )[:_ROOMS]
    rows = []
    for room in rooms:
        month = _worst(room)
        short = {name: room["short"][name][month] for name in ("value", "low", "high", "mc_error")}
        rows.append(
            [
                labels[room["entity"]], text(f"terms.test.{room['test']}"), room["facility"] or "–",
                figure(room["threshold"]), dates[month],
                figure(room["q05"][month]), figure(room["median"][month]), figure(room["q95"][month]), *odds(short),
            ]
        )  # fmt: skip
    heads = [*words("name", "test", "facility"), *numbers("threshold"), *words("worst_month"),
             *numbers("q05", "median", "q95", "short", "range", "error")]  # fmt: skip
    chart = {
        "kind": "fans",
        "paths": [
            {"id": f"{room['name']} {room['test']}", "title": labels[room["entity"]],
             "subtitle": " · ".join(filter(None, (text(f"terms.test.{room['test']}"), room["facility"]))),
             "low": room["q05"], "middle": room["median"], "high": room["q95"],
             "least": 1.0 if room["test"] == "cash" else 0.0}
            for room in rooms
        ],
    }  # fmt: skip
    title = text("report.debt.headroom", scenario=scenario_of(memo))
    return Figure(f"headroom-{at}", title, text("report.debt.headroom_lead"), chart, [Table(title, heads, rows)])
