"""Step 10: tests on facilities, their headroom, and what follows a breach."""

from __future__ import annotations

import numpy as np

from deflator.credit.monthly import sweep_amount
from deflator.engine import rng
from deflator.engine.breaks import note_soft
from deflator.engine.codes import Category, Cause, Trigger
from deflator.engine.compiled import kernel
from deflator.engine.debt import grants, spare_cash
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
    MILLIONTH,
    MIN_LIQUIDITY,
    MUSD_PER_HOURLY_USD,
    SWEEP,
)
from deflator.engine.ledger import cause_row
from deflator.engine.positions import ON, P

_AMPLE = 9.99  # shown as the ratio where nothing is owed


@kernel
def test_covenants(t, seed, paths, chance, world, entities, equipment, fleets, contracts, leases, facilities, covenants,
                   causes, ledger):  # fmt: skip
    """Test every covenant that is in force, let sponsors cure and lenders waive, and apply consequences past cure.

    Headroom is the distance from the threshold over the threshold: 0.1 means that the figure may worsen by a tenth.
    """
    for v in range(covenants.facility.size):
        if covenants.active[v] == 0:
            continue
        k = covenants.facility[v]
        _measure_headroom(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v)
        if _all_well(t, facilities, covenants, v, k):
            continue
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
            _follow_breach(t, seed, paths, chance, world, entities, facilities, covenants, causes, ledger, v, lane)


@kernel
def _all_well(t, facilities, covenants, v, k):
    """Return whether no lane is in breach, or is found so this month."""
    tested = t % covenants.every[v] == 0
    found = 0
    for lane in range(covenants.headroom.shape[1]):
        failing = (covenants.headroom[v, lane] < 0.0) & (facilities.balance[k, lane] > 0.0) & tested
        found += failing | (covenants.breached[v, lane] > 0)
    return found == 0


@kernel
def _follow_breach(t, seed, paths, chance, world, entities, facilities, covenants, causes, ledger, v, lane):
    k = covenants.facility[v]
    i = entities.account[facilities.borrower[k]]
    consequence = covenants.consequence[v]
    if consequence == DRAW_STOP:
        facilities.stopped[k, lane] = 1
    if covenants.breached[v, lane] <= covenants.cure[v, lane]:
        if covenants.test[v] == MIN_LIQUIDITY:
            _cure(t, seed, paths, chance, world, entities, facilities, covenants, ledger, v, lane)
        return
    if consequence == SWEEP:
        swept = sweep_amount(entities.cash[i, lane], entities.cash[i, lane] - spare_cash(world, entities, i, 1.0, lane),
                             0.5, facilities.balance[k, lane])  # fmt: skip
        facilities.swept[k, lane] = max(facilities.swept[k, lane], swept)
        facilities.sweeping[k] += 1
        causes.now[cause_row(causes, Cause.MARGIN_CALL, entities.layer.size, i), lane] += swept
    elif consequence == MARGIN_CALL and covenants.test[v] == LTV:
        most = covenants.threshold[v, lane] * facilities.collateral[k, lane]
        call = max(facilities.balance[k, lane] - most, 0.0)
        facilities.swept[k, lane] = max(facilities.swept[k, lane], call)
        facilities.sweeping[k] += 1
        causes.now[cause_row(causes, Cause.MARGIN_CALL, entities.layer.size, i), lane] += call
    elif consequence == EVENT_OF_DEFAULT:
        if grants(t, seed, paths, chance, world, covenants.key[v], lane):
            note_soft(t, entities, i, lane, Trigger.EXTENSION)
            covenants.breached[v, lane] = 0
        else:
            entities.covenant_default[i, lane] = 1


@kernel
def _cure(t, seed, paths, chance, world, entities, facilities, covenants, ledger, v, lane):
    """Let a willing sponsor put in the cash that a liquidity test lacks."""
    k = covenants.facility[v]
    i = entities.account[facilities.borrower[k]]
    willing = world.parameters[P.sponsor_cure_willingness, lane] * world.openness[lane]
    draw = rng.uniform(seed, paths[lane], np.uint64(t), np.uint64(rng.CURE), facilities.key[k]) if chance else 0.5
    lacking = max(covenants.threshold[v, lane] - entities.cash[i, lane], 0.0)
    if draw < willing and lacking > 0.0:
        entities.cash[i, lane] += lacking
        entities.cash[world.role[INVESTORS], lane] -= lacking
        ledger.flow[Category.SUPPORT, lane] += lacking


@kernel
def _measure_headroom(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v):
    k, test = covenants.facility[v], covenants.test[v]
    i = entities.account[facilities.borrower[k]]
    lanes = world.openness.size
    if test == DSCR:
        _measure_service(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v, k)
    elif test == MIN_LIQUIDITY:
        for lane in range(lanes):
            covenants.headroom[v, lane] = entities.cash[i, lane] / covenants.threshold[v, lane] - 1.0
    elif test == LEVERAGE:
        for lane in range(lanes):
            earned = 12.0 * entities.ebitda[i, lane]
            turns = entities.debt[i, lane] / earned if earned > 0.0 else 100.0
            covenants.headroom[v, lane] = 1.0 - turns / covenants.threshold[v, lane]
    elif test == CROSS_DEFAULT:
        for lane in range(lanes):
            covenants.headroom[v, lane] = 1.0 - entities.missed[i, lane] / covenants.threshold[v, lane]
    else:
        for lane in range(lanes):
            threshold, balance = covenants.threshold[v, lane], facilities.balance[k, lane]
            room = 1.0
            if balance <= 0.0:
                room = 1.0
            elif test == CONTRACTED_COVERAGE:
                room = _contracted(t, contracts, facilities, k, i, entities, lane) / balance / threshold - 1.0
            elif test == LOAN_TO_COST:
                room = 1.0 - balance / max(_cost(leases, facilities, k, lane) * threshold, balance * 1e-9)
            elif test == LTV:
                value = collateral_value(equipment, fleets, facilities, k, lane)
                facilities.collateral[k, lane] = value
                if world.channels[ON.collateral] and (value > 0.0 or _in_service(fleets, facilities, k, lane)):
                    room = 1.0 - balance / max(value, 1e-9 * balance) / threshold
            covenants.headroom[v, lane] = room
    for lane in range(lanes):
        owing = facilities.balance[k, lane] > 0.0
        covenants.headroom[v, lane] = covenants.headroom[v, lane] if owing else 1.0


@kernel
def _measure_service(t, world, entities, equipment, fleets, contracts, leases, facilities, covenants, v, k):
    """Measure cash flow over debt service, once all that is pledged has started: before that it is not tested."""
    collateral_cash_flow(world, entities, equipment, fleets, contracts, leases, facilities, k)
    find_stabilised(t, world, contracts, leases, facilities, k)
    for lane in range(world.openness.size):
        repaid = max(facilities.principal[k, lane] - facilities.refinanced[k, lane], 0.0)
        due = facilities.interest[k, lane] + repaid
        cover = world.amount[lane] / due if due > 0.0 else _AMPLE
        room = cover / covenants.threshold[v, lane] - 1.0
        covenants.headroom[v, lane] = room if world.rest[lane] > 0.0 else 1.0


@kernel
def find_stabilised(t, world, contracts, leases, facilities, k):
    """Mark in `world.rest` the lanes on which all that is pledged to a facility has started."""
    for lane in range(world.openness.size):
        world.rest[lane] = 1.0
    for n in range(facilities.contract_ofs[k], facilities.contract_ofs[k + 1]):
        c = facilities.contract[n]
        for lane in range(world.openness.size):
            waits = contracts.starts[c, lane] > t
            world.rest[lane] = 0.0 if waits else world.rest[lane]
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        for lane in range(world.openness.size):
            waits = leases.opens[item, lane] > t
            world.rest[lane] = 0.0 if waits else world.rest[lane]


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
            value += fleets.there[f, lane] * equipment.appraised[fleets.equipment[f], lane] * MILLIONTH
    return value


@kernel
def collateral_cash_flow(world, entities, equipment, fleets, contracts, leases, facilities, k):
    """Write into `world.amount` what the collateral earns this month.

    That is contracts and rent pledged, less the costs of the units pledged. A facility without pledged income is
    measured on the borrower's own earnings.
    """
    lanes = world.openness.size
    contract, last_contract = facilities.contract_ofs[k], facilities.contract_ofs[k + 1]
    lease, last_lease = facilities.lease_ofs[k], facilities.lease_ofs[k + 1]
    if contract == last_contract and lease == last_lease:
        i = entities.account[facilities.borrower[k]]
        for lane in range(lanes):
            world.amount[lane] = entities.ebitda[i, lane]
        return
    for lane in range(lanes):
        world.amount[lane] = 0.0
    for n in range(contract, last_contract):
        c = facilities.contract[n]
        for lane in range(lanes):
            world.amount[lane] += contracts.bill[c, lane]
    for n in range(lease, last_lease):
        item = facilities.lease[n]
        for lane in range(lanes):
            world.amount[lane] += leases.due[item, lane] + leases.income[item, lane]
    for n in range(facilities.fleet_ofs[k], facilities.fleet_ofs[k + 1]):
        f = facilities.fleet[n]
        g = fleets.equipment[f]
        for lane in range(lanes):
            power = equipment.kw[g, lane] * world.market[0, lane] * fleets.power_price[f, lane] * world.power[lane]
            cost = fleets.live[f, lane] * (power * 0.001 + fleets.opex[f, lane])
            world.amount[lane] -= cost * MUSD_PER_HOURLY_USD


@kernel
def _contracted(t, contracts, facilities, k, i, entities, lane):
    """Return what contracts will still bill until the loan ends: the pledged ones, else all of the borrower's."""
    total = 0.0
    first, last = facilities.contract_ofs[k], facilities.contract_ofs[k + 1]
    if last > first:
        for n in range(first, last):
            total += _to_come(t, contracts, facilities, facilities.contract[n], k, lane)
        return total
    for n in range(entities.sold_ofs[i], entities.sold_ofs[i + 1]):
        total += _to_come(t, contracts, facilities, entities.sold[n], k, lane)
    return total


@kernel
def _to_come(t, contracts, facilities, c, k, lane):
    starts = max(contracts.starts[c, lane], t * 1.0)
    months = max(min(contracts.until[c, lane], facilities.until[k, lane]) - starts, 0.0)
    units = contracts.units[c, lane] * contracts.active[c, lane]
    return units * contracts.price[c, lane] * HOURS_PER_MONTH * months * MILLIONTH


@kernel
def _cost(leases, facilities, k, lane):
    """Return the cost of what a building loan finances: its commitment, and what has been built since."""
    cost = facilities.committed[k, lane]
    for n in range(facilities.lease_ofs[k], facilities.lease_ofs[k + 1]):
        item = facilities.lease[n]
        cost += leases.building_cost[item, lane] * leases.built[item, lane]
    return cost
