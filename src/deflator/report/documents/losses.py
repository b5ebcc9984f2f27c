"""Who pays: losses by holder, and the channels through which they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deflator.analysis import Result
from deflator.analysis.answered import answered
from deflator.analysis.attribute import BREAK, LOSS, SYSTEM, Attribution, Division, attribute
from deflator.analysis.losses import ALL
from deflator.analysis.probability import Estimate, by_draw, estimate
from deflator.ensemble import Progress, Question
from deflator.report.documents.heading import labels, prepared

#: Entities whose breaks are attributed on the page.
_BREAKS = 8


def build_losses(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of who pays; `channels` adds the waterfall, which plays sets of channels."""
    found = loss_page(answered(question, progress), question)
    if arguments["channels"]:
        played = play(question, arguments, progress)
        found["waterfall"] = division_rows(played.divide(played.outcomes[0]))
    return found


def loss_page(result: Result, question: Question) -> dict[str, Any]:
    """Return losses by holder of a run: means with range and error, quantiles, shares of what each holds."""
    held = _held(question)
    rows = []
    for row in result.losses().to_dicts():
        mean = _mean(result, row["holder"])
        at_stake = sum(held.values()) if row["holder"] == ALL else held.get(row["holder"], 0.0)
        rows.append(
            {
                "holder": row["holder"], "label": row["name"], "mean": mean,
                "quantiles": {name: row[name] for name in ("q05", "q50", "q95")},
                "claims_musd": at_stake, "share_of_claims": row["mean_musd"] / at_stake if at_stake > 0.0 else None,
            }
        )  # fmt: skip
    return {"unit": "musd", "holders": rows, "labels": labels(question), "waterfall": None}


def _held(question: Question) -> dict[str, float]:
    """Return the drawn debt that each holder has a claim on at the as-of month, USD m."""
    facilities = question.book.table("facilities")
    held: dict[str, float] = {}
    for row in question.book.table("holdings").rows:
        if row["instrument"] == "debt":
            drawn = facilities.rows[facilities.index[row["issuer_or_facility"]]]["drawn_musd"]
            held[row["holder"]] = held.get(row["holder"], 0.0) + row["share_or_musd"] * drawn
    return held


def _mean(result: Result, holder: str) -> Estimate:
    """Return the mean loss of a holder over paths, with range and error."""
    run = result.raw
    known = run.paths().filter(run.paths()["status"] == "ok")
    losses = run.losses()
    if holder != ALL:
        losses = losses.filter(losses["holder"].cast(str) == holder)
    by_path = np.bincount(losses["path"].to_numpy(), losses["loss_musd"].to_numpy(), int(run.manifest.paths))
    values = by_path[known["path"].to_numpy()]
    return estimate(*by_draw(values, known["draw"].to_numpy()), run.manifest.chance)


def build_attribution(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of channels: losses of all and of each holder, and the breaks of those that break most."""
    played = play(question, arguments, progress)
    wanted = [one for one in played.outcomes if one.kind in (SYSTEM, LOSS)]
    divisions = [played.divide(one) for one in wanted]
    breaks = [played.divide(one) for one in played.outcomes if one.kind == BREAK]
    breaks = sorted(breaks, key=lambda one: (-one.all_on.value, one.outcome.entity))[:_BREAKS]
    lost = [one for one in divisions if one.outcome.kind == SYSTEM or one.all_on.value > 0.0]
    return {
        **played.played_as(),
        "paths": played.setting.question.paths_used,
        "draws": played.setting.question.draws_used,
        "labels": labels(question),
        "attributions": [division_rows(one) for one in (*lost, *breaks)],
    }


def play(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> Attribution:
    """Play sets of channels on the paths that are asked for."""
    setting = prepared(question, arguments)
    return attribute(setting, int(arguments["orders"]) // 2, ends=False, progress=progress)


def division_rows(division: Division) -> dict[str, Any]:
    """Return what each channel adds to an outcome; the values sum to the total."""
    parts = [{"channel": part.channel, "value": part.value, "margin": part.margin} for part in division.parts]
    return division.whole() | {"parts": parts}
