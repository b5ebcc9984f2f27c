"""Step 10: tests on facilities, their headroom, and what follows a breach."""

from __future__ import annotations

import numpy as np

from deflator.credit.monthly import sweep_amount
from deflator.engine import rng
from deflator.engine.breaks import note_soft
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.compiled import kernel
from deflator.engine.debt import spare_cash, waiver_chance
from deflator.engine.layout import (
    CONTRACTED_COVERAGE,
    CROSS_DEFAULT,
    DRAW_STOP,
    DSCR,
    EVENT_OF_DEFAULT,
    HOURS_PER_MONTH,
    INVESTORS,
    LEVERAGE,
    LOAN_TO_COST,
    LTV,
    MARGIN_CALL,
    MILLION,
    MIN_LIQUIDITY,
    ON,
    SWEEP,
    P,
)

_AMPLE = 9.99  # shown as the ratio where nothing is owed


@kernel
def test_covenants(t, seed, paths, world, entities, equipment, fleets, contracts, leases, facilities, covenants,
                   causes, ledger):  # fmt: skip
    """Test every covenant that is in force, let sponsors cure and lenders waive, and apply consequences past cure.

    Headroom is the distance from the threshold over the threshold: 0.1 means that the figure may worsen by a tenth.
    """
    for v in range(covenants.facility.size):
        if covenants.active[v] == 0:
            continue
        k = covenants.facility[v]
        _measure_headroom(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v)
        for lane in range(world.openness.size):
            if covenants.breached[v, lane] == 0 and t % covenants.every[v] != 0:
                continue
            failing = covenants.headroom[v, lane] < 0.0 and facilities.balance[k, lane] > 0.0
            if not failing:
                if covenants.breached[v, lane] > 0 and covenants.consequence[v] == DRAW_STOP:
                    facilities.stopped[k, lane] = 0
                covenants.breached[v, lane] = 0
                continue
            covenants.breached[v, lane] += 1
            _follow_breach(t, seed, paths, world, entities, facilities, covenants, causes, ledger, v, lane)


@kernel
def _follow_breach(t, seed, paths, world, entities, facilities, covenants, causes, ledger, v, lane):
    k = covenants.facility[v]
    i = entities.account[facilities.borrower[k]]
    consequence = covenants.consequence[v]
    if consequence == DRAW_STOP:
        facilities.stopped[k, lane] = 1
    if covenants.breached[v, lane] <= covenants.cure[v, lane]:
        if covenants.test[v] == MIN_LIQUIDITY:
            _cure(t, seed, paths, world, entities, facilities, covenants, ledger, v, lane)
        return
    if consequence == SWEEP:
        swept = sweep_amount(entities.cash[i, lane], entities.cash[i, lane] - spare_cash(world, entities, i, lane),
                             0.5, facilities.balance[k, lane])  # fmt: skip
        facilities.swept[k, lane] = max(facilities.swept[k, lane], swept)
        causes.now[Cause.MARGIN_CALL * entities.layer.size + i, lane] += swept
    elif consequence == MARGIN_CALL and covenants.test[v] == LTV:
        most = covenants.threshold[v, lane] * facilities.collateral[k, lane]
        call = max(facilities.balance[k, lane] - most, 0.0)
        facilities.swept[k, lane] = max(facilities.swept[k, lane], call)
        causes.now[Cause.MARGIN_CALL * entities.layer.size + i, lane] += call
    elif consequence == EVENT_OF_DEFAULT:
        draw = rng.uniform(seed, paths[lane], np.uint64(t), np.uint64(rng.WAIVER), covenants.key[v])
        if draw < waiver_chance(world, lane):
            note_soft(t, entities, i, lane, Trigger.EXTENSION)
            covenants.breached[v, lane] = 0
        else:
            entities.covenant_default[i, lane] = 1


@kernel
def _cure(t, seed, paths, world, entities, facilities, covenants, ledger, v, lane):
    """Let a willing sponsor put in the cash that a liquidity test lacks."""
    k = covenants.facility[v]
    i = entities.account[facilities.borrower[k]]
    willing = world.parameters[P.sponsor_cure_willingness, lane] * world.openness[lane]
    draw = rng.uniform(seed, paths[lane], np.uint64(t), np.uint64(rng.CURE), facilities.key[k])
    lacking = max(covenants.threshold[v, lane] - entities.cash[i, lane], 0.0)
    if draw < willing and lacking > 0.0:
        entities.cash[i, lane] += lacking
        entities.cash[world.role[INVESTORS], lane] -= lacking
        ledger.flow[Category.SUPPORT, lane] += lacking


@kernel
def _measure_headroom(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v):
    k, test = covenants.facility[v], covenants.test[v]
    i = entities.account[facilities.borrower[k]]
    for lane in range(world.openness.size):
        threshold = covenants.threshold[v, lane]
        balance = facilities.balance[k, lane]
        room = 1.0
        if balance <= 0.0:
            room = 1.0
        elif test == MIN_LIQUIDITY:
            room = entities.cash[i, lane] / threshold - 1.0
        elif test == DSCR and stabilised(t, contracts, leases, facilities, k, lane):
            due = facilities.interest[k, lane] + max(
                facilities.principal[k, lane] - facilities.refinanced[k, lane], 0.0
            )
            earned = collateral_cash_flow(world, entities, equipment, fleets, contracts, leases, facilities, k, lane)
            room = (earned / due if due > 0.0 else _AMPLE) / threshold - 1.0
        elif test == CONTRACTED_COVERAGE:
            room = _contracted(t, contracts, facilities, k, i, entities, lane) / balance / threshold - 1.0
        elif test == LEVERAGE:
            earned = 12.0 * entities.ebitda[i, lane]
            turns = entities.debt[i, lane] / earned if earned > 0.0 else 100.0
            room = 1.0 - turns / threshold
        elif test == LTV:
            facilities.collateral[k, lane] = collateral_value(equipment, fleets, facilities, k, lane)
            value = facilities.collateral[k, lane]
            if world.channels[ON.collateral] and (value > 0.0 or _in_service(fleets, facilities, k, lane)):
                room = 1.0 - balance / max(value, 1e-9 * balance) / threshold
        elif test == LOAN_TO_COST:
            room = 1.0 - balance / max(_cost(leases, facilities, k, lane) * threshold, balance * 1e-9)
        elif test == CROSS_DEFAULT:
            room = 1.0 - entities.missed[i, lane] / threshold
        covenants.headroom[v, lane] = room


@kernel
def stabilised(t, contracts, leases, facilities, k, lane):
    """Return whether all that is pledged to a facility has started: before that, its cash flow is not tested."""
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        if contracts.start[c, lane] + contracts.delay[c, lane] > t:
            return False
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        if leases.start[item, lane] + leases.delay[item, lane] > t:
            return False
    return True


@kernel
def _in_service(fleets, facilities, k, lane):
    """Return whether units pledged to a facility have come into service."""
    for n in range(facilities.fleet_ofs[k], facilities.fleet_ofs[k + 1]):
        if fleets.stage[facilities.fleet[n], lane] > 0:
            return True
    return False


@kernel
def collateral_value(equipment, fleets, facilities, k, lane):
    """Return the appraised value of the units pledged to a facility, in service or paid for, USD m."""
    value = 0.0
    for n in range(facilities.fleet_ofs[k], facilities.fleet_ofs[k + 1]):
        f = facilities.fleet[n]
        if fleets.stage[f, lane] < 2:
            units = fleets.units[f, lane] * fleets.paid[f, lane]
            value += units * equipment.appraised[fleets.equipment[f], lane] / MILLION
    return value


@kernel
def collateral_cash_flow(world, entities, equipment, fleets, contracts, leases, facilities, k, lane):
    """Return what the collateral earns this month: contracts and rent pledged, less the costs of the units pledged.

    A facility without pledged income is measured on the borrower's own earnings.
    """
    earned, pledged = 0.0, False
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        earned += contracts.bill[facilities.contract[n], lane]
        pledged = True
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        earned += leases.due[facilities.lease[n], lane]
        pledged = True
    if not pledged:
        return entities.ebitda[entities.account[facilities.borrower[k]], lane]
    for n in range(facilities.fleet_ofs[k], facilities.fleet_ofs[k + 1]):
        f = facilities.fleet[n]
        g = fleets.equipment[f]
        power = equipment.kw[g, lane] * world.market[0, lane] * fleets.power_price[f, lane] * world.power[lane]
        earned -= fleets.live[f, lane] * (power / 1000.0 + fleets.opex[f, lane]) * HOURS_PER_MONTH / MILLION
    return earned


@kernel
def _contracted(t, contracts, facilities, k, i, entities, lane):
    """Return what contracts will still bill until the loan ends: the pledged ones, else all of the borrower's."""
    total = 0.0
    first, last = facilities.contract_ofs[k], facilities.contract_ofs[k + 1]
    if last > first:
        for n in range(first, last):
            total += _to_come(t, contracts, facilities, facilities.contract[n], k, lane)
        return total
    for c in range(contracts.seller.size):
        if entities.account[contracts.seller[c]] == i and contracts.backstop[c] == 0:
            total += _to_come(t, contracts, facilities, c, k, lane)
    return total


@kernel
def _to_come(t, contracts, facilities, c, k, lane):
    starts = max(contracts.start[c, lane] + contracts.delay[c, lane], t * 1.0)
    months = max(min(contracts.until[c, lane], facilities.until[k, lane]) - starts, 0.0)
    units = contracts.units[c, lane] * contracts.active[c, lane]
    return units * contracts.price[c, lane] * HOURS_PER_MONTH * months / MILLION


@kernel
def _cost(leases, facilities, k, lane):
    """Return the cost of what a building loan finances: its commitment, and what has been built since."""
    cost = facilities.committed[k, lane]
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        cost += leases.building_cost[item, lane] * leases.built[item, lane]
    return cost
