"""Step 8: what used units, new units, contracts and firms are worth."""

from __future__ import annotations

import math

from deflator.engine.breaks import note_soft
from deflator.engine.codes import Trigger
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import exp, power
from deflator.engine.layout import HOURS_PER_YEAR, LENDER, MILLIONTH, MONTH_IN_YEARS, WORLD
from deflator.engine.positions import ON, P

_LN2 = math.log(2.0)
_INSOLVENT_MONTHS = 6
_CENT = 0.01


@inline
def annuity(rate, years):
    """Return the value of one a year for so many years, paid continuously at a continuous rate.

    Examples
    --------
    >>> annuity(0.0, 5.0), round(annuity(0.1, 5.0), 4)
    (5.0, 3.9347)
    """
    flat = abs(rate) < 1e-9
    return years if flat else (1.0 - exp(-rate * years)) / rate


@inline
def earning_value(rent, avoidable, utilisation, decline, discount, years):
    """Return the discounted net rent of one unit over its remaining life, USD.

    Rent falls at the expected decline; hours not let cost nothing avoidable.

    Examples
    --------
    >>> round(earning_value(2.2, 0.2, 1.0, 0.0, 0.0, 1.0))
    17520
    """
    net = max(rent * annuity(discount + decline, years) - avoidable * annuity(discount, years), 0.0)
    return net * utilisation * HOURS_PER_YEAR


@kernel
def value_equipment(t, world, equipment):
    """Value each generation second-hand and let appraisers, vendors and owners' expectations follow.

    Value = expected net rent, scaled to the book's price at month 0, capped by what new performance costs, and pressed
    by units in forced sale: exp(-κ · forced / depth), which fades with a half-life (channel `fire_sale`). New prices
    answer to used ones (channel `vendor`), down to what a unit costs to make.
    """
    p = world.parameters
    _learn_decline(t, world, equipment)
    _press_values(world, equipment)
    answers = world.channels[ON.vendor] == 1
    find_cheapest(t, world, equipment)
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            value = equipment.value_scale[g, lane] * bare_value(world, equipment, g, lane)
            cap = equipment.cap_scale[g, lane] * world.cheapest[lane] * equipment.performance[g, lane]
            equipment.uncapped[g, lane] = cap / value if value > cap else 1.0
            value = min(value, cap) * exp(-equipment.impact[g, lane])
            equipment.value[g, lane] = value
            lag = max(p[P.appraisal_lag_months, lane], 1.0)
            equipment.appraised[g, lane] += (value - equipment.appraised[g, lane]) / lag
            used = equipment.used_price[g, lane]
            goal = power(max(value / used, 1e-6), p[P.new_price_response, lane])
            goal = goal if answers and used > 0.0 else 1.0
            goal = max(goal, min(equipment.vendor_cost[g, lane] / max(equipment.new_price[g, lane], _CENT), 1.0))
            equipment.price_factor[g, lane] += (goal - equipment.price_factor[g, lane]) / lag


@inline
def bare_value(world, equipment, g, lane):
    """Return the discounted net rent of a unit at half its life, before it is scaled to the book."""
    return earning_value(
        equipment.rent[g, lane],
        equipment.avoidable[g, lane],
        world.market[2, lane],
        world.expected_decline[lane],
        world.parameters[P.appraisal_discount_rate, lane],
        0.5 * equipment.life[g, lane] * MONTH_IN_YEARS,
    )


@kernel
def find_cheapest(t, world, equipment):
    """Find the cheapest price of a unit of performance among what is on sale new, USD."""
    for lane in range(world.log_rent.size):
        world.cheapest[lane] = math.inf
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            price = equipment.new_price[g, lane] * equipment.price_factor[g, lane]
            on_sale = (price > 0.0) & (equipment.launch[g, lane] <= t)
            offer = price / equipment.performance[g, lane] if on_sale else math.inf
            world.cheapest[lane] = min(world.cheapest[lane], offer)


@kernel
def _learn_decline(t, world, equipment):
    """Move the expected decline of rents towards the decline of the trailing year."""
    reference = world.reference[0]
    for lane in range(world.log_rent.size):
        equipment.trailing[reference, lane] += MONTH_IN_YEARS * (
            world.log_rent[lane] - equipment.trailing[reference, lane]
        )
        observed = (equipment.trailing[reference, lane] - world.log_rent[lane]) / (1.0 - MONTH_IN_YEARS)
        weight = world.parameters[P.obsolescence_learning_weight, lane]
        world.expected_decline[lane] += weight * (observed - world.expected_decline[lane])


@kernel
def _press_values(world, equipment):
    p = world.parameters
    for lane in range(world.log_rent.size):
        world.forced[lane] = 0.0
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            world.forced[lane] += equipment.forced[g, lane] * equipment.performance[g, lane]
    on = world.channels[ON.fire_sale]
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            fade = 1.0 - exp(-_LN2 / max(p[P.price_impact_recovery_months, lane], 1.0))
            pressure = p[P.price_impact_kappa, lane] * world.forced[lane] / p[P.market_depth_units_per_month, lane]
            faded = equipment.impact[g, lane] * (1.0 - fade)
            equipment.impact[g, lane] = max(pressure, faded) if on else 0.0
            equipment.forced[g, lane] = 0.0


@kernel
def value_entities(world, entities, equipment, pairs, fleets, contracts, leases, facilities):
    """Value each firm: contracts + units + sites built since + franchise + cash - debt.

    At month 0 that is the book's equity value.

    The franchise is what the book's equity value holds beyond the rest: growth that the market expects. It scales with
    openness, and shrinks with income below that of the first month; income that grows as expected does not add to it.
    Lenders are worth their capital less losses.
    """
    lanes = world.openness.size
    _sum_debt(entities, facilities)
    for i in range(entities.layer.size - 1):
        if entities.layer[i] == WORLD:
            continue
        for lane in range(lanes):
            if entities.layer[i] == LENDER:
                entities.equity[i, lane] = entities.capital[i, lane] - entities.lost[i, lane]
                continue
            openness = world.openness[lane] / world.openness_start[lane]
            start = entities.start_income[i, lane]
            scale = min(entities.income[i, lane] / start, 1.0) if start > 0.0 else 1.0
            franchise = entities.franchise[i, lane]
            if franchise > 0.0:
                franchise *= openness * scale
            entities.equity[i, lane] = (
                entities.cash[i, lane] - entities.debt[i, lane] + franchise * entities.going[i, lane]
            )
    for f in range(fleets.owner.size):
        i, g = entities.account[fleets.owner[f]], fleets.equipment[f]
        for lane in range(lanes):
            if fleets.stage[f, lane] < 2:
                worth = fleets.there[f, lane] * equipment.value[g, lane]
                entities.equity[i, lane] += worth * MILLIONTH
            bound = fleets.committed[f] == 1 or fleets.customer[f] >= 0
            if fleets.is_delivery[f] and bound and fleets.stage[f, lane] == 0:
                ahead = fleets.units[f, lane] * max(entities.going[i, lane] - fleets.paid[f, lane], 0.0)
                gain = equipment.value[g, lane] - fleets.unit_price[f, lane]
                entities.equity[i, lane] += ahead * gain * MILLIONTH
    for q in range(pairs.owner.size):
        i, g = entities.account[pairs.owner[q]], pairs.equipment[q]
        if entities.layer[i] == WORLD or pairs.extended[q] == 0:
            continue
        for lane in range(lanes):
            entities.equity[i, lane] += pairs.extra[q, lane] * equipment.value[g, lane] * MILLIONTH
    for item in range(leases.landlord.size):
        if leases.sites[item] == 0:
            continue
        i = entities.account[leases.landlord[item]]
        for lane in range(lanes):
            let = 1.0 - leases.void[item, lane]
            entities.equity[i, lane] += leases.built[item, lane] * leases.building_cost[item, lane] * let
    for c in range(contracts.seller.size):
        i = entities.account[contracts.seller[c]]
        for lane in range(lanes):
            entities.equity[i, lane] += contracts.pv[c, lane]


@kernel
def _sum_debt(entities, facilities):
    entities.debt[:, :] = 0.0
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        for lane in range(entities.debt.shape[1] if facilities.owing[k] else 0):
            entities.debt[i, lane] += facilities.balance[k, lane]


@kernel
def watch_solvency(t, entities):
    """Record a soft break after six months with liabilities above assets."""
    for i in range(entities.layer.size - 1):
        if entities.can_default[i] == 0:
            continue
        for lane in range(entities.cash.shape[1]):
            months = entities.insolvent_months[i, lane] + 1 if entities.equity[i, lane] < 0.0 else 0
            entities.insolvent_months[i, lane] = months
            if months == _INSOLVENT_MONTHS:
                note_soft(t, entities, i, lane, Trigger.INSOLVENCY)
