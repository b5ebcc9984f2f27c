"""Step 9: owners order the best hardware on offer when it pays. The lag to delivery is the capacity cycle."""

from __future__ import annotations

from deflator.engine.building import advance_rate, affordable_share, pay_vendor
from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.debt import borrow_anew, spare_cash
from deflator.engine.elementary import power
from deflator.engine.lanes import nothing
from deflator.engine.layout import HOURS_PER_YEAR, MILLIONTH, MONTH_IN_YEARS, RING, VENDOR
from deflator.engine.ledger import cause_row
from deflator.engine.positions import ON, P
from deflator.engine.valuation import annuity


@kernel
def expect_earnings(t, world, equipment):
    """Work out for each generation what a dollar an hour over its life is worth today, and its price if it is on sale.

    Rent is expected to fall as owners expect; costs stay.
    """
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            discount = world.parameters[P.appraisal_discount_rate, lane]
            years = equipment.life[g, lane] * MONTH_IN_YEARS
            equipment.rent_years[g, lane] = annuity(discount + world.expected_decline[lane], years)
            equipment.cost_years[g, lane] = annuity(discount, years)
            on_sale = equipment.launch[g, lane] <= t
            price = equipment.new_price[g, lane] * equipment.price_factor[g, lane]
            equipment.offer_price[g, lane] = price if on_sale else 0.0


@inline
def full_cost_value(world, equipment, q, pairs, lane):
    """Return what a new unit earns over its life at today's rent and the expected decline, USD."""
    g = pairs.equipment[q]
    avoidable = pairs.power_cost[q, lane] * world.power[lane] + pairs.opex[q, lane]
    cost = avoidable + equipment.kw[g, lane] * world.space_rent[lane]
    net = equipment.rent[g, lane] * equipment.rent_years[g, lane] - cost * equipment.cost_years[g, lane]
    return max(net, 0.0) * (world.market[2, lane] * world.turnover[lane] * HOURS_PER_YEAR)


@kernel
def measure_margins(t, world, entities, equipment, pairs):
    """Compare what a new unit earns with its price, where the owner may order it, and keep its best."""
    expect_earnings(t, world, equipment)
    for q in range(pairs.owner.size):
        entities.best_margin[pairs.owner[q], :] = 0.0
        entities.let_performance[pairs.owner[q], :] = 0.0
    for q in range(pairs.owner.size):
        i, g = pairs.owner[q], pairs.equipment[q]
        for lane in range(world.log_rent.size if pairs.used[q] else 0):
            entities.let_performance[i, lane] += pairs.let[q, lane] * equipment.performance[g, lane]
        if pairs.orderable[q] == 0:
            continue
        for lane in range(world.log_rent.size):
            price = equipment.offer_price[g, lane]
            margin = full_cost_value(world, equipment, q, pairs, lane) / price - 1.0
            margin = margin if price > 0.0 else 0.0
            pairs.margin[q, lane] = margin
            entities.best_margin[i, lane] = max(entities.best_margin[i, lane], margin)


@kernel
def place_orders(t, world, entities, equipment, pairs, orders, requests):
    """Order in proportion to the margin, to openness, to what an owner lets uncommitted, and within its free power.

    Vendors ship at most the new supply of the year, which answers to the price that they get (channel `vendor`);
    orders beyond it are cut pro rata.
    """
    p = world.parameters
    measure_margins(t, world, entities, equipment, pairs)
    for lane in range(world.log_rent.size):
        world.ordered[lane] = 0.0
        world.shipments[lane] = 0.0
        world.rest[lane] = world.openness[lane] / world.openness_start[lane]
    for q in range(pairs.owner.size):
        i, g = pairs.owner[q], pairs.equipment[q]
        if pairs.orderable[q] == 0:
            continue
        ordering = 0
        for lane in range(world.log_rent.size):
            ordering += _is_best(entities, pairs, q, i, lane)
        if ordering == 0:
            if pairs.awaits[q]:
                pairs.ordered[q, :] = 0.0
            continue
        pairs.awaits[q] = 1
        for lane in range(world.log_rent.size):
            units = _wanted_units(t, world, entities, equipment, pairs, requests, q, lane)
            pairs.ordered[q, lane] = units
            world.ordered[lane] += units
            world.shipments[lane] += units * equipment.price_factor[g, lane]
    on = world.channels[ON.vendor]
    for lane in range(world.log_rent.size):
        price = world.shipments[lane] / world.ordered[lane] if on and world.ordered[lane] > 0.0 else 1.0
        most = p[P.new_supply_units_per_year, lane] * MONTH_IN_YEARS * power(price, p[P.vendor_supply_response, lane])
        world.order_share[lane] = most / max(world.ordered[lane], most) if most > 0.0 else 0.0
    for q in range(pairs.owner.size):
        if pairs.orderable[q] == 0 or pairs.awaits[q] == 0 or nothing(pairs.ordered[q]):
            continue
        i, g = entities.account[pairs.owner[q]], pairs.equipment[q]
        for lane in range(world.log_rent.size):
            units = pairs.ordered[q, lane] * world.order_share[lane]
            if units <= 0.0:
                continue
            lag = min(max(int(p[P.order_lag_months, lane]), 1), RING - 1)
            orders.units[pairs.ring[q] + (t + lag) % RING, lane] += units
            entities.power_left_mw[i, lane] -= units * equipment.kw[g, lane] * world.market[0, lane] * 0.001


@inline
def _wanted_units(t, world, entities, equipment, pairs, requests, q, lane):
    """Return what an owner would order of one equipment: only its best margin, within its free power.

    `world.rest` holds openness over that of month 0.
    """
    margin = pairs.margin[q, lane]
    i, g = pairs.owner[q], pairs.equipment[q]
    speed = world.parameters[P.order_speed_monthly, lane] * requests.supply_scale[g, t]
    let = entities.let_performance[i, lane] / equipment.performance[g, lane]
    wanted = speed * let * margin * world.rest[lane] * entities.going[i, lane]
    room = entities.power_left_mw[i, lane] * 1000.0 / (equipment.kw[g, lane] * world.market[0, lane])
    return min(wanted, max(room, 0.0)) if _is_best(entities, pairs, q, i, lane) else 0.0


@inline
def _is_best(entities, pairs, q, i, lane):
    margin = pairs.margin[q, lane]
    return (margin > 0.0) & (margin >= entities.best_margin[i, lane])


@kernel
def receive_orders(t, world, entities, equipment, pairs, orders, facilities, claims, causes, ledger):
    """Pay for orders that arrive: by new loans and spare cash; the rest is cancelled for a fee (M12, M15)."""
    count = entities.layer.size
    for lane in range(world.openness.size):
        world.term[lane] = world.parameters[P.refinancing_term_months, lane]
        world.backed[lane] = 0.0
    for q in range(pairs.owner.size):
        row = pairs.ring[q] + t % RING
        if pairs.orderable[q] == 0 or pairs.awaits[q] == 0 or nothing(orders.units[row]):
            continue
        pairs.used[q], pairs.extended[q] = 1, 1
        i, g = entities.account[pairs.owner[q]], pairs.equipment[q]
        _fund_order(world, entities, equipment, orders, i, g, row)
        if not nothing(world.amount):
            borrow_anew(world, entities, facilities, claims, ledger, i)
        vendor = entities.account[equipment.vendor[g]]
        cause = cause_row(causes, Cause.CAPITAL_SPENDING, count, i)
        for lane in range(world.openness.size):
            pairs.extra[q, lane] += world.bought[lane]
            equipment.arrived[g, lane] += world.bought[lane]
            spent = world.spent[lane] - world.amount[lane] + world.rest[lane]
            causes.now[cause, lane] += spent
            entities.cash[i, lane] -= world.rest[lane]
            ledger.flow[Category.EQUIPMENT, lane] += world.rest[lane]
        for lane in range(world.openness.size):
            entities.cash[vendor, lane] += world.rest[lane]
        pay_vendor(world, entities, equipment, ledger, i, g)


@kernel
def _fund_order(world, entities, equipment, orders, i, g, row):
    """Work out the loan (`amount`), the units bought (`bought`), their price (`spent`) and the fee (`rest`)."""
    for lane in range(world.openness.size):
        units = orders.units[row, lane]
        orders.units[row, lane] = 0.0
        cost = units * equipment.new_price[g, lane] * equipment.price_factor[g, lane] * MILLIONTH
        loan = cost * advance_rate(world, equipment, g, lane) * entities.access[i, lane] * world.granted[lane]
        loan = 0.0 if entities.draw_stopped[i, lane] else loan
        spare = spare_cash(world, entities, i, 2.0, lane)
        bought = affordable_share(cost - loan, spare) * entities.going[i, lane]
        fee = cost * (1.0 - bought) * world.parameters[P.order_cancellation_fee_share, lane]
        world.amount[lane] = loan * bought
        world.bought[lane] = units * bought
        world.spent[lane] = cost * bought
        world.rest[lane] = min(fee, max(spare - (cost - loan) * bought, 0.0))


@kernel
def fade_vendor_sales(world, entities):
    """Keep a year's worth of vendors' sales, an exponential memory of twelve months, and add those outside the book."""
    for lane in range(world.vendor_sales.size):
        world.vendor_sales[lane] *= 1.0 - MONTH_IN_YEARS
    for i in range(entities.layer.size):
        if entities.layer[i] == VENDOR:
            for lane in range(world.vendor_sales.size):
                world.vendor_sales[lane] += entities.revenue[i, lane]
