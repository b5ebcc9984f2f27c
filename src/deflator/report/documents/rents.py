"""Rents: the fan with some of its paths, red lines and unit costs across it, and what was quoted in the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from deflator.analysis.answered import answered
from deflator.analysis.cost_lines import cost_lines
from deflator.analysis.economics import unit_economics
from deflator.analysis.redlines import RedLines, red_lines
from deflator.analysis.replay import Setting, prepare
from deflator.analysis.trials import watch
from deflator.ensemble import Progress, Question
from deflator.report.documents.heading import labels, prepared, smaller

#: Paths that are shown beside the fan: always those with the lowest numbers.
SAMPLES = 8
_YEAR = 12


def build_rents(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of rents; red lines on it are a search of their own, which `lines` leaves out."""
    result = answered(question, progress)
    setting = prepare(smaller(question, max(SAMPLES, question.draws_used), question.draws_used))
    found: dict[str, Any] = {
        "equipment": question.book.reference_equipment,
        "fan": result.rents().to_dict(as_series=False),
        "funding": result.funding().to_dict(as_series=False),
        "samples": _samples(setting),
        "costs": cost_lines(setting),
        "units": _units(question, setting),
        "history": question.book.table("price_history").rows,
        "labels": labels(question),
        "lines": None,
    }
    if arguments["lines"]:
        found["lines"] = line_rows(red_lines(prepared(question, arguments), most=arguments["rents"], progress=progress))
    return found


def build_redlines(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of red lines: everything that can break, with its reason where it has no line."""
    found = red_lines(
        prepared(question, arguments), arguments["pinned_from"], most=arguments["rents"], progress=progress
    )
    return line_rows(found) | {"labels": labels(question)}


def line_rows(found: RedLines) -> dict[str, Any]:
    """Return red lines as rows, with what they were searched with."""
    asked = found.setting.question
    return {
        "pinned_from": found.pinned_from, "spot_usd_per_hour": found.spot_usd_per_hour, "rents_tried": found.rents,
        "paths": asked.paths_used, "draws": asked.draws_used, "lines": found.to_frame().to_dicts(),
        "costs": found.costs,
    }  # fmt: skip


def _samples(setting: Setting) -> dict[str, Any]:
    """Return rent and funding openness on a few paths."""
    seen = watch(
        setting,
        lambda _, block: {"rent": np.exp(block.world.log_rent), "funding": block.world.openness.copy()},
        min(SAMPLES, setting.question.paths_used),
    )
    return {"paths": np.arange(seen["rent"].shape[-1]), "rent": seen["rent"].T, "funding": seen["funding"].T}


def _units(question: Question, setting: Setting) -> list[Any]:
    """Return what units cost and earn by owner and equipment, on the central path, once a year."""
    central = prepare(replace(question, paths=1, draws=0, chance=False, target_error=None))
    months = sorted({*range(0, setting.economy.months + 1, _YEAR), setting.economy.months})
    return list(unit_economics(central, months))
