"""A second-hand unit of equipment that is let at spot: what it costs, earns and brings at the end."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from deflator.analysis.assets import Asset
from deflator.analysis.replay import Floats, Setting
from deflator.engine.layout import HOURS_PER_MONTH, HOURS_PER_YEAR, MILLION, SECOND_HAND
from deflator.engine.positions import P
from deflator.engine.record import Record


def unit_state(setting: Setting, position: int, block: Record) -> dict[str, Floats]:
    """Return what a unit of an equipment costs and earns this month, each [lane]: USD, and USD per hour.

    The buyer runs at the costs of the engine's second-hand buyers: power and operations for the hours let, and the
    average rent for space for every hour, let or not. A unit is let for the share of hours for which the market lets
    its kind: utilisation x the share of owners that its rent keeps in the market x turnover; and takes what buyers pay
    of their bills.
    """
    world, equipment, pairs = block.world, block.equipment, block.pairs
    links = setting.economy.links
    of_kind = np.flatnonzero(links["pairs.equipment"] == position)
    own = int(of_kind[links["pairs.owner"][of_kind] == links["world.role"][SECOND_HAND]][0])
    rent = equipment.rent[position]
    avoidable = pairs.power_cost[own] * world.power + pairs.opex[own]
    kept = 1.0 / (1.0 + np.exp(-(rent - avoidable) / world.parameters[P.rent_floor_smoothing]))
    let = world.market[2] * kept * world.turnover
    billed = pairs.let[of_kind].sum(axis=0) * rent * HOURS_PER_MONTH / MILLION
    collected = np.where(billed > 0.0, pairs.takings[of_kind].sum(axis=0) / np.where(billed > 0.0, billed, 1.0), 1.0)
    space = equipment.kw[position] * world.space_rent
    return {
        "value": equipment.value[position].copy(),
        "space": np.broadcast_to(space * HOURS_PER_MONTH, rent.shape).copy(),
        "income": (let * (rent * collected - avoidable) - space) * HOURS_PER_MONTH,
        "rent": rent.copy(),
        "avoidable": equipment.avoidable[position].copy(),
        "decline": world.expected_decline.copy(),
    }


def unit_asset(setting: Setting, position: int, kept: Mapping[str, Floats], draw: NDArray[np.int64]) -> Asset:
    """Return a unit as something to buy.

    The engine's value of a used unit is that of one at half of its life. So a unit is bought with half of its life
    left, pays for so long and no longer, and at the horizon brings the value of the month in proportion to what the
    rest of its life earns. Nobody buys one for less than a month of its space costs: the space is the purchase then.

    Parameters
    ----------
    setting
        What was simulated.
    position
        Of the equipment.
    kept
        From `unit_state`, [T + 1, path].
    draw
        Draw of each path.
    """
    economy = setting.economy
    half = 0.5 * economy.figures[economy.rows["equipment.life"]][position, draw]
    discount = economy.figures[economy.rows["world.parameters"]][P.appraisal_discount_rate, draw]
    horizon = len(kept["value"]) - 1
    rest = np.maximum(half - (horizon - np.arange(horizon + 1))[:, None], 0.0)

    def earning(months: Floats) -> Floats:
        return earning_value(kept["rent"][-1], kept["avoidable"][-1], kept["decline"][-1], discount, months / 12.0)

    whole = earning(half)
    # The rule counts rents below running costs too, so that more life can be worth less: at most half a life counts.
    share = np.where(whole > 0.0, np.minimum(earning(rest) / np.where(whole > 0.0, whole, 1.0), 1.0), 0.0)
    least = kept["space"].max(axis=0)
    return Asset(kept["value"], kept["income"], np.ones_like(kept["value"]), kept["value"][-1] * share, half, least)


def earning_value(rent: Floats, avoidable: Floats, decline: Floats, discount: Floats, years: Floats) -> Floats:
    """Return the discounted net rent of a unit that is always let, USD, as the engine values units.

    Examples
    --------
    >>> still = np.zeros(1)
    >>> earning_value(np.array([2.2]), np.array([0.2]), still, still, np.array([1.0])).round().tolist()
    [17520.0]
    """
    net = rent * _annuity(discount + decline, years) - avoidable * _annuity(discount, years)
    worth: Floats = np.maximum(net, 0.0) * HOURS_PER_YEAR
    return worth


def _annuity(rate: Floats, years: Floats) -> Floats:
    flat = np.abs(rate) < 1e-9
    worth: Floats = np.where(flat, years, -np.expm1(-rate * years) / np.where(flat, 1.0, rate))
    return worth
