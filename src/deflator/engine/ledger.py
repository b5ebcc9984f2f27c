"""Step 14: every payment has a payer and a payee; debt and units roll forward; the month is closed and recorded."""

from __future__ import annotations

import math

from deflator.engine.codes import CATEGORIES, CAUSES, Cause, Status
from deflator.engine.compiled import inline, kernel

_NOT_FINITE = int(Status.NOT_FINITE)
_FIRST_COST = Cause.OPERATING_COST
_LUMPS = (Cause.MISSED_RECEIPTS, Cause.PRINCIPAL, Cause.MATURITY, Cause.CAPITAL_SPENDING, Cause.MARGIN_CALL)


@kernel
def open_month(world, entities, equipment, facilities, causes, ledger):
    """Note what every account, loan and pool of units holds before anything moves."""
    for row in range(causes.used.size):
        if causes.used[row]:
            causes.now[row, :] = 0.0
    ledger.flow[:, :] = 0.0
    ledger.before[:] = 0.0
    entities.lent[:, :] = 0.0
    for i in range(entities.layer.size):
        for lane in range(ledger.before.size):
            ledger.before[lane] += entities.cash[i, lane]
            entities.cash_before[i, lane] = entities.cash[i, lane]
    for k in range(facilities.borrower.size):
        if facilities.maturing_paths[k]:
            entities.matured[entities.account[facilities.borrower[k]], :] = 0.0
        if facilities.owing[k] == 0:
            continue  # nothing moved last month
        for lane in range(ledger.before.size):
            facilities.opening[k, lane] = facilities.balance[k, lane]
        if facilities.moved[k]:
            facilities.drawn[k, :] = 0.0
            facilities.moved[k] = 0
        if facilities.shrunk[k]:
            facilities.written_off[k, :] = 0.0
            facilities.converted[k, :] = 0.0
            facilities.shrunk[k] = 0
        if facilities.sweeping[k]:
            facilities.swept[k, :] = 0.0
            facilities.sweeping[k] = 0


@kernel
def pay(world, entities, ledger, category, payer, payee):
    """Pay `world.amount` from one account to another."""
    for lane in range(world.amount.size):
        entities.cash[payee, lane] += world.amount[lane]
        ledger.flow[category, lane] += world.amount[lane]
    for lane in range(world.amount.size):
        entities.cash[payer, lane] -= world.amount[lane]


@kernel
def close_month(t, entities, equipment, pairs, fleets, facilities, ledger):
    """Measure what does not balance, and update smoothed burn."""
    _measure_cash(entities, ledger)
    _measure_debt(entities, facilities, ledger)
    _measure_units(equipment, pairs, fleets, ledger)
    _smooth_burn(t, entities)


@kernel
def _measure_cash(entities, ledger):
    for lane in range(ledger.before.size):
        ledger.gross[lane], ledger.after[lane] = 0.0, 0.0
    for category in range(CATEGORIES):
        for lane in range(ledger.before.size):
            ledger.gross[lane] += ledger.flow[category, lane]
    for i in range(entities.layer.size):
        for lane in range(ledger.before.size):
            ledger.after[lane] += entities.cash[i, lane]
    for lane in range(ledger.before.size):
        after = ledger.after[lane]
        gap = abs(after - ledger.before[lane]) / max(ledger.gross[lane], 1.0)
        ledger.residual[lane] = max(ledger.residual[lane], gap)
        finite = abs(after) < math.inf
        ledger.status[lane] = ledger.status[lane] if finite else _NOT_FINITE


@kernel
def _measure_debt(entities, facilities, ledger):
    for k in range(facilities.borrower.size):
        if facilities.owing[k] == 0:
            continue
        moved, shrunk = facilities.moved[k] > 0, facilities.shrunk[k] > 0
        for lane in range(ledger.before.size):
            drawn = facilities.drawn[k, lane] if moved else 0.0
            gone = facilities.written_off[k, lane] if shrunk else 0.0
            shares = facilities.converted[k, lane] if shrunk else 0.0
            rolled = facilities.opening[k, lane] + drawn - facilities.repaid[k, lane] - gone - shares
            gap = abs(rolled - facilities.balance[k, lane]) / max(facilities.opening[k, lane], 1.0)
            ledger.debt_residual[lane] = max(ledger.debt_residual[lane], gap)


@kernel
def _measure_units(equipment, pairs, fleets, ledger):
    """Compare units that exist with units that were there, arrived and retired, generation by generation."""
    for g in range(equipment.vendor.size):
        for lane in range(ledger.before.size):
            equipment.offered[g, lane] = equipment.pool[g, lane] + equipment.retired[g, lane]
    for f in range(fleets.owner.size):
        g = fleets.equipment[f]
        for lane in range(ledger.before.size):
            equipment.offered[g, lane] += fleets.there[f, lane] if fleets.stage[f, lane] < 2 else 0.0
    for q in range(pairs.owner.size):
        g = pairs.equipment[q]
        for lane in range(ledger.before.size):
            equipment.offered[g, lane] += pairs.extra[q, lane]
    for g in range(equipment.vendor.size):
        for lane in range(ledger.before.size):
            there = equipment.opening[g, lane] + equipment.arrived[g, lane]
            gap = abs(equipment.offered[g, lane] - there) / max(there, 1.0)
            ledger.units_residual[lane] = max(ledger.units_residual[lane], gap)


@kernel
def _smooth_burn(t, entities):
    """Track what an entity burns a month before it raises or borrows, over about a quarter."""
    for i in range(entities.layer.size):
        for lane in range(entities.cash.shape[1]):
            change = entities.cash[i, lane] - entities.cash_before[i, lane]
            burn = entities.raised[i, lane] + entities.lent[i, lane] - change
            weight = 1.0 if t == 1 else 1.0 / 3.0
            entities.burn[i, lane] += weight * (burn - entities.burn[i, lane])


@inline
def cause_row(causes, cause, count, i):
    """Return the row of a cause for an entity, and note that something may stand there from now on."""
    row = cause * count + i
    causes.used[row] = 1
    return row


@kernel
def carry_causes(t, entities, causes):
    """Add up month by month how much less came in and more went out than in the first month, per cause."""
    count = entities.layer.size
    for cause in range(1, CAUSES):
        lump = cause in _LUMPS
        for i in range(count):
            row = cause * count + i
            if entities.can_default[i] == 0 or causes.used[row] == 0:
                continue
            if lump:
                for lane in range(causes.now.shape[1]):
                    causes.drift[row, lane] += causes.now[row, lane]
                continue
            if t == 1:
                causes.start[row, :] = causes.now[row, :]
            for lane in range(causes.now.shape[1]):
                now, start = causes.now[row, lane], causes.start[row, lane]
                causes.drift[row, lane] += now - start if cause >= _FIRST_COST else start - now
