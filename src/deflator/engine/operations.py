"""Step 6: revenue in; power, operations, space and staff out."""

from __future__ import annotations

from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import power
from deflator.engine.funding import ready_cash
from deflator.engine.layout import (
    END_USERS,
    HYPERSCALER,
    INVESTORS,
    LENDER,
    MONTH_IN_YEARS,
    MUSD_PER_HOURLY_USD,
    SUPPLIERS,
    VENDOR,
    WORLD,
)
from deflator.engine.ledger import cause_row, pay
from deflator.engine.positions import P


@kernel
def collect_revenue(t, world, entities, leases, causes, ledger):
    """Take in end-user revenue, interest on cash, and the rent of space let to others or paid by guarantors."""
    end_users, investors = world.role[END_USERS], world.role[INVESTORS]
    count = entities.layer.size
    for i in range(count - 1):
        if entities.layer[i] == WORLD:
            continue
        payer = entities.account[i]
        if entities.earns[i]:
            row = cause_row(causes, Cause.END_USER_REVENUE, count, payer)
            for lane in range(world.openness.size):
                amount = entities.revenue[i, lane] * entities.going[payer, lane]
                causes.now[row, lane] += amount
                world.amount[lane] = amount
            pay(world, entities, ledger, Category.END_USERS, end_users, payer)
        if payer == i and entities.layer[i] != LENDER:
            for lane in range(world.openness.size):
                rate = max(world.base_rate[lane] + world.parameters[P.interest_on_cash_spread, lane], 0.0)
                world.amount[lane] = max(entities.cash[i, lane], 0.0) * rate * MONTH_IN_YEARS
            pay(world, entities, ledger, Category.CASH_INTEREST, investors, i)
    _collect_other_rent(t, world, entities, leases, causes, ledger)


@inline
def _move(entities, ledger, category, payer, payee, lane, amount):
    entities.cash[payer, lane] -= amount
    entities.cash[payee, lane] += amount
    ledger.flow[category, lane] += amount


@kernel
def _collect_other_rent(t, world, entities, leases, causes, ledger):
    """Collect rent that others pay in a tenant's place, for space that has opened and as long as its lease runs."""
    p = world.parameters
    count = entities.layer.size
    for item in range(leases.landlord.size):
        landlord = entities.account[leases.landlord[item]]
        if leases.vacated[item] == 0:
            continue
        row = cause_row(causes, Cause.LEASE_REVENUE, count, landlord)
        for lane in range(world.openness.size):
            rent = leases.rent[item, lane] * leases.built[item, lane]
            open_ = leases.opens[item, lane] <= t
            relet = leases.relet[item, lane] * rent * p[P.relet_rent_ratio, lane] if open_ else 0.0
            rent = rent if _runs(t, leases, item, lane) else 0.0
            _move(entities, ledger, Category.LEASE, world.role[END_USERS], landlord, lane, relet)
            insured = leases.insured[item, lane] * rent
            _move(entities, ledger, Category.LEASE, world.role[INVESTORS], landlord, lane, insured)
            guaranteed = 0.0
            if leases.guarantor[item] >= 0:
                guarantor = entities.account[leases.guarantor[item]]
                owed = leases.guaranteed[item, lane] * rent * p[P.guarantor_performance, lane]
                guaranteed = min(owed, ready_cash(entities, guarantor, lane))
                _move(entities, ledger, Category.LEASE, guarantor, landlord, lane, guaranteed)
            leases.income[item, lane] = relet + insured + guaranteed
            causes.now[row, lane] += relet + insured + guaranteed


@inline
def _runs(t, leases, item, lane):
    """Return whether a lease owes rent: from its planned month, where the lease says so, else once the site is open."""
    return (leases.rent_from[item, lane] <= t) & (t < leases.rent_until[item, lane])


@kernel
def charge_leases(t, world, entities, leases, causes):
    """Write this month's rent for space; a late site owes rent from its planned month only where the lease says so."""
    count = entities.layer.size
    for item in range(leases.landlord.size):
        tenant = entities.account[leases.tenant[item]]
        row = cause_row(causes, Cause.LEASE_COST, count, tenant)
        for lane in range(world.openness.size):
            rent = leases.rent[item, lane] * leases.active[item, lane] * leases.built[item, lane]
            due = rent if _runs(t, leases, item, lane) else 0.0
            leases.due[item, lane] = due
            causes.now[row, lane] += due


@kernel
def relet_space(world, entities, leases, ledger):
    """Let empty space again after a void, at market rent and the cost of fitting it out (M13)."""
    p = world.parameters
    for item in range(leases.landlord.size):
        if leases.vacated[item] == 0:
            continue
        landlord = entities.account[leases.landlord[item]]
        for lane in range(world.openness.size):
            empty = leases.void[item, lane]
            if empty <= 0.0:
                continue
            share = empty / max(p[P.relet_void_months, lane], 1.0)
            cost = share * leases.rent[item, lane] * 12.0 * p[P.relet_capex_share, lane]
            affordable = min(1.0, max(entities.cash[landlord, lane], 0.0) / cost) if cost > 0.0 else 1.0
            _move(entities, ledger, Category.BUILDING, landlord, world.role[SUPPLIERS], lane, cost * affordable)
            leases.void[item, lane] -= share * affordable
            leases.relet[item, lane] += share * affordable


@kernel
def charge_operations(t, world, entities, equipment, pairs, fleets, causes):
    """Write this month's cost of power, operations, staff and the space of units bought since month 0.

    Idle units use no power. Costs that are not tied to units grow with income to the power of an elasticity.
    """
    count = entities.layer.size
    entities.operating_due[:, :] = 0.0
    for q in range(pairs.owner.size):
        owner = entities.account[pairs.owner[q]]
        if entities.layer[owner] == WORLD or pairs.used[q] == 0:
            continue
        g, extended = pairs.equipment[q], pairs.extended[q] > 0
        for lane in range(world.openness.size):
            extra = pairs.extra[q, lane] if extended else 0.0
            used = min(pairs.contracted[q, lane], pairs.units[q, lane]) + pairs.let[q, lane]
            cost = used * (pairs.power_cost[q, lane] * world.power[lane] + pairs.opex[q, lane])
            cost += extra * equipment.kw[g, lane] * world.space_rent[lane]
            entities.operating_due[owner, lane] += cost * MUSD_PER_HOURLY_USD
    for f in range(fleets.owner.size):
        if fleets.pair[f] >= 0:
            continue
        owner, g = entities.account[fleets.owner[f]], fleets.equipment[f]
        for lane in range(world.openness.size):
            power = equipment.kw[g, lane] * world.market[0, lane] * fleets.power_price[f, lane] * world.power[lane]
            cost = fleets.live[f, lane] * (power * 0.001 + fleets.opex[f, lane])
            entities.operating_due[owner, lane] += cost * MUSD_PER_HOURLY_USD
    for i in range(count - 1):
        if entities.layer[i] == WORLD:
            continue
        payer = entities.account[i]
        for lane in range(world.openness.size):
            index = _cost_index(t, world, entities, i, payer, lane)
            cost = entities.fixed_cost[i, lane] * index * entities.going[payer, lane]
            entities.operating_due[payer, lane] += cost
    for i in range(count - 1):
        if entities.can_default[i] == 0:
            continue  # nobody asks why it broke
        row = cause_row(causes, Cause.OPERATING_COST, count, i)
        for lane in range(world.openness.size):
            causes.now[row, lane] += entities.operating_due[i, lane]


@inline
def _cost_index(t, world, entities, i, payer, lane):
    """Return how costs that are not tied to units stand to the book's: income over the first month's, to a power.

    A vendor's costs are mostly goods sold, so they move with sales one for one. For others, income that does not
    cover these costs yet says nothing of their size.
    """
    fixed, income, start = (
        entities.fixed_cost[i, lane],
        entities.income[payer, lane],
        entities.start_income[payer, lane],
    )
    vendor = entities.layer[i] == VENDOR
    young = (start < fixed) & (not vendor)
    income = max(income, fixed) if young else income
    start = fixed if young else start
    elasticity = 1.0 if vendor else world.parameters[P.cost_revenue_elasticity, lane]
    grown = power(max(income / start, 1e-6), elasticity)
    return grown if t > 1 and start > 0.0 else 1.0


@kernel
def measure_income(t, world, entities, leases, contracts, pairs, causes):
    """Add up what each account earned and what is left of it before interest, as billed."""
    count = entities.layer.size
    entities.income[:, :] = 0.0
    for c in range(contracts.seller.size):
        seller, buyer = entities.account[contracts.seller[c]], entities.account[contracts.buyer[c]]
        revenue = cause_row(causes, Cause.CONTRACT_REVENUE, count, seller)
        spending = cause_row(causes, Cause.COMPUTE_COST, count, buyer)
        for lane in range(world.openness.size):
            causes.now[revenue, lane] += contracts.bill[c, lane]
        for lane in range(world.openness.size):
            causes.now[spending, lane] += contracts.bill[c, lane]
    for item in range(leases.landlord.size):
        row = cause_row(causes, Cause.LEASE_REVENUE, count, entities.account[leases.landlord[item]])
        for lane in range(world.openness.size):
            causes.now[row, lane] += leases.due[item, lane]
    for i in range(count - 1):
        for lane in range(world.openness.size):
            income = (
                causes.now[Cause.END_USER_REVENUE * count + i, lane]
                + causes.now[Cause.CONTRACT_REVENUE * count + i, lane]
                + causes.now[Cause.SPOT_REVENUE * count + i, lane]
                + causes.now[Cause.LEASE_REVENUE * count + i, lane]
            )
            entities.income[i, lane] = income
            entities.ebitda[i, lane] = (
                income
                - entities.operating_due[i, lane]
                - causes.now[Cause.LEASE_COST * count + i, lane]
                - causes.now[Cause.COMPUTE_COST * count + i, lane]
            )
            if t == 1:
                entities.start_income[i, lane] = income


@kernel
def pay_out(world, entities, ledger):
    """Distribute part of the cash above the month-0 level: dividends and buybacks, lenders' returns to investors."""
    investors = world.role[INVESTORS]
    for i in range(entities.layer.size - 1):
        layer = entities.layer[i]
        if layer not in (HYPERSCALER, LENDER, VENDOR) or entities.account[i] != i:
            continue
        for lane in range(world.openness.size):
            excess = max(entities.cash[i, lane] - entities.start_cash[i, lane], 0.0)
            share = world.parameters[P.excess_cash_payout_monthly, lane]
            _move(entities, ledger, Category.PAYOUT, i, investors, lane, excess * share)
