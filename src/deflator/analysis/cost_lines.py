"""What a firm's units cost and earn, on the axis of the reference rent.

Units of several kinds are brought to one axis by their rents: a cost of 3 $ for a unit that lets for twice the
reference rent stands at 1.50 $. At that reference rent the firm's units together earn what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.economics import unit_costs
from deflator.analysis.monthly import quantiles
from deflator.analysis.replay import Floats, Setting, walk
from deflator.engine.layout import LANES, WORLD
from deflator.engine.record import Record

#: Figures in the order of a chart: what a unit costs, what contracts pay.
FIGURES = ("avoidable", "cash", "full", "contract")


@dataclass(frozen=True)
class CostLine:
    """A cost or a contract rent of a firm at the as-of month, USD per reference unit-hour.

    Parameters
    ----------
    entity
        Id of who owns the units, or pays for their owner.
    figure
        `avoidable`, `cash`, `full` or `contract`.
    rent_usd_per_hour
        Median over draws of what is not known.
    low, high
        Quantiles 5 and 95 %.
    """

    entity: str
    figure: str
    rent_usd_per_hour: float
    low: float
    high: float


def cost_lines(setting: Setting) -> list[CostLine]:
    """Return costs and contract rents of every firm with units in service, as reference rents.

    A figure is Σ units · cost ÷ Σ units · (rent of the equipment ÷ reference rent), at the month-0 rents; what costs
    are made of stands in `analysis.economics`. The contract rent weighs contracts that run by their units.

    Parameters
    ----------
    setting
        From `prepare`.

    Examples
    --------
    >>> from deflator.analysis.replay import prepare
    >>> from deflator.book import load_book
    >>> from deflator.ensemble import Question
    >>> from deflator.scenario import load_scenario
    >>> lines = cost_lines(prepare(Question(load_book("ai-2026-02"), load_scenario("base"), paths=4, draws=4)))
    >>> of = {line.figure: line.rent_usd_per_hour for line in lines if line.entity == "coreweave"}
    >>> of["avoidable"] < of["cash"] < of["full"]
    True
    """
    economy = setting.economy
    parts: list[dict[str, Floats]] = []
    for first in range(0, economy.draws, LANES):
        numbers = np.arange(first, min(first + LANES, economy.draws))
        _, block = next(walk(setting, numbers))
        parts.append({name: values[:, : len(numbers)] for name, values in _reference_rents(block).items()})
    layers = economy.links["entities.layer"]
    found = []
    for position, entity in enumerate(economy.entities):
        if layers[position] == WORLD:
            continue
        for figure in FIGURES:
            values = np.concatenate([part[figure][position] for part in parts])
            low, middle, high = quantiles(values).tolist()
            if not np.isnan(middle):
                found.append(CostLine(entity, figure, middle, low, high))
    return found


def _reference_rents(block: Record) -> dict[str, Floats]:
    """Return each figure as a reference rent, by who pays, shape [entity, lane]; NaN where there is none."""
    entities, pairs, contracts = block.entities, block.pairs, block.contracts
    ratio = block.equipment.rent / np.exp(block.world.log_rent)
    owner, count = entities.account[pairs.owner], len(entities.layer)
    costs = unit_costs(block, 0)
    units = np.nan_to_num(costs["units"])
    found = {
        name: _weighted(owner, units * np.nan_to_num(costs[name]), units * ratio[pairs.equipment], count)
        for name in FIGURES[:-1]
    }
    runs = (contracts.starts <= 0) & (contracts.until > 0) & (contracts.backstop == 0)[:, None]
    sold = contracts.units * contracts.active * runs
    equipment = pairs.equipment[contracts.pair]
    found["contract"] = _weighted(
        entities.account[contracts.seller], sold * contracts.price, sold * ratio[equipment], count
    )
    return found


def _weighted(groups: NDArray[np.int64], sums: Floats, weights: Floats, count: int) -> Floats:
    total, weight = np.zeros((2, count, sums.shape[1]))
    np.add.at(total, groups, sums)
    np.add.at(weight, groups, weights)
    return np.where(weight > 0.0, total / np.where(weight > 0.0, weight, 1.0), np.nan)
