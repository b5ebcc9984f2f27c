"""The answer for each loan and each borrower as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import by_draw, estimate, probability
from deflator.analysis.redlines import HORIZONS, RedLines
from deflator.book.months import month_at
from deflator.messages import text
from deflator.tape.borrowers import Obligor
from deflator.tape.exposure import Exposures, Floats
from deflator.tape.outcomes import Outcomes, default_curve
from deflator.tape.read import Loan, Tape
from deflator.tape.redlines import red_line_of, told

_PD_MONTHS = (12, 24, 36)
_TEXT, _NUMBER, _COUNT, _FLAG = pl.String, pl.Float64, pl.Int64, pl.Boolean
LOANS: dict[str, Any] = {
    "loan": _TEXT, "line": _COUNT, "borrower": _TEXT, "obligor": _TEXT, "matched_by": _TEXT, "status": _TEXT,
    "reason": _TEXT, "committed_musd": _NUMBER, "drawn_musd": _NUMBER, "exposure_now_musd": _NUMBER, "maturity": _TEXT,
    "months_seen": _COUNT, "cut_at_horizon": _FLAG, "draw_share_assumed": _FLAG,
    **{f"pd_{months}": _NUMBER for months in _PD_MONTHS},
    "pd": _NUMBER, "pd_low": _NUMBER, "pd_high": _NUMBER, "pd_error": _NUMBER, "exposure_at_default_musd": _NUMBER,
    "lgd": _NUMBER, "expected_loss_musd": _NUMBER, "expected_loss_low": _NUMBER, "expected_loss_high": _NUMBER,
    "expected_loss_error": _NUMBER, "expected_loss_share": _NUMBER, "es95_musd": _NUMBER, "es99_musd": _NUMBER,
    "es99_contribution_musd": _NUMBER, "collateral_now_musd": _NUMBER, "advance_rate": _NUMBER,
    "advance_rate_at_target": _NUMBER, "advance_told": _TEXT,
    **{f"red_line_{months}": _NUMBER for months in HORIZONS}, "red_line_told": _TEXT,
    "covenant": _TEXT, "covenant_headroom_12": _NUMBER, "covenant_below_from": _TEXT,
}  # fmt: skip


def loan_table(
    tape: Tape,
    outcomes: Outcomes,
    owed: Exposures,
    reasons: Mapping[str, str],
    table: Mapping[str, NDArray],
    contribution: Floats,
    lines: RedLines | None,
    headroom: pl.DataFrame,
) -> pl.DataFrame:
    """Return one row for each loan of the tape, in its order: figures, or the reason why there are none.

    Parameters
    ----------
    tape, outcomes, owed
        The loans, the paths, the exposures.
    reasons
        Why a loan has no result, by loan.
    table
        Figures of the loans, from `deflator.tape.assess`.
    contribution
        Part of each loan in the portfolio's expected shortfall at 99 %, USD m.
    lines
        Red lines, if they were sought.
    headroom
        From `headroom_table`.
    """
    paths_by_draw = np.bincount(outcomes.draw, minlength=table["default_sums"].shape[1])
    chance = outcomes.setting.question.chance
    tests = _Tests(headroom)
    seen: dict[str, dict[str, Any]] = {}
    rows = []
    for at, loan in enumerate(tape.loans):
        row: dict[str, Any] = dict.fromkeys(LOANS) | _as_given(loan, at, owed)
        why = reasons.get(str(loan.cells["loan"]))
        row |= {
            "status": why or "assessed",
            "reason": text(f"tape.reason.{why}", obligor=loan.obligor.key) if why else None,
        }
        if why is None:
            row |= _figures(at, loan, outcomes, owed, table, paths_by_draw, chance)
            row["es99_contribution_musd"] = float(contribution[at])
            if loan.obligor.key not in seen:
                seen[loan.obligor.key] = _red(loan.obligor, lines)
            row |= seen[loan.obligor.key] | tests.of(loan)
        rows.append(row)
    return pl.DataFrame(rows, LOANS)


def _as_given(loan: Loan, at: int, owed: Exposures) -> dict[str, Any]:
    cells = loan.cells
    undrawn = loan.number("committed_musd") > loan.number("drawn_musd")
    return {
        "loan": cells["loan"], "line": loan.line, "borrower": cells["borrower"], "obligor": loan.obligor.key,
        "matched_by": loan.obligor.matched_by, "committed_musd": loan.number("committed_musd"),
        "drawn_musd": loan.number("drawn_musd"), "exposure_now_musd": float(owed.now[at]),
        "maturity": cells["maturity"], "months_seen": int(owed.last[at]), "cut_at_horizon": bool(owed.cut[at]),
        "draw_share_assumed": undrawn and cells.get("draw_share") is None,
    }  # fmt: skip


def _figures(
    at: int, loan: Loan, outcomes: Outcomes, owed: Exposures, table: Mapping[str, NDArray],
    paths_by_draw: NDArray[np.int64], chance: bool,
) -> dict[str, Any]:  # fmt: skip
    hits = table["default_sums"][at]
    default = probability(hits, hits, paths_by_draw, chance)
    lost = estimate(table["loss_sums"][at], table["loss_squares"][at], paths_by_draw, chance)
    defaults, exposed = float(table["defaults"][at]), float(table["exposed"][at])
    by_month = table["by_month"][at].cumsum() / outcomes.paths
    now, collateral = float(owed.now[at]), float(table["collateral"][at])
    scaled = {name: float(table[name][at]) for name in ("scale", "least", "most")}
    return {
        **{f"pd_{months}": float(by_month[min(months, outcomes.months)]) for months in _PD_MONTHS},
        "pd": default.value, "pd_low": default.low, "pd_high": default.high, "pd_error": default.mc_error,
        "exposure_at_default_musd": exposed / defaults if defaults else None,
        "lgd": float(table["lost"][at]) / exposed if exposed else None,
        "expected_loss_musd": lost.value, "expected_loss_low": lost.low, "expected_loss_high": lost.high,
        "expected_loss_error": lost.mc_error, "expected_loss_share": lost.value / now if now else None,
        "es95_musd": float(table["es95"][at]), "es99_musd": float(table["es99"][at]),
        "collateral_now_musd": collateral or None,
        **_advance(loan, now, collateral, scaled, defaults),
    }  # fmt: skip


def _advance(loan: Loan, now: float, collateral: float, found: Mapping[str, float], defaults: float) -> dict[str, Any]:
    """Return the advance rate of today, and the one that holds the target or why there is none."""
    if not loan.units:
        return {"advance_told": text("tape.advance.no_equipment")}
    rate = now / collateral if collateral > 0.0 else None
    if rate is None or now <= 0.0:
        return {"advance_told": text("tape.advance.worthless")}
    if not defaults:
        told_why = text("tape.advance.no_default")
    elif found["scale"] == 0.0:
        told_why = text("tape.advance.never", least=f"{100 * found['least']:.1f}")
    elif not np.isfinite(found["scale"]):
        told_why = text("tape.advance.any", most=f"{100 * found['most']:.1f}")
    else:
        return {"advance_rate": rate, "advance_rate_at_target": rate * found["scale"], "advance_told": "solved"}
    return {"advance_rate": rate, "advance_told": told_why}


def _red(obligor: Obligor, lines: RedLines | None) -> dict[str, Any]:
    if obligor.generic:
        return {"red_line_told": text("tape.red.generic")}
    if lines is None:
        return {"red_line_told": text("tape.red.not_sought")}
    found: dict[str, Any] = {}
    for months in HORIZONS:
        line = red_line_of(lines, obligor, months)
        if line is None:
            return {"red_line_told": text("tape.red.none")}
        if line.crossing is not None and line.status == "solved":
            found[f"red_line_{months}"] = line.crossing.root
        found.setdefault("red_line_told", told(lines, line))
    return found


class _Tests:
    """The covenants that concern a loan: those of its facility, or else all of its borrower."""

    def __init__(self, headroom: pl.DataFrame) -> None:
        self._rows: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
        for row in headroom.to_dicts():
            self._rows.setdefault((row["obligor"], row["facility"], row["test"]), []).append(row)
        self._known: dict[tuple[str, str | None], dict[str, Any]] = {}

    def of(self, loan: Loan) -> dict[str, Any]:
        key = (loan.obligor.key, loan.cells.get("facility"))
        if key not in self._known:
            self._known[key] = self._tightest(*key)
        return self._known[key]

    def _tightest(self, obligor: str, facility: str | None) -> dict[str, Any]:
        """Return the test with the least median headroom by the twelfth month, and when its median is below zero."""
        found = []
        for (owner, name, test), rows in self._rows.items():
            if owner == obligor and facility in (None, name):
                year = [row["q50"] for row in rows if row["month"] <= HORIZONS[0]]
                if year:
                    found.append((min(year), f"{name} {test}", next((r["date"] for r in rows if r["q50"] < 0.0), None)))
        if not found:
            return {}
        least, label, since = min(found, key=lambda one: one[0])
        return {"covenant": label, "covenant_headroom_12": least, "covenant_below_from": since}


_CURVE = {
    "obligor": _TEXT, "month": _COUNT, "date": _TEXT, "pd": _NUMBER, "pd_low": _NUMBER, "pd_high": _NUMBER,
    "pd_error": _NUMBER, "hazard": _NUMBER,
}  # fmt: skip


def curve_table(outcomes: Outcomes, obligors: Iterable[Obligor]) -> pl.DataFrame:
    """Return the probability that each borrower has defaulted by each month, with range and error.

    Of a member of a cohort and of a generic borrower it is the mean over paths of the probability given the path, so it
    differs from the figure of a single such loan, whose defaults are drawn, by no more than the errors of both.

    Parameters
    ----------
    outcomes
        From `simulate_outcomes`.
    obligors
        Who owes; each is told once.

    Returns
    -------
    polars.DataFrame
        One row for each borrower and month; `hazard` is the share of those still standing that default in the month.
    """
    book = outcomes.setting.question.book
    chance = outcomes.setting.question.chance
    rows = []
    for obligor in {obligor.key: obligor for obligor in obligors}.values():
        curve = default_curve(outcomes, obligor)
        before = 0.0
        for month in range(outcomes.months + 1):
            found = estimate(*by_draw(curve[month], outcomes.draw), chance)
            odds = probability(*by_draw(curve[month], outcomes.draw), chance)
            hazard = (found.value - before) / (1.0 - before) if before < 1.0 else 0.0
            rows.append((obligor.key, month, month_at(month, book.as_of), found.value, odds.low, odds.high,
                         odds.mc_error if month else 0.0, hazard))  # fmt: skip
            before = found.value
    return pl.DataFrame(rows, _CURVE, orient="row")
