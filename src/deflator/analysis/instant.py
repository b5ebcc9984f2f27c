"""The answer of paths that are held in memory, fast enough to follow a hand on a slider.

The counts are those of `counts.Counts` and the definitions those of `breaks`, `probability`, `survival` and `losses`:
on the paths of a run all figures are the figures of that run. What a first glance does not need, the range over
ignorance, is left out of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.breaks import Layer, Months, earlier, first_credit, layer_break
from deflator.analysis.counts import OBLIGORS, layers_of, positions_of
from deflator.analysis.losses import GRID
from deflator.analysis.probability import probability
from deflator.analysis.replay import Setting
from deflator.engine import Paths
from deflator.engine.codes import Status
from deflator.ensemble.chunks import GRIDS
from deflator.ensemble.histogram import Grid
from deflator.ensemble.runner import entity_table
from deflator.errors import Fault, RunError

Floats = NDArray[np.float64]

KINDS = ("firm", "layer", "cohort")
#: Quantiles of rents, funding and losses.
LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
#: Dots of a quantile dotplot, and sample paths of the rent.
DOTS, SAMPLES = 50, 8


class Kept(NamedTuple):
    """What the figures are taken from, of each path; fields as in `deflator.engine.Paths`."""

    break_month: Months
    soft_month: Months
    loss_musd: Floats
    rent: Floats
    funding: Floats
    status: NDArray[np.int8]

    @classmethod
    def of(cls, paths: Paths) -> Kept:
        """Keep what is needed of some paths."""
        return cls(*(getattr(paths, field) for field in cls._fields))

    def only(self, good: NDArray[np.bool_]) -> Kept:
        """Return those paths that are marked."""
        columns: Any = [column[..., good] for column in self]
        return Kept(*columns)

    @classmethod
    def joined(cls, parts: Sequence[Kept]) -> Kept:
        """Return paths that follow one another as one."""
        return cls(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True)))


@dataclass(frozen=True, eq=False)
class Subject:
    """Whom and what the figures are about; the same for every scenario of a book.

    Parameters
    ----------
    entities
        Names in the order of the engine.
    labels
        Name of every entity as people know it; a layer has its own name.
    layer_of
        Layer of every entity.
    positions
        By `firm` and `cohort`: positions of those that rank.
    layers
        Layers in the order of the book.
    share
        Share of a layer's exposure at which it breaks, by draw.
    months
        Horizon.
    """

    entities: tuple[str, ...]
    labels: dict[str, str]
    layer_of: dict[str, str]
    positions: dict[str, NDArray[np.intp]]
    layers: tuple[Layer, ...]
    share: Floats
    months: int

    @classmethod
    def of(cls, setting: Setting) -> Subject:
        """Return the subject of a setting, from `replay.prepare`."""
        table = entity_table(setting.question.book_used, setting.economy)
        labels = dict(table.select("entity", "name").iter_rows())
        return cls(
            entities=tuple(table["entity"]),
            labels=labels,
            layer_of=dict(table.select("entity", "layer").filter(pl.col("layer") != "world").iter_rows()),
            positions=positions_of(table),
            layers=tuple(layers_of(table)),
            share=setting.figures.parameter("layer_break_share"),
            months=setting.economy.months,
        )

    def names(self, kind: str) -> list[str]:
        """Return the ids of one of `KINDS`."""
        if kind == "layer":
            return [layer.name for layer in self.layers]
        return [self.entities[at] for at in self.positions[kind]]


def figures_of(subject: Subject, kept: Kept, chance: bool = True, ranges: bool = True) -> dict[str, Floats]:
    """Return every figure that the dashboard draws.

    Parameters
    ----------
    subject
        Of the setting that was simulated.
    kept
        Its paths from path 0 on; those that failed do not count.
    chance
        Whether paths of one draw differ.
    ranges
        Whether ranges over ignorance are wanted; NaN stands for them otherwise, and where they are unknown.

    Returns
    -------
    dict of str to ndarray
        For each kind K outcomes: `{kind}_first` (share of paths on which it is the first to break; `none` is the
        last, shape [K + 1]), `{kind}_break`, `{kind}_soft` (soft breaks count too), each of the first two with
        `_error`, `_low` and `_high`; `{kind}_survival` [K, T + 1]; `{kind}_dots` [K, 50], quantiles of the month of
        the break, 0 where it does not break; `{kind}_month`, its median, NaN where it never breaks. `rent_quantiles`
        and `funding_quantiles` [5, T + 1], `rent_paths` [8, T + 1] of paths 0 to 7; `loss_mean` [H], `loss_quantiles`
        [5, H] and `loss_all_mean` [1] by entity, USD m.

    Raises
    ------
    RunError
        When every path failed.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.analysis.trials import simulate_all
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=8, draws=2))
    >>> found = figures_of(Subject.of(setting), Kept.of(simulate_all(setting)))
    >>> round(float(found["firm_first"].sum()), 9), found["rent_quantiles"].shape == (5, 1 + setting.economy.months)
    (1.0, True)
    """
    good = kept.status == Status.OK
    if not good.any():
        hint = "try another seed; look for extreme figures in the book or the scenario"
        raise RunError([Fault("", 0, "", f"all {good.size} paths failed, so there is nothing to show", hint)])
    draw = np.arange(good.size) % subject.share.size
    counted = kept if good.all() else kept.only(good)
    either = earlier(counted.break_month, counted.soft_month)
    found: dict[str, Floats] = {}
    for kind in KINDS:
        hard, soft = (_months_of(subject, kind, months, draw[good]) for months in (counted.break_month, either))
        found |= {
            f"{kind}_{name}": value for name, value in _of_kind(subject, hard, draw[good], ranges, chance).items()
        }
        found[f"{kind}_soft"] = (soft > 0).mean(axis=1)
    found["rent_quantiles"] = _quantiles(counted.rent, GRIDS["rent"])
    found["funding_quantiles"] = _quantiles(counted.funding, GRIDS["funding"])
    found["rent_paths"] = _samples(kept.rent, good)
    found["loss_mean"] = counted.loss_musd.mean(axis=1)
    found["loss_quantiles"] = _loss_quantiles(counted.loss_musd)
    found["loss_all_mean"] = counted.loss_musd.sum(axis=0).mean(keepdims=True)
    return found


def _months_of(subject: Subject, kind: str, months: Months, draw: NDArray[np.int64]) -> Months:
    """Return the month in which each outcome of a kind breaks, 0 for never; shape [outcome, path]."""
    if kind != "layer":
        return months[subject.positions[kind]]
    share = subject.share[draw]
    return np.stack([layer_break(months[layer.entities], layer, share, OBLIGORS)[0] for layer in subject.layers])


def _of_kind(
    subject: Subject, months: Months, draw: NDArray[np.int64], ranges: bool, chance: bool
) -> dict[str, Floats]:
    """Return the figures of the outcomes of one kind from the months of their breaks."""
    draws = subject.share.size
    paths = np.bincount(draw, minlength=draws)
    credit = first_credit(months)
    broke = (months > 0).astype(np.float64)
    first = _odds(_by_draw(credit, draw, draws), _by_draw(credit**2, draw, draws), paths, ranges, chance)
    sums = _by_draw(broke, draw, draws)
    breaks = _odds(sums, sums, paths, ranges, chance)
    by_month = np.stack([np.bincount(row, minlength=subject.months + 1) for row in months]) if len(months) else (
        np.zeros((0, subject.months + 1), np.int64)
    )  # fmt: skip
    by_month[:, 0] = 0  # 0 is never, and nothing breaks in the month that is known
    reached = by_month.cumsum(axis=1)
    return {
        **{f"first{name}": value for name, value in first.items()},
        **{f"break{name}": value for name, value in breaks.items()},
        "survival": 1.0 - reached / draw.size,
        "dots": _dots(reached, draw.size),
        "month": _medians(reached),
    }


def _by_draw(values: Floats, draw: NDArray[np.int64], draws: int) -> Floats:
    """Return the sum over the paths of each draw, shape [outcome, draw]."""
    place = np.arange(len(values))[:, None] * draws + draw
    sums = np.bincount(place.ravel(), values.ravel(), len(values) * draws)
    return sums.astype(np.float64).reshape(len(values), draws)


def _odds(sums: Floats, squares: Floats, paths: NDArray[np.int64], ranges: bool, chance: bool) -> dict[str, Floats]:
    """Return value, Monte Carlo error and range of each outcome."""
    if ranges:
        told = [probability(own, own_squares, paths, chance) for own, own_squares in zip(sums, squares, strict=True)]
        columns = {"": "value", "_error": "mc_error", "_low": "low", "_high": "high"}
        return {
            suffix: np.array([getattr(one, field) for one in told], dtype=np.float64)
            for suffix, field in columns.items()
        }
    value, error = _value_and_error(sums, paths)
    unknown = np.full(len(sums), np.nan)
    return {"": value, "_error": error, "_low": unknown, "_high": unknown}


def _value_and_error(sums: Floats, paths: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return value and Monte Carlo error as `probability` does, of all outcomes at once."""
    used = paths > 0
    sums, paths = sums[:, used], paths[used]
    total, draws = int(paths.sum()), paths.size
    value = sums.sum(axis=1) / total
    padded = (sums.sum(axis=1) + 2.0) / (total + 4.0)
    error = np.sqrt(padded * (1.0 - padded) / (total + 4.0))
    if draws > 1:
        misses = sums - value[:, None] * paths
        error = np.maximum(error, np.sqrt(draws / (draws - 1) * (misses**2).sum(axis=1)) / total)
    return value, error


def _dots(reached: NDArray[np.int64], paths: int) -> Floats:
    """Return the month below which each of 50 equal parts of the paths is centred; 0 where that is not reached."""
    ranks = np.ceil((np.arange(DOTS) + 0.5) / DOTS * paths)
    months = np.stack([np.searchsorted(row, ranks) for row in reached]) if len(reached) else np.zeros((0, DOTS))
    return np.where(months < reached.shape[1], months, 0).astype(np.float64)


def _medians(reached: NDArray[np.int64]) -> Floats:
    """Return the lower median of the months of breaks; NaN where there are none."""
    return np.array([np.searchsorted(row, (row[-1] + 1) // 2) if row[-1] else np.nan for row in reached], np.float64)


def _quantiles(series: Floats, grid: Grid) -> Floats:
    """Return the quantiles that a histogram on the grid has, shape [level, month]; its cells keep the order."""
    ordered = np.sort(series, axis=1)
    ranks = [math.ceil(level * series.shape[1]) - 1 for level in LEVELS]
    return grid.value_of(grid.cell_of(ordered[:, ranks])).T


def _loss_quantiles(loss_musd: Floats) -> Floats:
    """Return quantiles of losses as `losses.loss_table` counts them, shape [level, holder]."""
    ordered = np.sort(loss_musd, axis=1)
    ranks = [max(1, math.ceil(level * loss_musd.shape[1])) - 1 for level in LEVELS]
    at = ordered[:, ranks]
    return np.where(at > 0.0, GRID.value_of(GRID.cell_of(at)), 0.0).T


def _samples(rent: Floats, good: NDArray[np.bool_]) -> Floats:
    """Return the rents of the first paths, NaN for those that failed or were not simulated."""
    found = np.full((SAMPLES, len(rent)), np.nan)
    shown = min(SAMPLES, good.size)
    found[:shown][good[:shown]] = rent[:, :shown].T[good[:shown]]
    return found
