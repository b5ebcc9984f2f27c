"""How trouble travels: the network at five months, and one path told break by break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deflator.analysis.breaks import SELDOM
from deflator.analysis.words import per_cent_range
from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import scenario_of
from deflator.report.sections.parts import Column, Figure, Section, Table, musd, numbers, share, words

_MONTHS = (0, 12, 24, 36, 58)
_NODES, _EDGES = 30, 120
_MISSED = 20


def cascade_section(memos: Sequence[Memo]) -> Section:
    """Return small multiples of the network and the chosen path, run by run."""
    rows = [[_multiples(memo, at)] for at, memo in enumerate(memos)]
    rows += [[_path(memo, at)] for at, memo in enumerate(memos)]
    return Section("cascade", text("report.cascade.title"), [text("report.cascade.lead")], rows)


def _months(found: Mapping[str, Any]) -> list[int]:
    last = found["meta"]["months"]
    return sorted({month for month in _MONTHS if month <= last} | {last})


def _multiples(memo: Memo, at: int) -> Figure:
    found = memo["cascade"]
    months, dates = _months(found), found["meta"]["dates"]
    broken = {name: bands["value"] for name, bands in found["average"]["broken"].items()}
    bands = found["average"]["broken"]
    labels = {node["id"]: node["label"] for node in found["nodes"]}
    hit = sorted((name for name in broken if broken[name][-1] >= SELDOM), key=lambda name: (-broken[name][-1], name))
    rows = [
        [labels[name],
         *(share(broken[name][month], bands[name]["mc_error"][month]) if month else "0 %" for month in months),
         per_cent_range(bands[name]["low"][-1], bands[name]["high"][-1])]
        for name in hit
    ]  # fmt: skip
    heads = [*words("name"), *(Column(dates[month], number=True) for month in months), *numbers("range")]
    title = text("report.cascade.multiples", scenario=scenario_of(memo))
    lead = text("report.cascade.multiples_lead", paths=found["paths"])
    shares = {name: [round(values[month], 3) for month in months] for name, values in broken.items()}
    chart = {"kind": "multiples", **_network(found), "months": months, "broken": shares}
    return Figure(f"cascade-{at}", title, lead, chart, [Table(title, heads, rows)])


def _network(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the largest exposures, and those at their ends."""
    running = sorted((edge for edge in found["edges"] if edge["runs"]), key=lambda edge: -edge["musd"])[:_EDGES]
    ends = {end for edge in running for end in (edge["from"], edge["to"])}
    nodes = [node for node in found["nodes"] if node["id"] in ends and node["layer"] != "world"]
    kept = {node["id"] for node in nodes}
    edges = [edge for edge in running if edge["from"] in kept and edge["to"] in kept]
    return {"nodes": nodes, "edges": edges}


def _path(memo: Memo, at: int) -> Figure:
    """Return the breaks of one path in their order, and the payments that were missed."""
    found = memo["cascade"]
    told, said, dates = found["path"], found["words"], found["meta"]["dates"]
    labels = {node["id"]: node["label"] for node in found["nodes"]}
    rows = [
        [dates[one["month"]], labels.get(one["entity"], one["entity"]), said["trigger"][one["trigger"]],
         share(one["share"]),
         "; ".join(f"{said['cause'][cause]} ({musd(sum_musd)})" for cause, sum_musd in one["causes"].items()) or "–"]
        for one in told["breaks"]
    ]  # fmt: skip
    heads = [*words("month", "name", "trigger"), *numbers("broken"), *words("causes")]
    missed = sorted(told["missed"], key=lambda one: -one["missed_musd"])[:_MISSED]
    payments = [
        [dates[one["month"]], labels.get(one["from"], one["from"]), labels.get(one["to"], one["to"]),
         text(f"report.category.{one['category']}"), musd(one["due_musd"]), musd(one["missed_musd"])]
        for one in sorted(missed, key=lambda one: one["month"])
    ]  # fmt: skip
    title = text("report.cascade.path", path=told["path"], scenario=scenario_of(memo))
    lead, chosen = text("report.cascade.path_quiet"), told["chosen"]
    if chosen:
        lead = text("report.cascade.path_lead", name=labels[told["chosen_for"]], breaking=chosen["breaking"],
                    searched=chosen["searched"])  # fmt: skip
    unpaid = [*words("month", "payer", "payee", "category"), *numbers("due", "missing")]
    tables = [
        Table(text("report.cascade.breaks"), heads, rows),
        Table(text("report.cascade.missed"), unpaid, payments),
    ]
    return Figure(f"path-{at}", title, lead, None, tables)
