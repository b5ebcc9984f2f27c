"""Step 7: interest and principal fall due, and maturities meet the market."""

from __future__ import annotations

import numpy as np

from deflator.credit.monthly import (
    LEVEL,
    LINEAR,
    SCHEDULE,
    SCULPTED,
    converts,
    linear_principal,
    scheduled_principal,
)
from deflator.engine import rng
from deflator.engine.breaks import note_soft
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import expm1, log1p, logistic
from deflator.engine.lanes import nothing
from deflator.engine.layout import LANDLORD, MONTH_IN_YEARS, MUSD_PER_HOURLY_USD
from deflator.engine.ledger import cause_row
from deflator.engine.positions import ON, P

_EXTENSION_MONTHS = 6.0
_EARLY_MONTHS = 12.0


@kernel
def measure_access(world, entities):
    """Find the share of a loan request that lenders sign this month: the more open, the more of a firm may be debt.

    A logistic in openness less the share of debt in enterprise value: at an openness equal to that share, half.
    """
    for i in range(entities.layer.size - 1):
        for lane in range(world.openness.size):
            debt = entities.debt[i, lane]
            worth = debt + max(entities.equity[i, lane], 0.0)
            leverage = debt / worth if worth > 0.0 else 1.0
            slope = world.parameters[P.refinancing_success_slope, lane]
            entities.access[i, lane] = logistic(slope * (world.openness[lane] - leverage))


@inline
def secured_access(t, world, entities, contracts, leases, facilities, k, lane):
    """Return the share of a maturing loan that lenders refinance, whether on a better payer's credit, and the term.

    A loan secured on leases or contracts is lent on the credit of who pays them, weighted by income, as far as that
    income covers the interest, and to the end of that income; any other loan on the borrower's credit and for the
    usual term.
    """
    own = entities.access[entities.account[facilities.borrower[k]], lane]
    usual = world.parameters[P.refinancing_term_months, lane]
    income, credit, months = 0.0, 0.0, 0.0
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        access = entities.access[entities.account[leases.tenant[item]], lane]
        if leases.guarantor[item] >= 0:
            access = max(access, entities.access[entities.account[leases.guarantor[item]], lane])
        # With the channel `tenant` off investors pay what a failed tenant no longer does: nobody pays more surely.
        insured = leases.income[item, lane] if world.channels[ON.tenant] == 0 else 0.0
        income += leases.due[item, lane] + insured
        credit += leases.due[item, lane] * access + insured
        left = leases.end[item, lane] + leases.delay[item, lane] - t
        months += (leases.due[item, lane] + insured) * left
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        income += contracts.bill[c, lane]
        credit += contracts.bill[c, lane] * entities.access[entities.account[contracts.buyer[c]], lane]
        months += contracts.bill[c, lane] * (contracts.until[c, lane] - t)
    if income <= 0.0:
        return own, False, usual
    interest = facilities.interest[k, lane]
    backed = credit / income * (min(income / interest, 1.0) if interest > 0.0 else 1.0)
    return max(own, backed), backed > own, max(months / income, usual) if backed > own else usual


@inline
def new_spread(world, entities, i, investment_grade, lane):
    """Return the spread of a new loan: by customer credit, leverage above five times and lost openness.

    A loan on a better payer's credit is priced by that payer: the borrower's own leverage does not count.
    """
    p = world.parameters
    base = p[P.spread_base_ig, lane] if investment_grade else p[P.spread_base_subig, lane]
    earned = 12.0 * entities.ebitda[i, lane]
    turns = min(entities.debt[i, lane] / earned, 20.0) if earned > 0.0 else 20.0
    turns = 0.0 if investment_grade else turns
    tightened = max(world.openness_start[lane] - world.openness[lane], 0.0)
    return base + p[P.spread_leverage_slope, lane] * max(turns - 5.0, 0.0) + p[P.spread_funding_slope, lane] * tightened


@kernel
def find_maturing(t, world, entities, contracts, leases, facilities):
    """Find what borrowers seek to refinance this month, and add up what the market would sign of it.

    At maturity that is all, in the year before it an even part. Loans that repay themselves are not refinanced early,
    nor are convertibles, whose holders decide at maturity.
    """
    for k in range(facilities.borrower.size):
        before = facilities.maturing_paths[k]
        facilities.maturing_paths[k] = 0
        if facilities.owing[k] == 0:
            continue
        repays_itself = facilities.profile[k] == LINEAR or facilities.profile[k] == LEVEL
        waits = repays_itself or facilities.convertible[k] or facilities.revolver[k]
        early = 0.0 if waits else _EARLY_MONTHS
        found = 0
        for lane in range(world.openness.size):
            left = facilities.until[k, lane] - t
            balance = facilities.balance[k, lane]
            part = balance / (max(left, 0.0) + 1.0) if left < early else 0.0
            due = balance if left <= 0.0 else part
            world.amount[lane] = due
            found += due > 0.0
        facilities.maturing_paths[k] = found
        if found == 0 and before == 0:
            continue
        for lane in range(world.openness.size):
            facilities.maturing[k, lane] = world.amount[lane]
        for lane in range(world.openness.size):
            if facilities.maturing[k, lane] > 0.0:
                access, _, _ = secured_access(t, world, entities, contracts, leases, facilities, k, lane)
                world.requested[lane] += facilities.maturing[k, lane] * access


@kernel
def ration_loans(world, entities):
    """Add what firms lack to stay above their buffer to what is asked, and find the share that capacity grants.

    Capacity is rationed pro rata, so that a wall of maturities raises its own price of failure (M14).
    """
    for i in range(entities.layer.size - 1):
        if entities.new_loan[i] < 0:
            continue
        for lane in range(world.openness.size):
            left = entities.cash[i, lane] + entities.ebitda[i, lane] - entities.scheduled_due[i, lane]
            lacking = max(cash_buffer(world, entities, i, lane) - left, 0.0)
            shut = (entities.draw_stopped[i, lane] > 0) | (entities.imposed[i, lane] > 0)
            wanted = 0.0 if shut else lacking * entities.access[i, lane]
            entities.wanted_loan[i, lane] = wanted
            world.requested[lane] += wanted
    for lane in range(world.openness.size):
        asked = world.requested[lane]
        world.granted[lane] = world.capacity[lane] / max(asked, world.capacity[lane]) if asked > 0.0 else 1.0


@kernel
def draw_facility(facilities, claims, entities, ledger, k, amount):
    """Draw an amount of each lane on a facility: its holders pay the borrower, each by its share."""
    if nothing(amount):
        return
    borrower = entities.account[facilities.borrower[k]]
    facilities.owing[k] += 1
    facilities.moved[k] += 1
    for lane in range(amount.size):
        facilities.balance[k, lane] += amount[lane]
        facilities.undrawn[k, lane] = max(facilities.undrawn[k, lane] - amount[lane], 0.0)
        facilities.drawn[k, lane] += amount[lane]
        entities.cash[borrower, lane] += amount[lane]
        entities.lent[borrower, lane] += amount[lane]
        ledger.flow[Category.DRAW, lane] += amount[lane]
    for n in range(facilities.claim_ofs[k], facilities.claim_ofs[k + 1]):
        holder = claims.holder[n]
        for lane in range(amount.size):
            entities.cash[holder, lane] -= amount[lane] * claims.share[n, lane]


@kernel
def borrow_anew(world, entities, facilities, claims, ledger, i):
    """Lend an entity what stands in `world.amount` as a new loan at today's spread.

    `world.backed` says on which lanes the loan is on a better payer's credit, `world.term` for how many months. Rate
    and term of an entity's new loans are averaged by amount.
    """
    k = entities.new_loan[i]
    for lane in range(world.openness.size):
        amount, before = world.amount[lane], facilities.balance[k, lane]
        spread = new_spread(world, entities, i, world.backed[lane] > 0.0, lane)
        total = before + amount
        old = before / total if total > 0.0 else 1.0
        new = amount / total if total > 0.0 else 0.0
        facilities.rate[k, lane] = facilities.rate[k, lane] * old + spread * new
        facilities.months_left[k, lane] = facilities.months_left[k, lane] * old + world.term[lane] * new
    draw_facility(facilities, claims, entities, ledger, k, world.amount)


@inline
def cash_buffer(world, entities, i, lane):
    """Return the cash at which a firm acts before it must: a multiple of its minimum, or of a month's net payments."""
    p = world.parameters
    net = entities.scheduled_due[i, lane] - min(entities.ebitda[i, lane], 0.0)
    least = max(entities.minimum_liquidity[i, lane], p[P.min_liquidity_months, lane] * net)
    return p[P.early_action_buffer, lane] * least


@inline
def spare_cash(world, entities, i, buffers, lane):
    """Return cash above so many buffers: one for what binds a firm, two for what it may leave."""
    return max(entities.cash[i, lane] - buffers * cash_buffer(world, entities, i, lane), 0.0)


@kernel
def borrow_liquidity(world, entities, facilities, claims, ledger):
    """Lend firms below their buffer what they asked for, as far as capacity allows."""
    for lane in range(world.openness.size):
        world.term[lane] = world.parameters[P.refinancing_term_months, lane]
        world.backed[lane] = 0.0
    for i in range(entities.layer.size - 1):
        if entities.new_loan[i] < 0:
            continue
        asking = 0
        for lane in range(world.openness.size):
            world.amount[lane] = entities.wanted_loan[i, lane] * world.granted[lane]
            asking += world.amount[lane] > 0.0
        if asking > 0:
            borrow_anew(world, entities, facilities, claims, ledger, i)


@kernel
def charge_debt(t, months, world, entities, facilities, claims, amortisation, contracts, leases, causes, ledger):
    """Write this month's interest and scheduled principal of every facility by its profile.

    Interest for sites under construction is drawn on the loan itself, as far as it is undrawn.
    """
    count = entities.layer.size
    entities.scheduled_due[:, :] = 0.0
    for k in range(facilities.borrower.size):
        i = entities.account[facilities.borrower[k]]
        owing = 0
        for lane in range(world.openness.size):
            owing += facilities.balance[k, lane] > 0.0
        if owing == 0 and facilities.owing[k] == 0:
            continue  # as last month: nothing is owed, drawn, due or moved
        facilities.owing[k] = owing
        for lane in range(world.openness.size):
            facilities.principal[k, lane] = 0.0
        if facilities.maturing_paths[k]:
            facilities.refinanced[k, :] = 0.0
        if owing == 0:
            facilities.interest[k, :] = 0.0
            facilities.maturing[k, :] = 0.0
            facilities.repaid[k, :] = 0.0
            continue
        _charge_interest(t, world, entities, facilities, k, i)
        _schedule_principal(t, months, world, facilities, amortisation, contracts, k)
        if k == entities.new_loan[i] and entities.layer[i] == LANDLORD:
            # Loans on sites are sculpted: principal is what rent leaves after the interest on all debt.
            for lane in range(world.openness.size):
                earned = entities.ebitda[i, lane] - entities.scheduled_due[i, lane] - facilities.interest[k, lane]
                facilities.principal[k, lane] = min(facilities.principal[k, lane], max(earned, 0.0))
        _reserve_interest(t, world, entities, leases, facilities, claims, ledger, k)
        interest = cause_row(causes, Cause.INTEREST, count, i)
        repayment = cause_row(causes, Cause.PRINCIPAL, count, i)
        for lane in range(world.openness.size):
            principal = facilities.principal[k, lane] if facilities.until[k, lane] > t else 0.0
            facilities.principal[k, lane] = principal
            entities.scheduled_due[i, lane] += facilities.interest[k, lane] + principal
            causes.now[interest, lane] += facilities.interest[k, lane]
            causes.now[repayment, lane] += principal


@kernel
def _charge_interest(t, world, entities, facilities, k, i):
    floating = 1.0 if facilities.floating[k] else 0.0
    renewed = k == entities.new_loan[i]
    for lane in range(world.openness.size):
        rate = max(facilities.rate[k, lane] + floating * world.base_rate[lane], 0.0)
        balance = max(facilities.balance[k, lane], 0.0)
        facilities.interest[k, lane] = balance * rate * MONTH_IN_YEARS
        left = facilities.until[k, lane] - t + 1.0
        if renewed:
            left = facilities.months_left[k, lane]
            facilities.months_left[k, lane] = max(left - 1.0, 1.0)
        world.term[lane] = left
        world.monthly_rate[lane] = rate * MONTH_IN_YEARS


@kernel
def _schedule_principal(t, months, world, facilities, amortisation, contracts, k):
    """Write the principal due by a facility's profile; `world.term` holds the payments left."""
    profile = facilities.profile[k]
    if profile == LINEAR:
        for lane in range(world.openness.size):
            balance = facilities.balance[k, lane]
            facilities.principal[k, lane] = linear_principal(balance, world.term[lane]) if balance > 0.0 else 0.0
    elif profile == LEVEL:
        for lane in range(world.openness.size):
            balance, left = max(facilities.balance[k, lane], 0.0), world.term[lane]
            facilities.principal[k, lane] = _level_principal(balance, world.monthly_rate[lane], left)
    elif profile == SCHEDULE and t <= months:
        row = facilities.amortisation_row[k] * (months + 1) + t
        for lane in range(world.openness.size):
            balance = max(facilities.balance[k, lane], 0.0)
            facilities.principal[k, lane] = scheduled_principal(balance, amortisation.share[row, lane])
    elif profile == SCULPTED:
        _sculpt(t, world, facilities, contracts, k)


@inline
def _level_principal(balance, monthly_rate, months_left):
    """Return the principal in a level payment; `credit.monthly.level_principal` in functions that vectorise."""
    left = max(months_left, 1.0)
    grown = expm1(left * log1p(monthly_rate))
    due = balance * monthly_rate / grown if grown > 0.0 else balance / left
    return balance if months_left <= 1.0 else due


@kernel
def _sculpt(t, world, facilities, contracts, k):
    """Repay in the proportion of this month's billing of the pledged contracts to all that they will still bill."""
    for lane in range(world.openness.size):
        world.amount[lane], world.rest[lane] = 0.0, 0.0
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        for lane in range(world.openness.size):
            units = contracts.units[c, lane] * contracts.active[c, lane]
            monthly = units * contracts.price[c, lane] * MUSD_PER_HOURLY_USD
            world.amount[lane] += contracts.bill[c, lane]
            world.rest[lane] += monthly * max(contracts.until[c, lane] - max(t, contracts.start[c, lane]), 0.0)
    for lane in range(world.openness.size):
        rest = world.rest[lane]
        share = world.amount[lane] / rest if rest > 0.0 else 0.0
        facilities.principal[k, lane] = scheduled_principal(max(facilities.balance[k, lane], 0.0), share)


@kernel
def _reserve_interest(t, world, entities, leases, facilities, claims, ledger, k):
    """Draw on a loan the part of its interest that sites still under construction, by their rent, will earn."""
    first, last = facilities.lease_ofs[k], facilities.lease_ofs[k + 1]
    if facilities.signed[k] == 0 or last == first:
        return
    for lane in range(world.openness.size):
        world.amount[lane], world.rest[lane] = 0.0, 0.0
    for n in range(first, last):
        item = facilities.lease[n]
        for lane in range(world.openness.size):
            waits = leases.opens[item, lane] > t
            world.amount[lane] += leases.rent[item, lane] if waits else 0.0
            world.rest[lane] += leases.rent[item, lane]
    for lane in range(world.openness.size):
        share = world.amount[lane] / world.rest[lane] if world.rest[lane] > 0.0 else 0.0
        world.amount[lane] = min(share * facilities.interest[k, lane], facilities.undrawn[k, lane])
    draw_facility(facilities, claims, entities, ledger, k, world.amount)


@kernel
def settle_maturities(t, seed, paths, chance, world, entities, contracts, leases, facilities, claims, causes, ledger):
    """Convert, refinance, extend or call what falls due; refinance early what will fall due within a year.

    A convertible becomes shares above its price with a buffer (M14). Of other debt the market refinances what access
    and capacity allow; for the rest lenders may extend by the chance of a waiver; what is left is due in cash.
    """
    for k in range(facilities.borrower.size):
        if facilities.owing[k] == 0:
            continue
        if facilities.maturing_paths[k] == 0:
            continue
        i = entities.account[facilities.borrower[k]]
        for lane in range(world.openness.size):
            world.amount[lane], world.term[lane], world.backed[lane] = 0.0, 0.0, 0.0
            if facilities.maturing[k, lane] <= 0.0 or _converts(world, entities, facilities, k, i, lane):
                continue
            access, backed, term = secured_access(t, world, entities, contracts, leases, facilities, k, lane)
            refinanced = facilities.maturing[k, lane] * access * world.granted[lane]
            if entities.draw_stopped[i, lane] or entities.new_loan[i] == k:
                refinanced = 0.0
            world.amount[lane], world.term[lane] = refinanced, term
            world.backed[lane] = 1.0 if backed else 0.0
            facilities.refinanced[k, lane] = refinanced
            _call_rest(t, seed, paths, chance, world, entities, facilities, causes, k, i, lane)
        borrow_anew(world, entities, facilities, claims, ledger, i)


@kernel
def _converts(world, entities, facilities, k, i, lane):
    """Turn a convertible that pays to convert into shares; return whether it did."""
    if facilities.convertible[k] == 0 or entities.start_equity[i, lane] <= 0.0:
        return False
    share_price = facilities.share_price[k, lane] * max(entities.equity[i, lane], 0.0)
    share_price /= entities.start_equity[i, lane]
    buffer = world.parameters[P.conversion_buffer, lane]
    if not converts(share_price, facilities.conversion_price[k, lane], buffer):
        return False
    facilities.converted[k, lane] += facilities.maturing[k, lane]
    facilities.shrunk[k] += 1
    facilities.balance[k, lane] = 0.0
    return True


@kernel
def _call_rest(t, seed, paths, chance, world, entities, facilities, causes, k, i, lane):
    """Extend or call what is not refinanced of a loan that matures; before maturity nothing is called."""
    due, refinanced = facilities.maturing[k, lane], facilities.refinanced[k, lane]
    rest = due - refinanced
    if facilities.until[k, lane] > t:
        facilities.principal[k, lane] += refinanced
        return
    after = entities.cash[i, lane] + refinanced - cash_buffer(world, entities, i, lane)
    if rest > max(after, 0.0) - refinanced and grants(t, seed, paths, chance, world, facilities.key[k], lane):
        facilities.until[k, lane] = t + _EXTENSION_MONTHS
        facilities.principal[k, lane] = refinanced
        note_soft(t, entities, i, lane, Trigger.EXTENSION)
    else:
        facilities.principal[k, lane] = due
        entities.matured[i, lane] += rest
        causes.now[cause_row(causes, Cause.MATURITY, entities.layer.size, i), lane] += rest


@kernel
def grants(t, seed, paths, chance, world, name, lane):
    """Return whether lenders waive or extend: the less open the market, the less likely.

    Without chance they do where it is more likely than not.
    """
    draw = rng.uniform(seed, paths[lane], np.uint64(t), np.uint64(rng.WAIVER), name) if chance else 0.5
    return draw < waiver_chance(world, lane)


@inline
def waiver_chance(world, lane):
    """Return the chance that lenders waive or extend."""
    p = world.parameters
    chance = p[P.waiver_probability_base, lane] - p[P.waiver_funding_slope, lane] * (1.0 - world.openness[lane])
    return min(max(chance, 0.0), 1.0)


@kernel
def draw_revolvers(world, entities, facilities, claims, ledger, need):
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
            shut = (facilities.stopped[k, lane] > 0) | (entities.draw_stopped[i, lane] > 0)
            amount = 0.0 if shut else min(max(need[i, lane], 0.0), facilities.undrawn[k, lane])
            world.amount[lane] = amount
            need[i, lane] -= amount
        draw_facility(facilities, claims, entities, ledger, k, world.amount)
