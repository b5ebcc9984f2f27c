"""Step 7: deliveries and buildings are paid for, interest and principal fall due, maturities meet the market."""

from __future__ import annotations

import math

import numpy as np

from deflator.credit.monthly import (
    LEVEL,
    LINEAR,
    SCHEDULE,
    SCULPTED,
    converts,
    level_principal,
    linear_principal,
    scheduled_principal,
)
from deflator.engine import rng
from deflator.engine.breaks import note_soft
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.compiled import kernel
from deflator.engine.elementary import logistic
from deflator.engine.layout import HOURS_PER_MONTH, HYPERSCALER, LANDLORD, MILLION, ON, SUPPLIERS, P

_EXTENSION_MONTHS = 6.0
_EARLY_MONTHS = 12.0


@kernel
def market_access(world, entities, i, lane):
    """Return the share of a loan request that lenders sign: the more open, the more of a firm may be debt.

    A logistic in openness less the share of debt in enterprise value: at an openness equal to that share, half.
    """
    debt = entities.debt[i, lane]
    worth = debt + max(entities.equity[i, lane], 0.0)
    leverage = debt / worth if worth > 0.0 else 1.0
    return logistic(world.parameters[P.refinancing_success_slope, lane] * (world.openness[lane] - leverage))


@kernel
def backed_access(world, entities, fleets, f, lane):
    """Return the share of a loan on a delivery that lenders sign, on the better credit of owner and customer."""
    access = market_access(world, entities, entities.account[fleets.owner[f]], lane)
    customer = fleets.customer[f]
    if customer >= 0:
        access = max(access, market_access(world, entities, entities.account[customer], lane))
    return access


@kernel
def secured_access(t, world, entities, contracts, leases, facilities, k, lane):
    """Return the share of a maturing loan that lenders refinance, whether on a better payer's credit, and the term.

    A loan secured on leases or contracts is lent on the credit of who pays them, weighted by income, as far as that
    income covers the interest, and to the end of that income; any other loan on the borrower's credit and for the
    usual term.
    """
    own = market_access(world, entities, entities.account[facilities.borrower[k]], lane)
    usual = world.parameters[P.refinancing_term_months, lane]
    income, credit, months = 0.0, 0.0, 0.0
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        access = market_access(world, entities, entities.account[leases.tenant[item]], lane)
        if leases.guarantor[item] >= 0:
            access = max(access, market_access(world, entities, entities.account[leases.guarantor[item]], lane))
        income += leases.due[item, lane]
        credit += leases.due[item, lane] * access
        months += leases.due[item, lane] * (leases.end[item, lane] + leases.delay[item, lane] - t)
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        income += contracts.bill[c, lane]
        credit += contracts.bill[c, lane] * market_access(world, entities, entities.account[contracts.buyer[c]], lane)
        months += contracts.bill[c, lane] * (contracts.until[c, lane] - t)
    if income <= 0.0:
        return own, False, usual
    interest = facilities.interest[k, lane]
    backed = credit / income * (min(income / interest, 1.0) if interest > 0.0 else 1.0)
    return max(own, backed), backed > own, max(months / income, usual) if backed > own else usual


@kernel
def new_spread(world, entities, i, investment_grade, lane):
    """Return the spread of a new loan: by customer credit, leverage above five times and lost openness.

    A loan on a better payer's credit is priced by that payer: the borrower's own leverage does not count.
    """
    p = world.parameters
    base = p[P.spread_base_ig, lane] if investment_grade else p[P.spread_base_subig, lane]
    earned = 12.0 * entities.ebitda[i, lane]
    turns = min(entities.debt[i, lane] / earned, 20.0) if earned > 0.0 else 20.0
    if investment_grade:
        turns = 0.0
    tightened = max(world.openness_start[lane] - world.openness[lane], 0.0)
    return base + p[P.spread_leverage_slope, lane] * max(turns - 5.0, 0.0) + p[P.spread_funding_slope, lane] * tightened


@kernel
def advance_rate(world, equipment, g, lane):
    """Return the share of a delivery's cost that a loan funds; with the channel `collateral` it follows values."""
    p = world.parameters
    openness = world.openness[lane] - world.openness_start[lane]
    rate = p[P.advance_rate_base, lane] + p[P.advance_rate_funding_slope, lane] * openness
    if world.channels[ON.collateral] and equipment.used_price[g, lane] > 0.0:
        rate *= min(equipment.appraised[g, lane] / equipment.used_price[g, lane], 1.0)
    return min(max(rate, 0.0), 0.95)


@kernel
def installment(t, world, entities, equipment, fleets, requests, f, lane):
    """Return the share of a delivery's price that is due this month.

    Hyperscalers spread the price over the months before service, others pay in the month before.
    """
    if fleets.is_delivery[f] == 0 or entities.going[entities.account[fleets.owner[f]], lane] <= 0.0:
        return 0.0
    arrives = math.ceil(fleets.in_service[f, lane] + fleets.delay[f, lane])
    spread = 1.0
    if entities.layer[fleets.owner[f]] == HYPERSCALER:
        spread = max(math.floor(world.parameters[P.capex_spread_months, lane]), 1.0)
    return 1.0 / spread if arrives - spread <= t < arrives else 0.0


@kernel
def delivery_cost(t, equipment, fleets, requests, f, lane):
    """Return the price of a whole delivery, USD m; orders that do not bind scale with the new supply asked for."""
    g = fleets.equipment[f]
    scale = requests.price_scale[g, t]
    price = fleets.unit_price[f, lane] * scale
    if fleets.committed[f] == 0:
        price *= equipment.price_factor[g, lane]
    return fleets.units[f, lane] * price / MILLION


@kernel
def _falling_due(t, facilities, k, lane):
    """Return what a borrower seeks to refinance this month: all at maturity, an even part in the year before.

    Holders of convertibles decide at maturity, so these are not refinanced early.
    """
    left = facilities.until[k, lane] - t
    if left <= 0.0:
        return facilities.balance[k, lane]
    repays_itself = facilities.profile[k] == LINEAR or facilities.profile[k] == LEVEL
    if left >= _EARLY_MONTHS or repays_itself or facilities.convertible[k] or facilities.revolver[k]:
        return 0.0
    return facilities.balance[k, lane] / (left + 1.0)


@kernel
def request_funds(t, world, entities, equipment, fleets, contracts, leases, facilities, requests):
    """Add up what borrowers ask of the market this month, and find the share that lenders' capacity grants.

    Asked for are maturities, draws on loans that are not signed, and what firms lack to stay above their buffer.
    Capacity is rationed pro rata, so that a wall of maturities raises its own price of failure (M14).
    """
    for k in range(facilities.borrower.size):
        for lane in range(world.openness.size):
            facilities.maturing[k, lane] = _falling_due(t, facilities, k, lane)
            if facilities.maturing[k, lane] > 0.0:
                access, _, _ = secured_access(t, world, entities, contracts, leases, facilities, k, lane)
                world.requested[lane] += facilities.maturing[k, lane] * access
    for f in range(fleets.owner.size):
        k = fleets.facility[f]
        if fleets.is_delivery[f] == 0 or k < 0 or facilities.signed[k]:
            continue
        for lane in range(world.openness.size):
            due = installment(t, world, entities, equipment, fleets, requests, f, lane)
            if due > 0.0:
                cost = due * delivery_cost(t, equipment, fleets, requests, f, lane)
                draw = cost * advance_rate(world, equipment, fleets.equipment[f], lane)
                world.requested[lane] += draw * backed_access(world, entities, fleets, f, lane)
    for i in range(entities.layer.size - 1):
        for lane in range(world.openness.size):
            entities.wanted_loan[i, lane] = 0.0
            if entities.new_loan[i] < 0 or entities.draw_stopped[i, lane] or entities.imposed[i, lane]:
                continue
            left = entities.cash[i, lane] + entities.ebitda[i, lane] - entities.scheduled_due[i, lane]
            lacking = max(cash_buffer(world, entities, i, lane) - left, 0.0)
            wanted = lacking * market_access(world, entities, i, lane)
            entities.wanted_loan[i, lane] = wanted
            world.requested[lane] += wanted
    for lane in range(world.openness.size):
        asked = world.requested[lane]
        world.granted[lane] = min(world.capacity[lane] / asked, 1.0) if asked > 0.0 else 1.0


@kernel
def draw_facility(facilities, claims, entities, causes, ledger, k, lane, amount):
    """Draw on a facility: its holders pay the borrower, each by its share."""
    borrower = entities.account[facilities.borrower[k]]
    facilities.balance[k, lane] += amount
    facilities.undrawn[k, lane] = max(facilities.undrawn[k, lane] - amount, 0.0)
    facilities.drawn[k, lane] += amount
    entities.cash[borrower, lane] += amount
    entities.lent[borrower, lane] += amount
    ledger.flow[Category.DRAW, lane] += amount
    for n in range(facilities.claim_ofs[k], facilities.claim_ofs[k + 1]):
        entities.cash[claims.holder[n], lane] -= amount * claims.share[n, lane]


@kernel
def borrow_anew(world, entities, facilities, claims, causes, ledger, i, lane, amount, backed, term):
    """Lend an entity a new loan at today's spread; rate and term of its new loans are averaged by amount."""
    k = entities.new_loan[i]
    before = facilities.balance[k, lane]
    spread = new_spread(world, entities, i, backed, lane)
    total = before + amount
    if total > 0.0:
        facilities.rate[k, lane] = (facilities.rate[k, lane] * before + spread * amount) / total
        facilities.months_left[k, lane] = (facilities.months_left[k, lane] * before + term * amount) / total
    draw_facility(facilities, claims, entities, causes, ledger, k, lane, amount)


@kernel
def cash_buffer(world, entities, i, lane):
    """Return the cash at which a firm acts before it must: a multiple of its minimum, or of a month's net payments."""
    p = world.parameters
    net = entities.scheduled_due[i, lane] - min(entities.ebitda[i, lane], 0.0)
    least = max(entities.minimum_liquidity[i, lane], p[P.min_liquidity_months, lane] * net)
    return p[P.early_action_buffer, lane] * least


@kernel
def borrow_liquidity(world, entities, facilities, claims, causes, ledger):
    """Lend firms below their buffer what they asked for, as far as capacity allows."""
    for i in range(entities.layer.size - 1):
        if entities.new_loan[i] < 0:
            continue
        for lane in range(world.openness.size):
            amount = entities.wanted_loan[i, lane] * world.granted[lane]
            if amount > 0.0:
                term = world.parameters[P.refinancing_term_months, lane]
                borrow_anew(world, entities, facilities, claims, causes, ledger, i, lane, amount, False, term)


@kernel
def spare_cash(world, entities, i, lane):
    """Return cash above the buffer."""
    return max(entities.cash[i, lane] - cash_buffer(world, entities, i, lane), 0.0)


@kernel
def pay_deliveries(t, world, entities, equipment, fleets, facilities, claims, causes, ledger, requests):
    """Pay vendors for units that arrive: loans fund the advance rate, cash the rest; what neither funds is not bought.

    An order that does not bind and that no contract waits for is placed only as far as a new unit is worth its price.
    """
    for f in range(fleets.owner.size):
        if fleets.is_delivery[f] == 0:
            continue
        i, g, k = entities.account[fleets.owner[f]], fleets.equipment[f], fleets.facility[f]
        for lane in range(world.openness.size):
            due = installment(t, world, entities, equipment, fleets, requests, f, lane)
            if due <= 0.0:
                continue
            wanted = due * entities.going[i, lane]
            if fleets.committed[f] == 0:
                wanted *= requests.supply_scale[g, t]
                if fleets.customer[f] < 0:
                    wanted *= _worth_buying(equipment, g, lane)
            cost = wanted * delivery_cost(t, equipment, fleets, requests, f, lane)
            if cost <= 0.0:
                continue
            draw = 0.0
            if k >= 0 and entities.draw_stopped[i, lane] == 0 and facilities.stopped[k, lane] == 0:
                draw = min(cost * advance_rate(world, equipment, g, lane), facilities.undrawn[k, lane])
                if facilities.signed[k] == 0:
                    draw *= backed_access(world, entities, fleets, f, lane) * world.granted[lane]
            bought = affordable_share(cost - draw, spare_cash(world, entities, i, lane))
            draw *= bought
            if draw > 0.0:
                draw_facility(facilities, claims, entities, causes, ledger, k, lane, draw)
            pay_vendor(world, entities, equipment, causes, ledger, i, g, lane, cost * bought, wanted * bought *
                       fleets.units[f, lane])  # fmt: skip
            causes.now[Cause.CAPITAL_SPENDING * entities.layer.size + i, lane] += cost * bought - draw
            fleets.paid[f, lane] += wanted * bought
            equipment.arrived[g, lane] += wanted * bought * fleets.units[f, lane]
            if fleets.pair[f] < 0:
                entities.own_arrived[i, lane] += (
                    wanted * bought * fleets.units[f, lane] * equipment.performance[g, lane]
                )


@kernel
def _worth_buying(equipment, g, lane):
    price = equipment.new_price[g, lane] * equipment.price_factor[g, lane]
    return logistic((equipment.value[g, lane] - price) / (0.1 * price)) if price > 0.0 else 0.0


@kernel
def pay_vendor(world, entities, equipment, causes, ledger, i, g, lane, amount, units):
    """Pay the vendor of an equipment, which pays its own suppliers the cost of the units."""
    vendor = entities.account[equipment.vendor[g]]
    made = min(units * equipment.vendor_cost[g, lane] / MILLION, amount)
    entities.cash[i, lane] -= amount
    entities.cash[vendor, lane] += amount - made
    entities.cash[world.role[SUPPLIERS], lane] += made
    ledger.flow[Category.EQUIPMENT, lane] += amount
    ledger.flow[Category.UNITS_COST, lane] += made
    world.vendor_sales[lane] += amount


@kernel
def pay_buildings(t, world, entities, leases, facilities, claims, causes, ledger):
    """Let landlords pay for what they still have to build in the year before a lease starts.

    Loans secured on sites fund it in the proportion of what is undrawn to what is left to build, so that a loan large
    enough lasts to completion. A site that is not paid for opens, and earns rent, only in part.
    """
    _plan_buildings(t, world, entities, leases, facilities)
    _draw_for_buildings(world, entities, facilities, claims, causes, ledger)
    for item in range(leases.landlord.size):
        i = entities.account[leases.landlord[item]]
        for lane in range(world.openness.size):
            wanted = _building_due(t, leases, item, lane)
            if wanted > 0.0:
                leases.built[item, lane] += wanted * entities.building_paid[i, lane]
    for i in range(entities.layer.size - 1):
        for lane in range(world.openness.size):
            cost = entities.building_due[i, lane] * entities.building_paid[i, lane]
            if cost > 0.0:
                entities.cash[i, lane] -= cost
                entities.cash[world.role[SUPPLIERS], lane] += cost
                ledger.flow[Category.BUILDING, lane] += cost
                own = cost * (1.0 - entities.building_funded[i, lane])
                causes.now[Cause.CAPITAL_SPENDING * entities.layer.size + i, lane] += own


@kernel
def _building_due(t, leases, item, lane):
    """Return the share of a building's cost that falls due this month: even over the year before its lease starts."""
    starts = math.ceil(leases.start[item, lane] + leases.delay[item, lane])
    first = max(starts - 12.0, 1.0)
    if leases.building_cost[item, lane] <= 0.0 or t < first:
        return 0.0
    return min(1.0 / max(starts - first, 1.0), 1.0 - leases.built[item, lane])


@kernel
def _plan_buildings(t, world, entities, leases, facilities):
    """Work out for each landlord what is due, which share loans fund, and which share can be paid."""
    entities.building_due[:, :] = 0.0
    entities.building_left[:, :] = 0.0
    entities.building_loans[:, :] = 0.0
    _sum_to_build(leases, facilities)
    for item in range(leases.landlord.size):
        i = entities.account[leases.landlord[item]]
        for lane in range(world.openness.size):
            total = leases.building_cost[item, lane]
            entities.building_due[i, lane] += total * _building_due(t, leases, item, lane)
            entities.building_left[i, lane] += total * (1.0 - leases.built[item, lane])
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        for lane in range(world.openness.size):
            entities.building_loans[i, lane] += building_loan(world, entities, facilities, k, i, lane)
    for i in range(entities.layer.size - 1):
        for lane in range(world.openness.size):
            due, left = entities.building_due[i, lane], entities.building_left[i, lane]
            entities.building_paid[i, lane] = 0.0
            if due <= 0.0:
                continue
            funded = min(entities.building_loans[i, lane] / left, 1.0)
            own = due * (1.0 - funded)
            entities.building_funded[i, lane] = funded
            entities.building_paid[i, lane] = affordable_share(own, spare_cash(world, entities, i, lane))


@kernel
def _sum_to_build(leases, facilities):
    """Add up what is left to pay of the sites that secure each loan."""
    for k in range(facilities.borrower.size):
        for lane in range(leases.built.shape[1]):
            left = 0.0
            for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
                item = facilities.lease[n]
                left += leases.building_cost[item, lane] * (1.0 - leases.built[item, lane])
            facilities.to_build[k, lane] = left


@kernel
def affordable_share(own, spare):
    """Return the share of a purchase that goes ahead when its part not funded by loans must come out of spare cash."""
    return min(spare / own, 1.0) if own > 0.0 else 1.0


@kernel
def building_loan(world, entities, facilities, k, i, lane):
    """Return what a loan still has to give for its own sites; unsigned ones as far as the market signs them."""
    if facilities.stopped[k, lane]:
        return 0.0
    undrawn = min(facilities.undrawn[k, lane], facilities.to_build[k, lane])
    if facilities.signed[k] == 0:
        undrawn *= market_access(world, entities, i, lane) * world.granted[lane]
    return undrawn


@kernel
def _draw_for_buildings(world, entities, facilities, claims, causes, ledger):
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        for lane in range(world.openness.size):
            loans = entities.building_loans[i, lane]
            due = entities.building_due[i, lane] * entities.building_paid[i, lane]
            if due <= 0.0 or loans <= 0.0:
                continue
            share = building_loan(world, entities, facilities, k, i, lane) / loans
            amount = share * due * entities.building_funded[i, lane]
            if amount > 0.0:
                draw_facility(facilities, claims, entities, causes, ledger, k, lane, amount)


@kernel
def under_construction(t, leases, facilities, k, lane):
    """Return whether a loan is secured on sites none of which has opened."""
    first, last = facilities.lease_ofs[k], facilities.lease_ofs[k + 1]
    for n in range(first, last):
        item = facilities.lease[n]
        if leases.start[item, lane] + leases.delay[item, lane] <= t:
            return False
    return last > first


@kernel
def charge_debt(t, months, world, entities, facilities, claims, amortisation, contracts, leases, causes, ledger):
    """Write this month's interest and scheduled principal of every facility by its profile.

    Interest on a loan whose sites are all under construction is drawn on the loan itself, as far as it is undrawn.
    """
    count = entities.layer.size
    entities.scheduled_due[:, :] = 0.0
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        profile = facilities.profile[k]
        for lane in range(world.openness.size):
            balance = facilities.balance[k, lane]
            facilities.principal[k, lane] = 0.0
            facilities.interest[k, lane] = 0.0
            if balance <= 0.0:
                continue
            rate = max(facilities.rate[k, lane] + (world.base_rate[lane] if facilities.floating[k] else 0.0), 0.0)
            left = facilities.until[k, lane] - t + 1.0
            if k == entities.new_loan[i]:
                left = facilities.months_left[k, lane]
                facilities.months_left[k, lane] = max(left - 1.0, 1.0)
            facilities.interest[k, lane] = balance * rate / 12.0
            due = 0.0
            if profile == LINEAR:
                due = linear_principal(balance, left)
            elif profile == LEVEL:
                due = level_principal(balance, rate / 12.0, left)
            elif profile == SCHEDULE and t <= months:
                due = scheduled_principal(
                    balance, amortisation.share[facilities.amortisation_row[k] * (months + 1) + t, lane]
                )
            elif profile == SCULPTED:
                due = scheduled_principal(balance, _share_of_contracted_cash(t, facilities, contracts, k, lane))
            if k == entities.new_loan[i] and entities.layer[i] == LANDLORD:
                # Loans on sites are sculpted: principal is what rent leaves after the interest on all debt.
                earned = entities.ebitda[i, lane] - entities.scheduled_due[i, lane] - facilities.interest[k, lane]
                due = min(due, max(earned, 0.0))
            facilities.principal[k, lane] = due if facilities.until[k, lane] > t else 0.0
            if facilities.signed[k] and under_construction(t, leases, facilities, k, lane):
                reserve = min(facilities.interest[k, lane], facilities.undrawn[k, lane])
                draw_facility(facilities, claims, entities, causes, ledger, k, lane, reserve)
            entities.scheduled_due[i, lane] += facilities.interest[k, lane] + facilities.principal[k, lane]
            causes.now[Cause.INTEREST * count + i, lane] += facilities.interest[k, lane]
            causes.now[Cause.PRINCIPAL * count + i, lane] += facilities.principal[k, lane]


@kernel
def _share_of_contracted_cash(t, facilities, contracts, k, lane):
    """Return this month's billing of the pledged contracts over all that they will still bill."""
    now, rest = 0.0, 0.0
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        now += contracts.bill[c, lane]
        monthly = (
            contracts.units[c, lane] * contracts.active[c, lane] * contracts.price[c, lane] * HOURS_PER_MONTH / MILLION
        )
        rest += monthly * max(contracts.until[c, lane] - max(t, contracts.start[c, lane]), 0.0)
    return now / rest if rest > 0.0 else 0.0


@kernel
def settle_maturities(t, seed, paths, world, entities, contracts, leases, facilities, claims, causes, ledger):
    """Convert, refinance, extend or call what falls due; refinance early what will fall due within a year.

    A convertible becomes shares above its price with a buffer (M14). Of other debt the market refinances what access
    and capacity allow; for the rest lenders may extend by the chance of a waiver; what is left is due in cash.
    """
    p = world.parameters
    count = entities.layer.size
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        for lane in range(world.openness.size):
            due = facilities.maturing[k, lane]
            facilities.refinanced[k, lane] = 0.0
            if due <= 0.0:
                continue
            if facilities.convertible[k] and entities.start_equity[i, lane] > 0.0:
                share_price = facilities.share_price[k, lane] * max(entities.equity[i, lane], 0.0)
                share_price /= entities.start_equity[i, lane]
                if converts(share_price, facilities.conversion_price[k, lane], p[P.conversion_buffer, lane]):
                    facilities.converted[k, lane] += due
                    facilities.balance[k, lane] = 0.0
                    continue
            access, backed, term = secured_access(t, world, entities, contracts, leases, facilities, k, lane)
            refinanced = due * access * world.granted[lane]
            if entities.draw_stopped[i, lane] or entities.new_loan[i] == k:
                refinanced = 0.0
            borrow_anew(world, entities, facilities, claims, causes, ledger, i, lane, refinanced, backed, term)
            facilities.refinanced[k, lane] = refinanced
            rest = due - refinanced
            if facilities.until[k, lane] > t:
                facilities.principal[k, lane] += refinanced
            elif rest > spare_cash(world, entities, i, lane) - refinanced and _extends(
                t, seed, paths, world, facilities, k, lane
            ):
                facilities.until[k, lane] = t + _EXTENSION_MONTHS
                facilities.principal[k, lane] = refinanced
                note_soft(t, entities, i, lane, Trigger.EXTENSION)
            else:
                facilities.principal[k, lane] = due
                entities.matured[i, lane] += rest
                causes.now[Cause.MATURITY * count + i, lane] += rest


@kernel
def waiver_chance(world, lane):
    """Return the chance that lenders waive or extend: the less open the market, the smaller."""
    p = world.parameters
    chance = p[P.waiver_probability_base, lane] - p[P.waiver_funding_slope, lane] * (1.0 - world.openness[lane])
    return min(max(chance, 0.0), 1.0)


@kernel
def _extends(t, seed, paths, world, facilities, k, lane):
    draw = rng.uniform(seed, paths[lane], np.uint64(t), np.uint64(rng.WAIVER), facilities.key[k])
    return draw < waiver_chance(world, lane)


@kernel
def draw_revolvers(world, entities, facilities, claims, causes, ledger, need):
    """Let firms that would fall short draw their revolvers first.

    Parameters
    ----------
    need
        What each account lacks this month, [account, lane]; reduced by what is drawn.
    """
    for k in range(facilities.borrower.size):
        if facilities.revolver[k] == 0 or facilities.signed[k] == 0:
            continue
        i = entities.account[facilities.borrower[k]]
        for lane in range(world.openness.size):
            if need[i, lane] > 0.0 and facilities.stopped[k, lane] == 0 and entities.draw_stopped[i, lane] == 0:
                amount = min(need[i, lane], facilities.undrawn[k, lane])
                draw_facility(facilities, claims, entities, causes, ledger, k, lane, amount)
                need[i, lane] -= amount
