"""The answer in ten lines, of one run or of two beside one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deflator.analysis.breaks import NONE
from deflator.analysis.words import per_cent_range
from deflator.book.months import month_at
from deflator.messages import text
from deflator.report.memo import Memo, holders_of
from deflator.report.sections.parts import Column, Figure, Section, Table, figure, musd, rent, share, span


def answer_section(memos: Sequence[Memo]) -> Section:
    """Return ten questions with their answers, a column for each run."""
    told = [list(_lines(memo)) for memo in memos]
    heads = [Column(text("report.column.question")), *(Column(scenario_of(memo)) for memo in memos)]
    rows = [[told[0][line][0], *(one[line][1] for one in told)] for line in range(len(told[0]))]
    table = Table(text("report.answer.caption"), heads, rows)
    return Section(
        "answer", text("report.answer.title"), [text("report.answer.lead")],
        [[Figure("answer-lines", text("report.answer.caption"), tables=[table])]],
    )  # fmt: skip


def scenario_of(memo: Memo) -> str:
    """Return the title of the scenario of a run."""
    return str(memo.question.scenario.title)


def label_of(memo: Memo, entity: str) -> str:
    """Return the name of an entity, as people know it."""
    table = memo.question.book.table("entities")
    return str(table.rows[table.index[entity]]["name"]) if entity in table.index else entity


def factor_of(name: str) -> str:
    """Return the name of an unknown: a parameter in words, a figure of the book by its place there."""
    return name if "." in name else name.replace("_", " ")


def _lines(memo: Memo) -> Iterator[tuple[str, str]]:
    """Yield ten questions with their answers."""
    first = memo["first"]
    yield text("report.answer.who"), _leader(first, "firm")
    yield text("report.answer.layer"), _leader(first, "layer")
    yield text("report.answer.when"), _when(memo)
    yield text("report.answer.nobody"), _nobody(first)
    yield (
        text("report.answer.robust"),
        text("report.answer.robust_yes" if first["robust"] else "report.answer.robust_no"),
    )
    yield text("report.answer.line"), _nearest(memo)
    yield text("report.answer.wall"), _wall(memo)
    yield text("report.answer.pays"), _pays(memo)
    yield text("report.answer.channel"), _channel(memo)
    yield text("report.answer.rests"), _rests(memo)


def _best(first: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    found = [one for one in first["first"].get(kind, []) if one["name"] != NONE and one["first"]["value"] > 0.0]
    return found[0] if found else None


def _leader(first: Mapping[str, Any], kind: str) -> str:
    best = _best(first, kind)
    if best is None:
        return text("report.answer.nothing_breaks")
    odds = best["first"]
    name = text(f"terms.layer.{best['name']}") if kind == "layer" else best["label"]
    return text("report.answer.leader", name=name, share=share(odds["value"], odds["mc_error"]),
                range=per_cent_range(odds["low"], odds["high"]))  # fmt: skip


def _when(memo: Memo) -> str:
    best = _best(memo["first"], "firm")
    if best is None or best["months"] is None:
        return text("report.answer.nothing_breaks")
    dates = memo["first"]["meta"]["dates"]
    low, middle, high = (dates[month] for month in best["months"])
    trigger = next(iter(best["triggers"]))
    return text("report.answer.dated", name=best["label"], middle=middle, low=low, high=high,
                trigger=memo["first"]["words"]["trigger"][trigger])  # fmt: skip


def _nobody(first: Mapping[str, Any]) -> str:
    none = next(one for one in first["first"]["firm"] if one["name"] == NONE)["first"]
    return text("report.answer.none", share=share(none["value"], none["mc_error"]),
                range=per_cent_range(none["low"], none["high"]))  # fmt: skip


def _nearest(memo: Memo) -> str:
    """Return the red line that lies nearest below today's rent."""
    if reason := memo.refused("redlines"):
        return reason
    found = memo["redlines"]
    lines = [one for one in found["lines"] if one["kind"] == "entity" and one["status"] == "solved"]
    below = [one for one in lines if (one["headroom_usd_per_hour"] or 0.0) >= 0.0]
    crossed = sum(1 for one in lines if one["months"] == 24 and (one["headroom_usd_per_hour"] or 0.0) < 0.0)
    if not below:
        return text("report.answer.no_line", spot=rent(found["spot_usd_per_hour"]), crossed=crossed)
    best = min(below, key=lambda one: one["headroom_usd_per_hour"])
    return text("report.answer.red_line", name=label_of(memo, best["entity"]), rent=rent(best["rent_usd_per_hour"]),
                range=span(best["low"], best["high"], rent), spot=rent(found["spot_usd_per_hour"]),
                months=best["months"], crossed=crossed)  # fmt: skip


def _wall(memo: Memo) -> str:
    found = memo["debt"]
    due = found["outcome"]["all"]
    called, whole = sum(due["called"]["value"]), sum(due["due"]["value"])
    months = memo["debt"]["meta"]["months"]
    by_month = [sum(one[month] for one in found["wall"]["by_holder"].values()) for month in range(months + 1)]
    year = max(range(1, months - 10), key=lambda month: sum(by_month[month : month + 12]), default=1)
    return text("report.answer.falls_due", sum=musd(sum(by_month[year : year + 12])),
                start=month_at(year, memo.question.book.as_of), end=month_at(year + 11, memo.question.book.as_of),
                called=share(called / whole if whole else 0.0))  # fmt: skip


def _pays(memo: Memo) -> str:
    losses = memo["losses"]
    whole = next(one for one in losses["holders"] if one["holder"] == "all")
    mean = whole["mean"]
    best = max(holders_of(losses), key=lambda one: one["mean"]["value"], default=None)
    if best is None:
        return text("report.answer.nobody_pays")
    return text("report.answer.loss", sum=musd(mean["value"]), range=span(mean["low"], mean["high"], musd),
                error=musd(mean["mc_error"]), name=best["label"],
                part=share(best["mean"]["value"] / mean["value"] if mean["value"] else None))  # fmt: skip


def _channel(memo: Memo) -> str:
    if reason := memo.refused("attribution"):
        return reason
    whole = memo["attribution"]["attributions"][0]
    best = whole["parts"][0]
    if whole["amplification"] is None or not best["value"]["value"]:
        return text("report.answer.no_channel")
    return text("report.answer.largest_channel", channel=text(f"report.channel.{best['channel']}"),
                sum=musd(best["value"]["value"]), margin=musd(best["margin"]),
                times=figure(whole["amplification"], 2))  # fmt: skip


def _rests(memo: Memo) -> str:
    assumed = memo["first"]["share_assumed"].get("firm")
    known = [] if memo.refused("sensitivity") else memo["sensitivity"]["answer"]["known"]
    if not known:
        return text("report.answer.assumed", share=share(assumed))
    return text("report.answer.assumed_and", share=share(assumed), name=factor_of(known[0]["factor"]),
                part=share(known[0]["worth"]))  # fmt: skip
