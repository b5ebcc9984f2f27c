"""Who breaks first, when and by which trigger; how long each lasts; and in which order they break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import NONE, Batch, Months, batches, first_credit, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of, positions_of
from deflator.analysis.probability import probability
from deflator.analysis.result import Result
from deflator.analysis.survival import Survival, survival_of
from deflator.engine.codes import Trigger

Floats = NDArray[np.float64]
KINDS = ("layer", "firm", "cohort")
#: Fewest paths on which one of two breaks before it is said which of them does so earlier.
FEWEST = 30
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class FirstBreak:
    """How often something is the first of its kind to break, and what its first breaks are like.

    Parameters
    ----------
    kind, name, label
        `layer`, `firm` or `cohort`; id, or `none` for the outcome that nothing of the kind breaks; name as people
        know it, None for `none`.
    p_first, low, high, mc_error
        Share of paths, range over ignorance and Monte Carlo error. Breaks in the same month share the credit, so
        that p_first sums to one over a kind.
    p_break, p_with_soft
        Share of paths on which it breaks by the horizon, and the same when soft breaks count too; None for `none`.
    months
        Quartiles of the month in which it breaks first, each weighted with its credit; None where it never does.
    triggers
        Share of its first breaks by trigger, the most frequent first.
    cause
        Where the cash went, most often, that was missing when it broke first; None where it never does.
    share_assumed
        Share of its month-0 sums that nobody reported.
    """

    kind: str
    name: str
    label: str | None
    p_first: float
    low: float | None
    high: float | None
    mc_error: float
    p_break: float | None
    p_with_soft: float | None
    months: tuple[int, int, int] | None
    triggers: Mapping[str, float]
    cause: str | None
    share_assumed: float | None


@dataclass(frozen=True, eq=False)
class Order:
    """Which of two breaks earlier, for all that break at all.

    Parameters
    ----------
    kind, names, labels
        What is compared.
    paths
        Paths that are counted for each pair.
    earlier
        Share of paths on which the row's breaks before the column's, of those on which at least one of them breaks;
        breaks in the same month count half, one that never breaks is later. NaN on the diagonal and where fewer than
        `FEWEST` paths are counted. Shape [name, name]; `earlier` plus its transpose is one.
    low, high, mc_error
        Range over ignorance and Monte Carlo error of each; NaN where unknown.
    """

    kind: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    paths: NDArray[np.int64]
    earlier: Floats
    low: Floats
    high: Floats
    mc_error: Floats


@dataclass(frozen=True, eq=False)
class FirstBreaks:
    """The answer: rankings, survival and order by kind.

    Parameters
    ----------
    result
        The run that was read.
    paths
        Paths that are counted.
    first
        Every outcome, the most frequent of each kind first and `none` last.
    survival
        Of every layer, firm and cohort.
    order
        By kind.
    """

    result: Result
    paths: int
    first: tuple[FirstBreak, ...]
    survival: tuple[Survival, ...]
    order: Mapping[str, Order]

    def of(self, kind: str) -> list[FirstBreak]:
        """Return the outcomes of one kind."""
        return [outcome for outcome in self.first if outcome.kind == kind]

    def to_frame(self) -> pl.DataFrame:
        """Return the ranking, a row for each outcome; months are quartiles of the month of first breaks."""
        rows = [
            {column: getattr(one, column) for column in _COLUMNS}
            | dict(zip(("month_q25", "month_q50", "month_q75"), one.months or (None,) * 3, strict=True))
            | {"trigger": next(iter(one.triggers), None)}
            for one in self.first
        ]
        months = dict.fromkeys(("month_q25", "month_q50", "month_q75"), pl.Int32)
        return pl.DataFrame(rows, _COLUMNS | months | {"trigger": pl.String})

    def survival_frame(self) -> pl.DataFrame:
        """Return a row for each month of each: share that has not broken, errors, range."""
        frames = [
            pl.DataFrame(
                {
                    "kind": one.kind, "name": one.name, "month": np.arange(one.share.size), "survival": one.share,
                    "low": one.low, "high": one.high, "mc_error": one.mc_error, "greenwood": one.greenwood,
                },
                schema_overrides={"low": pl.Float64, "high": pl.Float64},
            )
            for one in self.survival
        ]  # fmt: skip
        return pl.concat(frames)

    def order_frame(self) -> pl.DataFrame:
        """Return a row for each pair of which enough paths are known: how often `name` breaks before `other`."""
        rows = [
            {"kind": order.kind, "name": order.names[a], "other": order.names[b]}
            | {field: _number(getattr(order, field)[a, b]) for field in ("earlier", "low", "high", "mc_error")}
            | {"paths": int(order.paths[a, b])}
            for order in self.order.values()
            for a, b in np.argwhere(~np.isnan(order.earlier))
        ]
        shares = dict.fromkeys(("earlier", "low", "high", "mc_error"), pl.Float64)
        return pl.DataFrame(rows, dict.fromkeys(("kind", "name", "other"), pl.String) | shares | {"paths": pl.Int64})


_COLUMNS = dict.fromkeys(("kind", "name", "label", "cause"), pl.String) | dict.fromkeys(
    ("p_first", "low", "high", "mc_error", "p_break", "p_with_soft", "share_assumed"), pl.Float64
)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def first_breaks(result: Result, fewest: int = FEWEST) -> FirstBreaks:
    """Tell from a run who breaks first, how long each lasts and in which order they break.

    Parameters
    ----------
    result
        An answered run. Only hard breaks make the rankings, the survival and the order.
    fewest
        Fewest paths on which one of two breaks before they are put into an order.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import deflator
    >>> with TemporaryDirectory() as folder:
    ...     told = first_breaks(deflator.run("fibre-2001", "base", paths=64, ignorance=8, out=folder + "/kept"))
    >>> round(sum(outcome.p_first for outcome in told.of("firm")), 9)
    1.0
    """
    run = result.raw
    entities = run.entities()
    layers = layers_of(entities)
    positions = positions_of(entities)
    names = {kind: [entities["entity"][int(at)] for at in found] for kind, found in positions.items()}
    names["layer"] = [layer.name for layer in layers]
    labels = dict(entities.select("entity", "name").iter_rows()) | {name: name for name in names["layer"]}
    share = run.draws()["layer_break_share"].to_numpy()
    seen = {kind: _Seen(len(names[kind]), run.manifest.draws, run.manifest.months) for kind in KINDS if names[kind]}
    for batch in batches(run):
        lane = np.arange(batch.draw.size)
        found = [layer_break(batch.hard_month[layer.entities], layer, share[batch.draw], OBLIGORS) for layer in layers]
        pivots = np.stack([layer.entities[pivot] for layer, (_, pivot) in zip(layers, found, strict=True)])
        seen["layer"].add(batch, np.stack([month for month, _ in found]), batch.hard_trigger[pivots, lane])
        for kind, at in positions.items():
            if names[kind]:
                seen[kind].add(batch, batch.hard_month[at], batch.hard_trigger[at])
    chance = run.manifest.chance
    return FirstBreaks(
        result,
        paths=run.manifest.paths - run.manifest.paths_failed,
        first=tuple(one for kind, counted in seen.items() for one in _ranking(result, kind, names[kind], counted)),
        survival=tuple(
            survival_of(kind, name, labels[name], counted.broke[outcome], counted.paths, chance)
            for kind, counted in seen.items()
            for outcome, name in enumerate(names[kind])
        ),
        order={
            kind: _order(kind, names[kind], [labels[name] for name in names[kind]], counted, chance, fewest)
            for kind, counted in seen.items()
        },
    )


class _Seen:
    """What the paths of a run show of some outcomes of one kind, counted batch by batch."""

    def __init__(self, outcomes: int, draws: int, months: int) -> None:
        self.paths = np.zeros(draws, np.int64)
        self.broke = np.zeros((outcomes, draws, months + 1), np.int32)
        self.first_month = np.zeros((outcomes, months + 1))
        self.first_trigger = np.zeros((outcomes, len(Trigger)))
        self.either = np.zeros((outcomes, outcomes, draws), np.int32)
        self.earlier = np.zeros_like(self.either)
        self.tied = np.zeros_like(self.either)

    def add(self, batch: Batch, months: Months, triggers: NDArray[np.int8]) -> None:
        """Count some paths; `months` and `triggers` have shape [outcome, path]."""
        draws, horizon = self.paths.size, self.first_month.shape[1]
        self.paths += np.bincount(batch.draw, minlength=draws)
        credit = first_credit(months)
        timed = np.where(months > 0, months, horizon)
        for a, month in enumerate(months):
            broke = month > 0
            np.add.at(self.broke[a], (batch.draw[broke], month[broke]), 1)
            self.first_month[a] += np.bincount(month, credit[a], horizon)
            self.first_trigger[a] += np.bincount(triggers[a], credit[a], len(Trigger))
            for b in range(a):
                either = broke | (months[b] > 0)
                tied = np.bincount(batch.draw[either & (timed[a] == timed[b])], minlength=draws)
                before = np.bincount(batch.draw[timed[a] < timed[b]], minlength=draws)
                counted = np.bincount(batch.draw[either], minlength=draws)
                self.either[a, b] += counted
                self.either[b, a] += counted
                self.tied[a, b] += tied
                self.tied[b, a] += tied
                self.earlier[a, b] += before
                self.earlier[b, a] += counted - before - tied


def _ranking(result: Result, kind: str, names: Sequence[str], seen: _Seen) -> list[FirstBreak]:
    """Return the outcomes of a kind with the odds of the run's answer, and what its first breaks are like."""
    table = {"layer": result.layers, "firm": result.entities, "cohort": result.cohorts}[kind]()
    outcomes = []
    for row in table.to_dicts():
        at = None if row["name"] == NONE else names.index(row["name"])
        outcomes.append(
            FirstBreak(
                kind=kind,
                name=row["name"],
                label=row["label"],
                p_first=row["p_first"],
                low=row["p_first_low"],
                high=row["p_first_high"],
                mc_error=row["p_first_error"],
                p_break=row["p_break"],
                p_with_soft=row["p_with_soft"],
                months=None if at is None else _quartiles(seen.first_month[at]),
                triggers={} if at is None else _shares(seen.first_trigger[at]),
                cause=row["cause"],
                share_assumed=row["share_assumed"],
            )
        )
    return sorted(outcomes, key=lambda one: (one.name == NONE, -one.p_first, -(one.p_break or 0.0), one.name))


def _quartiles(credit: Floats) -> tuple[int, int, int] | None:
    """Return the months by which a quarter, half and three quarters of the credit are given."""
    reached = credit.cumsum()
    if reached[-1] <= 0.0:
        return None
    low, middle, high = (int(np.searchsorted(reached, part * reached[-1])) for part in _QUARTERS)
    return low, middle, high


def _shares(credit: Floats) -> dict[str, float]:
    """Return the share of each trigger that occurs, the most frequent first."""
    order = sorted(np.flatnonzero(credit).tolist(), key=lambda code: (-credit[code], code))
    return {Trigger(code).name.lower(): float(credit[code] / credit.sum()) for code in order}


def _order(kind: str, names: Sequence[str], labels: Sequence[str], seen: _Seen, chance: bool, fewest: int) -> Order:
    """Return which of two is earlier; what breaks on no path is left out."""
    breaking = np.flatnonzero(seen.broke.sum(axis=(1, 2)))
    breaking = breaking[np.argsort(-seen.broke[breaking].sum(axis=(1, 2)), kind="stable")]
    paths = seen.either.sum(axis=2)[np.ix_(breaking, breaking)]
    found = np.full((4, breaking.size, breaking.size), np.nan)
    for row, a in enumerate(breaking):
        for column, b in enumerate(breaking):
            if row != column and paths[row, column] >= max(fewest, 1):
                sums = seen.earlier[a, b] + 0.5 * seen.tied[a, b]
                squares = seen.earlier[a, b] + 0.25 * seen.tied[a, b]
                odds = probability(sums, squares, seen.either[a, b], chance)
                found[:, row, column] = [np.nan if value is None else value
                                         for value in (odds.value, odds.low, odds.high, odds.mc_error)]  # fmt: skip
    chosen = [int(at) for at in breaking]
    return Order(kind, tuple(names[at] for at in chosen), tuple(labels[at] for at in chosen), paths, *found)
