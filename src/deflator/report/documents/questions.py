"""Pages of questions that search or check: claims, reverse stress, sensitivity, entry odds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deflator.analysis.assets import target_of
from deflator.analysis.claims import check_claims, list_claims
from deflator.analysis.entry import entry_odds
from deflator.analysis.margin import stress_target
from deflator.analysis.moves import DRIVERS
from deflator.analysis.reverse import ROUNDS, reverse
from deflator.analysis.sensitivity import Effort, sensitivity
from deflator.ensemble import Progress, Question
from deflator.report.documents.heading import prepared


def build_claims(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of the essay's claims under the scenario of the question."""
    setting = prepared(question, arguments)
    found = check_claims([setting], {claim.id for claim in list_claims()}, progress)[0]
    return {
        "paths": found.paths,
        "draws": found.draws,
        "verdicts": found.counted(),
        "claims": found.to_frame().to_dicts(),
    }


def build_reverse(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of the most plausible moves that make a target true; `full` searches parameters as well."""
    setting = prepared(question, arguments)
    target = stress_target(str(arguments["target"]), setting, "target")
    full = bool(arguments["full"])
    among, most, rounds = ([], 2, ROUNDS) if full else ([DRIVERS], 1, 0)
    found = reverse(setting, target, arguments["probability"], among, most=most, rounds=rounds, progress=progress)
    return {
        "target": found.target, "by": found.by, "asked": found.asked, "at_medians": found.at_medians,
        "dimensions": found.dimensions, "searched": found.searched, "left_out": found.left_out,
        "paths": found.paths, "trials": found.trials, "start": found.start,
        "solutions": [
            {
                "distance": one.distance, "tail_of_distance": one.tail_of_distance,
                "tail_beyond_plane": one.tail_beyond_plane, "reached": one.reached, "checked": one.checked,
                "fresh": one.fresh, "outcome": str(one.outcome), "reason": str(one.reason), "moves": one.moves,
            }
            for one in found.solutions
        ],
    }  # fmt: skip


def build_sensitivity(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of the unknowns that matter most; `indices` adds Sobol indices."""
    setting = prepared(question, arguments)
    effort = Effort(int(arguments["factors"]), Effort.base if arguments["indices"] else 0, 0)
    found = sensitivity(setting, str(arguments["of"]), effort, progress=progress)
    return {"answer": found}


def build_entry(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of what buying a thing in each month returns; the reference equipment when none is named."""
    setting = prepared(question, arguments)
    target = target_of(setting, arguments["thing"])
    found = entry_odds(setting, target, int(arguments["every"]), str(arguments["wait_for"]), progress)
    return {
        "thing": found.target.name,
        "kind": found.target.kind,
        "price_unit": found.unit,
        "horizon": found.horizon,
        "paths": found.paths,
        "draws": found.draws,
        "entries": found.to_frame().to_dicts(),
        "best_by_median": found.best_by_median.date if found.best_by_median else None,
        "best_by_regret": found.best_by_regret.date,
        "waiting": found.waiting,
    }
