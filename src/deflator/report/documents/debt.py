"""Debt: the maturity wall by terms, what becomes of it, and the headroom of covenants and of cash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deflator.analysis.debt import FLOWS, NEW_LOANS, Debt, Room, debt_outlook
from deflator.analysis.maturities import Wall
from deflator.ensemble import Progress, Question
from deflator.messages import text
from deflator.report.documents.heading import bands, labels, prepared


def build_debt(question: Question, arguments: Mapping[str, Any], progress: Progress | None) -> dict[str, Any]:
    """Build the page of debt."""
    found = debt_outlook(prepared(question, arguments), progress=progress)
    return debt_page(found)


def debt_page(found: Debt) -> dict[str, Any]:
    """Return the page of debt that was followed."""
    question = found.setting.question
    return {
        "unit": "musd",
        "paths": found.paths,
        "draws": question.draws_used,
        "labels": labels(question) | {NEW_LOANS: text("why.new_loans")},
        "flows": FLOWS,
        "wall": _wall(found.wall),
        "outcome": {
            "all": {name: bands(found.flows[name]) for name in FLOWS},
            "by_holder": found.by_holder,
            "by_borrower": found.by_borrower,
        },
        "covenants": [_room(room) for room in found.covenants if room.in_force.any()],
        "firms": [_room(room) for room in found.firms],
    }


def _wall(wall: Wall) -> dict[str, Any]:
    """Return the wall; of each list the last element is what falls due after the horizon."""
    return {
        "facilities": [
            {
                "facility": due.facility, "borrower": due.borrower, "kind": due.kind, "maturity": due.maturity,
                "principal_musd": due.principal_musd, "holders": due.holders, "by_month": due.by_month_musd,
                "low": due.low_musd, "high": due.high_musd,
            }
            for due in wall.facilities
        ],
        "by_holder": wall.by_holder(),
        "by_borrower": wall.by_borrower(),
        "principal_musd": sum(due.principal_musd for due in wall.facilities),
    }  # fmt: skip


def _room(room: Room) -> dict[str, Any]:
    return {
        "name": room.name, "entity": room.entity, "facility": room.facility or None, "test": room.test,
        "threshold": room.threshold, "q05": room.q05, "median": room.median, "q95": room.q95,
        "in_force": room.in_force, "short": bands(room.short),
    }  # fmt: skip
