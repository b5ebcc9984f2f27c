"""Month 0: the state of a block of lanes as the book gives it, and the constants that make the model match the book."""

from __future__ import annotations

from deflator.engine.building import paid_before
from deflator.engine.compiled import inline, kernel
from deflator.engine.contracts import value_contracts
from deflator.engine.demand import measure_contracts
from deflator.engine.drivers import draw_delays
from deflator.engine.elementary import log
from deflator.engine.funding import logit
from deflator.engine.lanes import nothing
from deflator.engine.layout import HOURS_PER_MONTH, HYPERSCALER, LENDER, MILLION, MILLIONTH, MUSD_PER_HOURLY_USD, VENDOR
from deflator.engine.market import count_units, measure_balance, offer_units, pressed_performance, set_rents
from deflator.engine.positions import P
from deflator.engine.valuation import bare_value, find_cheapest, value_entities


@kernel
def start_block(block, months, seed, chance):
    """Bring every record of a block to month 0."""
    _start_entities(block.world, block.entities, block.claims, block.facilities)
    _start_things(block.entities, block.equipment, block.pairs, block.contracts, block.leases, block.facilities,
                  block.world)  # fmt: skip
    draw_delays(
        months,
        seed,
        block.paths,
        chance,
        block.world,
        block.fleets,
        block.leases,
        block.contracts,
        block.requests,
    )
    _start_calendar(block.world, block.fleets, block.leases, block.contracts)
    _start_fleets(block.world, block.entities, block.equipment, block.fleets, block.pairs)
    _start_market(block.world, block.entities, block.equipment, block.fleets, block.pairs, block.contracts,
                  block.segments)  # fmt: skip
    _start_values(block.world, block.entities, block.equipment, block.fleets, block.pairs, block.contracts,
                  block.leases, block.facilities)  # fmt: skip


@kernel
def _start_entities(world, entities, claims, facilities):
    lanes = world.openness.size
    count = entities.layer.size
    for i in range(count):
        entities.going[i] = 1.0
        entities.staying[i] = 1.0
        entities.revenue[i] = entities.start_revenue[i]
        for lane in range(lanes):
            entities.earns[i] += entities.start_revenue[i, lane] > 0.0
        entities.power_left_mw[i] = entities.free_power_mw[i]
        if entities.unlimited[i] == 0:
            for lane in range(lanes):
                entities.cash[entities.account[i], lane] += entities.start_cash[i, lane]
    _share_exposure(world, entities, claims, facilities)
    for lane in range(lanes):
        world.amount[lane] = 0.0
    for i in range(count):
        for lane in range(lanes if entities.layer[i] == LENDER else 0):
            world.amount[lane] += entities.capital[i, lane]
    for i in range(count):
        for lane in range(lanes if entities.layer[i] == LENDER else 0):
            all_capital = world.amount[lane]
            share = entities.capital[i, lane] / all_capital
            entities.capital_share[i, lane] = share if all_capital > 0.0 else 0.0


@kernel
def _share_exposure(world, entities, claims, facilities):
    """Work out which share of all debt each entity holds."""
    lanes = world.openness.size
    for lane in range(lanes):
        world.rest[lane] = 0.0
    for n in range(claims.facility.size):
        holder, k = claims.holder[n], claims.facility[n]
        for lane in range(lanes):
            held = claims.share[n, lane] * facilities.start_drawn[k, lane]
            entities.exposure_weight[holder, lane] += held
            world.rest[lane] += held
    for i in range(entities.layer.size):
        for lane in range(lanes):
            debt = world.rest[lane]
            entities.exposure_weight[i, lane] /= debt if debt > 0.0 else 1.0


@kernel
def _start_things(entities, equipment, pairs, contracts, leases, facilities, world):
    p = world.parameters
    equipment.price_factor[:, :] = 1.0
    equipment.uncapped[:, :] = 1.0
    contracts.active[:, :] = 1.0
    contracts.price[:, :] = contracts.start_rent
    pairs.fill[:, :] = 1.0
    for c in range(contracts.seller.size):
        pairs.sells[contracts.pair[c]] += 1 - contracts.backstop[c]
        if nothing(contracts.prepaid[c]):
            continue
        for lane in range(world.openness.size):
            contracts.prepays[c] += contracts.prepaid[c, lane] > 0.0
            start, end = contracts.start[c, lane], contracts.end[c, lane]
            if start <= 1.0 < end:  # what was prepaid by the as-of month stands in the book's cash
                contracts.credit[c, lane] = contracts.prepaid[c, lane] * (end - max(start, 1.0)) / (end - start)
    leases.active[:, :] = 1.0
    facilities.balance[:, :] = facilities.start_drawn
    facilities.rate[:, :] = facilities.start_rate
    facilities.until[:, :] = facilities.maturity
    facilities.ever_drawn[:, :] = facilities.start_drawn
    for k in range(facilities.borrower.size):
        for lane in range(world.openness.size):
            facilities.owing[k] += facilities.balance[k, lane] > 0.0
            undrawn = facilities.committed[k, lane] - facilities.start_drawn[k, lane]
            # A convertible's accretion stands in its committed amount: there is nothing to draw.
            facilities.undrawn[k, lane] = 0.0 if facilities.convertible[k] else max(undrawn, 0.0)
            facilities.months_left[k, lane] = p[P.refinancing_term_months, lane]
    for item in range(leases.landlord.size):
        for lane in range(world.openness.size):
            to_build = leases.building_cost[item, lane] > 0.0
            leases.sites[item] += to_build
            leases.built[item, lane] = 0.0 if to_build else 1.0
    for lane in range(world.openness.size):
        world.amount[lane], world.rest[lane] = 0.0, 0.0
    for item in range(leases.landlord.size):
        for lane in range(world.openness.size):
            world.amount[lane] += leases.mw[item, lane]
            world.rest[lane] += leases.rent[item, lane]
    for lane in range(world.openness.size):
        power, rent = world.amount[lane], world.rest[lane]
        # USD m a month over MW, as USD per kW and hour
        world.space_rent[lane] = rent * MILLION / (power * 1000.0 * HOURS_PER_MONTH) if power > 0.0 else 0.0


@kernel
def _start_calendar(world, fleets, leases, contracts):
    """Work out once when sites, deliveries and contracts begin and end, lateness included."""
    lanes = world.openness.size
    for f in range(fleets.owner.size):
        for lane in range(lanes):
            fleets.arrives[f, lane] = fleets.in_service[f, lane] + fleets.delay[f, lane]
    for item in range(leases.landlord.size):
        late = 0.0 if leases.from_plan[item] else 1.0
        for lane in range(lanes):
            leases.opens[item, lane] = leases.start[item, lane] + leases.delay[item, lane]
            leases.rent_from[item, lane] = leases.start[item, lane] + late * leases.delay[item, lane]
            leases.rent_until[item, lane] = leases.end[item, lane] + late * leases.delay[item, lane]
    for c in range(contracts.seller.size):
        for lane in range(lanes):
            contracts.starts[c, lane] = contracts.start[c, lane] + contracts.delay[c, lane]
            contracts.until[c, lane] = contracts.end[c, lane] + contracts.delay[c, lane]


@kernel
def _start_fleets(world, entities, equipment, fleets, pairs):
    """Count what is there and paid, and the costs at which each pair runs."""
    lanes = world.openness.size
    for f in range(fleets.owner.size):
        g = fleets.equipment[f]
        spreads = entities.layer[fleets.owner[f]] == HYPERSCALER
        if fleets.pair[f] >= 0:
            pairs.used[fleets.pair[f]] = 1
        owned, bound = fleets.is_delivery[f] == 0, fleets.committed[f] == 1
        for lane in range(lanes):
            before = paid_before(world, fleets, f, spreads, lane) if bound else 0.0
            paid = 1.0 if owned else before
            aged = fleets.in_service[f, lane] + equipment.life[g, lane] <= 0.0
            fleets.paid[f, lane] = paid
            fleets.there[f, lane] = fleets.units[f, lane] * paid
            fleets.stage[f, lane] = 2 if aged else 0
            equipment.opening[g, lane] += 0.0 if aged else fleets.units[f, lane] * paid
        if bound and not owned:
            _add_planned_sale(world, fleets, f)
    for i in range(entities.layer.size):
        if entities.layer[i] == VENDOR:
            for lane in range(lanes):
                world.vendor_sales[lane] += 12.0 * entities.start_revenue[i, lane]
    for lane in range(lanes):
        world.vendor_peak[lane] = world.vendor_sales[lane]
    _start_pair_costs(world, equipment, fleets, pairs)


@kernel
def _add_planned_sale(world, fleets, f):
    """Count the price of a binding delivery of the coming year as a year's sales of vendors, USD m."""
    for lane in range(world.openness.size):
        price = fleets.units[f, lane] * fleets.unit_price[f, lane] * MILLIONTH
        world.vendor_sales[lane] += price if fleets.in_service[f, lane] <= 12.0 else 0.0


@kernel
def _start_pair_costs(world, equipment, fleets, pairs):
    """Average power price and operating cost of each pair's fleets; a pair without fleets takes everybody's average."""
    lanes = world.openness.size
    for lane in range(lanes):
        world.bought[lane], world.amount[lane], world.rest[lane] = 0.0, 0.0, 0.0
    for f in range(fleets.owner.size):
        q = fleets.pair[f]
        for lane in range(lanes if q >= 0 else 0):
            units = fleets.units[f, lane]
            price, opex = units * fleets.power_price[f, lane], units * fleets.opex[f, lane]
            pairs.power_cost[q, lane] += price
            pairs.opex[q, lane] += opex
            pairs.let[q, lane] += units  # scratch
            world.bought[lane] += units
            world.amount[lane] += price
            world.rest[lane] += opex
    for q in range(pairs.owner.size):
        g = pairs.equipment[q]
        for lane in range(lanes):
            own, units = pairs.let[q, lane], world.bought[lane]
            price = _mean(pairs.power_cost[q, lane], own, world.amount[lane], units)
            pairs.power_cost[q, lane] = equipment.kw[g, lane] * world.market[0, lane] * price * 0.001
            pairs.opex[q, lane] = _mean(pairs.opex[q, lane], own, world.rest[lane], units)
            pairs.let[q, lane] = 0.0


@inline
def _mean(own_sum, own_units, whole_sum, whole_units):
    """Return an average over own units, over everybody's where there are none, and 0 where nobody has any."""
    own, whole = own_sum / own_units, whole_sum / whole_units
    return own if own_units > 0.0 else (whole if whole_units > 0.0 else 0.0)


@kernel
def _start_market(world, entities, equipment, fleets, pairs, contracts, segments):
    """Let the spot market clear at the book's rent: solve for the scale of uncontracted demand once, and hold it."""
    p = world.parameters
    reference = world.reference[0]
    for lane in range(world.openness.size):
        start = p[P.funding_openness_base, lane]
        world.openness[lane] = start
        world.openness_start[lane] = start
        world.logit_openness[lane] = logit(start)
        world.vendor_health[lane] = 1.0
        world.power[lane] = 1.0
        world.turnover[lane] = 1.0
        world.base_rate[lane] = world.market[1, lane]
        world.log_rent_start[lane] = log(equipment.start_rent[reference, lane])
        world.log_rent[lane] = world.log_rent_start[lane]
        world.log_target[lane] = world.log_rent_start[lane]
        world.expected_decline[lane] = p[P.expected_obsolescence_annual, lane]
        equipment.trailing[reference, lane] = world.log_rent[lane] + world.expected_decline[lane] * (11.0 / 12.0)
        world.spent[lane] = 0.0
    for s in range(segments.entity.size):
        for lane in range(world.openness.size):
            world.spent[lane] += segments.spot_spend[s, lane]
    for s in range(segments.entity.size):
        for lane in range(world.openness.size):
            segments.start_units[s, lane] = segments.spot_spend[s, lane] / world.spent[lane]
    for g in range(equipment.vendor.size):
        for lane in range(world.openness.size):
            ratio = equipment.start_rent[g, lane] / equipment.start_rent[reference, lane]
            equipment.own_factor[g, lane] = ratio
            equipment.rent_ratio[g, lane] = ratio
    pressed_performance(world, equipment)
    set_rents(world, equipment)
    count_units(0, world, fleets, pairs, equipment)
    offer_units(0, world, entities, pairs, equipment, contracts)
    segments.wanted[:, :] = segments.start_units
    segments.limit[:, :] = segments.start_units
    measure_balance(world, equipment, segments, world.log_rent)
    measure_contracts(0, segments, pairs, equipment, contracts)
    for s in range(segments.entity.size):
        for lane in range(world.openness.size):
            segments.start_units[s, lane] *= world.supply[lane]
            segments.start_contracted[s, lane] = segments.contracted_units[s, lane]
    for g in range(equipment.vendor.size):
        for lane in range(world.openness.size):
            takings = equipment.offered[g, lane] * equipment.let[g, lane] * equipment.start_rent[g, lane]
            world.unit_price_start[lane] += takings * MUSD_PER_HOURLY_USD / world.supply[lane]
    for c in range(contracts.seller.size):
        g, buyer = pairs.equipment[contracts.pair[c]], contracts.buyer[c]
        for lane in range(world.openness.size if contracts.backstop[c] == 0 else 0):
            rented = contracts.units[c, lane] * equipment.performance[g, lane]
            runs = (contracts.start[c, lane] <= 0.0) & (contracts.until[c, lane] > 0.0)
            entities.rented_start[buyer, lane] += rented if runs else 0.0


@kernel
def _start_values(world, entities, equipment, fleets, pairs, contracts, leases, facilities):
    """Match second-hand values and equity values to the book: a factor per equipment, a franchise per firm."""
    lanes = world.openness.size
    find_cheapest(0, world, equipment)
    for g in range(equipment.vendor.size):
        for lane in range(lanes):
            used, new = equipment.used_price[g, lane], equipment.new_price[g, lane]
            price = used if used > 0.0 else new
            bare = bare_value(world, equipment, g, lane)
            equipment.value_scale[g, lane] = price / bare if bare > 0.0 else 0.0
            equipment.cap_scale[g, lane] = max(price / (world.cheapest[lane] * equipment.performance[g, lane]), 1.0)
            equipment.value[g, lane] = price
            equipment.appraised[g, lane] = price
    value_contracts(0, world, equipment, pairs, contracts)
    value_entities(world, entities, equipment, pairs, fleets, contracts, leases, facilities)
    for i in range(entities.layer.size):
        if entities.account[i] != i or entities.layer[i] == LENDER:
            continue
        for lane in range(lanes):
            quoted, found = entities.start_equity[i, lane], entities.equity[i, lane]
            entities.franchise[i, lane] = quoted - found if quoted > 0.0 else 0.0
            entities.equity[i, lane] = quoted if quoted > 0.0 else found
