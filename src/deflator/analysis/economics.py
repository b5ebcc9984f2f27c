"""What a unit costs an hour, against what it earns: who runs at a loss, and at which rent new units would come.

========== ==================================================================================================
avoidable  power and variable operations: below it a unit is switched off
cash       and space, and its part of the costs that are not tied to units: below it an owner bleeds cash
full       and depreciation, and its part of the interest on its owner's debt: below it capital is not earned
free entry rent at which a new unit earns just its price over its life: above it units are ordered
========== ==================================================================================================

All are USD per unit-hour in service. The cost-inversion meter is the spot rent less the full cost; a contract above the
full cost hides an inversion until it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.replay import Floats, Setting, walk
from deflator.engine import Status
from deflator.engine.layout import HOURS_PER_MONTH, HOURS_PER_YEAR, LANES, MILLION, WORLD
from deflator.engine.positions import P
from deflator.engine.record import Record
from deflator.ensemble import Progress

#: Every figure of a unit; USD per unit-hour, but `units`.
FIGURES = ("units", "avoidable", "cash", "full", "contract", "spot", "free_entry", "meter", "contract_margin")
EVERYBODY = "all"
_LEVELS = (0.05, 0.50, 0.95)


@dataclass(frozen=True)
class UnitCost:
    """What a unit of one equipment costs and earns one owner in a month, USD per unit-hour.

    Parameters
    ----------
    owner, equipment
        Ids; `all` is every owner, weighted by units.
    month
        Months after the as-of month.
    figures
        By name, as in `FIGURES`: the central value, or the median of the paths; None where there is none. `units` is
        the number of units in service, `meter` spot rent less full cost, `contract_margin` contract less full cost.
    ranges
        Quantiles 5 and 95 % by the same names, where there are paths.
    """

    owner: str
    equipment: str
    month: int
    figures: Mapping[str, float | None]
    ranges: Mapping[str, tuple[float, float]]


def depreciation(price_usd: Floats, life_months: Floats) -> Floats:
    """Return straight-line depreciation of a unit that retires worth nothing, USD per hour.

    Examples
    --------
    >>> float(depreciation(np.array(43_800.0), np.array(60.0)))
    1.0
    """
    return price_usd / (life_months / 12.0 * HOURS_PER_YEAR)


def free_entry_rent(
    price_usd: Floats, running_usd: Floats, utilisation: Floats, decline: Floats, discount: Floats, years: Floats
) -> Floats:
    """Return the rent at which a new unit earns just its price over its life, USD per unit-hour.

    It inverts the value by which owners order in the engine: the rent falls at the expected decline, running costs
    stay, and both count for the hours let.

    Parameters
    ----------
    price_usd
        Price of the new unit.
    running_usd
        Avoidable cost and space, USD per unit-hour.
    utilisation
        Share of hours let.
    decline, discount
        Expected log fall of rents and discount rate, a year.
    years
        Life.

    Examples
    --------
    Nothing falls and nothing is discounted: price over hours let, and running costs.

    >>> still = np.array(0.0)
    >>> float(free_entry_rent(np.array(43_800.0), np.array(0.5), np.array(1.0), still, still, np.array(5.0)))
    1.5
    """
    earned = price_usd / (utilisation * HOURS_PER_YEAR) + running_usd * _annuity(discount, years)
    return earned / _annuity(discount + decline, years)


def _annuity(rate: Floats, years: Floats) -> Floats:
    """Return the value of one a year for so many years, paid and discounted continuously."""
    safe = np.where(np.abs(rate) < 1e-9, 1.0, rate)
    return np.where(np.abs(rate) < 1e-9, years, -np.expm1(-safe * years) / safe)


def unit_costs(block: Record, month: int) -> dict[str, Floats]:
    """Return what a unit of every owner and equipment costs and earns, from the state of a block of paths.

    Space is the owner's own rent per kilowatt where it has leases, else the average of the book. Costs that are not
    tied to units, and interest, fall on units in proportion to the price of their equipment, and only that part of
    them which compute has in the owner's income.

    Parameters
    ----------
    block
        From `analysis.replay.walk`.
    month
        Month of its state.

    Returns
    -------
    dict
        By figure, shape [pair, lane]; NaN where there is none.
    """
    pairs, equipment, world = block.pairs, block.equipment, block.world
    g, owner = pairs.equipment, block.entities.account[pairs.owner]
    avoidable = pairs.power_cost * world.power + pairs.opex
    new = equipment.new_price[g] * equipment.price_factor[g]
    # What is no longer sold is worth its second-hand price, at half its life.
    price = np.where(equipment.new_price > 0.0, equipment.new_price, 2.0 * equipment.used_price)[g]
    units = np.where(pairs.units > 0.0, pairs.units, np.nan)
    contracted, contract = _contract_rents(block, month)
    at_work = _sum_by(owner, np.nan_to_num(units * price), len(block.entities.layer))
    share = _compute_share(block, month, owner, contracted)
    part = np.where(at_work > 0.0, share / np.where(at_work > 0.0, at_work, 1.0), np.nan)[owner]
    per_hour = MILLION / HOURS_PER_MONTH
    fixed, interest = (flow[owner] * part * price * per_hour for flow in (_fixed_cost(block), _interest(block)))
    space = equipment.kw[g] * _space_rents(block, month)[owner]
    cash = avoidable + space + fixed
    full = cash + depreciation(price, equipment.life[g]) + interest
    spot = equipment.rent[g]
    entry = free_entry_rent(
        np.where((new > 0.0) & (equipment.launch[g] <= month), new, np.nan),
        avoidable + equipment.kw[g] * world.space_rent,
        world.market[2] * world.turnover,
        world.expected_decline,
        world.parameters[P.appraisal_discount_rate],
        equipment.life[g] / 12.0,
    )
    found = {"avoidable": avoidable, "cash": cash, "full": full, "contract": contract, "spot": spot,
             "free_entry": entry, "meter": spot - full, "contract_margin": contract - full}  # fmt: skip
    there = ~np.isnan(units)
    return {"units": units, **{name: np.where(there, values, np.nan) for name, values in found.items()}}


def _sum_by(groups: NDArray[np.int64], values: Floats, count: int) -> Floats:
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, groups, values)
    return total


def _contract_rents(block: Record, month: int) -> tuple[Floats, Floats]:
    """Return what contracts of every pair bill a month, USD m, and their average rent; shape [pair, lane]."""
    contracts, pairs = block.contracts, block.pairs
    runs = (contracts.starts <= month) & (month < contracts.until) & (contracts.backstop == 0)[:, None]
    units = contracts.units * contracts.active * runs
    count = len(pairs.owner)
    sold = _sum_by(contracts.pair, units, count)
    billed = _sum_by(contracts.pair, units * contracts.price, count)
    rent = np.where(sold > 0.0, billed / np.where(sold > 0.0, sold, 1.0), np.nan)
    return billed * HOURS_PER_MONTH / MILLION, rent


def _compute_share(block: Record, month: int, owner: NDArray[np.int64], contracted: Floats) -> Floats:
    """Return the share of compute in each owner's income; shape [entity, lane]."""
    entities, pairs, leases = block.entities, block.pairs, block.leases
    count = len(entities.layer)
    free = np.maximum(pairs.units - pairs.contracted, 0.0) * block.world.market[2]
    spot = free * block.equipment.rent[pairs.equipment] * HOURS_PER_MONTH / MILLION
    compute = _sum_by(owner, contracted + spot, count)
    runs = (leases.rent_from <= month) & (month < leases.rent_until)
    other = _sum_by(entities.account, entities.revenue, count) * entities.going
    other += _sum_by(entities.account[leases.landlord], leases.rent * leases.active * leases.built * runs, count)
    income = compute + other
    return np.where(income > 0.0, compute / np.where(income > 0.0, income, 1.0), 0.0)


def _fixed_cost(block: Record) -> Floats:
    """Return costs that are not tied to units, USD m a month; shape [entity, lane]."""
    entities = block.entities
    start, income = entities.start_income, entities.income
    grown = np.where((start > 0.0) & (income > 0.0), income / np.where(start > 0.0, start, 1.0), 1.0)
    index = grown ** block.world.parameters[P.cost_revenue_elasticity]
    return (
        _sum_by(entities.account, entities.fixed_cost * index[entities.account], len(entities.layer)) * entities.going
    )


def _interest(block: Record) -> Floats:
    """Return interest on each owner's debt at its state of the month, USD m a month; shape [entity, lane]."""
    facilities, entities = block.facilities, block.entities
    rate = facilities.rate + np.where((facilities.floating == 1)[:, None], block.world.base_rate, 0.0)
    borrower = entities.account[facilities.borrower]
    return _sum_by(borrower, facilities.balance * rate / 12.0, len(entities.layer))


def _space_rents(block: Record, month: int) -> Floats:
    """Return what each owner pays for space, USD per kW-hour: its running leases', or the average of the book."""
    leases, entities = block.leases, block.entities
    runs = (leases.rent_from <= month) & (month < leases.rent_until)
    tenant, count = entities.account[leases.tenant], len(entities.layer)
    power = _sum_by(tenant, leases.mw * runs, count) * 1000.0 * HOURS_PER_MONTH
    rent = _sum_by(tenant, leases.rent * runs, count) * MILLION
    return np.where(power > 0.0, rent / np.where(power > 0.0, power, 1.0), block.world.space_rent)


def unit_economics(setting: Setting, months: Sequence[int], progress: Progress | None = None) -> list[UnitCost]:
    """Follow what units cost and earn over some months, on the paths of a question.

    Parameters
    ----------
    setting
        From `prepare`. A question of one path has no ranges.
    months
        Months after the as-of month.
    progress
        Told the paths done and the paths asked for, from time to time.

    Returns
    -------
    list of UnitCost
        Every owner and equipment that has units in service in a month, and every equipment over all owners.
    """
    economy, paths = setting.economy, setting.question.paths_used
    seen: dict[int, list[dict[str, Floats]]] = {month: [] for month in months}
    for first in range(0, paths, LANES):
        numbers = np.arange(first, min(first + LANES, paths))
        parts: dict[int, dict[str, Floats]] = {}
        for month, block in walk(setting, numbers):
            if month in seen:
                parts[month] = unit_costs(block, month)
        good = (block.ledger.status == Status.OK)[: len(numbers)]
        for month, costs in parts.items():
            seen[month].append({name: values[:, : len(numbers)][:, good] for name, values in costs.items()})
        if progress:
            progress(int(numbers[-1]) + 1, paths)
    layers = economy.links["entities.layer"][economy.links["pairs.owner"]]
    mine = np.flatnonzero(layers != WORLD)
    found = []
    for month, parts_of_month in seen.items():
        costs = {name: np.concatenate([part[name] for part in parts_of_month], axis=1) for name in FIGURES}
        found += list(_rows(setting, month, costs, mine))
    return found


def _rows(setting: Setting, month: int, costs: Mapping[str, Floats], mine: NDArray[np.intp]) -> Iterator[UnitCost]:
    """Yield a row for every pair with units, then one for every equipment."""
    economy = setting.economy
    owner, equipment = economy.links["pairs.owner"], economy.links["pairs.equipment"]
    several = setting.question.paths_used > 1
    for pair in mine:
        alone = {name: values[pair] for name, values in costs.items()}
        yield from _row(economy.entities[owner[pair]], economy.equipment[equipment[pair]], month, alone, several)
    for g in dict.fromkeys(equipment[mine].tolist()):
        together = mine[equipment[mine] == g]
        yield from _row(EVERYBODY, economy.equipment[g], month, over_owners(costs, together), several)


def over_owners(costs: Mapping[str, Floats], pairs: NDArray[np.intp]) -> dict[str, Floats]:
    """Return the average over owners that have the figure, weighted by their units; units are added up."""
    units = np.nan_to_num(costs["units"][pairs])
    found = {"units": np.where(units.sum(axis=0) > 0.0, units.sum(axis=0), np.nan)}
    for name in FIGURES[1:]:
        values = costs[name][pairs]
        weights = np.where(np.isnan(values), 0.0, units)
        total = weights.sum(axis=0)
        mean = (np.nan_to_num(values) * weights).sum(axis=0) / np.where(total > 0.0, total, 1.0)
        found[name] = np.where(total > 0.0, mean, np.nan)
    return found


def _row(owner: str, equipment: str, month: int, seen: Mapping[str, Floats], several: bool) -> Iterator[UnitCost]:
    known = {name: values[~np.isnan(values)] for name, values in seen.items()}
    if not known["units"].size:
        return
    quantiles = {name: np.quantile(values, _LEVELS) for name, values in known.items() if values.size}
    yield UnitCost(
        owner,
        equipment,
        month,
        {name: float(quantiles[name][1]) if name in quantiles else None for name in FIGURES},
        {name: (float(low), float(high)) for name, (low, _, high) in quantiles.items()} if several else {},
    )
