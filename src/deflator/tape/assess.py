"""Assess a tape: what each loan and all of them together may lose, when, and how much could be lent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.probability import Estimate, by_draw, estimate
from deflator.analysis.redlines import RedLines
from deflator.analysis.replay import Floats, Setting
from deflator.book.months import month_at
from deflator.engine.positions import P
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import text, translated
from deflator.tape.borrowers import Obligor, plain_name
from deflator.tape.exposure import Exposures, exposures
from deflator.tape.headroom import headroom_table
from deflator.tape.losses import (
    Defaults,
    expected_shortfall,
    scale_for_target,
    severity,
    shortfall_error,
    tail_weights,
)
from deflator.tape.outcomes import Outcomes, default_months, simulate_outcomes
from deflator.tape.read import Loan, Tape
from deflator.tape.redlines import red_lines_of
from deflator.tape.tables import curve_table, loan_table

TARGET_LOSS = 0.02
_CELLS = 1_000_000  # loans times paths that are in memory at once
_MILLION = 1e6
_UNSECURED_RANK, _CONVERTIBLE_RANK = 3, 4
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)


@dataclass(frozen=True, eq=False)
class Portfolio:
    """All loans of a tape that could be assessed, on the same paths.

    Parameters
    ----------
    loans
        How many.
    committed_musd, drawn_musd, exposure_now_musd, collateral_now_musd
        Sums of today, USD m.
    expected_loss
        Mean over paths by the horizon, with range over ignorance and Monte Carlo error, USD m.
    es95_musd, es99_musd, es95_error, es99_error
        Mean of the worst twentieth and hundredth of the paths, and their Monte Carlo errors, USD m.
    quantiles
        Loss by quantile of `QUANTILES`, USD m.
    share_of_paths_with_loss
        Share of paths on which anything is lost.
    """

    loans: int
    committed_musd: float
    drawn_musd: float
    exposure_now_musd: float
    collateral_now_musd: float
    expected_loss: Estimate
    es95_musd: float
    es99_musd: float
    es95_error: float
    es99_error: float
    quantiles: dict[str, float]
    share_of_paths_with_loss: float


@dataclass(frozen=True, eq=False)
class Assessment:
    """What came of a tape.

    Parameters
    ----------
    tape, setting
        What was assessed, and under what.
    target_loss
        Expected loss over exposure that advance rates hold.
    outcomes
        The paths.
    exposure
        Exposure at default by loan and month.
    reasons
        Why a loan has no result, by loan; all others have one.
    portfolio
        All assessed loans together.
    portfolio_losses
        Their loss on each path, USD m.
    loans
        One row for each loan of the tape, in its order.
    curves
        Probability of default by borrower and month.
    headroom
        Headroom of covenants of the borrowers by month.
    red_lines
        Red lines of the borrowers; None when they were not asked for.
    """

    tape: Tape
    setting: Setting
    target_loss: float
    outcomes: Outcomes
    exposure: Exposures
    reasons: dict[str, str]
    portfolio: Portfolio
    portfolio_losses: Floats
    loans: pl.DataFrame
    curves: pl.DataFrame
    headroom: pl.DataFrame
    red_lines: RedLines | None
    _defaults_by_month: NDArray[np.int64] = field(repr=False)
    _losses_by_month: Floats = field(repr=False)
    _losses: tuple[NDArray[np.int32], NDArray[np.int32], Floats] = field(repr=False)

    @property
    def paths(self) -> int:
        """Paths that are counted."""
        return self.outcomes.paths

    def losses_of(self, loan: str) -> Floats:
        """Return what a loan loses on each path, USD m.

        Raises
        ------
        KeyError
            When the tape has no such loan.
        """
        number, path, lost = self._losses
        own = number == self._numbers[loan]
        return np.bincount(path[own], lost[own], self.paths).astype(np.float64)

    def default_curve(self, loan: str) -> Floats:
        """Return the probability that a loan has defaulted by each month, [T + 1]; flat once it has matured.

        Raises
        ------
        KeyError
            When the tape has no such loan.
        """
        seen: Floats = self._defaults_by_month[self._numbers[loan]].cumsum() / self.paths
        return seen

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {str(row.cells["loan"]): at for at, row in enumerate(self.tape.loans)}

    @cached_property
    def timing(self) -> pl.DataFrame:
        """Defaults and expected loss of the portfolio by the month in which borrowers default."""
        as_of = self.setting.question.book.as_of
        months = range(self.outcomes.months + 1)
        expected = self._losses_by_month / self.paths
        return pl.DataFrame(
            {
                "month": pl.Series(months, dtype=pl.Int64),
                "date": [month_at(month, as_of) for month in months],
                "defaults": self._defaults_by_month.sum(axis=0) / self.paths,
                "expected_loss_musd": expected,
                "expected_loss_so_far_musd": expected.cumsum(),
            }
        )

    @cached_property
    def reconciliation(self) -> pl.DataFrame:
        """What came in and what came out: rows, sums committed and drawn; of the file, assessed, with a reason."""
        parts = {
            "in": self.tape.loans,
            "assessed": [loan for loan in self.tape.loans if loan.cells["loan"] not in self.reasons],
            **{
                reason: [loan for loan in self.tape.loans if self.reasons.get(loan.cells["loan"]) == reason]
                for reason in sorted(set(self.reasons.values()))
            },
        }
        rows = [
            {
                "part": name,
                "loans": len(loans),
                "committed_musd": sum(loan.number("committed_musd") for loan in loans),
                "drawn_musd": sum(loan.number("drawn_musd") for loan in loans),
            }
            for name, loans in parts.items()
        ]
        left = {
            "part": "difference",
            **{name: rows[0][name] - sum(row[name] for row in rows[1:])  # type: ignore[operator,misc]
               for name in ("loans", "committed_musd", "drawn_musd")},
        }  # fmt: skip
        return pl.DataFrame([*rows, left], {"part": pl.String, "loans": pl.Int64, "committed_musd": pl.Float64,
                                            "drawn_musd": pl.Float64})  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return everything as plain data, for a page or a file."""
        question = self.setting.question
        return {
            "document": "portfolio",
            "meta": {
                "book": {"name": question.book.name, "title": translated(question.book.title),
                         "as_of": question.book.as_of, "fingerprint": question.book.fingerprint},
                "scenario": {"name": question.scenario.name, "title": translated(question.scenario.title),
                             "fingerprint": question.scenario.fingerprint},
                "paths": self.paths, "draws": question.draws_used, "seed": question.seed,
                "months": self.outcomes.months, "target_loss": self.target_loss,
                "disclaimer": text("common.disclaimer"),
            },
            "file": self.tape.file,
            "ignored_columns": self.tape.ignored,
            "mapped_columns": self.tape.mapped,
            "portfolio": self.portfolio,
            "portfolio_dots_musd": np.quantile(self.portfolio_losses, (np.arange(50) + 0.5) / 50),
            "loans": self.loans.to_dicts(),
            "curves": self.curves.to_dicts(),
            "headroom": self.headroom.to_dicts(),
            "timing": self.timing.to_dicts(),
            "reconciliation": self.reconciliation.to_dicts(),
        }  # fmt: skip


def assess(
    tape: Tape,
    setting: Setting,
    target_loss: float = TARGET_LOSS,
    red_lines: bool = True,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Assessment:
    """Assess every loan of a tape on the paths of a setting, simulated once.

    Loss = EAD · LGD on the path and in the month in which the borrower defaults, so that the expected loss of a loan is
    EL = PD · LGD · EAD with the means over its defaults, and losses of loans on one path add up.

    Parameters
    ----------
    tape
        From `deflator.tape.read_tape`, checked against the book of the setting.
    setting
        From `deflator.analysis.replay.prepare`.
    target_loss
        Expected loss by the horizon over today's exposure that the advance rate is to hold, a share.
    red_lines
        Whether to seek the borrowers' red lines, which takes some trials more.
    threads, progress
        As for `deflator.analysis.trials.simulate_all`.

    Raises
    ------
    RunError
        When the target is no share, the tape was read for another book, or every path fails.

    References
    ----------
    Basel Committee (2006), International Convergence of Capital Measurement, paragraph 367: EL = PD · LGD · EAD.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> from deflator.tape import read_tape, write_template
    >>> book = load_book("ai-2026-02")
    >>> with TemporaryDirectory() as folder:  # the template holds one loan to CoreWeave
    ...     tape = read_tape(write_template(Path(folder) / "tape.xlsx", book), book)
    >>> question = Question(book, load_scenario("base"), paths=64, draws=8)
    >>> found = assess(tape, prepare(question), red_lines=False)
    >>> found.loans["status"].to_list(), found.reconciliation["loans"].to_list()
    (['assessed'], [1, 1, 0])
    """
    _check(tape, setting, target_loss)
    economy = setting.economy
    reasons = {str(loan.cells["loan"]): "cannot_break" for loan in tape.loans if not _can_break(loan.obligor, setting)}
    sound = [at for at, loan in enumerate(tape.loans) if loan.cells["loan"] not in reasons]
    entities = sorted({entity for loan in tape.loans for entity in (*loan.obligor.entities, *_guarantors(loan))})
    goods = sorted({name for loan in tape.loans for name, _ in loan.units})
    outcomes = simulate_outcomes(setting, entities, goods, threads, progress)
    base = float(np.mean(economy.figures[economy.rows["world.market"]][1]))
    owed = exposures(tape, base, outcomes.months)
    table, flat = _measure(tape, sound, outcomes, owed, target_loss)
    number, path, lost = flat
    total: Floats = np.bincount(path, lost, outcomes.paths).astype(np.float64)
    in_tail = lost * tail_weights(total, 0.99)[path]
    contribution: Floats = np.bincount(number, in_tail, len(tape.loans)).astype(np.float64)
    lines = red_lines_of(setting, [tape.loans[at].obligor for at in sound], threads, progress) if red_lines else None
    headroom = headroom_table(outcomes)
    loans = loan_table(tape, outcomes, owed, reasons, table, contribution, lines, headroom)
    return Assessment(
        tape, setting, target_loss, outcomes, owed, reasons,
        portfolio=_portfolio(tape, sound, owed, table, total, outcomes),
        portfolio_losses=total, loans=loans,
        curves=curve_table(outcomes, [tape.loans[at].obligor for at in sound]),
        headroom=headroom, red_lines=lines, _defaults_by_month=table["by_month"],
        _losses_by_month=table["lost_by_month"], _losses=flat,
    )  # fmt: skip


def _check(tape: Tape, setting: Setting, target_loss: float) -> None:
    faults = []
    if not 0.0 < target_loss < 1.0:
        message = text("tape.fault.target", target=f"{target_loss:g}")
        faults.append(Fault("", 0, "--target-loss", message, text("tape.hint.target")))
    if tape.book.fingerprint != setting.question.book.fingerprint:
        message = text("tape.fault.other_book", read=tape.book.name, book=setting.question.book.name)
        faults.append(Fault(tape.file, 0, "--book", message, text("tape.hint.other_book")))
    if faults:
        raise RunError(faults)


def _can_break(obligor: Obligor, setting: Setting) -> bool:
    """Return whether the engine lets a borrower, or one of those that it may be like, break at all."""
    economy = setting.economy
    positions = [economy.links["entities.account"][economy.entities.index(name)] for name in obligor.entities]
    return bool(economy.links["entities.can_default"][positions].any())


def _guarantors(loan: Loan) -> tuple[str, ...]:
    return () if loan.guarantor is None else (loan.guarantor,)


@dataclass(frozen=True, eq=False)
class Pledges:
    """What is pledged of each loan, as arrays; unused places have no units.

    Parameters
    ----------
    place
        Place of the equipment in the outcomes, [loan, pledge].
    units
        Units of it, [loan, pledge].
    other
        Other collateral, USD m, [loan].
    now
        Mean value of all of it at month 0, USD m, [loan].
    """

    place: NDArray[np.intp]
    units: Floats
    other: Floats
    now: Floats

    @classmethod
    def of(cls, loans: Sequence[Loan], outcomes: Outcomes) -> Pledges:
        """Return the pledges of some loans."""
        most = max((len(loan.units) for loan in loans), default=0)
        place = np.zeros((len(loans), most), np.intp)
        units = np.zeros((len(loans), most))
        for at, loan in enumerate(loans):
            for rank, (name, count) in enumerate(loan.units):
                place[at, rank], units[at, rank] = outcomes.equipment[name], count
        other = np.array([loan.number("other_collateral_musd") for loan in loans])
        start = outcomes.value[0].mean(axis=-1) if outcomes.value.shape[1] else np.zeros(1)
        return cls(place, units, other, (units * start[place]).sum(axis=1) / _MILLION + other)


def _measure(
    tape: Tape, sound: Sequence[int], outcomes: Outcomes, owed: Exposures, target: float
) -> tuple[dict[str, NDArray], tuple[NDArray[np.int32], NDArray[np.int32], Floats]]:
    """Return the figures of every loan, and all losses as loan, path, USD m."""
    count, paths = len(tape.loans), outcomes.paths
    draws = int(outcomes.draw.max()) + 1
    names = ("defaults", "exposed", "lost", "es95", "es99", "scale", "least", "most", "collateral")
    table: dict[str, NDArray] = {name: np.zeros(count) for name in names}
    table["loss_sums"], table["loss_squares"] = np.zeros((count, draws)), np.zeros((count, draws))
    table["default_sums"] = np.zeros((count, draws))
    table["by_month"] = np.zeros((count, outcomes.months + 1), np.int64)
    table["lost_by_month"] = np.zeros(outcomes.months + 1)
    months: dict[tuple[str, str], NDArray[np.int16]] = {}
    parts = []
    size = max(_CELLS // paths, 1)
    for first in range(0, len(sound), size):
        block = np.array(sound[first : first + size], dtype=np.intp)
        loans = [tape.loans[at] for at in block]
        broke = np.stack([_months_of(loan, outcomes, months) for loan in loans])
        found = _defaults(loans, block, broke, outcomes, owed)
        lost = found.exposure * severity(found)
        dense = np.zeros((len(block), paths))
        dense[found.loan, found.path] = lost
        number = block[found.loan]
        parts.append((number.astype(np.int32), found.path.astype(np.int32), lost))
        table["defaults"][block] = np.bincount(found.loan, minlength=len(block))
        table["exposed"][block] = np.bincount(found.loan, found.exposure, len(block))
        table["lost"][block] = dense.sum(axis=1)
        table["es95"][block] = expected_shortfall(dense, 0.95)
        table["es99"][block] = expected_shortfall(dense, 0.99)
        np.add.at(table["by_month"], (number, found.month), 1)
        table["lost_by_month"] += np.bincount(found.month, lost, outcomes.months + 1)
        cell = found.loan * draws + outcomes.draw[found.path]
        for name, weights in (("loss_sums", lost), ("loss_squares", lost**2), ("default_sums", np.ones(lost.size))):
            table[name][block] = np.bincount(cell, weights, len(block) * draws).reshape(len(block), draws)
        scaled = scale_for_target(found, len(block), paths, owed.now[block], target)
        for name, values in zip(("scale", "least", "most"), scaled, strict=True):
            table[name][block] = values
        table["collateral"][block] = Pledges.of(loans, outcomes).now
    joined = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)] if parts else []
    flat = tuple(joined) or (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0))
    return table, flat  # type: ignore[return-value]


def _months_of(loan: Loan, outcomes: Outcomes, known: dict[tuple[str, str], NDArray[np.int16]]) -> NDArray[np.int16]:
    """Return the months in which the borrower of a loan defaults; the same borrower is drawn once."""
    name = plain_name(str(loan.cells["borrower"]))
    key = (loan.obligor.key, name)
    if key not in known:
        known[key] = default_months(outcomes, loan.obligor, name)
    return known[key]


def _defaults(
    loans: Sequence[Loan], block: NDArray[np.intp], broke: NDArray[np.int16], outcomes: Outcomes, owed: Exposures
) -> Defaults:
    """Return the defaults of a block of loans that cost something, with all that their severity depends on."""
    at, path = np.nonzero((broke >= owed.first[block, None]) & (broke <= owed.last[block, None]))
    month = broke[at, path].astype(np.intp)
    exposure = owed.at_default[block[at], month]
    some = exposure > 0.0
    at, path, month, exposure = at[some], path[some], month[some], exposure[some]
    pledges = Pledges.of(loans, outcomes)
    collateral = pledges.other[at]
    for place, units in zip(pledges.place.T, pledges.units.T, strict=True):
        collateral = collateral + units[at] * outcomes.value[month, place[at], path] / _MILLION

    def drawn(row: int) -> Floats:
        return outcomes.parameter(row)[path]

    def own(column: str) -> Floats:
        return np.array([loan.number(column) for loan in loans])[at]

    shut = 1.0 - outcomes.openness[month, path]
    going_on = drawn(P.restructuring_probability_base) - drawn(P.restructuring_funding_slope) * shut
    discount = (1.0 + drawn(P.appraisal_discount_rate)) ** (-drawn(P.recovery_lag_months) / 12.0)
    recourse = own("recourse")
    return Defaults(
        at.astype(np.intp), path.astype(np.intp), month, exposure, collateral, own("prior_claims_musd"),
        sale_cost=drawn(P.sale_cost_share), unsecured=_unsecured(loans, at, path, outcomes), discount=discount,
        recourse=recourse, restructured=np.clip(going_on, 0.0, 1.0), haircut=drawn(P.restructuring_haircut),
        kept=1.0 - recourse * drawn(P.guarantor_performance) * _standing(loans, at, path, month, outcomes),
    )  # fmt: skip


def _unsecured(loans: Sequence[Loan], at: NDArray, path: NDArray, outcomes: Outcomes) -> Floats:
    """Return the recovery on what collateral does not cover, by rank, as the engine takes it."""
    rank = np.array([loan.number("rank") for loan in loans])[at]
    convertible = np.array([loan.cells["type"] == "convertible" for loan in loans])[at]
    secured, unsecured, last = (
        outcomes.parameter(row)[path]
        for row in (P.recovery_rate_secured, P.recovery_rate_unsecured, P.recovery_rate_convertible)
    )
    found = np.where(rank >= _UNSECURED_RANK, unsecured, secured)
    return np.where(convertible | (rank >= _CONVERTIBLE_RANK), last, found)


def _standing(loans: Sequence[Loan], at: NDArray, path: NDArray, month: NDArray, outcomes: Outcomes) -> Floats:
    """Return the share of the guarantor that still stands in the month of the default; 0 where there is none."""
    found = np.zeros(at.size)
    for guarantor in {loan.guarantor for loan in loans if loan.guarantor}:
        own = np.array([loan.guarantor == guarantor for loan in loans])[at]
        found[own] = 1.0 - outcomes.broken(guarantor)[month[own], path[own]]
    return found


def _portfolio(
    tape: Tape, sound: Sequence[int], owed: Exposures, table: dict[str, NDArray], total: Floats, outcomes: Outcomes
) -> Portfolio:
    loans = [tape.loans[at] for at in sound]
    places = np.array(sound, dtype=np.intp)
    return Portfolio(
        loans=len(loans),
        committed_musd=sum(loan.number("committed_musd") for loan in loans),
        drawn_musd=sum(loan.number("drawn_musd") for loan in loans),
        exposure_now_musd=float(owed.now[places].sum()),
        collateral_now_musd=float(table["collateral"][places].sum()),
        expected_loss=estimate(*by_draw(total, outcomes.draw), outcomes.setting.question.chance),
        es95_musd=float(expected_shortfall(total, 0.95)),
        es99_musd=float(expected_shortfall(total, 0.99)),
        es95_error=shortfall_error(total, 0.95, outcomes.draw),
        es99_error=shortfall_error(total, 0.99, outcomes.draw),
        quantiles={f"{level:g}": float(np.quantile(total, level)) for level in QUANTILES},
        share_of_paths_with_loss=float((total > 0.0).mean()),
    )
