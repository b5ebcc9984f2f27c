"""Step 7, capital spending: deliveries and sites are paid for, by loans and cash."""

from __future__ import annotations

import numpy as np

from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.debt import draw_facility, spare_cash
from deflator.engine.elementary import logistic
from deflator.engine.layout import HYPERSCALER, MILLIONTH, SUPPLIERS
from deflator.engine.ledger import cause_row
from deflator.engine.positions import ON, P


@inline
def advance_rate(world, equipment, g, lane):
    """Return the share of a delivery's cost that a loan funds; with the channel `collateral` it follows values."""
    p = world.parameters
    openness = world.openness[lane] - world.openness_start[lane]
    rate = p[P.advance_rate_base, lane] + p[P.advance_rate_funding_slope, lane] * openness
    used = equipment.used_price[g, lane]
    follows = (world.channels[ON.collateral] == 1) & (used > 0.0)
    rate *= min(equipment.appraised[g, lane] / used, 1.0) if follows else 1.0
    return min(max(rate, 0.0), 0.95)


@inline
def installment(t, world, entities, fleets, f, spreads, lane):
    """Return the share of a delivery's price that is due this month.

    Hyperscalers spread the price over the months before service, others pay in the month before.
    """
    arrives = np.ceil(fleets.arrives[f, lane])
    months = max(np.floor(world.parameters[P.capex_spread_months, lane]), 1.0) if spreads else 1.0
    lives = entities.going[entities.account[fleets.owner[f]], lane] > 0.0
    return 1.0 / months if (arrives - months <= t) & (t < arrives) & lives else 0.0


@inline
def paid_before(world, fleets, f, spreads, lane):
    """Return the share of a delivery's price whose installments fell due by the book's month."""
    arrives = np.ceil(fleets.arrives[f, lane])
    months = max(np.floor(world.parameters[P.capex_spread_months, lane]), 1.0) if spreads else 1.0
    return min(max(months - arrives + 1.0, 0.0), months) / months


@inline
def delivery_cost(t, equipment, fleets, requests, f, g, lane):
    """Return the price of a whole delivery, USD m; an order that does not bind is priced at today's prices."""
    factor = 1.0 if fleets.committed[f] else equipment.price_factor[g, lane]
    return fleets.units[f, lane] * fleets.unit_price[f, lane] * requests.price_scale[g, t] * factor * MILLIONTH


@inline
def backed_access(entities, owner, customer, lane):
    """Return the share of a loan on a delivery that lenders sign, on the better credit of owner and customer."""
    own = entities.access[owner, lane]
    return max(own, entities.access[customer, lane]) if customer >= 0 else own


@kernel
def request_deliveries(t, world, entities, equipment, fleets, facilities, requests):
    """Find what is due on deliveries this month, and add draws on loans that are not signed to what is asked."""
    for f in range(fleets.owner.size):
        if fleets.is_delivery[f] == 0:
            continue
        before, spreads = fleets.paying[f], entities.layer[fleets.owner[f]] == HYPERSCALER
        due = 0
        for lane in range(world.openness.size):
            world.amount[lane] = installment(t, world, entities, fleets, f, spreads, lane)
            due += world.amount[lane] > 0.0
        fleets.paying[f] = due
        if due + before > 0:
            fleets.due[f, :] = world.amount[:]
        k, g = fleets.facility[f], fleets.equipment[f]
        if due == 0 or k < 0 or facilities.signed[k]:
            continue
        owner, customer = entities.account[fleets.owner[f]], fleets.customer[f]
        customer = entities.account[customer] if customer >= 0 else -1
        for lane in range(world.openness.size):
            cost = fleets.due[f, lane] * delivery_cost(t, equipment, fleets, requests, f, g, lane)
            draw = min(cost * advance_rate(world, equipment, g, lane), facilities.undrawn[k, lane])
            world.requested[lane] += draw * backed_access(entities, owner, customer, lane)


@kernel
def pay_deliveries(t, world, entities, equipment, fleets, facilities, claims, causes, ledger, requests):
    """Pay vendors for units that arrive: loans fund the advance rate, cash the rest; what neither funds is not bought.

    An order that does not bind and that no contract waits for is placed only as far as a new unit is worth its price.
    """
    count = entities.layer.size
    for f in range(fleets.owner.size):
        if fleets.paying[f] == 0:
            continue
        i, g, k = entities.account[fleets.owner[f]], fleets.equipment[f], fleets.facility[f]
        _fund_delivery(t, world, entities, equipment, fleets, facilities, requests, f, i, g, k)
        if k >= 0:
            draw_facility(facilities, claims, entities, ledger, k, world.amount)
        row = cause_row(causes, Cause.CAPITAL_SPENDING, count, i)
        for lane in range(world.openness.size):
            units = world.bought[lane] * fleets.units[f, lane]
            fleets.paid[f, lane] += world.bought[lane]
            fleets.there[f, lane] = fleets.units[f, lane] * fleets.paid[f, lane]
            equipment.arrived[g, lane] += units
            causes.now[row, lane] += world.spent[lane] - world.amount[lane]
            world.bought[lane] = units
        pay_vendor(world, entities, equipment, ledger, i, g)
        if fleets.pair[f] < 0:
            for lane in range(world.openness.size):
                entities.own_arrived[i, lane] += world.bought[lane] * equipment.performance[g, lane]


@kernel
def _fund_delivery(t, world, entities, equipment, fleets, facilities, requests, f, i, g, k):
    """Work out the loan (`world.amount`), the share of the delivery (`world.bought`) and its price (`world.spent`)."""
    free, customer = fleets.committed[f] == 0, fleets.customer[f]
    scale = requests.supply_scale[g, t] if free else 1.0
    signed = k >= 0 and facilities.signed[k] == 1
    payer = entities.account[customer] if customer >= 0 else -1
    buffers = 2.0 if free and customer < 0 else 1.0
    for lane in range(world.openness.size):
        wanted = fleets.due[f, lane] * entities.going[i, lane] * scale
        wanted *= _worth_buying(equipment, g, lane) if free and customer < 0 else 1.0
        cost = wanted * delivery_cost(t, equipment, fleets, requests, f, g, lane)
        draw = 0.0
        if k >= 0:
            shut = (entities.draw_stopped[i, lane] > 0) | (facilities.stopped[k, lane] > 0)
            draw = min(cost * advance_rate(world, equipment, g, lane), facilities.undrawn[k, lane])
            draw *= 1.0 if signed else backed_access(entities, i, payer, lane) * world.granted[lane]
            draw = 0.0 if shut else draw
        bought = affordable_share(cost - draw, spare_cash(world, entities, i, buffers, lane))
        world.amount[lane] = draw * bought
        world.bought[lane] = wanted * bought
        world.spent[lane] = cost * bought


@inline
def _worth_buying(equipment, g, lane):
    price = equipment.new_price[g, lane] * equipment.price_factor[g, lane]
    return logistic((equipment.value[g, lane] - price) / (0.1 * price)) if price > 0.0 else 0.0


@kernel
def pay_vendor(world, entities, equipment, ledger, i, g):
    """Pay the vendor what stands in `world.spent` for `world.bought` units; it pays its own suppliers their cost."""
    vendor, suppliers = entities.account[equipment.vendor[g]], world.role[SUPPLIERS]
    for lane in range(world.openness.size):
        amount = world.spent[lane]
        made = min(world.bought[lane] * equipment.vendor_cost[g, lane] * MILLIONTH, amount)
        entities.cash[i, lane] -= amount
        ledger.flow[Category.EQUIPMENT, lane] += amount
        ledger.flow[Category.UNITS_COST, lane] += made
        world.vendor_sales[lane] += amount
        world.spent[lane] = made
        world.amount[lane] = amount
    for lane in range(world.openness.size):
        entities.cash[vendor, lane] += world.amount[lane] - world.spent[lane]
    for lane in range(world.openness.size):
        entities.cash[suppliers, lane] += world.spent[lane]


@inline
def affordable_share(own, spare):
    """Return the share of a purchase that goes ahead when its part not funded by loans must come out of spare cash."""
    return min(spare / own, 1.0) if own > 0.0 else 1.0


@kernel
def pay_buildings(t, world, entities, leases, facilities, claims, causes, ledger):
    """Let landlords pay for what they still have to build in the year before a lease starts.

    Loans secured on sites fund it in the proportion of what is undrawn to what is left to build, so that a loan large
    enough lasts to completion, and more where the landlord's cash falls short. A site that is not paid for opens, and
    earns rent, only in part.
    """
    count = entities.layer.size
    _plan_buildings(t, world, entities, leases, facilities)
    _draw_for_buildings(world, entities, facilities, claims, ledger)
    for item in range(leases.landlord.size):
        if leases.sites[item] == 0:
            continue
        i = entities.account[leases.landlord[item]]
        for lane in range(world.openness.size):
            leases.built[item, lane] += leases.building_due[item, lane] * entities.building_paid[i, lane]
    suppliers = world.role[SUPPLIERS]
    for i in range(count - 1):
        if entities.builds[i] == 0:
            continue
        row = cause_row(causes, Cause.CAPITAL_SPENDING, count, i)
        for lane in range(world.openness.size):
            cost = entities.building_due[i, lane] * entities.building_paid[i, lane]
            entities.cash[i, lane] -= cost
            ledger.flow[Category.BUILDING, lane] += cost
            own = cost * (1.0 - entities.building_funded[i, lane])
            causes.now[row, lane] += own
            world.spent[lane] = cost
        for lane in range(world.openness.size):
            entities.cash[suppliers, lane] += world.spent[lane]


@kernel
def _plan_buildings(t, world, entities, leases, facilities):
    """Work out for each landlord what is due, which share loans fund, and which share can be paid."""
    entities.builds[:] = 0
    for item in range(leases.landlord.size):
        if leases.sites[item]:
            _forget_plan(entities, entities.account[leases.landlord[item]])
    for item in range(leases.landlord.size):
        if leases.sites[item] == 0:
            continue
        i = entities.account[leases.landlord[item]]
        builds = 0
        for lane in range(world.openness.size):
            total, left = leases.building_cost[item, lane], 1.0 - leases.built[item, lane]
            starts = np.ceil(leases.opens[item, lane])
            first = max(starts - 12.0, 1.0)  # a building's cost falls due evenly over the year before its lease starts
            begun = (total > 0.0) & (t >= first)
            due = min(1.0 / max(starts - first, 1.0), left) if begun else 0.0
            leases.building_due[item, lane] = due
            entities.building_due[i, lane] += total * due
            entities.building_left[i, lane] += total * left
            builds += due > 0.0
        entities.builds[i] += builds
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        if facilities.lease_ofs[k + 1] > facilities.lease_ofs[k] and entities.builds[i]:
            _offer_for_buildings(world, entities, leases, facilities, k, i)
    for i in range(entities.layer.size - 1):
        if entities.builds[i] == 0:
            continue
        for lane in range(world.openness.size):
            due, left = entities.building_due[i, lane], entities.building_left[i, lane]
            loans = entities.building_loans[i, lane]
            part = due * min(loans / left, 1.0) if left > 0.0 else 0.0
            own = min(due - part, spare_cash(world, entities, i, 1.0, lane))
            drawn = min(due - own, loans)
            paid = own + drawn
            entities.building_paid[i, lane] = paid / due if due > 0.0 else 0.0
            entities.building_funded[i, lane] = drawn / paid if paid > 0.0 else 0.0


@kernel
def _forget_plan(entities, i):
    entities.building_due[i, :] = 0.0
    entities.building_left[i, :] = 0.0
    entities.building_loans[i, :] = 0.0


@kernel
def _offer_for_buildings(world, entities, leases, facilities, k, i):
    """Work out what a loan still has to give for its own sites; unsigned ones as far as the market signs them."""
    for lane in range(world.openness.size):
        facilities.to_build[k, lane] = 0.0
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        for lane in range(world.openness.size):
            facilities.to_build[k, lane] += leases.building_cost[item, lane] * (1.0 - leases.built[item, lane])
    signed = facilities.signed[k]
    for lane in range(world.openness.size):
        loan = min(facilities.undrawn[k, lane], facilities.to_build[k, lane])
        loan *= 1.0 if signed else entities.access[i, lane] * world.granted[lane]
        facilities.to_build[k, lane] = 0.0 if facilities.stopped[k, lane] else loan
        entities.building_loans[i, lane] += facilities.to_build[k, lane]


@kernel
def _draw_for_buildings(world, entities, facilities, claims, ledger):
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        if facilities.lease_ofs[k + 1] == facilities.lease_ofs[k] or entities.builds[i] == 0:
            continue
        for lane in range(world.openness.size):
            loans = entities.building_loans[i, lane]
            due = entities.building_due[i, lane] * entities.building_paid[i, lane]
            share = facilities.to_build[k, lane] / loans if loans > 0.0 else 0.0
            world.amount[lane] = share * due * entities.building_funded[i, lane]
        draw_facility(facilities, claims, entities, ledger, k, world.amount)
