"""Who breaks first, how long each lasts, and whether other readings agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deflator.analysis.breaks import NONE
from deflator.analysis.words import UNKNOWN
from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import scenario_of
from deflator.report.sections.parts import Figure, Section, Table, columns, numbers, odds, share, words

_RANKED, _CURVES = 10, 6
_HALF_YEAR = 6


def first_section(memos: Sequence[Memo]) -> Section:
    """Return rankings, survival and dots of the leader, runs side by side."""
    rows = [[_ranking(memo, kind, at) for at, memo in enumerate(memos)] for kind in ("firm", "layer", "cohort")]
    rows.append([_survival(memo, at) for at, memo in enumerate(memos)])
    rows.append([figure for at, memo in enumerate(memos) for figure in _dots(memo, at)])
    rows.append([_robust(memo, at) for at, memo in enumerate(memos)])
    return Section("first", text("report.first.title"), [text("report.first.lead")], [row for row in rows if row])


def _label(kind: str, name: str, label: str | None) -> str:
    if name == NONE:
        return text("report.first.none")
    return text(f"terms.layer.{name}") if kind == "layer" else str(label)


def _ranking(memo: Memo, kind: str, at: int) -> Figure:
    """Return how often each is first; what is never first and never breaks is left out."""
    found = memo["first"]
    dates, said = found["meta"]["dates"], found["words"]
    shown = [one for one in found["first"].get(kind, []) if one["name"] == NONE or one["first"]["value"] > 0.0]
    shown = [one for one in shown if one["name"] != NONE][:_RANKED] + [one for one in shown if one["name"] == NONE]
    rows = []
    for one in shown:
        trigger = next(iter(one["triggers"]), None)
        rows.append(
            [
                _label(kind, one["name"], one["label"]), *odds(one["first"]), share(one["break"]),
                share(one["with_soft"]), dates[one["months"][1]] if one["months"] else UNKNOWN,
                said["trigger"][trigger] if trigger else UNKNOWN,
                said["cause"][one["cause"]] if one["cause"] else UNKNOWN, share(one["share_assumed"]),
            ]
        )  # fmt: skip
    heads = [*columns("name", "first", "range", "error", "breaks", "with_soft"), *words("month", "trigger", "cause"),
             *numbers("assumed")]  # fmt: skip
    chart = {
        "kind": "ranking",
        "rows": [
            {"id": one["name"], "label": _label(kind, one["name"], one["label"]), "share": one["first"],
             "when": dates[one["months"][1]] if one["months"] else "", "muted": one["name"] == NONE}
            for one in shown
        ],
    }  # fmt: skip
    title = text(f"report.first.ranking_{kind}", scenario=scenario_of(memo))
    return Figure(f"first-{kind}-{at}", title, text("report.first.ranking_lead"), chart, [Table(title, heads, rows)])


def _survival(memo: Memo, at: int) -> Figure:
    found = memo["first"]
    dates = found["meta"]["dates"]
    curves = sorted(
        (one for one in found["survival"] if one["kind"] == "firm" and one["breaks"]),
        key=lambda one: (-one["break"]["value"], one["name"]),
    )[:_CURVES]
    months = [*range(0, len(dates), _HALF_YEAR)]
    rows = [[dates[month], *(_with_range(one, month) for one in curves)] for month in months]
    heads = [*words("month")]
    heads += [type(heads[0])(one["label"], number=True) for one in curves]
    chart = {
        "kind": "survival",
        "curves": [{"id": c["name"], "label": c["label"], "values": c["share"]} for c in curves],
    }
    title = text("report.first.survival", scenario=scenario_of(memo))
    return Figure(f"survival-{at}", title, text("report.first.survival_lead"), chart, [Table(title, heads, rows)])


def _with_range(curve: dict[str, Any], month: int) -> str:
    value = share(curve["share"][month], curve["mc_error"][month])
    if curve["low"] is None or curve["high"] is None:
        return value
    return f"{value} ({100 * curve['low'][month]:.0f}–{100 * curve['high'][month]:.0f})"


def _dots(memo: Memo, at: int) -> list[Figure]:
    """Return fifty dots of the firm that breaks most often."""
    found = memo["first"]
    firms = [one for one in found["survival"] if one["kind"] == "firm" and one["breaks"]]
    if not firms:
        return []
    best = max(firms, key=lambda one: (one["break"]["value"], one["name"]))
    dates = found["meta"]["dates"]
    never = sum(1 for month in best["dots"] if month == 0)
    years: dict[str, int] = {}
    for month in best["dots"]:
        if month:
            years[dates[month][:4]] = years.get(dates[month][:4], 0) + 1
    rows = [[year, str(count), share(count / 50)] for year, count in sorted(years.items())]
    rows.append([text("report.first.never"), str(never), share(never / 50)])
    title = text("report.first.dots", name=best["label"], scenario=scenario_of(memo))
    table = Table(title, columns("year", "dots", "of_paths"), rows)
    return [
        Figure(f"dots-{at}", title, text("report.first.dots_lead"), {"kind": "dots", "dots": best["dots"]}, [table])
    ]


def _robust(memo: Memo, at: int) -> Figure:
    """Return who leads under every other reading."""
    found = memo["first"]
    names = {one["name"]: one["label"] for kind in found["first"].values() for one in kind}
    rows = []
    for one in found["robustness"]:
        base, _, tenth = str(one["leader"]).partition(":")
        leader = text("report.first.tenth", cohort=names.get(base, base)) if tenth else _label(
            one["kind"], one["leader"], names.get(one["leader"]))  # fmt: skip
        rows.append(
            [
                text(f"report.kind.{one['kind']}"), share(one["threshold"]) if one["threshold"] else UNKNOWN,
                text("report.yes") if one["soft"] else text("report.no"),
                text("report.yes") if one["split"] else text("report.no"), leader,
                share(one["p_first"]), text("report.yes") if one["agrees"] else text("report.no"),
            ]
        )  # fmt: skip
    title = text("report.first.robust", scenario=scenario_of(memo))
    heads = [
        *words("kind"),
        *numbers("threshold"),
        *words("soft", "split", "leader"),
        *numbers("first"),
        *words("agrees"),
    ]
    lead = text("report.answer.robust_yes" if found["robust"] else "report.answer.robust_no")
    return Figure(f"robust-{at}", title, lead, None, [Table(title, heads, rows)])
