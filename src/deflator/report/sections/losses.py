"""Who pays, and through which channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deflator.messages import text
from deflator.report.memo import Memo, holders_of
from deflator.report.sections.answer import scenario_of
from deflator.report.sections.parts import (
    Figure,
    Section,
    Table,
    columns,
    figure,
    musd,
    numbers,
    share,
    span,
    unanswered,
    words,
)

_DIVIDED = 6


def losses_section(memos: Sequence[Memo]) -> Section:
    """Return losses by holder, runs side by side."""
    rows = [[_holders(memo, at) for at, memo in enumerate(memos)]]
    return Section("losses", text("report.losses.title"), [text("report.losses.lead")], rows)


def _holders(memo: Memo, at: int) -> Figure:
    found = memo["losses"]
    rows = []
    for one in found["holders"]:
        mean, levels = one["mean"], one["quantiles"]
        rows.append(
            [
                one["label"] or text("report.all"), musd(mean["value"]), span(mean["low"], mean["high"], musd),
                musd(mean["mc_error"]), musd(levels["q05"]), musd(levels["q50"]), musd(levels["q95"]),
                musd(one["claims_musd"]), share(one["share_of_claims"]) if one["share_of_claims"] is not None else "–",
            ]
        )  # fmt: skip
    heads = columns("holder", "mean", "range", "error", "q05", "median", "q95", "claims", "of_claims")
    chart = {
        "kind": "ranges",
        "rows": [
            {"id": one["holder"], "label": one["label"], "mean": one["mean"]["value"], "low": one["quantiles"]["q05"],
             "middle": one["quantiles"]["q50"], "high": one["quantiles"]["q95"]}
            for one in holders_of(found)
        ],
    }  # fmt: skip
    title = text("report.losses.holders", scenario=scenario_of(memo))
    return Figure(f"losses-{at}", title, text("report.losses.holders_lead"), chart, [Table(title, heads, rows)])


def attribution_section(memos: Sequence[Memo]) -> Section:
    """Return the losses of all divided among channels, and breaks of single firms."""
    rows = [
        [_waterfall(memo, at) for at, memo in enumerate(memos)],
        [_breaks(memo, at) for at, memo in enumerate(memos)],
    ]
    return Section("attribution", text("report.channels.title"), [text("report.channels.lead")], rows)


def _waterfall(memo: Memo, at: int) -> Figure:
    found, title = memo["attribution"], text("report.channels.waterfall", scenario=scenario_of(memo))
    if reason := memo.refused("attribution"):
        return unanswered(f"channels-{at}", title, reason)
    whole = found["attributions"][0]
    named = {part["channel"]: text(f"report.channel.{part['channel']}") for part in whole["parts"]}
    rows = [
        [named[part["channel"]], musd(part["value"]["value"]), musd(part["margin"]),
         span(part["value"]["low"], part["value"]["high"], musd), musd(part["value"]["mc_error"])]
        for part in whole["parts"]
    ]  # fmt: skip
    for name in ("first_round", "total", "all_on"):
        one = whole[name]
        rows.append([text(f"report.channels.{name}"), musd(one["value"]), "–", span(one["low"], one["high"], musd),
                     musd(one["mc_error"])])  # fmt: skip
    chart = {
        "kind": "waterfall",
        "steps": [
            {"id": "first_round", "label": text("report.channels.first_round"), "value": whole["first_round"]["value"],
             "whole": True},
            *({"id": part["channel"], "label": named[part["channel"]], "value": part["value"]["value"],
               "margin": part["margin"]} for part in whole["parts"]),
            {"id": "all_on", "label": text("report.channels.all_on"), "value": whole["all_on"]["value"], "whole": True},
        ],
    }  # fmt: skip
    lead = text("report.channels.played", sets=found["sets_played"], paths=found["paths"], draws=found["draws"])
    if whole["amplification"] is not None:
        lead += " " + text("report.channels.amplified", times=figure(whole["amplification"], 2),
                           error=figure(whole["amplification_error"], 1))  # fmt: skip
    heads = columns("channel", "adds", "margin", "range", "error")
    return Figure(f"channels-{at}", title, lead, chart, [Table(title, heads, rows)])


def _points(part: Mapping[str, Any]) -> str:
    """Return what a channel adds to a probability, percentage points."""
    named = text(f"report.channel.{part['channel']}")
    return f"{named} {100 * part['value']['value']:+.0f} ±{100 * part['margin']:.0f}"


def _breaks(memo: Memo, at: int) -> Figure:
    """Return which channels break the firms that break most often."""
    found, title = memo["attribution"], text("report.channels.breaks", scenario=scenario_of(memo))
    if reason := memo.refused("attribution"):
        return unanswered(f"channels-breaks-{at}", title, reason)
    rows = []
    for one in [one for one in found["attributions"] if one["outcome"] == "break"][:_DIVIDED]:
        parts = [part for part in one["parts"] if abs(part["value"]["value"]) >= 0.005][:3]
        told = "; ".join(map(_points, parts))
        rows.append([found["labels"][one["entity"]], share(one["first_round"]["value"]), share(one["all_on"]["value"]),
                     told or "–"])  # fmt: skip
    heads = [*words("name"), *numbers("first_round", "all_on"), *words("largest")]
    return Figure(
        f"channels-breaks-{at}", title, text("report.channels.breaks_lead"), None, [Table(title, heads, rows)]
    )
