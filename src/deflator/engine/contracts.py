"""Step 5: contracts start, bill, are cancelled when late, end, and are renewed, replaced or let go."""

from __future__ import annotations

from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import exp, logistic
from deflator.engine.funding import ready_cash
from deflator.engine.lanes import nothing
from deflator.engine.layout import INSOURCE, LEAVE, MONTH_IN_YEARS, MUSD_PER_HOURLY_USD
from deflator.engine.ledger import cause_row
from deflator.engine.positions import ON, P
from deflator.engine.valuation import annuity

_COST_WIDTH = 0.1  # own cost within about this share of the offer leaves the buyer undecided


@kernel
def roll_contracts(t, world, entities, equipment, pairs, contracts, requests):
    """Cancel what is too late and settle what ends this month.

    A buyer whose seller is late past its right cancels with a monthly hazard (channel `delay`). At the end, buyers
    that can move to own units for less do so as fast as they can convert (channel `insourcing`), the rest is renewed
    at a spot-linked price, less what a distressed buyer gives up.
    """
    p = world.parameters
    _count_ending(t, entities, equipment, pairs, contracts)
    late_right = world.channels[ON.delay] == 1
    for c in range(contracts.seller.size):
        if contracts.backstop[c]:
            continue
        buyer = contracts.buyer[c]
        ending, waiting = 0, 0
        for lane in range(world.log_rent.size):
            starts = contracts.starts[c, lane]
            waiting += starts > t
            ending += _ends(t, contracts, c, lane) & (starts <= t)
        if waiting > 0:
            for lane in range(world.log_rent.size):
                late = t - contracts.start[c, lane] > contracts.delay_right[c, lane]
                late = late_right & (contracts.starts[c, lane] > t) & late
                cancelled = p[P.delay_termination_hazard, lane] if late else 0.0
                contracts.active[c, lane] *= (1.0 - entities.attrition[buyer, lane]) * (1.0 - cancelled)
        elif not nothing(entities.attrition[buyer]):
            for lane in range(world.log_rent.size):
                contracts.active[c, lane] *= 1.0 - entities.attrition[buyer, lane]
        if ending > 0:
            _renew(t, world, entities, equipment, pairs, contracts, requests, c)


@inline
def _ends(t, contracts, c, lane):
    return (t - 1.0 < contracts.until[c, lane]) & (contracts.until[c, lane] <= t)


@kernel
def _renew(t, world, entities, equipment, pairs, contracts, requests, c):
    """Renew what ends this month: less what a distressed buyer gives up and what own units replace."""
    p = world.parameters
    g, buyer = pairs.equipment[contracts.pair[c]], contracts.buyer[c]
    for lane in range(world.log_rent.size):
        if contracts.starts[c, lane] > t or not _ends(t, contracts, c, lane):
            continue
        kept = 0.0
        if contracts.renewal[c] != LEAVE:
            share = (1.0 - entities.distress[buyer, lane]) * requests.renewal_scale[buyer, t]
            kept = min(max(share, 0.0), 1.0)
        offer = (1.0 - p[P.renewal_price_discount, lane]) * equipment.rent[g, lane]
        if contracts.renewal[c] == INSOURCE:
            kept *= 1.0 - _insourced(t, world, entities, equipment, contracts, requests, c, g, offer, lane)
        contracts.active[c, lane] *= kept
        contracts.price[c, lane] = offer
        contracts.until[c, lane] = t + p[P.renewal_term_months, lane]


@kernel
def _count_ending(t, entities, equipment, pairs, contracts):
    """Add up for each buyer what ends this month, so that its own units replace every contract alike."""
    for c in range(contracts.seller.size):
        if contracts.renewal[c] == INSOURCE:
            entities.ending[contracts.buyer[c], :] = 0.0
    for c in range(contracts.seller.size):
        if contracts.backstop[c] or contracts.renewal[c] != INSOURCE:
            continue
        g, buyer = pairs.equipment[contracts.pair[c]], contracts.buyer[c]
        for lane in range(contracts.until.shape[1]):
            units = contracts.units[c, lane] * contracts.active[c, lane] * equipment.performance[g, lane]
            entities.ending[buyer, lane] += units if _ends(t, contracts, c, lane) else 0.0


@kernel
def _insourced(t, world, entities, equipment, contracts, requests, c, g, offer, lane):
    """Return the share of an ending contract that the buyer moves to its own units, and use up that room.

    Own units that arrived since month 0 are the capacity; the speed limit caps how much of what was rented at month 0
    can have been converted by now. The own cost is a share of the month-0 rent that follows the price of new units.
    """
    p = world.parameters
    buyer = contracts.buyer[c]
    if world.channels[ON.insourcing] == 0:
        return 0.0
    speed = p[P.insourcing_max_speed_annual, lane] * requests.insourcing_scale[buyer, t]
    room = min(entities.own_arrived[buyer, lane], speed * t * MONTH_IN_YEARS * entities.rented_start[buyer, lane])
    wanted = contracts.units[c, lane] * contracts.active[c, lane] * equipment.performance[g, lane]
    if wanted <= 0.0:
        return 0.0
    own_cost = entities.own_cost_ratio[buyer, lane] * equipment.start_rent[g, lane] * equipment.price_factor[g, lane]
    cheaper = logistic((offer - own_cost) / (_COST_WIDTH * offer))
    left = max(entities.ending[buyer, lane], wanted)
    share = min(max((cheaper * room - entities.insourced[buyer, lane]) / left, 0.0), cheaper)
    entities.insourced[buyer, lane] += share * wanted
    entities.ending[buyer, lane] -= wanted
    return share


@kernel
def bill_contracts(t, world, entities, equipment, pairs, contracts, causes, ledger):
    """Write this month's bills: units delivered at the contract's price, less what was prepaid.

    A distressed buyer uses less, but pays for at least the take-or-pay share. Backstops buy what is left unsold.
    """
    p = world.parameters
    for c in range(contracts.seller.size):
        q = contracts.pair[c]
        buyer = contracts.buyer[c]
        if contracts.backstop[c]:
            for lane in range(world.log_rent.size):
                unsold = max(pairs.units[q, lane] - pairs.contracted[q, lane] - pairs.let[q, lane], 0.0)
                units = min(contracts.units[c, lane] * contracts.active[c, lane], unsold)
                bill = _bill(units * p[P.guarantor_performance, lane], contracts.price[c, lane])
                contracts.bill[c, lane] = bill if _runs(t, contracts, c, lane) else 0.0
            continue
        for lane in range(world.log_rent.size):
            world.amount[lane] = 1.0
        if not nothing(entities.distress[buyer]):
            for lane in range(world.log_rent.size):
                world.amount[lane] = max(contracts.take_or_pay[c, lane], 1.0 - entities.distress[buyer, lane])
        for lane in range(world.log_rent.size):
            units = contracts.units[c, lane] * contracts.active[c, lane] * pairs.fill[q, lane]
            bill = _bill(units * world.amount[lane], contracts.price[c, lane])
            contracts.bill[c, lane] = bill if _runs(t, contracts, c, lane) else 0.0
        if contracts.prepays[c]:
            for lane in range(world.log_rent.size):
                contracts.bill[c, lane] -= _use_credit(contracts, c, contracts.bill[c, lane], lane)
    _collect_prepayments(t, entities, contracts, causes, ledger)


@inline
def _runs(t, contracts, c, lane):
    return (contracts.starts[c, lane] <= t) & (t < contracts.until[c, lane])


@inline
def _bill(units, rent):
    return units * rent * MUSD_PER_HOURLY_USD


@inline
def _use_credit(contracts, c, bill, lane):
    """Return how much of a bill was prepaid: an equal share of the prepayment each month of the term."""
    term = max(contracts.end[c, lane] - contracts.start[c, lane], 1.0)
    used = min(min(contracts.prepaid[c, lane] / term, contracts.credit[c, lane]), bill)
    contracts.credit[c, lane] -= used
    return used


@kernel
def _collect_prepayments(t, entities, contracts, causes, ledger):
    """Let buyers pay ahead in the month before the planned start, out of cash."""
    count = entities.layer.size
    for c in range(contracts.seller.size):
        if contracts.prepays[c] == 0:
            continue
        buyer, seller = entities.account[contracts.buyer[c]], entities.account[contracts.seller[c]]
        revenue = cause_row(causes, Cause.CONTRACT_REVENUE, count, seller)
        spending = cause_row(causes, Cause.COMPUTE_COST, count, buyer)
        for lane in range(contracts.bill.shape[1]):
            if contracts.start[c, lane] - 1.0 == t and contracts.active[c, lane] > 0.0:
                paid = min(
                    contracts.prepaid[c, lane] * contracts.active[c, lane],
                    ready_cash(entities, buyer, lane),
                )
                contracts.credit[c, lane] += paid
                entities.cash[buyer, lane] -= paid
                entities.cash[seller, lane] += paid
                ledger.flow[Category.PREPAYMENT, lane] += paid
                causes.now[revenue, lane] += paid
                causes.now[spending, lane] += paid


@kernel
def value_contracts(t, world, equipment, pairs, contracts):
    """Value what each contract pays above the spot rent until it ends; a contract at spot is worth nothing.

    The gap between price and expected spot rent is discounted monthly; spot is expected to fall as owners expect. The
    fleet already earns spot, as far as it is valued at it: where the price of new units caps its value, the spot rent
    that a contract is compared with is capped alike.
    """
    p = world.parameters
    for c in range(contracts.seller.size):
        g = pairs.equipment[contracts.pair[c]]
        if contracts.backstop[c] or _spent(t, contracts, c):
            for lane in range(world.log_rent.size):
                contracts.pv[c, lane] = 0.0
            continue
        waiting = 0
        for lane in range(world.log_rent.size):
            world.rest[lane], world.spent[lane] = 1.0, 1.0
            waiting += contracts.starts[c, lane] > t
        if waiting > 0:
            for lane in range(world.log_rent.size):
                years = max(contracts.starts[c, lane] - t, 0.0) * MONTH_IN_YEARS
                world.rest[lane] = exp(-p[P.appraisal_discount_rate, lane] * years)
                world.spent[lane] = exp(-world.expected_decline[lane] * years)
        for lane in range(world.log_rent.size):
            first = max(contracts.starts[c, lane] - t, 0.0)
            # Units are valued over half a life, and so is what they earn above spot.
            left = min(contracts.until[c, lane] - t - first, 0.5 * equipment.life[g, lane])
            years = max(left, 0.0) * MONTH_IN_YEARS
            rate = p[P.appraisal_discount_rate, lane]
            decline = world.expected_decline[lane]
            fixed = contracts.price[c, lane] * annuity(rate, years)
            spot = equipment.rent[g, lane] * equipment.uncapped[g, lane]
            spot *= world.spent[lane] * annuity(rate + decline, years)
            units = contracts.units[c, lane] * contracts.active[c, lane]
            let = world.market[2, lane] * equipment.value_scale[g, lane]  # as the value of the units counts rent
            contracts.pv[c, lane] = world.rest[lane] * _bill(units * let, fixed - spot) * 12.0


@kernel
def _spent(t, contracts, c):
    """Return whether nothing of a contract is left on any path."""
    left = 0
    for lane in range(contracts.until.shape[1]):
        left += (contracts.until[c, lane] > t) & (contracts.active[c, lane] > 0.0)
    return left == 0
