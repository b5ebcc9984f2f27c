"""Balance sheets by month: what each entity has and owes, valued as the model values it.

The parts are those of `engine.valuation`: cash, what contracts pay above spot, units, orders that bind, sites built,
and the franchise that the market expects; less debt. At month 0 they sum to the equity value of the book. A lender has
its capital less losses, and the claims that it holds stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deflator.analysis.monthly import follow, quantiles
from deflator.analysis.probability import Estimate, by_draw, estimate
from deflator.analysis.replay import Floats, Setting
from deflator.engine.layout import LENDER, MILLIONTH, WORLD
from deflator.engine.record import Record
from deflator.ensemble import Progress
from deflator.errors import Fault, RunError

#: Parts that sum to `equity`, the debt with a minus; then flows of the month and what else is told. All USD m.
PARTS = ("cash", "contracts", "units", "orders", "sites", "franchise", "capital", "debt")
FIGURES = (*PARTS, "equity", "income", "ebitda", "service", "claims", "lost")


@dataclass(frozen=True, eq=False)
class Course:
    """One figure of one entity by month, USD m.

    Parameters
    ----------
    start
        At month 0, over draws of what is not known, with range.
    mean
        Over paths, shape [T + 1]; the means of the parts sum to that of the equity.
    q05, median, q95
        Quantiles over paths, shape [T + 1].
    """

    start: Estimate
    mean: Floats
    q05: Floats
    median: Floats
    q95: Floats


@dataclass(frozen=True, eq=False)
class Balances:
    """Balance sheets on many paths.

    Parameters
    ----------
    setting
        What was asked.
    paths
        Paths that are counted.
    entities
        By id and name of `FIGURES`; flows of month 0 are zero.
    """

    setting: Setting
    paths: int
    entities: Mapping[str, Mapping[str, Course]]

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each entity, figure and month, USD m."""
        frames = [
            pl.DataFrame(
                {"entity": entity, "figure": figure, "month": np.arange(course.mean.size), "mean_musd": course.mean,
                 "q05": course.q05, "median": course.median, "q95": course.q95}
            )
            for entity, figures in self.entities.items()
            for figure, course in figures.items()
        ]  # fmt: skip
        return pl.concat(frames)


def balances(
    setting: Setting,
    of: Sequence[str] | None = None,
    paths: int | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
) -> Balances:
    """Follow balance sheets month by month.

    Parameters
    ----------
    setting
        From `prepare`.
    of
        Ids of entities; everyone with an account of its own, world accounts aside, when None.
    paths, progress, threads
        As for `trials.watch`.

    Raises
    ------
    RunError
        When every path fails, or an entity has no account of its own.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> setting = prepare(Question(load_book("fibre-2001"), load_scenario("base"), paths=16, draws=4))
    >>> found = balances(setting, of=["northline"]).entities["northline"]
    >>> bool(abs(sum(found[part].mean[12] for part in PARTS) - found["equity"].mean[12]) < 1e-3)
    True
    """
    known = with_accounts(setting)
    names = list(known) if of is None else list(of)
    if strange := [name for name in names if name not in known]:
        hint = f"use one of {', '.join(known)}"
        raise RunError(Fault("", 0, "ENTITY", f"{name} has no account of its own", hint) for name in strange)
    positions = np.array([known[name] for name in names], dtype=np.intp)
    seen, good = follow(
        setting, lambda month, block: {"sheet": _sheet(month, block)[:, positions].astype(np.float32)},
        paths, threads, progress,
    )  # fmt: skip
    sheet: NDArray[np.float32] = seen["sheet"]
    draw = good % setting.economy.draws
    mean = sheet.mean(axis=-1, dtype=np.float64)
    q05, middle, q95 = quantiles(sheet)
    entities = {
        name: {
            figure: Course(
                estimate(*by_draw(sheet[0, row, column], draw), chance=False),
                mean[:, row, column], q05[:, row, column], middle[:, row, column], q95[:, row, column],
            )
            for row, figure in enumerate(FIGURES)
        }
        for column, name in enumerate(names)
    }  # fmt: skip
    return Balances(setting, int(good.size), entities)


def with_accounts(setting: Setting) -> dict[str, int]:
    """Return the position of everyone with an account of its own, world accounts aside."""
    links, names = setting.economy.links, setting.economy.entities
    return {
        name: at
        for at, name in enumerate(names)
        if links["entities.account"][at] == at and links["entities.layer"][at] != WORLD
    }


def _sheet(month: int, block: Record) -> Floats:
    """Return the figures of every account at the end of a month, by `FIGURES`; shape [figure, account, lane]."""
    entities, world = block.entities, block.world
    count, lanes = entities.cash.shape
    lends = (entities.layer == LENDER)[:, None]
    found = dict.fromkeys(FIGURES, np.zeros((count, lanes)))
    debt = _sum_by(entities.account[block.facilities.borrower], block.facilities.balance, count)
    found |= _things(block, count)
    found["franchise"] = np.where(lends, 0.0, _franchise(entities, world))
    found["capital"] = np.where(lends, entities.capital - entities.lost, 0.0)
    for part in ("contracts", "units", "orders", "sites"):
        found[part] = np.where(lends, 0.0, found[part])
    found["cash"] = np.where(lends, 0.0, entities.cash)
    found["debt"] = np.where(lends, 0.0, -debt)
    found["equity"] = sum((found[part] for part in PARTS), np.zeros((count, lanes)))
    if month:
        found |= {"income": entities.income, "ebitda": entities.ebitda, "service": entities.scheduled_due}
    claims, balance = block.claims, block.facilities.balance
    found["claims"] = _sum_by(claims.holder, claims.share * balance[claims.facility], count)
    found["lost"] = entities.lost
    return np.stack([found[figure] for figure in FIGURES])


def _franchise(entities: Record, world: Record) -> Floats:
    """Return growth that the market expects, by the rule of `engine.valuation.value_entities`."""
    start = entities.start_income
    scale = np.where(start > 0.0, np.minimum(entities.income / np.where(start > 0.0, start, 1.0), 1.0), 1.0)
    open_now = world.openness / world.openness_start
    franchise = np.where(entities.franchise > 0.0, entities.franchise * open_now * scale, entities.franchise)
    return franchise * entities.going


def _things(block: Record, count: int) -> dict[str, Floats]:
    """Return what contracts, units, orders and sites are worth to each account, USD m."""
    entities, fleets, value = block.entities, block.fleets, block.equipment.value
    owner = entities.account[fleets.owner]
    worth = value[fleets.equipment]
    units = np.where(fleets.stage < 2, fleets.there * worth, 0.0) * MILLIONTH
    bound = (fleets.is_delivery == 1) & ((fleets.committed == 1) | (fleets.customer >= 0))
    ahead = fleets.units * np.maximum(entities.going[owner] - fleets.paid, 0.0) * (worth - fleets.unit_price)
    orders = np.where(bound[:, None] & (fleets.stage == 0), ahead, 0.0) * MILLIONTH
    pairs, leases, contracts = block.pairs, block.leases, block.contracts
    letting = entities.account[pairs.owner]
    firm = ((entities.layer[letting] != WORLD) & (pairs.used != 0))[:, None]
    extra = np.where(firm, pairs.extra * value[pairs.equipment], 0.0) * MILLIONTH
    sites = leases.built * leases.building_cost * (1.0 - leases.void)
    return {
        "contracts": _sum_by(entities.account[contracts.seller], contracts.pv, count),
        "units": _sum_by(owner, units, count) + _sum_by(letting, extra, count),
        "orders": _sum_by(owner, orders, count),
        "sites": _sum_by(entities.account[leases.landlord], sites, count),
    }


def _sum_by(groups: NDArray[np.int64], values: Floats, count: int) -> Floats:
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, groups, values)
    return total
