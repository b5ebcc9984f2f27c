"""Step 13: seized units are sold over months into finite depth; they change hands, they do not vanish."""

from __future__ import annotations

from deflator.engine.codes import Category
from deflator.engine.compiled import kernel
from deflator.engine.lanes import nothing
from deflator.engine.layout import HYPERSCALER, INVESTORS, MILLIONTH, NEOCLOUD, SECOND_HAND, SUPPLIERS
from deflator.engine.positions import P


@kernel
def sell_seized(world, entities, equipment, pairs, ledger):
    """Sell a share of the seized units: survivors with spare cash buy at a discount, second-hand buyers take the rest.

    Buyers let the units again, so rents stay under pressure (M12, M16). Proceeds after sale costs go to the lenders
    whose claims they cover, and beyond these to investors.
    """
    p = world.parameters
    second_hand = world.role[SECOND_HAND]
    for lane in range(world.openness.size):
        world.paid[lane] = 0.0
    for g in range(equipment.vendor.size):
        found = 0
        for lane in range(world.openness.size):
            pool = equipment.pool[g, lane]
            sold = pool / max(p[P.liquidation_months, lane], 1.0)
            equipment.pool[g, lane] = pool - sold
            equipment.forced[g, lane] = sold
            equipment.let[g, lane] = sold  # still without a buyer
            found += pool > 0.0
        equipment.pooled[g] = found
    for q in range(pairs.owner.size):
        i, g = pairs.owner[q], pairs.equipment[q]
        survivor = (entities.layer[i] == NEOCLOUD or entities.layer[i] == HYPERSCALER) and entities.cohort[i] == 0
        if equipment.pooled[g] == 0 or (not survivor and i != second_hand):
            continue
        for lane in range(world.openness.size):
            left = equipment.let[g, lane]
            if left <= 0.0:
                continue
            price = equipment.value[g, lane] * (1.0 - p[P.buyer_of_distress_discount, lane]) * MILLIONTH
            units = left
            if i != second_hand:
                units = _affordable(world, entities, i, price, left, lane)
            equipment.let[g, lane] = left - units
            pairs.extra[q, lane] += units
            pairs.used[q], pairs.extended[q] = 1, 1
            entities.cash[entities.account[i], lane] -= units * price
            world.paid[lane] += units * price
    _share_proceeds(world, entities, ledger)


@kernel
def _affordable(world, entities, i, price, left, lane):
    """Return how many units a survivor buys: a month's share of the cash above its buffer, if it has not broken."""
    p = world.parameters
    account = entities.account[i]
    if price <= 0.0 or entities.broken_share[account, lane] > 0.0:
        return 0.0
    buffer = 2.0 * p[P.early_action_buffer, lane] * entities.minimum_liquidity[account, lane]
    spare = max(entities.cash[account, lane] - max(buffer, entities.start_cash[account, lane]), 0.0)
    return min(left, p[P.excess_cash_payout_monthly, lane] * spare / price)


@kernel
def _share_proceeds(world, entities, ledger):
    """Pay the sellers' costs out of what the sales brought; the rest goes to the estates."""
    p = world.parameters
    suppliers = world.role[SUPPLIERS]
    for lane in range(world.openness.size):
        proceeds = world.paid[lane]
        cost = proceeds * p[P.sale_cost_share, lane]
        ledger.flow[Category.SALE, lane] += proceeds
        entities.cash[suppliers, lane] += cost
        world.amount[lane] = proceeds - cost
    pay_estates(world, entities)


@kernel
def pay_estates(world, entities):
    """Pay what estates take in (`world.amount`) to lenders pro rata to their claims, and beyond these to investors."""
    investors = world.role[INVESTORS]
    if nothing(world.amount):
        return
    for lane in range(world.openness.size):
        world.rest[lane] = 0.0
    for i in range(entities.layer.size):
        for lane in range(world.openness.size if entities.claims[i] else 0):
            world.rest[lane] += max(entities.claim[i, lane], 0.0)
    for lane in range(world.openness.size):
        world.spent[lane] = min(max(world.amount[lane], 0.0), world.rest[lane])
    for i in range(entities.layer.size):
        if entities.claims[i] == 0 or nothing(entities.claim[i]):
            continue
        for lane in range(world.openness.size):
            claim = entities.claim[i, lane]
            share = world.spent[lane] * (claim / world.rest[lane])
            share = share if claim > 0.0 else 0.0
            entities.cash[i, lane] += share
            entities.claim[i, lane] = max(claim - share, 0.0) if share > 0.0 else claim
    for lane in range(world.openness.size):
        entities.cash[investors, lane] += max(world.amount[lane], 0.0) - world.spent[lane]
