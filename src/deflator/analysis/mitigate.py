"""What would save it: levers one by one, and the cheapest combination that brings a break under a target."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.crossing import by_draw, paired_error
from deflator.analysis.lever_case import LEVERS, Case, Terms, case_of
from deflator.analysis.lever_costs import bearer_of, cost_musd
from deflator.analysis.lever_search import search
from deflator.analysis.levers import applied, check_sizes
from deflator.analysis.probability import Probability, probability
from deflator.analysis.replay import Floats, Setting, month_asked, position_of
from deflator.analysis.trials import watch
from deflator.analysis.words import per_cent
from deflator.book import Book
from deflator.book.months import month_at
from deflator.engine import Status
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError
from deflator.messages import text

#: Months up to which a break counts where no month is given.
USUAL_MONTHS = 24
_WHOLE = ("extend", "cure")
_GRADES, _HALVINGS = (0.25, 0.5, 1.0), 4
#: Trials that a search with all levers seldom needs more of, for showing progress.
_MANY = 70
_ONE_SIDED = 1.645


@dataclass(frozen=True)
class Outcome:
    """What happens with levers of some sizes.

    Parameters
    ----------
    sizes
        Levers by name; months, USD m (`equity`) or shares.
    cost_musd
        Present value of what each costs, USD m.
    odds
        Probability of a break.
    change, change_error
        Difference from that without levers, and its standard error on the same paths.
    """

    sizes: Mapping[str, float]
    cost_musd: Mapping[str, float]
    odds: Probability
    change: float
    change_error: float

    @property
    def total_musd(self) -> float:
        """Cost of all levers together, USD m."""
        return sum(self.cost_musd.values())


@dataclass(frozen=True, eq=False)
class Mitigation:
    """What would bring the break probability of an entity under a target.

    Parameters
    ----------
    book
        The book that was asked about; that of the case has contracts besides, for levers to fill.
    case
        Entity, levers and prices.
    target, by
        Probability, and month up to which a break counts.
    base
        Without levers.
    graded
        Levers alone at graded sizes.
    alone
        Smallest size found with which a lever alone meets the target.
    together
        The cheapest that was found; a heuristic, not a proof.
    asked
        With the sizes that were asked for; None where none were.
    sure
        Whether it is below the target beyond its Monte Carlo error, at 95 %.
    trials
        Sizes tried.
    """

    book: Book
    case: Case
    target: float
    by: str
    base: Outcome
    graded: tuple[Outcome, ...]
    alone: tuple[Outcome, ...]
    together: Outcome
    asked: Outcome | None
    sure: bool
    trials: int

    @property
    def entity(self) -> str:
        """Id of the entity."""
        return self.case.setting.economy.entities[self.case.position]

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each lever of `base`, `graded`, `alone`, `together` and `asked`, and for each refused."""
        rows: list[dict[str, object]] = []
        parts = [("base", (self.base,)), ("graded", self.graded), ("alone", self.alone),
                 ("together", (self.together,)), ("asked", (self.asked,) if self.asked else ())]  # fmt: skip
        for part, outcomes in parts:
            for outcome in outcomes:
                odds: dict[str, object] = {
                    "probability": outcome.odds.value, "low": outcome.odds.low, "high": outcome.odds.high,
                    "mc_error": outcome.odds.mc_error, "change": outcome.change, "change_error": outcome.change_error,
                }  # fmt: skip
                levers: list[dict[str, object]] = [
                    {"lever": name, "size": size, "cost_musd": outcome.cost_musd[name], "bearer": bearer_of(name)}
                    for name, size in outcome.sizes.items()
                ]
                rows += [{"part": part} | lever | odds for lever in levers or [{}]]
        refused = [{"part": "refused", "lever": lever.name, "reason": text(f"mitigate.refused_{lever.refused}")}
                   for lever in self.case.levers if lever.refused]  # fmt: skip
        return pl.DataFrame([dict.fromkeys(_SCHEMA) | row for row in rows + refused], _SCHEMA)


_SCHEMA: dict[str, Any] = {
    "part": pl.String, "lever": pl.String, "size": pl.Float64, "cost_musd": pl.Float64, "bearer": pl.String,
    "probability": pl.Float64, "low": pl.Float64, "high": pl.Float64, "mc_error": pl.Float64, "change": pl.Float64,
    "change_error": pl.Float64, "reason": pl.String,
}  # fmt: skip


def mitigate(
    setting: Setting,
    entity: str,
    target: float,
    by: str | None = None,
    terms: Terms | None = None,
    *,
    sizes: Mapping[str, float] | None = None,
    precision: float | None = None,
    buyer: str | None = None,
    grades: tuple[float, ...] = _GRADES,
    halvings: int = _HALVINGS,
    progress: Progress | None = None,
) -> Mitigation:
    """Search levers that bring the break probability of an entity under a target.

    Parameters
    ----------
    setting
        From `prepare`.
    entity
        Who is to be saved.
    target
        Probability of a break, above 0 and below 1.
    by
        Month up to which a break counts, YYYY-MM; two years on, or the horizon, when None.
    terms
        Prices of levers; `Terms()` when None.
    sizes
        Levers to try as they are besides: months, USD m (`equity`) or shares, by name.
    precision
        Largest Monte Carlo error at the target, a probability; half of the target when None.
    buyer
        Segment that buys capacity ahead; the largest on the spot market when None.
    grades, halvings
        Shares of its range at which a lever is tried alone, and steps of halving after that.
    progress
        Told the trials done and about how many there are.

    Raises
    ------
    RunError
        When a value is out of range, the paths are too few, no lever has a meaning, the target is met already, or no
        sizes that were tried meet it.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> asked = Question(load_book("fibre-2001"), load_scenario("base"), paths=64, draws=8)
    >>> mitigate(prepare(asked), "nobody", 0.1)
    Traceback (most recent call last):
    deflator.errors.RunError: ENTITY: there is no entity 'nobody'; `deflator book show entities` lists them
    """
    position = position_of(setting.economy, entity)
    last = _last_month(setting, target, by, precision)
    case = case_of(setting, position, last, terms or Terms(), buyer)
    able = {lever.name: lever.most for lever in case.levers if not lever.refused}
    if not able:
        raise RunError(Fault("", 0, lever.name, text(f"mitigate.refused_{lever.refused}")) for lever in case.levers)
    check_sizes(case, sizes or {})
    trial = _Trial(case, progress)
    base = trial.outcome({})
    if base.odds.value <= target:
        message = f"{entity} breaks on {per_cent(base.odds.value, base.odds.mc_error)} of paths, so that is met already"
        hint = f"use a target below {base.odds.value:.3g}" if base.odds.value else "use a harsher --scenario"
        raise RunError([Fault("", 0, "--target", message, hint)])
    found = search(trial.odds, trial.cost, able, target, grades, halvings, _WHOLE)
    if found.best is None:
        nearest = trial.outcome(found.nearest)
        levers = ", ".join(f"{name} {size:g}" for name, size in found.nearest.items()) or "no lever"
        message = (f"none of {found.trials} combinations tried brings {entity} under {per_cent(target)}: from "
                   f"{per_cent(base.odds.value, base.odds.mc_error)} it gets to "
                   f"{per_cent(nearest.odds.value, nearest.odds.mc_error)} with {levers} (all levers at their most: "
                   f"{per_cent(trial.odds(able))})")  # fmt: skip
        raise RunError([Fault("", 0, "--target", message, f"use a target above {nearest.odds.value:.3g}")])
    together = trial.outcome(found.best)
    return Mitigation(
        setting.question.book,
        case,
        target,
        month_at(last, setting.question.book.as_of),
        base,
        tuple(trial.outcome(sizes) for sizes in _graded(able, grades)),
        tuple(trial.outcome({name: size}) for name, size in found.alone.items()),
        together,
        trial.outcome(sizes) if sizes else None,
        together.odds.value + _ONE_SIDED * together.odds.mc_error <= target,
        found.trials,
    )


def _graded(able: Mapping[str, float], grades: tuple[float, ...]) -> list[dict[str, float]]:
    return [
        {name: float(round(share * most)) if name in _WHOLE else share * most}
        for name, most in able.items()
        for share in grades
    ]


def _last_month(setting: Setting, target: float, by: str | None, precision: float | None) -> int:
    """Return the last month that counts, after all that is asked has been checked."""
    book, paths = setting.question.book_used, setting.question.paths_used
    faults: list[Fault] = []
    last = min(USUAL_MONTHS, book.months)
    if by is not None:
        try:
            last = month_asked(by, setting, "--by")
        except RunError as error:
            faults += error.faults
    if not 0.0 < target < 1.0:
        faults.append(Fault("", 0, "--target", f"{target:g} is no probability", "use a number between 0 and 1"))
    else:
        allowed = 0.5 * target if precision is None else precision
        needed = math.ceil(target * (1.0 - target) / allowed**2) if allowed > 0.0 else 0
        if not 0.0 < allowed < 1.0:
            faults.append(Fault("", 0, "--precision", f"{allowed:g} is no error", "use a number between 0 and 1"))
        elif paths < needed:
            message = f"{paths} paths give an error above {allowed:.3g} at a probability of {target:g}"
            faults.append(Fault("", 0, "--paths", message, f"use at least {needed}"))
    if faults:
        raise RunError(faults)
    return last


class _Trial:
    """Breaks of one entity by sizes of levers, each simulated once."""

    def __init__(self, case: Case, progress: Progress | None) -> None:
        self._case, self._progress = case, progress
        self._seen: dict[tuple[tuple[str, float], ...], tuple[Floats, Floats]] = {}

    def _count(self, sizes: Mapping[str, float]) -> tuple[Floats, Floats]:
        """Return breaks and paths by draw."""
        key = tuple(sorted((name, size) for name, size in sizes.items() if size > 0.0))
        if key not in self._seen:
            case = self._case
            seen = watch(applied(case, dict(key)), self._keep, last=case.last)
            good = seen["status"] == Status.OK
            broke = (seen["month"][-1] > 0) & good
            hits, paths = by_draw(np.stack([broke, good]), case.setting.economy.draws)
            self._seen[key] = hits, paths
            if self._progress:
                self._progress(len(self._seen), max(_MANY, len(self._seen)))
        return self._seen[key]

    def _keep(self, _: int, block: Record) -> dict[str, NDArray]:
        return {"month": block.entities.break_month[self._case.position].astype(np.int16)}

    def odds(self, sizes: Mapping[str, float]) -> float:
        """Return the probability of a break."""
        hits, paths = self._count(sizes)
        return float(hits.sum() / paths.sum())

    def costs(self, sizes: Mapping[str, float]) -> dict[str, float]:
        """Return what each lever costs, USD m."""
        presale = sizes.get("presale", 0.0)
        return {name: cost_musd(self._case, name, sizes[name], presale) for name in LEVERS if name in sizes}

    def cost(self, sizes: Mapping[str, float]) -> float:
        """Return what all levers cost, USD m."""
        return sum(self.costs(sizes).values())

    def outcome(self, sizes: Mapping[str, float]) -> Outcome:
        """Return probability, error and cost, and the change from no levers with its paired error."""
        hits, paths = self._count(sizes)
        before, all_paths = self._count({})
        found = probability(hits, hits, paths.astype(np.int64), self._case.setting.question.chance)
        change = float(hits.sum() / paths.sum() - before.sum() / all_paths.sum())
        error = paired_error(hits, paths, before, all_paths)
        return Outcome(dict(sizes), self.costs(sizes), found, change, error)
