"""What the answer rests on, what would bring a break nearest, and what the essay claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deflator.analysis.words import per_cent_range
from deflator.messages import text
from deflator.report.memo import Memo
from deflator.report.sections.answer import factor_of, label_of, scenario_of
from deflator.report.sections.parts import (
    Column,
    Figure,
    Section,
    Table,
    columns,
    figure,
    numbers,
    share,
    span,
    unanswered,
    words,
)

GRADES = ("reported", "derived", "assumed", "disputed", "unknown")


def rests_section(memos: Sequence[Memo]) -> Section:
    """Return how well the book is known, and which unknowns matter most."""
    rows = [[_grades(memos[0])], [_assumed(memo, at) for at, memo in enumerate(memos)]]
    rows.append([_unknowns(memo, at) for at, memo in enumerate(memos)])
    return Section("rests", text("report.rests.title"), [text("report.rests.lead")], rows)


def _grades(memo: Memo) -> Figure:
    found = memo["book"]
    whole = found["figures"]
    rows = [
        [one["table"], str(one["figures"]), *(str(one["by_grade"][grade]) for grade in GRADES)]
        for one in found["tables"]
        if one["figures"]
    ]
    rows.append([text("report.all"), str(whole), *(str(found["by_grade"][grade]) for grade in GRADES)])
    heads = [*columns("table", "figures"), *(Column(text(f"terms.grade.{grade}"), number=True) for grade in GRADES)]
    title = text("report.rests.grades")
    lead = text("report.rests.grades_lead", figures=whole, share=share(found["by_grade"]["reported"] / whole))
    return Figure("grades", title, lead, None, [Table(title, heads, rows)])


def _assumed(memo: Memo, at: int) -> Figure:
    """Return, outcome by outcome, how much of what leads the ranking nobody reported."""
    rows = [[text(f"report.kind.{kind}"), share(part)] for kind, part in memo["first"]["share_assumed"].items()]
    title = text("report.rests.assumed", scenario=scenario_of(memo))
    return Figure(f"assumed-{at}", title, text("report.rests.assumed_lead"), None,
                  [Table(title, columns("kind", "assumed"), rows)])  # fmt: skip


def _unknowns(memo: Memo, at: int) -> Figure:
    title = text("report.rests.unknowns", scenario=scenario_of(memo))
    if reason := memo.refused("sensitivity"):
        return unanswered(f"unknowns-{at}", title, reason)
    found = memo["sensitivity"]["answer"]
    rows = []
    for one in found["known"]:
        known = one["figure"]
        rows.append(
            [
                factor_of(one["factor"]), share(max(one["worth"], 0.0)), share(one["worth_error"]),
                text("report.rests.raises" if one["rises"] else "report.rests.lowers"), figure(known["value"]),
                span(known["low"], known["high"]), str(known["unit"]).replace("_", " "),
                text(f"terms.grade.{known['grade']}"), known["title"],
            ]
        )  # fmt: skip
    heads = [*words("figure"), *numbers("worth", "error"), *words("effect"), *numbers("book_value", "range"),
             *words("unit", "grade", "source")]  # fmt: skip
    lead = text("report.rests.unknowns_lead", paths=found["paths"], draws=found["draws"],
                figures=found["unknown_figures"])  # fmt: skip
    return Figure(f"unknowns-{at}", title, lead, None, [Table(title, heads, rows)])


def reverse_section(memos: Sequence[Memo]) -> Section:
    """Return the nearest ways to breaks that happen on less than half of the paths."""
    rows = [[_targets(memo, at)] for at, memo in enumerate(memos)]
    return Section("reverse", text("report.reverse.title"), [text("report.reverse.lead")], rows)


def _targets(memo: Memo, at: int) -> Figure:
    rows: list[list[str]] = []
    for target, found in memo.reverse.items():
        if isinstance(found, str):
            rows.append([_target(memo, target), "–", "–", "–", "–", found])
            continue
        for one in found["solutions"]:
            moves = "; ".join(
                f"{move['name']} {move['median']:.3g} → {move['number']:.3g} {move['unit']} ({move['score']:+.1f} σ)"
                for move in one["moves"]
                if move["share"] >= 0.05
            )
            checked = one["checked"]
            between = per_cent_range(checked["low"], checked["high"])
            rows.append([_target(memo, target, found["by"]), share(found["at_medians"]["value"]),
                         f"{one['distance']:.1f}",
                         figure(one["tail_beyond_plane"], 2), f"{share(checked['value'])} ({between})",
                         moves])  # fmt: skip
    title = text("report.reverse.targets", scenario=scenario_of(memo))
    heads = [*words("target"), *numbers("at_medians", "distance", "tail", "checked"), *words("moves")]
    return Figure(f"reverse-{at}", title, text("report.reverse.targets_lead"), None, [Table(title, heads, rows)])


def _target(memo: Memo, target: str, by: str = "") -> str:
    """Return in words what is to happen: the break of a firm or of a layer."""
    name = target.removeprefix("break:")
    layer = name in memo["first"]["layer_of"].values()
    named = text(f"terms.layer.{name}") if layer else label_of(memo, name)
    return text("report.reverse.by", name=named, month=by) if by else named


def claims_section(memos: Sequence[Memo]) -> Section:
    """Return every claim of the essay with its verdict in each run."""
    title = text("report.claims.table")
    reason = next(filter(None, (memo.refused("claims") for memo in memos)), "")
    if reason:
        return Section("claims", text("report.claims.title"), [], [[unanswered("claims-table", title, reason)]])
    found = [{one["id"]: one for one in memo["claims"]["claims"]} for memo in memos]
    rows = [
        [one["mechanism"], one["statement"], _essay(one), *(_verdict(each[name]) for each in found)]
        for name, one in found[0].items()
    ]
    heads = [*words("mechanism", "claim", "essay"), *(Column(scenario_of(memo)) for memo in memos)]
    counts = [text("report.claims.counted", scenario=scenario_of(memo), **memo["claims"]["verdicts"]) for memo in memos]
    figure_of = Figure("claims-table", title, " ".join(counts), None, [Table(title, heads, rows)])
    return Section("claims", text("report.claims.title"), [text("report.claims.lead")], [[figure_of]])


def _essay(one: dict[str, Any]) -> str:
    low, high = one["essay_low"], one["essay_high"]
    if low is None:
        return "–"
    value = f"≥ {low:g}" if high is None else f"{low:g}" if low == high else f"{low:g}–{high:g}"
    return f"{value} {one['unit']}".strip()


def _verdict(one: dict[str, Any]) -> str:
    """Return the verdict, and the figure or share on which it rests."""
    told = [text(f"terms.verdict.{one['verdict']}")]
    if one["value"] is not None:
        told.append(f"{figure(one['value'])} ({span(one['low'], one['high'])}) {one['unit']}".strip())
    elif one["share"] is not None:
        told.append(f"{share(one['share'], one['share_error'])} "
                    f"({per_cent_range(one['share_low'], one['share_high'])})")  # fmt: skip
    return ": ".join(told)
