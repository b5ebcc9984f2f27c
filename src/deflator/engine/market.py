"""Step 4: the spot rent, where uncontracted demand meets uncommitted units."""

from __future__ import annotations

import math

import numpy as np

from deflator.engine import rng
from deflator.engine.codes import Category, Cause
from deflator.engine.compiled import inline, kernel
from deflator.engine.elementary import exp, log, logistic
from deflator.engine.funding import ready_cash
from deflator.engine.lanes import nothing
from deflator.engine.layout import MONTH_IN_YEARS, MUSD_PER_HOURLY_USD, SUPPLIERS
from deflator.engine.ledger import cause_row
from deflator.engine.liquidation import pay_estates
from deflator.engine.positions import ON, P

_NO_NAME = np.uint64(0)
_STEPS = 16
_BALANCED = 1e-12  # a log gap between demand and supply that is rounding
_WIDEST = 4.0  # the clearing rent is sought within exp(±4) of the rent at month 0
_TINY = 1e-12
_RESERVED_MONTHS = 3.0  # units that wait for a contract this near are not let spot


@kernel
def count_units(t, world, fleets, pairs, equipment):
    """Count the units in service of each pair: owned and not seized, on time, within their life.

    A unit that outlives its life retires; the equipment's count of retired units keeps the roll-forward exact.
    """
    for q in range(pairs.owner.size):
        extended = pairs.extended[q] > 0
        for lane in range(world.log_rent.size if pairs.used[q] else 0):
            pairs.units[q, lane] = pairs.extra[q, lane] if extended else 0.0
    for f in range(fleets.owner.size):
        g, pair = fleets.equipment[f], fleets.pair[f]
        for lane in range(world.log_rent.size):
            starts = fleets.arrives[f, lane]
            aged = starts + equipment.life[g, lane] <= t
            serves = (starts <= t) & (not aged)
            retires = aged & (fleets.stage[f, lane] == 1)
            there = fleets.there[f, lane]
            equipment.retired[g, lane] += there if retires else 0.0
            stage = 2 if retires else fleets.stage[f, lane]
            fleets.stage[f, lane] = 1 if serves else stage
            fleets.live[f, lane] = there if serves else 0.0
        if pair >= 0:
            for lane in range(world.log_rent.size):
                pairs.units[pair, lane] += fleets.live[f, lane]


@kernel
def offer_units(t, world, entities, pairs, equipment, contracts):
    """Work out what is on offer: units not under contract, and what distressed buyers sublet.

    Freed units reach the market with a lag, units newly sold leave it at once. Of units in liquidation a part stays
    dark, the rest is let by the estate.
    """
    p = world.parameters
    _count_contracted(t, world, entities, equipment, pairs, contracts)
    equipment.offered[:, :] = 0.0
    equipment.avoidable[:, :] = 0.0
    for q in range(pairs.owner.size):
        g = pairs.equipment[q]
        if pairs.used[q] == 0:
            continue
        for lane in range(world.log_rent.size):
            free = max(pairs.units[q, lane] - pairs.contracted[q, lane] - pairs.reserved[q, lane], 0.0)
            rise = free - pairs.offered[q, lane]
            lag = max(p[P.hand_back_lag_months, lane], 1.0)
            pairs.offered[q, lane] = free if rise < 0.0 or t == 0 else pairs.offered[q, lane] + rise / lag
            offered = pairs.offered[q, lane] * world.market[2, lane]
            cost = pairs.power_cost[q, lane] * world.power[lane] + pairs.opex[q, lane]
            equipment.offered[g, lane] += offered
            equipment.avoidable[g, lane] += offered * cost
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            if equipment.offered[g, lane] > 0.0:
                equipment.avoidable[g, lane] /= equipment.offered[g, lane]
            seized = (1.0 - p[P.idle_in_liquidation_share, lane]) * equipment.pool[g, lane]
            equipment.estate[g, lane] = seized * world.market[2, lane]
            equipment.offered[g, lane] += equipment.sublet[g, lane] + equipment.estate[g, lane]


@kernel
def _count_contracted(t, world, entities, equipment, pairs, contracts):
    p = world.parameters
    for q in range(pairs.owner.size):
        if pairs.sells[q]:
            pairs.contracted[q, :] = 0.0
            pairs.reserved[q, :] = 0.0
    equipment.sublet[:, :] = 0.0
    for c in range(contracts.seller.size):
        if contracts.backstop[c]:
            continue
        q = contracts.pair[c]
        g = pairs.equipment[q]
        buyer = contracts.buyer[c]
        for lane in range(world.log_rent.size):
            units = contracts.units[c, lane] * contracts.active[c, lane]
            starts = contracts.starts[c, lane]
            waits = (t < starts) & (starts <= t + _RESERVED_MONTHS)
            runs = (starts <= t) & (t < contracts.until[c, lane] + 1.0)
            running = units if runs else 0.0
            world.amount[lane] = running
            pairs.reserved[q, lane] += units if waits else 0.0
            pairs.contracted[q, lane] += running
        if nothing(entities.distress[buyer]) and contracts.subletting[c] == 0:
            continue
        found = 0
        for lane in range(world.log_rent.size):
            sublet = world.amount[lane] * p[P.sublet_share_distressed, lane] * entities.distress[buyer, lane]
            contracts.sublet[c, lane] = sublet
            equipment.sublet[g, lane] += sublet
            found += sublet > 0.0
        contracts.subletting[c] = found
    for q in range(pairs.owner.size):
        if pairs.sells[q] == 0:
            continue
        for lane in range(world.log_rent.size):
            contracted = pairs.contracted[q, lane]
            pairs.fill[q, lane] = min(pairs.units[q, lane] / contracted, 1.0) if contracted > 0.0 else 1.0


@kernel
def clear_rent(world, equipment, segments):
    """Solve for the rent at which uncontracted demand equals what owners keep on offer.

    Demand is Σ min(wanted · e^(-ε x), limit · e^(-x)) in performance units with x the log of the rent over month 0;
    supply is Σ performance · units · logistic((rent - avoidable cost) / width). Demand falls and supply rises in x,
    so the root is unique; it is found by safeguarded Newton steps in logs. A lane that is there stays there, so that
    its bits do not depend on its neighbours; the last steps are taken only while some lane needs them.
    Writes `log_target`.
    """
    lanes = world.log_rent.size
    for lane in range(lanes):
        world.lower[lane], world.upper[lane] = -_WIDEST, _WIDEST
    for _ in range(_STEPS):
        measure_balance(world, equipment, segments, world.log_target)
        if _step_towards_balance(world) == 0:
            break


@kernel
def _step_towards_balance(world):
    """Take one safeguarded Newton step in each lane that is not there yet; return how many lanes moved."""
    moved = 0
    for lane in range(world.log_rent.size):
        x = world.log_target[lane] - world.log_rent_start[lane]
        gap = log(world.demand[lane] / world.supply[lane])
        slope = world.demand_slope[lane] / world.demand[lane] - world.supply_slope[lane] / world.supply[lane]
        open_ = abs(gap) > _BALANCED
        lower = x if gap > 0.0 else world.lower[lane]
        upper = world.upper[lane] if gap > 0.0 else x
        step = x - gap / slope
        inside = (slope < 0.0) & (lower <= step) & (step <= upper)
        step = step if inside else 0.5 * (lower + upper)
        world.lower[lane], world.upper[lane] = lower, upper
        world.log_target[lane] = world.log_rent_start[lane] + (step if open_ else x)
        moved += open_
    return moved


@kernel
def measure_balance(world, equipment, segments, log_rent):
    """Measure demand and supply, and their slopes in the log rent, at a rent of each lane."""
    lanes = log_rent.size
    for lane in range(lanes):
        world.demand[lane], world.demand_slope[lane] = _TINY, -_TINY
        world.supply[lane], world.supply_slope[lane] = _TINY, 0.0
        x = log_rent[lane] - world.log_rent_start[lane]
        world.log_move[lane] = x
        world.cheapness[lane] = exp(-x)
        world.rent[lane] = exp(log_rent[lane])
    for s in range(segments.entity.size):
        for lane in range(lanes):
            elasticity = segments.elasticity[s, lane]
            wanted = segments.wanted[s, lane] * exp(-elasticity * world.log_move[lane])
            payable = segments.limit[s, lane] * world.cheapness[lane]
            bought = min(wanted, payable)
            world.demand[lane] += bought
            world.demand_slope[lane] -= elasticity * wanted if wanted < payable else payable
            segments.bought[s, lane] = bought
    for g in range(equipment.vendor.size):
        for lane in range(lanes):
            units = equipment.offered[g, lane] * equipment.market_performance[g, lane]
            rent = equipment.rent_ratio[g, lane] * world.rent[lane]
            width = world.parameters[P.rent_floor_smoothing, lane]
            kept = logistic((rent - equipment.avoidable[g, lane]) / width)
            world.supply[lane] += units * kept
            world.supply_slope[lane] += units * kept * (1.0 - kept) * rent / width
            equipment.let[g, lane] = kept


@kernel
def move_rent(t, seed, paths, chance, world, equipment, requests):
    """Move the rent part of the way to where it clears, with noise and steps, or along the path that a scenario pins.

    With the channel `rent` off, the rent is drawn to its month-0 level whatever is supplied.
    """
    p = world.parameters
    for lane in range(paths.size):
        target = world.log_target[lane] if world.channels[ON.rent] else world.log_rent_start[lane]
        noise, jump = 0.0, 0.0
        if chance:
            noise = p[P.rent_volatility_annual, lane] * math.sqrt(MONTH_IN_YEARS) * world.rent_noise[lane]
            key = np.uint64(t), np.uint64(rng.RENT_JUMP)
            if rng.uniform(seed, paths[lane], key[0], key[1], _NO_NAME) < p[P.rent_jump_probability_monthly, lane]:
                jump = p[P.rent_jump_size_log, lane] * rng.normal(seed, paths[lane], key[0], key[1], np.uint64(1))
        free = (
            world.log_rent[lane]
            + p[P.price_adjust_speed_lambda, lane] * (target - world.log_rent[lane])
            + noise
            + jump
            + requests.rent_shock[t]
        )
        level = requests.rent_level[t]
        world.log_rent[lane] = free if math.isnan(level) else log(level)
    set_rents(world, equipment)


@kernel
def set_rents(world, equipment):
    """Set every equipment's rent from the reference rent."""
    for lane in range(world.log_rent.size):
        world.rent[lane] = exp(world.log_rent[lane])
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            equipment.rent[g, lane] = equipment.rent_ratio[g, lane] * world.rent[lane]


@kernel
def trade_spot(world, entities, equipment, pairs, contracts, segments, causes, ledger):
    """Let what is wanted at the rent of the month, and pay for it: buyers by demand, sellers by units let.

    What is let is the lesser of demand and supply. Buyers pay out of cash; what they cannot pay is not let.
    """
    count = entities.layer.size
    measure_balance(world, equipment, segments, world.log_rent)
    for lane in range(world.log_rent.size):
        world.turnover[lane] = min(world.demand[lane] / world.supply[lane], 1.0)
        world.takings[lane] = 0.0
        world.paid[lane] = 0.0
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            equipment.let[g, lane] *= world.turnover[lane]
            world.takings[lane] += _monthly(
                equipment.offered[g, lane] * equipment.let[g, lane], equipment.rent[g, lane]
            )
    for s in range(segments.entity.size):
        payer = entities.account[segments.entity[s]]
        row = cause_row(causes, Cause.COMPUTE_COST, count, payer)
        for lane in range(world.log_rent.size):
            bill = world.takings[lane] * segments.bought[s, lane] / world.demand[lane]
            paid = min(bill, ready_cash(entities, payer, lane))
            segments.bought[s, lane] = paid
            world.paid[lane] += paid
            entities.cash[payer, lane] -= paid
            ledger.flow[Category.SPOT, lane] += paid
            causes.now[row, lane] += paid
    _pay_owners(world, entities, equipment, pairs, causes)
    _pay_sublessors(world, entities, equipment, pairs, contracts, causes)
    _pay_lessors_of_estates(world, entities, equipment, ledger)


@kernel
def _pay_lessors_of_estates(world, entities, equipment, ledger):
    """Pay estates for the units that they let, less what these cost to run, which goes to suppliers."""
    suppliers = world.role[SUPPLIERS]
    if equipment.pooled.sum() == 0:
        return
    for lane in range(world.log_rent.size):
        world.amount[lane] = 0.0
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            let = equipment.estate[g, lane] * equipment.let[g, lane]
            takings = _monthly(let, equipment.rent[g, lane]) * _collected(world, lane)
            cost = min(_monthly(let, equipment.avoidable[g, lane]), takings)
            world.amount[lane] += takings - cost
            world.rest[lane] = cost
            ledger.flow[Category.OPERATIONS, lane] += cost
        for lane in range(world.log_rent.size):
            entities.cash[suppliers, lane] += world.rest[lane]
    pay_estates(world, entities)


@inline
def _monthly(units, rent):
    return units * rent * MUSD_PER_HOURLY_USD


@inline
def _collected(world, lane):
    return world.paid[lane] / world.takings[lane] if world.takings[lane] > 0.0 else 0.0


@kernel
def _pay_owners(world, entities, equipment, pairs, causes):
    count = entities.layer.size
    for q in range(pairs.owner.size):
        g = pairs.equipment[q]
        owner = entities.account[pairs.owner[q]]
        if pairs.used[q] == 0:
            continue
        row = cause_row(causes, Cause.SPOT_REVENUE, count, owner)
        for lane in range(world.log_rent.size):
            let = pairs.offered[q, lane] * world.market[2, lane] * equipment.let[g, lane]
            takings = _monthly(let, equipment.rent[g, lane]) * _collected(world, lane)
            pairs.let[q, lane] = let
            pairs.takings[q, lane] = takings
            entities.cash[owner, lane] += takings
            causes.now[row, lane] += takings


@kernel
def _pay_sublessors(world, entities, equipment, pairs, contracts, causes):
    count = entities.layer.size
    for c in range(contracts.seller.size):
        if contracts.backstop[c] or contracts.subletting[c] == 0:
            continue
        g = pairs.equipment[contracts.pair[c]]
        buyer = entities.account[contracts.buyer[c]]
        row = cause_row(causes, Cause.SPOT_REVENUE, count, buyer)
        for lane in range(world.log_rent.size):
            let = contracts.sublet[c, lane] * equipment.let[g, lane]
            takings = _monthly(let, equipment.rent[g, lane]) * _collected(world, lane)
            entities.cash[buyer, lane] += takings
            causes.now[row, lane] += takings


@kernel
def pressed_performance(world, equipment):
    """Set what a unit adds to supply: its performance, or at most the reference's with the channel `generation` off."""
    for g in range(equipment.vendor.size):
        for lane in range(world.log_rent.size):
            performance = equipment.performance[g, lane]
            on = world.channels[ON.generation]
            equipment.market_performance[g, lane] = performance if on else min(performance, 1.0)
